"""What becomes of each claim of a size that was changed, in every state in which one may be."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAME, cluster, cluster_spec
from tests.support.volumes import claim, sized

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, RecreatingStatus, VolumeStatus
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.storage.desired import DesiredVolume, desired_volumes
from alluxio_operator.kinds.cluster.storage.expansion import (
    MAX_PER_RECONCILE,
    ExpansionStep,
    VolumeObjects,
    needs_expansion,
    next_expansion_step,
    with_quotas,
)
from alluxio_operator.kinds.cluster.storage.pvc import parse_claim

Json = dict[str, Any]
MADE = Names(NAME, "data")
WORKERS = MADE.selector("worker")
FIRST = "tier-ssd-small-worker-0"


def volumes(**over: Any) -> tuple[DesiredVolume, ...]:
    return desired_volumes(cluster_spec(**sized(**over)), MADE)


def step(*claims: Json, status: ClusterStatus | None = None, pods: tuple[str, ...] = (), **over: Any) -> ExpansionStep:
    """Return the step of a cluster whose workers' tier was 5Gi and is to be 6Gi, unless said."""
    over = {"ssd": "6Gi", **over}
    return next_expansion_step(volumes(**over), status or ClusterStatus(), VolumeObjects(claims), pods)


def tier_of(found: ExpansionStep) -> VolumeStatus:
    return next(one for one in found.volumes if one.name == "tier-ssd")


def recorded(**over: Any) -> ClusterStatus:
    one = {"name": "tier-ssd", "wanted": "5Gi", "size": "5Gi", "quota": "4Gi", **over}
    return ClusterStatus(volumes=(VolumeStatus.model_validate(one),))


def test_every_volume_that_outlives_a_pod_is_known_by_its_field():
    assert {one.name: (one.field, one.size) for one in volumes(journal="2Gi")} == {
        "journal": ("spec.masters.journal.storage.size", "2Gi"),
        "tier-ssd": ("spec.workers.tiers[SSD].storage.claim.size", "5Gi"),
        "logs": ("spec.logServer.storage.size", "1Gi"),
        "root-mount": ("spec.rootMount.volume.size", "1Gi"),
    }


def test_what_nobody_made_is_nobodys_to_grow():
    spec = cluster_spec(rootMount={"volume": {"claimName": "mine", "size": None}}, logServer={"enabled": False})

    assert [one.name for one in desired_volumes(spec, MADE)] == ["journal"]


def test_only_claims_of_a_statefulsets_ordinals_are_meant():
    names = [FIRST, "tier-ssd-small-worker-12", "tier-ssd-small-worker-", "tier-ssd-small-worker-x", "tier-ssd-other-0"]

    found = step(*(claim(name, WORKERS) for name in names))

    assert [one.claim.name for one in found.expand] == names[:2]


def test_a_claim_that_is_smaller_is_asked_by_its_uid():
    small = claim(FIRST, WORKERS)
    small["metadata"]["uid"] = "u1"

    [ask] = step(small).expand

    assert ask.patch == {"metadata": {"uid": "u1"}, "spec": {"resources": {"requests": {"storage": "6Gi"}}}}
    assert tier_of(step(small)).size == "5Gi"


def test_of_thousands_a_hundred_are_asked_at_once():
    assert len(step(*(claim(f"tier-ssd-small-worker-{n}", WORKERS) for n in range(250))).expand) == MAX_PER_RECONCILE


@pytest.mark.parametrize("size", ["6Gi", "6144Mi", "6442450944", "7Gi"])
def test_a_claim_that_has_it_is_left_alone_however_it_is_written(size: str):
    found = step(claim(FIRST, WORKERS, size))

    assert (found.expand, found.gate.passed) == ((), True)
    assert tier_of(found).size == "6Gi"


def test_a_claim_without_the_operators_labels_is_left_alone_and_told():
    found = step(claim(FIRST, {"app": "somebody's"}))

    assert found.expand == ()
    assert (found.gate.reason, tier_of(found).size) == ("NotManaged", "5Gi")
    assert "expand it by hand" in found.gate.message


def test_a_claim_that_is_not_bound_is_waited_for():
    found = step(claim(FIRST, WORKERS, phase="Pending", capacity={}))

    assert found.expand == ()
    assert found.gate.message == f"PVC {FIRST} expands from 5Gi to 6Gi once it is bound"


def asked(**status: Any) -> Json:
    """Return a claim that was asked and has 5Gi so far."""
    return claim(FIRST, WORKERS, "6Gi", capacity={"storage": "5Gi"}, **status)


PENDING = [{"type": "FileSystemResizePending", "status": "True"}]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, f"PVC {FIRST} expands from 5Gi to 6Gi"),
        ({"conditions": [{"type": "Resizing", "status": "True"}]}, f"PVC {FIRST} expands from 5Gi to 6Gi"),
        ({"conditions": PENDING}, f"PVC {FIRST} expands from 5Gi to 6Gi: the node expands its file system"),
        (
            {"allocatedResourceStatuses": {"storage": "NodeResizePending"}},
            f"PVC {FIRST} expands from 5Gi to 6Gi: the node expands its file system",
        ),
        ({"conditions": [{"type": "ControllerResizeError", "status": "True"}]}, f"PVC {FIRST} expands from 5Gi to 6Gi"),
    ],
)
def test_a_growth_that_is_under_way_is_told(status: Json, said: str):
    found = step(asked(**status), pods=("small-worker-0",))

    assert (found.gate.reason, found.gate.message) == ("Expanding", said)
    assert tier_of(found).size == "5Gi"


