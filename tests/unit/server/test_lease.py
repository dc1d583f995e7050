"""Who leads, and when: the rule by itself, then candidates against a stand-in for the API server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from server_fakes import UNREACHABLE, Clock, FakeLeases, eventually

from alluxio_operator.server.lease import Election, ObservedLease, Step, Times, decide
from alluxio_operator.transport.deadline import DeadlineExceeded

PATH = "/apis/coordination.k8s.io/v1/namespaces/ops/leases/alluxio-operator"
TIMES = Times(duration=15, renew_deadline=10, retry=2)


def lease(holder: str, duration: int | None = 15) -> dict[str, Any]:
    return {
        "metadata": {"resourceVersion": "1"},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": duration},
    }


@pytest.mark.parametrize(
    ("seen", "leading", "now", "step"),
    [
        (None, False, 0, Step.CREATE),
        (None, True, 0, Step.LOST),
        (ObservedLease(lease("other"), 100), False, 114.9, Step.WAIT),
        (ObservedLease(lease("other"), 100), False, 115, Step.TAKE),
        (ObservedLease(lease("other", 60), 100), False, 115, Step.WAIT),
        (ObservedLease(lease("other", None), 100), False, 115, Step.TAKE),
        (ObservedLease(lease("other"), 100), True, 101, Step.LOST),
        (ObservedLease(lease("me"), 100), True, 999, Step.RENEW),
        (ObservedLease(lease("me"), 100), False, 101, Step.WAIT),
        (ObservedLease(lease(""), 100), False, 100, Step.TAKE),
        (ObservedLease({"metadata": {"resourceVersion": "1"}}, 100), False, 100, Step.TAKE),
    ],
)
def test_the_rule(seen: ObservedLease | None, leading: bool, now: float, step: Step) -> None:
    assert decide("me", seen, leading, now, TIMES) is step


def candidate(kube: FakeLeases, clock: Clock, name: str) -> Election:
    wall = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    return Election(kube, "ops", "alluxio-operator", name, TIMES, clock=clock, wall=lambda: wall, chance=lambda: 0.5)


def test_the_first_creates_the_lease_and_leads() -> None:
    kube, clock = FakeLeases(), Clock()
    one = candidate(kube, clock, "one")
    assert not one.in_touch()
    assert one.attempt() is Step.CREATE
    assert one.leading()
    assert one.in_touch()
    assert kube.objects[PATH]["spec"] == {
        "holderIdentity": "one",
        "leaseDurationSeconds": 15,
        "acquireTime": "2030-01-02T03:04:05.678901Z",
        "renewTime": "2030-01-02T03:04:05.678901Z",
        "leaseTransitions": 0,
    }


def test_the_second_waits_while_the_first_renews_with_one_call_each() -> None:
    kube, clock = FakeLeases(), Clock()
    one, two = candidate(kube, clock, "one"), candidate(kube, clock, "two")
    one.attempt()
    two.attempt()
    kube.calls.clear()
    for _ in range(20):
        clock.now += 2
        assert one.attempt() is Step.RENEW
        assert two.attempt() is Step.WAIT
    assert kube.calls == ["replace", "get"] * 20
    assert not one.lost()


def test_the_second_takes_over_when_the_lease_has_run_out_by_its_own_clock() -> None:
    kube, clock = FakeLeases(), Clock()
    one, two = candidate(kube, clock, "one"), candidate(kube, clock, "two")
    one.attempt()
    clock.now += 60
    assert two.attempt() is Step.WAIT, "it has only just seen it"
    clock.now += 14.9
    assert two.attempt() is Step.WAIT
    clock.now += 0.1
    assert two.attempt() is Step.TAKE
    assert kube.objects[PATH]["spec"]["holderIdentity"] == "two"
    assert kube.objects[PATH]["spec"]["leaseTransitions"] == 1
    assert one.lost()
    assert one.attempt() is Step.LOST


def test_a_holder_takes_its_lease_for_lost_before_another_may_take_it() -> None:
    kube, clock = FakeLeases(), Clock()
    one, two = candidate(kube, clock, "one"), candidate(kube, clock, "two")
    one.attempt()
    two.attempt()
    kube.broken = UNREACHABLE
    clock.now += 9.9
    assert one.attempt() is Step.WAIT
    assert not one.lost()
    clock.now += 0.1
    assert one.lost()
    kube.broken = None
    assert two.attempt() is Step.WAIT


def test_a_deadline_that_runs_out_is_no_more_than_a_failed_try() -> None:
    kube, clock = FakeLeases(), Clock()
    kube.broken = DeadlineExceeded("too late")
    assert candidate(kube, clock, "one").attempt() is Step.WAIT


def test_a_late_answer_counts_from_when_the_renewal_was_sent() -> None:
    kube, clock = FakeLeases(), Clock()
    one = candidate(kube, clock, "one")
    one.attempt()
    clock.now += 2
    kube.before_write = lambda: setattr(clock, "now", clock.now + 4)
    one.attempt()
    clock.now += 5.9
    assert not one.lost()
    clock.now += 0.1
    assert one.lost()


def test_a_holder_goes_on_when_somebody_else_touched_its_lease() -> None:
    kube, clock = FakeLeases(), Clock()
    one = candidate(kube, clock, "one")
    one.attempt()
    touched = kube.get(PATH)
    touched["metadata"]["annotations"] = {"looked": "at"}
    kube.replace(PATH, touched)
    clock.now += 2
    assert one.attempt() is Step.RENEW
    assert kube.objects[PATH]["metadata"]["annotations"] == {"looked": "at"}


def test_a_deleted_lease_is_lost() -> None:
    kube, clock = FakeLeases(), Clock()
    one = candidate(kube, clock, "one")
    one.attempt()
    kube.objects.clear()
    assert one.attempt() is Step.LOST


@pytest.mark.parametrize("prepare", ["none", "released"])
def test_of_two_that_try_at_once_one_leads(prepare: str) -> None:
    kube, clock = FakeLeases(), Clock()
    if prepare == "released":
        kube.create(PATH.rpartition("/")[0], {**lease(""), "metadata": {"name": "alluxio-operator"}})
    one, two = candidate(kube, clock, "one"), candidate(kube, clock, "two")

    def the_other_is_faster() -> None:
        kube.before_write = lambda: None
        two.attempt()

    kube.before_write = the_other_is_faster
    assert one.attempt() is Step.WAIT
    assert (one.leading(), two.leading()) == (False, True)


def test_a_released_lease_is_taken_at_once() -> None:
    kube, clock = FakeLeases(), Clock()
    one, two = candidate(kube, clock, "one"), candidate(kube, clock, "two")
    one.attempt()
    two.attempt()
    one.release()
    assert not one.leading()
    assert two.attempt() is Step.TAKE
    one.release()
    assert two.attempt() is Step.RENEW


def test_a_lease_that_is_lost_is_not_released() -> None:
    kube, clock = FakeLeases(), Clock()
    one = candidate(kube, clock, "one")
    one.attempt()
    clock.now += 20
    kube.calls.clear()
    one.release()
    assert kube.calls == []


def test_a_release_that_fails_is_not_an_error() -> None:
    kube, clock = FakeLeases(), Clock()
    one = candidate(kube, clock, "one")
    one.attempt()
    kube.broken = UNREACHABLE
    one.release()
    assert not one.leading()


def test_the_loop_ends_when_told_and_when_the_lease_is_lost() -> None:
    kube = FakeLeases()
    quick = Times(duration=1, renew_deadline=0.5, retry=0.02)
    one = Election(kube, "ops", "alluxio-operator", "one", quick)
    stop = threading.Event()
    thread = threading.Thread(target=one.run, args=(stop,))
    thread.start()
    eventually(lambda: kube.calls.count("replace") > 3)
    stop.set()
    thread.join(5)
    assert one.leading()
    assert not thread.is_alive()

    thread = threading.Thread(target=one.run, args=(threading.Event(),))
    thread.start()
    kube.objects.clear()
    thread.join(5)
    assert not thread.is_alive()
    assert one.lost()
