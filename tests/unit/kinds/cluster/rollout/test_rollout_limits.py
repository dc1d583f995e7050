"""What holds a rollout back: its strategy, the workload's controller, the maintenance window, and a canary."""

from __future__ import annotations

import pytest
from tests.support.builders import later, workload
from tests.support.rollout import NEW, OLD, Json, begun, broken, deleted, made, masters, step

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH
from alluxio_operator.kinds.cluster.rollout.rollout import may_delete

NIGHT = {"start": "0 2 * * *", "durationMinutes": 60, "timeZone": "Europe/Berlin"}
"""Open from 1 to 2 by UTC in winter; NOW is 3:04."""


def test_with_on_delete_nothing_is_replaced_and_all_is_told():
    found = step([*masters(OLD, NEW, NEW), made("worker")], strategy="OnDelete")

    assert (found.delete, found.status, found.blocking) == ((), None, False)
    assert found.gate.reason == "WaitingForDeletion"
    assert "small-master-0, small-worker-0" in found.gate.message


def test_a_step_is_given_up_for_on_delete():
    found = step(masters(OLD, OLD, OLD), rollout=begun("master", "master-2"), strategy="OnDelete")

    assert (found.delete, found.status) == ((), None)


def rendered(by: str = "new", generation: int = 2, seen: int = 2) -> Json:
    made = workload("StatefulSet", "small-master", observedGeneration=seen)
    made["metadata"]["generation"] = generation
    made["spec"]["template"] = {"metadata": {"annotations": {CONFIG_HASH: by}}}
    return made


def test_a_pod_goes_only_when_the_next_one_is_another():
    assert may_delete(rendered(), "new")
    assert not may_delete(rendered(by="old"), "new"), "its template was refused"
    assert not may_delete(rendered(seen=1), "new"), "its controller has not seen the template yet"
    assert not may_delete(None, "new")
    going = rendered()
    going["metadata"]["deletionTimestamp"] = "2030-01-02T03:04:05Z"
    assert not may_delete(going, "new"), "it is made anew, and nobody makes pods meanwhile"
    assert not may_delete(rendered(), None)


def test_outside_of_the_window_nothing_that_is_well_is_replaced():
    found = step([*masters(OLD, NEW, NEW), made("worker")], maintenanceWindow=NIGHT)

    assert (found.delete, found.status, found.blocking) == ((), None, False)
    assert found.gate.reason == "WaitingForWindow"
    assert "small-master-0, small-worker-0" in found.gate.message
    assert "2030-01-03T01:00:00Z" in found.gate.message
    assert found.requeue_at is not None
    assert stamp(found.requeue_at) == "2030-01-03T01:00:00Z"


@pytest.mark.parametrize(("minutes", "goes"), [(0, ["small-master-0"]), (59, ["small-master-0"]), (60, [])])
def test_a_step_begins_from_the_opening_until_just_before_the_end(minutes: int, goes: list[str]):
    opening = 21 * 3600 + 55 * 60 + 55
    found = step(masters(OLD, NEW, NEW), maintenanceWindow=NIGHT, after=opening + minutes * 60)

    assert deleted(found) == goes


def test_what_fails_waits_for_no_window():
    pods = [*masters(NEW, NEW, NEW), broken("worker")]

    assert deleted(step(pods, maintenanceWindow=NIGHT)) == ["small-worker-0"]


def test_a_step_that_has_begun_is_finished_after_the_window():
    found = step(masters(OLD, OLD, OLD), rollout=begun("master", "master-2"), maintenanceWindow=NIGHT)

    assert deleted(found) == ["small-master-2"]


def test_one_worker_goes_ahead_of_all_others_as_a_canary():
    pods = [*masters(NEW, NEW, NEW), *(made("worker", ordinal) for ordinal in range(3))]
    found = step(pods, canarySeconds=300, maxUnavailable=3)

    assert deleted(found) == ["small-worker-0"]
    assert found.status is not None
    assert found.status.canary


@pytest.mark.parametrize(("after", "goes"), [(299, []), (300, ["small-worker-1", "small-worker-2"])])
def test_the_others_follow_a_canary_that_is_well_when_its_time_is_over(after: float, goes: list[str]):
    pods = [*masters(NEW, NEW, NEW), made("worker", 0, NEW), made("worker", 1), made("worker", 2)]
    canary = begun("worker", "worker-0-before").model_copy(update={"canary": True})
    found = step(pods, rollout=canary, canarySeconds=300, maxUnavailable=3, after=after)

    assert deleted(found) == goes
    if not goes:
        assert (found.status, found.gate.reason) == (canary, "Canary")
        assert found.requeue_at == later(300)


def test_a_canary_that_fails_is_the_only_one():
    pods = [*masters(NEW, NEW, NEW), broken("worker", 0, NEW), made("worker", 1)]
    canary = begun("worker", "worker-0-before").model_copy(update={"canary": True})

    assert step(pods, rollout=canary, canarySeconds=60, after=700).gate.reason == "StepTimedOut"


def test_a_lone_worker_needs_no_canary():
    found = step([*masters(NEW, NEW, NEW), made("worker")], canarySeconds=300)

    assert found.status is not None
    assert not found.status.canary
