"""Workers by their pods: which registrations count, and which are left over."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAME, info, observed, pod, ready_pod, registration, resource

from alluxio_operator.alluxio.answers import MasterInfo, WorkerRegistration
from alluxio_operator.kinds.cluster import gates
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.registrations import Registrations, registrations, removed_with_data

GIB = 1024**3


def look(*workers: WorkerRegistration, pods: int | list[Any] = 1) -> Observed:
    made = [ready_pod("worker", f"{NAME}-worker-{n}") for n in range(pods)] if isinstance(pods, int) else pods
    return observed(resource(), *made, MasterInfo("2.9.4", workers))


def counts(found: Registrations) -> tuple[int, int, int]:
    return found.live, found.leaving, found.lost


def test_ten_restarts_leave_one_worker_and_its_own_capacity():
    # The leader keeps each process for five minutes: the last one sends heartbeats.
    known = [registration(started_ms=n, silent_seconds=100 - 10 * n, used=GIB // 2) for n in range(11)]

    found = registrations(look(*known))

    assert counts(found) == (1, 10, 0)
    assert (found.capacity, found.used) == (GIB, GIB // 2)
    assert gates.workers_registered(look(*known), 1).message == "1 of 1 workers are registered"


def test_registrations_without_a_pod_do_not_make_up_for_a_worker_that_is_missing():
    known = [registration(0), registration(0, started_ms=0), registration(0, started_ms=-1)]

    gate = gates.workers_registered(look(*known, pods=2), 2)

    assert (gate.passed, gate.message) == (False, "1 of 2 workers are registered, 2 are ready")


def test_a_worker_of_a_daemonset_registers_by_its_address():
    worker = ready_pod("worker", f"{NAME}-worker-x7k2p", ip="10.0.0.9")
    known = [WorkerRegistration("10.0.0.9", capacity=GIB), WorkerRegistration("10.0.0.4", 30, capacity=GIB)]

    assert counts(registrations(look(*known, pods=[worker]))) == (1, 1, 0)


@pytest.mark.parametrize(
    ("made", "known", "expected"),
    [
        (ready_pod("worker"), registration(silent_seconds=60), (1, 0, 0)),
        (ready_pod("worker"), registration(silent_seconds=61), (0, 0, 1)),
        (ready_pod("worker"), registration(lost=True), (0, 0, 1)),
        # Busy, but it sends heartbeats.
        (pod("worker"), registration(silent_seconds=5), (1, 0, 0)),
        # The heartbeat is its predecessor's.
        (pod("worker"), registration(silent_seconds=6), (0, 1, 0)),
        (pod("worker", deleted=True), registration(), (0, 1, 0)),
        # Its node is gone, so that it never ends.
        (pod("worker", deleted=True), registration(silent_seconds=90), (0, 0, 1)),
        (pod("worker", ip=""), WorkerRegistration(""), (1, 0, 0)),
        (pod("worker", ip=""), WorkerRegistration("", lost=True), (0, 0, 0)),
    ],
)
def test_a_worker_is_live_leaving_or_lost(made: Any, known: WorkerRegistration, expected: tuple[int, int, int]):
    assert counts(registrations(look(known, pods=[made]))) == expected


def test_a_pod_that_never_registered_is_none_of_them():
    assert registrations(look(pods=[pod("worker")])) == Registrations()


def test_a_registration_that_still_sends_heartbeats_wins_over_a_lost_one():
    known = [registration(lost=True, started_ms=9), registration(started_ms=1)]

    assert counts(registrations(look(*known))) == (1, 0, 0)


def test_what_the_leader_has_lost_without_a_pod_does_not_count():
    assert counts(registrations(observed(ready_pod("worker"), info(live=1, lost=3)))) == (1, 0, 0)


def test_without_a_leader_there_is_none():
    assert registrations(observed(ready_pod("worker"))) == Registrations()


def test_workers_beyond_the_replicas_are_named_with_what_they_hold():
    known = [registration(0, used=1), registration(1, used=12_345_678), registration(2), registration(3, lost=True)]

    assert removed_with_data(look(*known), 1) == {f"{NAME}-worker-1": 12_345_678}
    gate = gates.workers_registered(look(*known), 1)
    assert (gate.passed, gate.reason) == (True, "WorkersRemoved")
    assert f"{NAME}-worker-1 (12Mi)" in gate.message


def test_a_worker_of_another_name_is_not_taken_for_one_beyond_the_replicas():
    other = WorkerRegistration(f"{NAME}-worker-7.elsewhere.data.svc", used=5)

    assert removed_with_data(look(other, WorkerRegistration("10.0.0.4", used=5)), 1) == {}


def test_many_workers_beyond_the_replicas_are_counted():
    gate = gates.workers_registered(look(*(registration(n, used=1) for n in range(9))), 1)

    assert "and 3 others" in gate.message
