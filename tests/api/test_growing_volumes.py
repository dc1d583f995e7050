"""Volumes grow on a real API server, with the real controllers of StatefulSets, claims and garbage.

Nobody provisions or resizes here: volumes are bound by hand, and a test says what a resizer would.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.stage import Stage, Watched, until
from tests.api.storage import Storage, wish

from alluxio_operator.kube.errors import ApiError
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
CLAIMS = ("journal-small-master-0", "journal-small-master-1", "journal-small-master-2", "tier-ssd-small-worker-0")


@pytest.fixture
def storage(stage: Stage) -> Iterator[Storage]:
    """The storage classes of a test."""
    made = Storage(stage)
    made.open()
    yield made
    made.close()


def installed(stage: Stage, storage: Storage, kind: str, **over: Any) -> None:
    """Have a cluster that is Ready, with its claims bound."""
    stage.create(**wish(kind, **over))
    stage.install(masters=3)
    storage.bind()
    stage.reconcile_until(lambda: grown(stage)["status"] == "True")


def grown(stage: Stage) -> Json:
    return stage.condition("VolumesExpanded")


def uids(stage: Stage) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in stage.pods() if is_worker_or_master(pod)}


def is_worker_or_master(pod: Json) -> bool:
    return any(part in pod["metadata"]["name"] for part in ("-master-", "-worker-"))


def template(stage: Stage, name: str) -> str:
    answer = stage.api.call("GET", stage.at("StatefulSet", name))
    if answer.status == 404:
        return "away"
    [found] = answer.body["spec"]["volumeClaimTemplates"]
    size: str = found["spec"]["resources"]["requests"]["storage"]
    return size


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_claims_grow_and_pods_live_on_while_their_statefulsets_are_made_anew(
    policy: str, stage: Stage, storage: Storage
):
    installed(stage, storage, storage.grows, deletionPolicy=policy)
    pods, before = uids(stage), {name: one["metadata"]["uid"] for name, one in storage.claims().items()}
    assert len(pods) == 4
    sets = {name: stage.get("StatefulSet", name)["metadata"]["uid"] for name in ("master", "worker")}

    stage.edit(**wish(storage.grows, journal="2Gi", ssd="6Gi", logs="3Gi", rootMount={"volume": {"size": "2Gi"}}))
    stage.reconcile_until(lambda: (template(stage, "master"), template(stage, "worker")) == ("2Gi", "6Gi"))

    stage.reconcile()
    assert storage.sizes() == {
        **dict.fromkeys(CLAIMS[:3], "2Gi"),
        CLAIMS[3]: "6Gi",
        "small-logs": "3Gi",
        "small-ufs": "2Gi",
    }
    assert (grown(stage)["status"], grown(stage)["reason"]) == ("False", "Expanding"), grown(stage)
    storage.resize()
    stage.reconcile_until(lambda: grown(stage)["status"] == "True")
    stage.reconcile_until(lambda: stage.status["phase"] == "Ready")

    assert {name: one["metadata"]["uid"] for name, one in storage.claims().items()} == before
    for name, old in sets.items():
        now = stage.get("StatefulSet", name)["metadata"]["uid"]
        assert now != old
        own = [pod for pod in stage.pods() if pod["metadata"]["name"].startswith(f"small-{name}-")]
        until(lambda: all(_owner(pod) == now for pod in _again(stage, own)))  # noqa: B023 (called here)
    # Long enough for a controller that wanted another pod to have begun.
    for _ in range(3):
        stage.reconcile(everything=True)
    assert uids(stage) == pods
    if policy == "Delete":
        until(lambda: _owner(storage.claims()[CLAIMS[3]]) == stage.get("StatefulSet", "worker")["metadata"]["uid"])

    stage.serve(live=2, masters=3)
    stage.edit(workers={"replicas": 2})
    stage.reconcile_until(lambda: storage.sizes().get("tier-ssd-small-worker-1") == "6Gi")


def _owner(obj: Json) -> str | None:
    owners = [one["uid"] for one in obj["metadata"].get("ownerReferences", ())]
    return owners[0] if owners else None


def _again(stage: Stage, pods: list[Json]) -> list[Json]:
    path = KINDS["Pod"].path(stage.namespace)
    return [stage.api.call("GET", f"{path}/{pod['metadata']['name']}", ok=True).body for pod in pods]


def test_a_class_that_cannot_expand_holds_up_nothing_and_the_size_can_be_set_back(stage: Stage, storage: Storage):
    installed(stage, storage, storage.stays)
    pods = uids(stage)

    stage.edit(**wish(storage.stays, journal="2Gi", ssd="6Gi", quota="6Gi"), service={"annotations": {"a": "b"}})
    stage.reconcile_until(lambda: grown(stage)["reason"] == "ClassCannotExpand")
    stage.reconcile_until(lambda: stage.status["phase"] == "Ready" and not stage.status.get("recreating"))

    assert "PVC journal-small-master-0 has 1Gi and can't expand to 2Gi" in grown(stage)["message"]
    assert storage.stays in grown(stage)["message"]
    assert storage.sizes()[CLAIMS[0]] == "1Gi"
    assert stage.condition("ConfigurationApplied")["status"] == "True"
    assert stage.get("Service", "client")["metadata"]["annotations"]["a"] == "b"
    assert uids(stage) == pods, "the larger quota waits for volumes that have it"
    too_small = stage.api.merge(stage.path, {"spec": wish(storage.stays, journal="1023Mi", ssd="6Gi", quota="6Gi")})
    assert too_small.status == 422
    assert "spec.masters.journal.storage.size can't be smaller than the volume" in too_small.message
    quota = stage.api.merge(stage.path, {"spec": wish(storage.stays, journal="1Gi", ssd="5Gi", quota="3Gi")})
    assert quota.status == 422
    assert "the quota of a tier on a PVC" in quota.message

    stage.edit(**wish(storage.stays))
    stage.reconcile_until(lambda: grown(stage)["status"] == "True")

    assert (template(stage, "master"), template(stage, "worker")) == ("1Gi", "5Gi")
    assert uids(stage) == pods


def test_what_is_not_bound_yet_is_waited_for(stage: Stage, storage: Storage):
    stage.create(**wish(storage.grows))
    stage.install(masters=3)

    stage.edit(**wish(storage.grows, logs="2Gi"))
    stage.reconcile()
    assert "small-logs expands from 1Gi to 2Gi once it is bound" in grown(stage)["message"]
    assert stage.condition("ConfigurationApplied")["status"] == "True"

    storage.bind()
    stage.reconcile_until(lambda: storage.sizes()["small-logs"] == "2Gi")


def test_a_quota_of_the_namespace_is_told_in_its_words(stage: Stage, storage: Storage):
    installed(stage, storage, storage.grows)
    hard = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q"},
        "spec": {"hard": {"requests.storage": "11Gi"}},
    }
    path = f"/api/v1/namespaces/{stage.namespace}/resourcequotas"
    stage.api.call("POST", path, hard, ok=True)
    until(lambda: "used" in stage.api.call("GET", f"{path}/q").body.get("status", {}))

    stage.edit(**wish(storage.grows, logs="9Gi"))
    stage.reconcile_until(lambda: grown(stage)["reason"] == "QuotaExceeded")

    assert "exceeded quota: q" in grown(stage)["message"]
    assert stage.status["phase"] == "Ready"


def test_a_claim_that_somebody_made_larger_is_left_so(stage: Stage, storage: Storage):
    installed(stage, storage, storage.grows)
    larger = {"spec": {"resources": {"requests": {"storage": "9Gi"}}}}
    for name in ("small-logs", CLAIMS[0]):
        path = KINDS["PersistentVolumeClaim"].path(stage.namespace, name)
        assert stage.api.merge(path, larger).status == 200

    stage.reconcile(everything=True)
    stage.edit(**wish(storage.grows, logs="2Gi"))
    stage.reconcile(everything=True)

    assert (storage.sizes()["small-logs"], storage.sizes()[CLAIMS[0]]) == ("9Gi", "9Gi")
    assert stage.condition("ConfigurationApplied")["status"] == "True"


def test_a_master_that_dies_while_its_statefulset_is_away_comes_back(stage: Stage, storage: Storage):
    installed(stage, storage, storage.grows)
    pods = uids(stage)

    def stops(verb: str, arguments: tuple[Any, ...]) -> None:
        if verb == "apply" and arguments[1]["kind"] == "StatefulSet" and _is_away(stage, "master"):
            raise ApiError("PATCH", 0, "the operator ends here")

    stage.edit(**wish(storage.grows, journal="2Gi"))
    stage.start_operator(Watched(stage.api.kube, stops))
    until(lambda: _fails(stage))
    until(lambda: stage.api.call("GET", stage.at("StatefulSet", "master")).status == 404)
    assert stage.status["recreating"][0]["name"] == "small-master"
    stage.api.call("DELETE", stage.at("Pod", "master-1"), ok=True, gracePeriodSeconds="0")
    until(lambda: stage.api.call("GET", stage.at("Pod", "master-1")).status == 404)

    stage.start_operator()
    stage.reconcile_until(lambda: "small-master-1" in uids(stage))
    stage.start_pods()
    storage.resize()
    stage.reconcile_until(lambda: grown(stage)["status"] == "True" and stage.status["phase"] == "Ready")

    after = uids(stage)
    assert {name for name in pods if pods[name] != after[name]} == {"small-master-1"}


def _is_away(stage: Stage, name: str) -> bool:
    # Also while it goes: it may be gone by the time of the operator's next call.
    found = stage.api.call("GET", stage.at("StatefulSet", name))
    return found.status == 404 or "deletionTimestamp" in found.body["metadata"]


def _fails(stage: Stage) -> bool:
    try:
        stage.reconcile(everything=True)
    except ApiError:
        return True
    return False
