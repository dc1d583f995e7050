"""A step of a rollout whose spec is changed or reverted while it lasts."""

from __future__ import annotations

import pytest
from tests.support.builders import container_status, info, later
from tests.support.rollout import FOLLOWS_0, NEW, WITH_FUSE, Json, begun, broken, deleted, made, masters, step

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH

RESTARTED = {**container_status("worker", running={"startedAt": stamp(later(0))}), "started": False, "restartCount": 1}
SUPERSEDED = {CONFIG_HASH: "superseded"}


def test_a_fixed_spec_replaces_what_a_bad_one_made_though_the_step_timed_out():
    bad = broken("worker", 0, {CONFIG_HASH: "bad"}, containers=[RESTARTED])
    pods = [*masters(NEW, NEW, NEW), bad, made("worker", 1)]

    assert deleted(step(pods, rollout=begun("worker", "worker-0-before"), after=9000)) == ["small-worker-0"]


@pytest.mark.parametrize("after", [10, 9000])
def test_a_failed_step_is_left_for_another_spec(after: float):
    # What was to run doesn't; the spec was changed back, which the other worker runs still.
    pods = [*masters(NEW, NEW, NEW), broken("worker", 0, {CONFIG_HASH: "bad"}), made("worker", 1, NEW)]
    found = step(pods, rollout=begun("worker", "worker-0-before"), after=after)

    assert deleted(found) == ["small-worker-0"]


def slow_start(role: str, by: Json, ordinal: int = 2) -> Json:
    """Return a pod that its node took 70 s before the time of these steps, and that hasn't served yet."""
    runs = {**container_status(role, running={"startedAt": stamp(later(0))}), "started": False}
    one = broken(role, ordinal, by, containers=[runs])
    one["status"]["startTime"] = one["status"]["conditions"][0]["lastTransitionTime"] = stamp(later(0))
    return one


@pytest.mark.parametrize("recorded", ["superseded", ""], ids=["with its hash", "by an earlier version"])
def test_a_spec_that_is_mended_during_a_step_is_not_blamed_for_it(recorded: str):
    pods = [*masters(NEW, NEW), slow_start("master", SUPERSEDED)]
    found = step(
        pods,
        {0: info(), 1: FOLLOWS_0},
        rollout=begun("master", "master-2-before", by=recorded),
        after=70,
        stepTimeoutSeconds=60,
    )

    assert (found.delete, found.status, found.gate.reason) == ((), None, "HeldForQuorum")
    assert "small-master-2" in found.gate.message


@pytest.mark.parametrize("role", ["jobmaster", "worker", "fuse"])
def test_a_step_of_any_role_ends_with_its_spec(role: str):
    pods = [*masters(NEW, NEW, NEW), slow_start(role, SUPERSEDED, 0)]
    found = step(
        pods,
        rollout=begun(role, f"{role}-0-before", by="superseded"),
        job_master=role != "jobmaster",
        workers=int(role == "worker"),
        mounts=int(role == "fuse"),
        hashes=WITH_FUSE,
        after=70,
        stepTimeoutSeconds=60,
    )

    assert (found.delete, found.status) == ((), None)
    assert found.gate.reason.startswith("HeldFor")


def test_the_start_of_a_superseded_spec_ends_after_two_minutes():
    pods = [*masters(NEW, NEW), slow_start("master", SUPERSEDED)]
    answers = {0: info(), 1: FOLLOWS_0}
    at = begun("master", "master-2-before", by="superseded")

    assert deleted(step(pods, answers, rollout=at, after=119)) == []
    found = step(pods, answers, rollout=at, after=121)
    assert deleted(found) == ["small-master-2"]
    assert found.status == begun("master", "master-2", since=121)


def test_no_second_master_goes_while_one_of_a_superseded_spec_is_ending():
    going = made("master", 2, SUPERSEDED, deleted=True)
    pods = [made("master", 0, NEW), broken("master", 1), going]
    found = step(
        pods, {0: info()}, rollout=begun("master", "master-2", by="superseded"), after=9000, stepTimeoutSeconds=60
    )

    assert found.delete == ()
    assert found.status is not None
    assert [one.uid for one in found.status.pods] == ["master-2"]


def test_a_replacement_that_runs_the_mended_spec_has_the_whole_time():
    pods = [*masters(NEW, NEW), broken("master", 2, NEW)]
    at = begun("master", "master-2-before", by="superseded")
    answers = {0: info(), 1: FOLLOWS_0}
    found = step(pods, answers, rollout=at, after=601)

    assert found.gate.reason == "Replacing"
    assert found.status == begun("master", "master-2-before", since=601)
    assert step(pods, answers, rollout=found.status, after=1300).gate.reason == "StepTimedOut"


def test_a_step_that_has_deleted_nothing_begins_again_for_another_spec():
    window = {"start": "0 5 * * *", "durationMinutes": 60}
    at = begun("worker", "worker-0", by="superseded")
    found = step([*masters(NEW, NEW, NEW), made("worker")], rollout=at, maintenanceWindow=window)

    assert (found.delete, found.status, found.gate.reason) == ((), None, "WaitingForWindow")


def test_a_change_that_is_taken_back_before_its_deed_replaces_nothing():
    found = step(masters(NEW, NEW, NEW), rollout=begun("master", "master-2"))

    assert (found.delete, found.status) == ((), None)


@pytest.mark.parametrize("after", [10, 9000])
def test_a_change_of_workers_that_is_reverted_before_the_deletion_ends_its_step(after: float):
    workers = [made("worker", ordinal, NEW) for ordinal in range(3)]

    found = step([*masters(NEW, NEW, NEW), *workers], rollout=begun("worker", "worker-2"), after=after)

    assert (found.delete, found.status, found.gate.passed) == ((), None, True)
