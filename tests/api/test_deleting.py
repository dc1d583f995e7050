"""The end of a cluster: owner references remove it, data stays, and nothing waits for an operator."""

from __future__ import annotations

import pytest
from tests.api.stage import Stage, until

from alluxio_operator.kube.kinds import KINDS

CLAIMS = ["PersistentVolumeClaim/journal-small-master-0", "PersistentVolumeClaim/small-ufs"]


@pytest.mark.parametrize(("policy", "left"), [("Retain", CLAIMS), ("Delete", CLAIMS[1:])])
def test_everything_but_the_data_goes_with_the_resource(policy: str, left: list[str], stage: Stage):
    few = {} if policy == "Retain" else {"jobService": {"enabled": False}, "logServer": {"enabled": False}}
    stage.create(deletionPolicy=policy, **few)
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    stage.serve()
    stage.start_pods()
    stage.reconcile()
    assert "Service/small-client" in stage.refs()

    stage.api.call("DELETE", stage.path, ok=True)

    assert stage.reconcile().requeue_after is None
    until(lambda: stage.refs() == left and not stage.pods())


def test_a_claim_is_kept_when_the_policy_changes_before_the_end(stage: Stage):
    stage.create(deletionPolicy="Delete", jobService={"enabled": False}, logServer={"enabled": False})
    stage.reconcile()
    assert stage.get("PersistentVolumeClaim", CLAIMS[0].split("/")[1])["metadata"]["ownerReferences"]

    stage.edit(deletionPolicy="Retain")
    stage.reconcile()
    stage.api.call("DELETE", stage.path, ok=True)

    until(lambda: stage.refs() == CLAIMS)


def test_a_cluster_that_comes_back_takes_its_journal_over(stage: Stage):
    stage.create(jobService={"enabled": False}, logServer={"enabled": False})
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    stage.api.call("DELETE", stage.path, ok=True)
    until(lambda: stage.refs() == CLAIMS)
    stage.reconcile()

    stage.create(jobService={"enabled": False}, logServer={"enabled": False})
    stage.reconcile()

    [job] = [obj for ref, obj in stage.objects().items() if ref.kind == "Job"]
    assert job["metadata"]["name"].endswith("a")
    assert job["spec"]["template"]["spec"]["containers"][0]["args"][-1] == "adopt"
    assert not [ref for ref in stage.refs() if ref.startswith("StatefulSet/")]
    stage.finish_journal()
    stage.reconcile()
    assert "StatefulSet/small-master" in stage.refs()


def test_a_namespace_goes_without_an_operator(stage: Stage):
    stage.create()
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    finalizers = {
        finalizer
        for obj in [stage.resource, *stage.objects().values()]
        for finalizer in obj["metadata"].get("finalizers", ())
    }
    assert finalizers == {"kubernetes.io/pvc-protection"}, "none of ours"

    path = f"/api/v1/namespaces/{stage.namespace}"
    stage.api.call("DELETE", path, ok=True)

    until(lambda: stage.api.call("GET", path).status == 404)
    assert stage.api.call("GET", KINDS["AlluxioCluster"].path(stage.namespace, stage.name)).status == 404
