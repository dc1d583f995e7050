"""An installation, step by step, against a real API server: order, gates, rest."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Stage, Watched

LAYER_1 = [
    "ConfigMap/small-jobmasterconf",
    "ConfigMap/small-jobworkerconf",
    "ConfigMap/small-jvm",
    "ConfigMap/small-logserverconf",
    "ConfigMap/small-masterconf",
    "ConfigMap/small-workerconf",
    "NetworkPolicy/small-access",
    "PersistentVolumeClaim/journal-small-master-0",
    "PersistentVolumeClaim/small-logs",
    "PersistentVolumeClaim/small-ufs",
    "Service/small-jobmaster",
    "Service/small-logserver",
    "Service/small-master",
    "Service/small-master-0",
    "Service/small-worker",
    "ServiceAccount/small",
]
LAYER_2 = [
    "Deployment/small-logserver",
    "StatefulSet/small-jobmaster",
    "StatefulSet/small-master",
    "StatefulSet/small-worker",
]
LAYER_3 = ["ConfigMap/small-client", "Service/small-client"]


def job(stage: Stage) -> str:
    uid = stage.resource["metadata"]["uid"]
    return f"Job/small-journal-{uid[:8]}c"


def in_creation_order(stage: Stage, applied: list[str]) -> bool:
    """Tell whether the times at which the objects were made follow the order in which they were first applied."""
    made = {f"{ref.kind}/{ref.name}": obj["metadata"]["creationTimestamp"] for ref, obj in stage.objects().items()}
    in_order = [made[ref] for ref in dict.fromkeys(applied) if ref in made]
    return len(in_order) == len(made) and in_order == sorted(in_order)


def test_each_layer_comes_after_its_gate_and_a_cluster_at_rest_is_left_alone(stage: Stage):
    applied: list[str] = []

    def note(verb: str, arguments: tuple[Any, ...]) -> None:
        if verb == "apply":
            applied.append(f"{arguments[1]['kind']}/{arguments[1]['metadata']['name']}")

    stage.start_operator(Watched(stage.api.kube, note))
    stage.create()

    stage.reconcile()
    assert stage.refs() == sorted([*LAYER_1, job(stage)])
    assert stage.status["phase"] == "Installing"
    assert stage.condition("JournalInitialized")["status"] == "False"

    stage.reconcile()
    assert stage.refs() == sorted([*LAYER_1, job(stage)]), "no workload before the journal is there"

    stage.finish_journal()
    stage.reconcile()
    assert stage.refs() == sorted([*LAYER_1, *LAYER_2, job(stage)])
    claim = stage.get("PersistentVolumeClaim", "journal-small-master-0")
    assert claim["metadata"]["annotations"]["alluxio-operator.io/journal"] == "initialized"
    assert stage.status["journal"]["state"] == "Initialized"

    stage.start_pods()
    stage.reconcile()
    assert stage.refs() == sorted([*LAYER_1, *LAYER_2, job(stage)]), "ready pods alone publish nothing"
    assert stage.condition("ServicesPublished")["reason"] == "Waiting"

    stage.serve()
    stage.reconcile_until(lambda: stage.status["phase"] == "Ready")
    assert stage.refs() == sorted([*LAYER_1, *LAYER_2, *LAYER_3, job(stage)]), "Kubernetes removes the Job in its time"
    assert stage.status["workers"]["live"] == 1
    assert stage.status["masters"]["leader"] == "small-master-0"

    assert in_creation_order(stage, applied)
    assert [ref.split("/")[0] for ref in dict.fromkeys(applied)] == [
        *["ConfigMap"] * 6,
        *["PersistentVolumeClaim"] * 3,
        "ServiceAccount",
        *["Service"] * 5,
        "Job",
        "NetworkPolicy",
        *["StatefulSet"] * 3,
        "Deployment",
        "ConfigMap",
        "Service",
    ]

    stage.reconcile()
    before = stage.versions_at_rest()
    assert stage.reconcile().changed is False
    assert stage.reconcile(everything=True).changed is False
    assert stage.versions() == before, "the second reconcile writes nothing"
    stage.start_operator()
    assert stage.reconcile().changed is False
    after = stage.versions()
    # The API server itself writes a claim anew at its second apply, without a difference in it.
    assert {ref for ref in after if after[ref] != before[ref]} <= {ref for ref in LAYER_1 if "VolumeClaim" in ref}
    stage.start_operator()
    assert stage.reconcile().changed is False
    assert stage.versions() == after, "nor does an operator that starts anew"

    # Whether the scheduler has turned the pods away by the time of a look is up to it.
    assert set(stage.events()) - {"Unschedulable"} == {"Created", "Ready"}

    stage.stop_serving()
    stage.reconcile()
    assert "Service/small-client" in stage.refs(), "what is published stays while masters don't serve"
    assert stage.condition("ServicesPublished")["reason"] == "Kept"
    assert stage.status["phase"] == "Degraded"


def test_a_wrong_image_can_be_corrected_while_the_journals_job_waits_for_it(stage: Stage):
    stage.create(image={"tag": "no-such-tag"})
    stage.reconcile()

    stage.edit(image={"tag": "2.9.4"})
    stage.reconcile()

    assert stage.condition("ConfigurationApplied")["status"] == "True", stage.condition("ConfigurationApplied")
    [found] = [obj for ref, obj in stage.objects().items() if ref.kind == "Job"]
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "alluxio/alluxio:2.9.4"
    stage.finish_journal()
    stage.reconcile()
    assert stage.status["journal"]["state"] == "Initialized"


def test_a_daemonset_that_no_node_takes_says_so(stage: Stage):
    stage.create(workers={"workload": "DaemonSet", "replicas": None})
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    stage.serve(live=0)
    stage.start_pods()

    stage.reconcile_until(lambda: stage.condition("WorkersRegistered").get("reason") == "NoNode")

    assert "DaemonSet/small-worker" in stage.refs()
    assert "nodeSelector" in stage.condition("WorkersRegistered")["message"]


@pytest.mark.parametrize("found", ["ConfigMap", "PersistentVolumeClaim"])
def test_an_object_of_somebody_else_is_not_taken_over(found: str, stage: Stage):
    content: dict[str, Any] = {
        "ConfigMap": {"data": {"theirs": "1"}},
        "PersistentVolumeClaim": {
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
        },
    }
    name = {"ConfigMap": "small-jvm", "PersistentVolumeClaim": "journal-small-master-0"}[found]
    path = stage.at(found, name)
    stage.api.call("POST", path.rsplit("/", 1)[0], {"metadata": {"name": name}, **content[found]}, ok=True)
    before = stage.api.call("GET", path).body
    stage.create()

    stage.reconcile()

    condition = stage.condition("ConfigurationApplied")
    assert (condition["status"], condition["reason"]) == ("False", "Refused")
    assert condition["message"].startswith(f"{found} {name} exists and doesn't belong to this resource")
    assert stage.api.call("GET", path).body["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert not [ref for ref in stage.refs() if ref.startswith("StatefulSet/")], "what comes later is not applied"

    stage.api.call("DELETE", path, ok=True)
    stage.reconcile_until(lambda: stage.condition("ConfigurationApplied")["status"] == "True")


def test_a_name_that_is_taken_in_layer_three_is_said_when_it_is_reached(stage: Stage):
    theirs = {"metadata": {"name": "small-client"}, "data": {"theirs": "1"}}
    stage.api.call("POST", f"/api/v1/namespaces/{stage.namespace}/configmaps", theirs, ok=True)
    stage.create(jobService={"enabled": False}, logServer={"enabled": False})
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    stage.start_pods()
    stage.serve()

    stage.reconcile_until(lambda: stage.condition("ConfigurationApplied")["reason"] == "Refused")

    assert stage.get("ConfigMap", "client")["data"] == {"theirs": "1"}
    assert "Service/small-client" not in stage.refs()
