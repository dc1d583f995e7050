"""How far a workload has come, in each kind's own words."""

from __future__ import annotations

import pytest
from tests.support.builders import workload

from alluxio_operator.workloads.progress import WorkloadProgress, progress_of

KINDS = ("StatefulSet", "Deployment", "DaemonSet")


@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_is_settled_when_all_its_pods_are_updated_and_ready(kind: str):
    assert progress_of(workload(kind, "w", wanted=3)) == WorkloadProgress(wanted=3, existing=3, ready=3, settled=True)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_not_while_a_pod_is_not_ready(kind: str):
    assert progress_of(workload(kind, "w", wanted=3, ready=2)) == WorkloadProgress(
        wanted=3, existing=3, ready=2, settled=False
    )


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_not_while_the_controller_has_not_seen_the_newest_spec(kind: str):
    stale = workload(kind, "w")
    stale["metadata"]["generation"] = 2

    assert not progress_of(stale).settled


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("StatefulSet", {"updatedReplicas": 1}),
        ("Deployment", {"updatedReplicas": 1}),
        ("DaemonSet", {"updatedNumberScheduled": 1}),
    ],
)
def test_it_is_not_while_a_pod_is_of_the_old_revision(kind: str, status: dict[str, int]):
    assert not progress_of(workload(kind, "w", wanted=2, **status)).settled


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("StatefulSet", {"replicas": 3}),
        ("Deployment", {"replicas": 3}),
        ("DaemonSet", {"currentNumberScheduled": 3}),
    ],
)
def test_it_is_not_while_a_pod_is_to_go(kind: str, status: dict[str, int]):
    found = progress_of(workload(kind, "w", wanted=2, **status))

    assert (found.existing, found.settled) == (3, False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_that_nobody_has_looked_at_yet_is_not_settled(kind: str):
    fresh = workload(kind, "w")
    del fresh["status"]

    assert not progress_of(fresh).settled
    assert progress_of(fresh).counted == (kind != "DaemonSet")
    assert progress_of(workload(kind, "w")).counted


def test_what_wants_no_pods_is_settled_without_any():
    assert progress_of(workload("StatefulSet", "w", wanted=0)) == WorkloadProgress(0, 0, 0, True)
    assert progress_of(workload("DaemonSet", "w", wanted=0)) == WorkloadProgress(0, 0, 0, True)