@pytest.mark.parametrize("word", ["ControllerResizeFailed", "ControllerResizeInfeasible", "NodeResizeInfeasible"])
def test_what_the_driver_cannot_do_is_told_in_its_words_and_comes_first(word: str):
    said = [{"type": "ControllerResizeError", "status": "True", "message": "the pool is full"}]
    failed = asked(conditions=said, allocatedResourceStatuses={"storage": word})

    found = step(claim("tier-ssd-small-worker-1", WORKERS), failed)

    assert found.gate.reason == "ResizeFailed"
    assert "the pool is full" in found.gate.message
    assert found.gate.message.endswith("; and 1 more")


def test_a_driver_without_words_is_told_by_the_claims_status():
    found = step(asked(allocatedResourceStatuses={"storage": "NodeResizeInfeasible"}))

    assert "the status of the PVC is NodeResizeInfeasible" in found.gate.message


def test_the_pvc_of_a_removed_worker_expands_at_its_next_mount_without_a_wait():
    away, there = asked(conditions=PENDING), ("small-worker-0",)

    assert step(away).gate.passed
    assert tier_of(step(away)).size == "6Gi"
    assert not step(away, pods=there).gate.passed


@pytest.mark.parametrize(
    ("size", "quota", "before", "told"),
    [
        ("5Gi", "6Gi", recorded(), "4Gi"),
        ("5Gi", "6Gi", None, "5Gi"),
        ("5Gi", "6Gi", recorded(quota="9Gi"), "5Gi"),
        ("6Gi", "6Gi", recorded(), "6Gi"),
        ("5Gi", "5Gi", recorded(), "5Gi"),
    ],
    ids=["as before", "never looked", "no room for what it was", "grown", "room enough"],
)
def test_workers_are_told_of_a_quota_that_all_volumes_have(
    size: str, quota: str, before: ClusterStatus | None, told: str
):
    found = step(
        claim(FIRST, WORKERS, size), claim("tier-ssd-small-worker-1", WORKERS, "9Gi"), status=before, quota=quota
    )

    assert tier_of(found).quota == told
    bounded = with_quotas(cluster(**sized(ssd="6Gi", quota=quota)), found)
    assert [tier.quota for tier in bounded.spec.workers.tiers] == [told]


def test_other_tiers_have_the_quota_that_the_spec_gives():
    one = cluster(workers={"tiers": [{"name": "SSD", "quota": "3Gi", "storage": {"hostPath": {"path": "/data/a"}}}]})

    assert with_quotas(one, ExpansionStep(())) is one
    assert [tier.quota for tier in with_quotas(one, ExpansionStep(recorded().volumes)).spec.workers.tiers] == ["3Gi"]


def workload(size: str) -> Json:
    template = {"metadata": {"name": "tier-ssd"}, "spec": {"resources": {"requests": {"storage": size}}}}
    return {"metadata": {"name": "small-worker", "uid": "u9"}, "spec": {"volumeClaimTemplates": [template]}}


@pytest.mark.parametrize(("size", "anew"), [("5Gi", True), ("7Gi", True), ("6Gi", False), ("6144Mi", False)])
def test_a_statefulset_is_made_anew_when_its_template_has_another_size(size: str, anew: bool):
    found = next_expansion_step(
        volumes(ssd="6Gi"), ClusterStatus(), VolumeObjects((), {"small-worker": workload(size)}), ()
    )

    assert found.recreating == ((RecreatingStatus(name="small-worker", uid="u9"),) if anew else ())
    assert found.gate.passed is not anew


@pytest.mark.parametrize(
    ("status", "looks"),
    [
        (ClusterStatus(), True),
        (recorded(), False),
        (recorded(wanted="4Gi"), True),
        (recorded(size="4Gi"), True),
        (recorded(quota="3Gi"), True),
        (recorded().model_copy(update={"recreating": (RecreatingStatus(name="small-worker", uid="u9"),)}), True),
    ],
    ids=["never looked", "as recorded", "another size", "not there yet", "another quota", "made anew"],
)
def test_claims_are_looked_at_while_something_is_to_be_done(status: ClusterStatus, looks: bool):
    tiers = [one for one in volumes() if one.name == "tier-ssd"]

    assert needs_expansion(tiers, status) is looks


def test_without_a_look_all_is_as_recorded():
    assert next_expansion_step(volumes(), recorded(), None, ()) == ExpansionStep(recorded().volumes)


def test_a_claim_of_an_api_server_that_says_little_is_understood():
    bare = parse_claim({"metadata": {"name": "a"}, "spec": {}})

    assert (bare.bound, bare.requested, bare.capacity, bare.failure) == (False, 0, None, "")
