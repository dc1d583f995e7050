"""Which pods are replaced out of turn because they fail, and which of those that aren't ready stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import container_status, info, later
from tests.support.rollout import (
    CRASHES,
    FOLLOWS_0,
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
from alluxio_operator.api.alluxiocluster_status import UpgradeBackup
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import BACKING_UP, PreUpgradeBackup
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep

BAD = {CONFIG_HASH: "bad"}


def starting(role: str, since: float, *, crashes: bool = False) -> Json:
    """Return an outdated pod of a role that its node took `since` seconds before these steps."""
    runs = container_status(role, running={"startedAt": stamp(later(0))})
    one = broken(role, 0, containers=[CRASHES if crashes else runs])
    one["status"]["startTime"] = one["status"]["conditions"][0]["lastTransitionTime"] = stamp(later(10 - since))
    return one


@pytest.mark.parametrize(
    ("since", "crashes", "goes"),
    [(10, False, False), (30, False, False), (119, False, False), (120, False, True), (30, True, True)],
)
@pytest.mark.parametrize("recorded", [True, False], ids=["in its step", "without a step"])
@pytest.mark.parametrize("role", ["master", "jobmaster", "worker", "fuse"])
def test_a_pod_that_starts_is_not_replaced_for_the_next_edit(
    role: str, recorded: bool, since: float, crashes: bool, goes: bool
):
    others = [] if role == "master" else [made("master", by=NEW)]
    pods = [*others, starting(role, since, crashes=crashes)]
    replaced = begun(role, "before", since=9 - since) if recorded else None
    found = step(
        pods,
        {0: info()} if others else {},
        members=1,
        rollout=replaced,
        job_master=role != "jobmaster",
        workers=int(role == "worker"),
        mounts=int(role == "fuse"),
        hashes=WITH_FUSE,
    )

    assert deleted(found) == ([f"small-{role}-0"] if goes else [])
    assert not found.gate.passed


def test_a_zone_that_is_away_for_a_minute_costs_no_worker():
    away = [unready("worker", ordinal) for ordinal in range(70)]
    pods = [*masters(NEW, NEW, NEW), *away, *(made("worker", ordinal) for ordinal in range(70, 200))]

    found = step(pods, maintenanceWindow={"start": "0 3 1 1 *", "durationMinutes": 60}, maxUnavailable=1)

    assert found.delete == ()


@pytest.mark.parametrize(("seconds", "goes"), [(5, []), (25, ["small-worker-0"])])
def test_a_pod_has_to_fail_for_a_while_before_it_counts_as_useless(seconds: float, goes: list[str]):
    failing = broken("worker", 0)
    failing["status"]["conditions"][0]["lastTransitionTime"] = stamp(later(10 - seconds))

    assert deleted(step([*masters(NEW, NEW, NEW), failing], workers=1)) == goes


def probes_fail(role: str, ordinal: int, by: Json = OLD, *, unready_for: float = 120, served: bool = False) -> Json:
    """Return a pod that runs and isn't ready for some seconds before these steps; with `served` it was before."""
    one = unready(role, ordinal, by)
    since = later(10 - unready_for)
    one["status"]["conditions"][0]["lastTransitionTime"] = stamp(since)
    one["status"]["startTime"] = stamp(since - timedelta(hours=1) if served else since)
    return one


def reverted(bad: int = 2, answers: Mapping[int, Answer] = WELL, **options: Any) -> RolloutStep:
    """Return the step after a change was reverted that one master runs, whose probes fail since."""
    pods = [probes_fail("master", one, BAD) if one == bad else made("master", one, NEW) for one in range(3)]
    return step(pods, answers, rollout=begun("master", f"master-{bad}-before", since=-120, by="bad"), **options)


@pytest.mark.parametrize("timeout", [30, 600], ids=["timed out", "under way"])
def test_a_reverted_master_whose_probes_fail_is_replaced_though_it_answers(timeout: int):
    found = reverted(stepTimeoutSeconds=timeout)

    assert deleted(found) == ["small-master-2"]
    assert found.status == begun("master", "master-2", since=10)


@pytest.mark.parametrize(
    "answers",
    [
        {0: info(), 1: NoAnswer("connection refused"), 2: FOLLOWS_0},
        {0: info(), 1: Standby(), 2: FOLLOWS_0},
        {0: info(), 1: info(), 2: FOLLOWS_0},
        {0: FOLLOWS_0, 1: FOLLOWS_0, 2: FOLLOWS_0},
    ],
    ids=["another is down", "another follows no leader", "two lead", "none leads"],
)
def test_a_master_that_the_quorum_may_need_stays_though_its_probes_fail(answers: Mapping[int, Answer]):
    found = reverted(answers=answers)

    assert (found.delete, found.gate.reason) == ((), "HeldForQuorum")


def test_a_recorded_spare_master_goes_without_another_record():
    pods = [*masters(NEW, NEW), probes_fail("master", 2, BAD)]
    at = begun("master", "master-2")
    found = step(pods, rollout=at, after=15)

    assert (deleted(found), found.status) == (["small-master-2"], at)


def test_of_two_masters_whose_probes_fail_neither_goes():
    pods = [made("master", 0, NEW), probes_fail("master", 1, BAD), probes_fail("master", 2, BAD)]

    assert step(pods).delete == ()


