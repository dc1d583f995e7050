"""A step of a rollout from its record to its end: it is judged by its own pods, and times out."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import info, later, ready_pod
from tests.support.rollout import (
    FOLLOWS_0,
    HASHES,
    NEW,
    OLD,
    WELL,
    WITH_FUSE,
    Json,
    begun,
    broken,
    deleted,
    made,
    masters,
    step,
    unready,
)

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.api.alluxiocluster_status import ReplacedPod, RolloutStatus, UpgradeBackup
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import BACKING_UP, PreUpgradeBackup


def replaced(role: str, ordinal: int, **options: Any) -> Json:
    """Return the replacement of a pod, by the current spec."""
    return ready_pod(role, f"small-{role}-{ordinal}", uid=f"{role}-{ordinal}-new", annotations=NEW, **options)


def test_a_node_that_dies_elsewhere_does_not_time_out_the_step():
    others = [made("worker", ordinal) for ordinal in range(2, 200)]
    pods = [*masters(NEW, NEW, NEW), replaced("worker", 0), unready("worker", 1), *others]

    found = step(pods, rollout=begun("worker", "worker-0"), after=9000)

    assert found.gate.reason == "Replacing"
    assert deleted(found) == ["small-worker-2"], "the rollout goes on with a worker that is ready"


def test_a_worker_that_runs_unready_is_not_replaced_even_when_it_is_the_last():
    others = [made("worker", ordinal, NEW) for ordinal in range(1, 30)]

    found = step([*masters(NEW, NEW, NEW), unready("worker", 0), *others])

    assert found.delete == ()
    assert "small-worker-0 runs and isn't ready" in found.gate.message


def test_in_a_small_fleet_it_holds_the_next_step_and_fails_nothing():
    pods = [*masters(NEW, NEW, NEW), replaced("worker", 0), unready("worker", 1), made("worker", 2)]

    found = step(pods, rollout=begun("worker", "worker-0"), after=9000)

    assert found.delete == ()
    assert found.gate.reason == "HeldForWorkers"


def test_a_replacement_that_is_not_ready_in_time_still_stops_the_rollout():
    others = [made("worker", ordinal) for ordinal in range(1, 200)]
    pods = [*masters(NEW, NEW, NEW), unready("worker", 0, NEW, uid="worker-0-new"), *others]

    found = step(pods, rollout=begun("worker", "worker-0"), after=9000)

    assert found.gate.reason == "StepTimedOut"
    assert "small-worker-0" in found.gate.message


def test_the_replacement_of_a_daemonsets_pod_is_the_one_on_its_node():
    gone = ReplacedPod(name="small-fuse-abc", uid="fuse-old", node="node-1")
    rollout = RolloutStatus(role="fuse", pods=(gone,), since=stamp(later(0)))
    new = ready_pod("fuse", "small-fuse-xyz", uid="fuse-new", annotations=NEW)
    elsewhere = ready_pod("fuse", "small-fuse-old", uid="fuse-2", annotations=OLD)
    new["spec"], elsewhere["spec"] = {"nodeName": "node-1"}, {"nodeName": "node-2"}
    well = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), made("worker", by=NEW), elsewhere]

    waits = step(well, rollout=rollout, mounts=3, hashes=WITH_FUSE)
    assert "small-fuse-abc has no replacement yet" in waits.gate.message
    goes_on = step([*well, new], rollout=rollout, mounts=3, hashes=WITH_FUSE)
    assert goes_on.gate.reason == "HeldForMounts", "the third node never had a mount, which is nothing of this step"


def test_a_pod_that_is_stuck_on_a_lost_node_holds_nothing_up():
    others = [made("worker", ordinal, NEW) for ordinal in range(1, 30)]
    stuck = made("worker", 0, deleted=True)

    found = step([*masters(NEW, NEW, NEW), stuck, *others], rollout=begun("worker", "worker-0"), workers=30, after=300)

    assert found.status is None
    assert found.gate.passed


@pytest.mark.parametrize("role", ["jobmaster", "worker"])
def test_a_role_that_is_disabled_ends_its_step(role: str):
    hashes = {key: value for key, value in HASHES.items() if key != role}

    found = step(masters(NEW, NEW, NEW), rollout=begun(role, f"{role}-0"), hashes=hashes, after=9000)

    assert (found.status, found.gate.passed) == (None, True)


def test_masters_that_are_scaled_to_zero_end_their_step():
    found = step([], {}, rollout=begun("master", "master-0"), counts={"master": 0}, after=9000)

    assert (found.status, found.gate.passed) == (None, True)


def test_a_worker_that_is_scaled_in_meanwhile_ends_its_step():
    pods = [*masters(NEW, NEW, NEW), made("worker", 0, NEW), unready("worker", 1, NEW)]

    found = step(pods, rollout=begun("worker", "worker-5"), workers=2, after=10)

    assert found.status is None


def test_an_old_worker_that_fails_does_not_end_the_canary():
    old = broken("worker", 1)
    old["metadata"]["creationTimestamp"] = stamp(later(-600))
    canary = begun("worker", "worker-0").model_copy(update={"canary": True})

    found = step([*masters(NEW, NEW, NEW), replaced("worker", 0), old], rollout=canary, canarySeconds=86400, after=60)

    assert found.delete == ()
    assert found.gate.reason == "Canary"


def test_a_step_on_record_whose_deed_was_not_done_is_done():
    on_record = begun("master", "master-2")
    found = step(masters(OLD, OLD, OLD), rollout=on_record)

    assert deleted(found) == ["small-master-2"]
    assert found.status == on_record


def test_a_replaced_pod_is_not_deleted_for_what_is_on_record_of_the_one_before():
    pods = [made("master", 0), made("master", 1), broken("master", 2, NEW)]
    found = step(pods, {0: info(), 1: FOLLOWS_0}, rollout=begun("master", "master-2-before"))

    assert found.delete == ()
    assert "the replacement of small-master-2 isn't complete yet" in found.gate.message
    assert found.in_progress


def test_the_next_one_goes_once_the_replaced_one_is_well():
    found = step(masters(OLD, OLD, NEW), rollout=begun("master", "master-2-before"))

    assert deleted(found) == ["small-master-1"]


def test_a_step_ends_when_all_is_well():
    found = step(masters(NEW, NEW, NEW), rollout=begun("master", "master-0-before"))

    assert (found.status, found.gate.passed) == (None, True)


def test_nothing_else_goes_while_a_step_lasts():
    pods = [*masters(NEW, NEW, NEW), broken("worker", 0, NEW), made("worker", 1)]
    found = step(pods, rollout=begun("worker", "worker-0-before"))

    assert (found.delete, found.gate.reason) == ((), "Replacing")


def test_a_pod_that_is_still_ending_is_waited_for():
    pods = [*masters(NEW, NEW, NEW), made("worker", 0, deleted=True), made("worker", 1)]
    found = step(pods, rollout=begun("worker", "worker-0"), workers=1)

    assert found.delete == ()
    assert "small-worker-0 is terminating" in found.gate.message


def test_a_step_that_does_not_get_well_in_its_time_is_the_last():
    pods = [*masters(NEW, NEW, NEW), broken("worker", 0, NEW), made("worker", 1)]
    at = begun("worker", "worker-0-before")
    found = step(pods, rollout=at, after=601)

    assert (found.delete, found.status) == ((), at)
    assert found.gate.reason == "StepTimedOut"
    assert "back-off" in found.gate.message
    assert "Revert the change" in found.gate.message
    assert not found.in_progress
    assert step(pods, rollout=at, after=601, stepTimeoutSeconds=900).gate.reason == "Replacing"


def test_what_timed_out_goes_on_once_it_is_well():
    pods = [*masters(NEW, NEW, NEW), made("worker", 0, NEW), made("worker", 1)]

    assert deleted(step(pods, rollout=begun("worker", "worker-0-before"), after=9000)) == ["small-worker-1"]


def terminating(role: str, ordinal: int, **options: Any) -> Json:
    """Return an old pod that should have ended at the start of these steps, on a node that is lost."""
    one = made(role, ordinal, deleted=True, **options)
    one["spec"] = {"nodeName": "node-3"}
    return one


@pytest.mark.parametrize("role", ["master", "jobmaster"])
@pytest.mark.parametrize("after", [61, 599, 600, 9000])
def test_a_pod_that_never_ends_its_termination_holds_and_fails_no_change(role: str, after: float):
    ordinal = 2 if role == "master" else 0
    rest = masters(OLD, OLD) if role == "master" else masters(NEW, NEW, NEW)
    pods = [*rest, terminating(role, ordinal)]
    answers = {0: info(), 1: FOLLOWS_0} if role == "master" else WELL

    found = step(pods, answers, rollout=begun(role, f"{role}-{ordinal}"), job_master=role == "master", after=after)

    assert found.delete == ()
    assert found.status == begun(role, f"{role}-{ordinal}", since=after if after >= 300 else 0)
    assert found.gate.reason == {"master": "HeldForQuorum", "jobmaster": "HeldForJobMaster"}[role]
    assert f"small-{role}-{ordinal} on node node-3 should have ended since 2030-01-02T03:04:05Z" in found.gate.message
    assert f"kubectl delete pod small-{role}-{ordinal} --grace-period=0 --force" in found.gate.message
    assert not found.in_progress, "an event announces the end of the pod"


def test_after_a_late_termination_the_replacement_has_time_to_start():
    pods = [*masters(OLD, OLD), terminating("master", 2)]
    current: RolloutStatus | None = begun("master", "master-2")
    for seconds in range(0, 2000, 10):
        found = step(pods, {0: info(), 1: FOLLOWS_0}, rollout=current, after=seconds)
        current = found.status
        assert found.gate.reason in ("Replacing", "HeldForQuorum")
    new = unready("master", 2, NEW, uid="master-2-new")
    starts = [
        step([*masters(OLD, OLD), new], {0: info(), 1: FOLLOWS_0}, rollout=current, after=a) for a in (2000, 2290)
    ]
    too_long = step([*masters(OLD, OLD), new], {0: info(), 1: FOLLOWS_0}, rollout=current, after=2700)

    assert [one.gate.reason for one in starts] == ["Replacing", "Replacing"]
    assert too_long.gate.reason == "StepTimedOut", "now it is the replacement that isn't ready"


def test_a_worker_that_takes_its_grace_period_fails_no_change():
    leaving = terminating("worker", 0)
    leaving["metadata"]["deletionTimestamp"] = stamp(later(3600))

    found = step([*masters(NEW, NEW, NEW), leaving], rollout=begun("worker", "worker-0"), workers=1, after=900)

    assert (found.gate.reason, found.status) == ("Replacing", begun("worker", "worker-0", since=900))


@pytest.mark.parametrize("after", [10, 9000])
def test_another_master_that_fails_holds_and_fails_no_change(after: float):
    replaced = begun("master", "master-2-before")
    pods = [made("master", 0), broken("master", 1, containers=[]), made("master", 2, NEW)]
    found = step(pods, {0: info(), 2: FOLLOWS_0}, rollout=replaced, after=after)

    assert (found.delete, found.status, found.gate.reason) == ((), None, "HeldForQuorum")
    assert "small-master-1 is down" in found.gate.message


@pytest.mark.parametrize("answer", [None, NoAnswer("connection refused"), Standby()])
def test_a_replaced_master_that_does_not_join_still_stops_the_rollout(answer: Answer | None):
    pods = [*masters(OLD, OLD), unready("master", 2, NEW) if answer is None else made("master", 2, NEW)]
    answers: dict[int, Answer] = {0: info(), 1: FOLLOWS_0, **({2: answer} if answer else {})}
    found = step(pods, answers, rollout=begun("master", "master-2-before"), after=9000)

    assert found.gate.reason == "StepTimedOut"
    assert "small-master-2" in found.gate.message


def test_a_worker_whose_deletion_is_late_starts_a_new_step():
    workers = [made("worker", ordinal) for ordinal in range(3)]

    found = step([*masters(NEW, NEW, NEW), *workers], rollout=begun("worker", "worker-2"), after=9000)

    assert found.gate.reason == "Replacing"
    assert found.status == begun("worker", "worker-0", since=9000)


def test_a_step_that_deleted_only_some_of_its_workers_waits_for_their_replacements():
    rollout = begun("worker", "worker-0-before", "worker-2")
    workers = [broken("worker", 0, NEW), made("worker", 1, NEW), made("worker", 2, NEW)]
    well = [made("worker", 0, NEW), *workers[1:]]

    assert step([*masters(NEW, NEW, NEW), *workers], rollout=rollout).status == rollout
    assert step([*masters(NEW, NEW, NEW), *well], rollout=rollout).gate.passed


@pytest.mark.parametrize("after", [10, 9000])
def test_a_recorded_master_stays_when_another_one_failed_before_the_deletion(after: float):
    pods = [made("master", 0), broken("master", 1), made("master", 2)]

    found = step(pods, {0: info(), 2: FOLLOWS_0}, rollout=begun("master", "master-2"), after=after)

    assert deleted(found) == ["small-master-1"], "the one that answers no more, never the one that follows"
    running = [made("master", 0), broken("master", 1, containers=[]), made("master", 2)]
    held = step(running, {0: info(), 2: FOLLOWS_0}, rollout=begun("master", "master-2"), after=after)
    assert (held.delete, held.status, held.gate.reason) == ((), None, "HeldForQuorum")


def test_a_recorded_worker_stays_when_another_one_failed_before_the_deletion():
    workers = [made("worker", 0), broken("worker", 1, NEW, containers=[]), made("worker", 2)]

    found = step([*masters(NEW, NEW, NEW), *workers], rollout=begun("worker", "worker-0"))

    assert (found.delete, found.status, found.gate.reason) == ((), None, "HeldForWorkers")


def test_a_failing_master_changes_no_version_before_the_backup():
    pods = [made("master", 0), made("master", 1), broken("master", 2)]
    state = UpgradeBackup.model_validate(
        {"from": "2.9.3", "to": "2.9.4", "state": "Requested", "since": stamp(later(0))}
    )
    runs = PreUpgradeBackup(state, BACKING_UP, "the backup runs")
    done = PreUpgradeBackup(state.model_copy(update={"state": "Completed"}))

    found = step(pods, {0: info(), 1: FOLLOWS_0}, backup=runs)
    assert (found.delete, found.gate.reason, found.backup) == ((), BACKING_UP, runs)
    assert deleted(step(pods, {0: info(), 1: FOLLOWS_0}, backup=done)) == ["small-master-2"]


def test_a_replacement_on_a_node_that_died_holds_up_nothing():
    others = [made("worker", ordinal, NEW) for ordinal in range(29)]
    stuck = made("worker", 29, NEW, deleted=True)

    found = step(
        [*masters(NEW, NEW, NEW), *others, stuck], rollout=begun("worker", "worker-29-before"), workers=30, after=9000
    )

    assert (found.status, found.gate.passed) == (None, True)


@pytest.mark.parametrize("node", ["node-gone", ""], ids=["its node was removed", "recorded without a node"])
def test_a_daemonset_step_needs_no_replacement_for_a_node_that_is_gone(node: str):
    pods = [made("worker", ordinal, NEW) for ordinal in range(18)]
    away = broken("worker", 18, NEW, containers=[])
    gone = ReplacedPod(name="small-worker-abc", uid="gone", node=node)
    rollout = RolloutStatus(role="worker", pods=(gone,), since=stamp(later(0)))

    found = step(
        [*masters(NEW, NEW, NEW), *pods, away],
        rollout=rollout,
        workers=19,
        after=9000,
        daemonsets=frozenset({"worker", "fuse"}),
    )

    assert (found.status, found.gate.passed) == (None, True)


def test_a_dead_node_of_a_fleet_does_not_hold_up_the_mounts():
    workers = [made("worker", ordinal, NEW) for ordinal in range(19)]
    away = broken("worker", 19, OLD, containers=[])
    pods = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), *workers, away]

    found = step([*pods, made("fuse", 0), made("fuse", 1)], mounts=2, hashes=WITH_FUSE, workers=20)
    assert deleted(found) == ["small-fuse-0"]
    done = step([*pods, made("fuse", 0, NEW), made("fuse", 1, NEW)], mounts=2, hashes=WITH_FUSE, workers=20)
    assert done.gate.reason == "HeldForWorkers", "what is left is still reported"


def test_what_nobody_could_delete_does_not_hold_up_the_rest_for_ever():
    found = step(masters(OLD, OLD, OLD), rollout=begun("master", "master-2"), after=9000)

    assert found.status == RolloutStatus(
        role="master", pods=(ReplacedPod(name="small-master-2", uid="master-2"),), since=stamp(later(9000)), hash="new"
    )


def test_a_worker_stuck_on_a_lost_node_keeps_no_bad_image_from_timing_out():
    new = broken("worker", 1, NEW)
    new["metadata"]["uid"] = "worker-1-after"
    pods = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), terminating("worker", 0), new]
    current: RolloutStatus | None = begun("worker", "worker-0", "worker-1")

    for after in (301, 599, 601):
        found = step(pods, rollout=current, after=after, workers=3, step_timeout_seconds=600, max_unavailable=2)
        current = found.status

    assert found.gate.reason == "StepTimedOut"
