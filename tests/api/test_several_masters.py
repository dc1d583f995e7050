"""Three masters against a real API server: claims, Jobs, the number that stays, and the permission to join again."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Stage, Watched, address, until

from alluxio_operator.kinds.cluster.masters.rejoin import PERMISSION
from alluxio_operator.kube.errors import ApiError
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
THREE: Json = {"replicas": 3}


@pytest.fixture
def three(stage: Stage) -> Stage:
    """A cluster of three masters that is Ready."""
    stage.create(masters=THREE)
    stage.install(masters=3)
    return stage


def master(stage: Stage, ordinal: int) -> Json:
    return stage.api.call("GET", stage.at("Pod", f"master-{ordinal}"), ok=True).body


def lose(stage: Stage, ordinal: int) -> Json:
    """Replace a master's pod by one that has said that its journal is missing, and waits."""
    path, before = stage.at("Pod", f"master-{ordinal}"), master(stage, ordinal)["metadata"]["uid"]
    stage.api.call("DELETE", path, ok=True, gracePeriodSeconds="0")
    until(lambda: stage.api.call("GET", path).body.get("metadata", {}).get("uid", before) != before)
    ended = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft"}
    said = {
        "name": "journal-check",
        "image": "x",
        "imageID": "",
        "ready": False,
        "restartCount": 1,
        "state": {"running": {"startedAt": None}},
        "lastState": {"terminated": ended},
    }
    ip = address(ordinal)
    status = {"phase": "Pending", "podIP": ip, "podIPs": [{"ip": ip}], "initContainerStatuses": [said]}
    stage.api.merge(f"{path}/status", {"status": status})
    return master(stage, ordinal)


def permitted(stage: Stage) -> list[str]:
    pods = [pod["metadata"] for pod in stage.pods()]
    return [pod["name"] for pod in pods if pod.get("annotations", {}).get(PERMISSION) == pod["uid"]]


def test_each_master_has_a_claim_and_a_job_and_the_number_is_on_record(stage: Stage):
    stage.create(masters=THREE)

    stage.reconcile()

    uid = stage.resource["metadata"]["uid"][:8]
    assert [ref for ref in stage.refs() if ref.startswith("Job/")] == [
        f"Job/small-journal-{uid}c",
        f"Job/small-journal-{uid}c-1",
        f"Job/small-journal-{uid}c-2",
    ]
    assert stage.status["journal"]["members"] == 3
    assert "PodDisruptionBudget/small-master" in stage.refs()

    stage.install(masters=3)
    assert stage.status["masters"]["quorum"] == "3/3"
    for ordinal in range(3):
        annotations = stage.get("PersistentVolumeClaim", f"journal-small-master-{ordinal}")["metadata"]["annotations"]
        assert annotations["alluxio-operator.io/journal"] == "initialized"
        assert annotations["alluxio-operator.io/journal-members"] == "3"


def test_a_claim_that_the_statefulset_made_anew_is_taken_for_ours(three: Stage):
    path = three.at("PersistentVolumeClaim", "journal-small-master-2")
    three.api.call("DELETE", path, ok=True)
    three.api.merge(path, {"metadata": {"finalizers": None}})
    three.api.call("DELETE", three.at("Pod", "master-2"), ok=True, gracePeriodSeconds="0")
    until(lambda: three.api.call("GET", path).status == 200)

    three.reconcile(everything=True)

    assert three.condition("ConfigurationApplied")["status"] == "True", three.condition("ConfigurationApplied")


def test_a_master_without_its_journal_is_permitted_by_an_annotation_on_its_very_pod(three: Stage):
    lost = lose(three, 2)

    three.reconcile()

    assert permitted(three) == ["small-master-2"]
    assert master(three, 2)["metadata"]["uid"] == lost["metadata"]["uid"]
    assert three.status["journal"]["rejoin"]["uid"] == lost["metadata"]["uid"]
    assert three.condition("QuorumHealthy")["reason"] == "Rejoining"


def test_two_masters_without_their_journals_are_not_permitted(three: Stage):
    lose(three, 1)
    lose(three, 2)

    for _ in range(3):
        three.reconcile()

    assert permitted(three) == []
    assert three.condition("JournalInitialized")["reason"] == "JournalMissing"


def test_a_permission_does_not_reach_a_pod_that_took_the_name(three: Stage):
    lose(three, 2)
    replaced: list[str] = []

    def replace(verb: str, arguments: tuple[Any, ...]) -> None:
        if verb == "merge" and not replaced:
            replaced.append(arguments[0])
            lose(three, 2)

    three.start_operator(Watched(three.api.kube, replace))
    three.reconcile()

    assert replaced == [KINDS["Pod"].path(three.namespace, "small-master-2")]
    assert permitted(three) == []


def test_the_api_server_itself_refuses_a_permission_for_another_uid(three: Stage):
    pod = master(three, 0)["metadata"]
    patch = {"metadata": {"uid": "another", "annotations": {PERMISSION: "another"}}}

    with pytest.raises(ApiError):
        three.api.kube.merge(KINDS["Pod"].path(three.namespace, pod["name"]), patch)


def test_three_to_zero_and_back_keeps_claims_and_workers(three: Stage):
    claims = {ref: obj for ref, obj in three.objects().items() if ref.kind == "PersistentVolumeClaim"}
    workers = three.get("StatefulSet", "worker")["metadata"]["generation"]

    three.edit(masters={"replicas": 0})
    three.reconcile_until(lambda: three.status["phase"] == "Stopped")

    kept = {ref: obj for ref, obj in three.objects().items() if ref.kind == "PersistentVolumeClaim"}
    assert {ref: obj["metadata"]["uid"] for ref, obj in kept.items()} == {
        ref: obj["metadata"]["uid"] for ref, obj in claims.items()
    }
    assert three.get("StatefulSet", "worker")["metadata"]["generation"] == workers

    three.edit(masters={"replicas": 3})
    three.reconcile()
    three.start_pods()
    three.reconcile_until(lambda: three.status["phase"] == "Ready")