def test_no_master_goes_while_another_is_in_its_termination():
    pods = [made("master", 0, NEW), made("master", 1, NEW, deleted=True), probes_fail("master", 2, BAD)]

    assert step(pods, {0: info(), 2: FOLLOWS_0}).delete == ()


def test_a_master_whose_probes_fail_with_the_current_spec_stays():
    assert step([*masters(NEW, NEW), probes_fail("master", 2, NEW)]).delete == ()


@pytest.mark.parametrize(
    ("unready_for", "served", "answers", "goes"),
    [
        (119, False, True, False),
        (119, True, True, False),
        (120, True, True, True),
        (9000, True, False, False),
        (120, False, False, True),
    ],
    ids=["it starts", "unready for a moment", "it answers", "behind a cut network", "never served"],
)
def test_only_a_master_that_answers_or_never_served_is_spare(
    unready_for: float, served: bool, answers: bool, goes: bool
):
    pods = [*masters(NEW, NEW), probes_fail("master", 2, BAD, unready_for=unready_for, served=served)]
    found = step(pods, {0: info(), 1: FOLLOWS_0, 2: FOLLOWS_0 if answers else NoAnswer("no answer in time")})

    assert deleted(found) == (["small-master-2"] if goes else [])


@pytest.mark.parametrize(("bad", "reason"), [(0, "WaitingForWindow"), (2, "Replacing")])
def test_outside_of_the_window_no_leader_goes_though_its_probes_fail(bad: int, reason: str):
    found = reverted(bad, maintenanceWindow={"start": "0 5 * * *", "durationMinutes": 60})

    assert found.gate.reason == reason
    assert bool(found.delete) == (reason == "Replacing")


def test_a_reverted_master_changes_no_version_before_the_backup():
    known = UpgradeBackup.model_validate({"from": "2.9.4", "to": "2.9.5", "state": "Running", "since": stamp(later(0))})
    found = reverted(backup=PreUpgradeBackup(known, BACKING_UP, "it runs"))

    assert (found.delete, found.gate.reason) == ((), BACKING_UP)


@pytest.mark.parametrize(("served", "goes"), [(False, True), (True, False)])
def test_a_lone_master_that_never_served_follows_a_revert(served: bool, goes: bool):
    found = step([probes_fail("master", 0, BAD, served=served)], {0: info()}, members=1)

    assert deleted(found) == (["small-master-0"] if goes else [])


@pytest.mark.parametrize("serves", [True, False])
@pytest.mark.parametrize(("unready_for", "goes"), [(119, False), (120, True)])
def test_a_job_master_that_never_served_follows_a_revert(unready_for: float, goes: bool, serves: bool):
    pods = [*masters(NEW, NEW, NEW), probes_fail("jobmaster", 0, BAD, unready_for=unready_for)]

    assert deleted(step(pods, job_master=serves)) == (["small-jobmaster-0"] if goes else [])


def without_journal(ordinal: int, by: Json = OLD) -> Json:
    """Return a master's pod whose init container finds no journal."""
    ended = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
    check = container_status("journal-check", waiting={"reason": "CrashLoopBackOff"}, last=ended)
    one = broken("master", ordinal, by, containers=[])
    one["status"].update(phase="Pending", initContainerStatuses=[check])
    return one


@pytest.mark.parametrize("lost", [{0, 1}, {0, 1, 2}, {2}], ids=["a majority", "all", "one that may rejoin"])
def test_no_step_begins_on_masters_that_wait_for_their_journal(lost: set[int]):
    pods = [without_journal(one) if one in lost else made("master", one) for one in range(3)]
    found = step(pods, {one: answer for one, answer in WELL.items() if one not in lost})

    assert (found.delete, found.status, found.gate.reason) == ((), None, "HeldForQuorum")
    assert "no journal below /journal/raft" in found.gate.message


def test_a_lone_master_without_its_journal_is_not_replaced():
    assert step([without_journal(0)], {}, members=1).delete == ()


def test_no_failing_master_goes_while_a_majority_waits_for_its_journal():
    pods = [without_journal(0, NEW), without_journal(1, NEW), broken("master", 2)]

    assert step(pods, {}).delete == ()


def test_a_failing_master_goes_while_one_other_waits_for_its_journal():
    # Without it there is no quorum that the other could rejoin.
    assert deleted(step([made("master", 0, NEW), without_journal(1), broken("master", 2)], {0: info()})) == [
        "small-master-2"
    ]


@pytest.mark.parametrize("lost", [{2}, {0, 1}], ids=["the replaced one", "a majority of others"])
def test_a_journal_that_is_lost_during_a_step_times_out_no_step(lost: set[int]):
    pods = [without_journal(one, NEW) if one in lost else made("master", one, NEW) for one in range(3)]
    if 2 not in lost:
        pods[2] = broken("master", 2, NEW)
    answers = {one: answer for one, answer in WELL.items() if one not in {2, *lost}}
    found = step(pods, answers, rollout=begun("master", "master-2-before"), after=9000)

    assert (found.delete, found.gate.reason) == ((), "HeldForQuorum")
    assert found.stopped
    assert found.status == begun("master", "master-2-before", since=9000)
    assert "no journal below /journal/raft" in found.gate.message or 2 not in lost
