"""Which workers go, and which of those that stay count."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAME, NAMESPACE, cluster_spec, observed, ready_pod, resource

from alluxio_operator.alluxio.removal import Held, HeldQuestion, WorkersReport, WorkerUse
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, WorkersStatus
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.removal import victims
from alluxio_operator.kinds.cluster.removal.reading import Listed


def host(ordinal: int) -> str:
    return Names(NAME, NAMESPACE).host("worker", ordinal)


def worker(ordinal: int, **over: Any) -> Any:
    return ready_pod("worker", f"{NAME}-worker-{ordinal}", ip=f"10.0.0.{ordinal + 1}", **over)


def use(ordinal: int, **over: Any) -> WorkerUse:
    return WorkerUse(**{"host": host(ordinal), "rpc_port": 29999, "web_port": 30000, **over})


def seen(*pods: Any, wanted: int = 0) -> Observed:
    found = observed(resource(), *pods)
    return found.with_status(found.resource, ClusterStatus(workers=WorkersStatus(wanted=wanted)))


@pytest.mark.parametrize(
    ("ordinals", "wanted", "applied"), [((), 0, 0), ((0, 1), 0, 2), ((0, 1), 3, 3), ((0, 4), 1, 5), ((), 3, 3)]
)
def test_pods_that_exist_and_the_number_that_was_applied_count(ordinals: Any, wanted: int, applied: int):
    assert victims.applied_workers(seen(*map(worker, ordinals), wanted=wanted)) == applied


@pytest.mark.parametrize(
    "name", ["small-worker", "small-worker-", "small-worker-x1", "other-worker-1", "small-worker-²"]
)
def test_other_names_have_no_ordinal(name: str):
    assert victims.ordinal_of(seen(), name) == -1


@pytest.mark.parametrize(
    ("uses", "counts"),
    [
        ((use(0),), True),
        ((), False),
        ((use(0, state="LOST"),), False),
        ((use(0, state="DECOMMISSIONED"),), False),
        ((use(0, silent_seconds=61),), False),
        ((use(0), use(0, rpc_port=1)), False),
        ((use(0), use(0, rpc_port=1, state="LOST")), True),
        ((use(0, host="10.0.0.1"),), True),
    ],
)
def test_a_worker_stays_with_one_living_registration(uses: Any, counts: bool):
    assert bool(victims.staying(seen(worker(0)), 1, WorkersReport(uses))) is counts


def test_workers_without_a_ready_pod_and_those_that_go_do_not_stay():
    report = WorkersReport((use(0), use(1)))
    assert victims.staying(seen(), 2, report) == ()
    assert [one.use.host for one in victims.staying(seen(worker(0), worker(1)), 1, report)] == [host(0)]


def test_a_listing_counts_with_the_same_process_and_all_its_bytes():
    found, report = seen(worker(0), worker(1)), WorkersReport((use(0), use(1, used=10)))
    going = frozenset(victims.processes(found, [1], report))
    question = HeldQuestion(frozenset({host(1)}), frozenset({host(0)}))
    held = Held(0, 0, "", listed={host(1): 10})
    assert victims.is_seen(found, 1, report, Listed(held, question, frozenset(), going))
    assert not victims.is_seen(found, 1, report, Listed(held, question, frozenset(), frozenset()))
    assert not victims.is_seen(
        found, 1, report, Listed(Held(0, 0, "", listed={host(1): 9}), question, frozenset(), going)
    )


def test_only_workers_of_a_statefulset_with_the_policy_are_emptied():
    given = {"workload": "StatefulSet", "removal": {"policy": "Migrate"}}
    assert victims.migrates(cluster_spec(workers=given).workers)
    assert not victims.migrates(cluster_spec(workers={**given, "removal": {}}).workers)
    assert not victims.migrates(cluster_spec(workers={**given, "workload": "DaemonSet", "replicas": None}).workers)
