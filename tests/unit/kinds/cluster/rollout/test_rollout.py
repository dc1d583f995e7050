"""Which pods are replaced next: masters one by one and the leader last, then the job master, then workers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import container_status, info, initialized, later, observed, pod, ready_pod, workload

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, ReplacedPod, RolloutStatus, UpgradeBackup
from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH, Roles
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import BACKING_UP, NO_BACKUP, PreUpgradeBackup
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep, may_delete, next_rollout_step

Json = dict[str, Any]
OLD, NEW = {CONFIG_HASH: "old"}, {CONFIG_HASH: "new"}
FOLLOWS_0 = Standby("small-master-0.small-master.data.svc")
WELL: Mapping[int, Answer] = {0: info(), 1: FOLLOWS_0, 2: FOLLOWS_0}
HASHES = {"master": "new", "jobmaster": "new", "worker": "new"}
WITH_FUSE = {**HASHES, "fuse": "new"}
RESTARTED = {**container_status("worker", running={"startedAt": stamp(later(0))}), "started": False, "restartCount": 1}
CRASHES = container_status("worker", waiting={"reason": "CrashLoopBackOff", "message": "back-off"})


def made(role: str, ordinal: int = 0, by: Json = OLD, **options: Any) -> Json:
    """Return a pod that is well."""
    return ready_pod(role, f"small-{role}-{ordinal}", uid=f"{role}-{ordinal}", annotations=by, **options)


def broken(role: str, ordinal: int = 0, by: Json = OLD, **options: Any) -> Json:
    """Return a pod that isn't ready."""
    options = {"containers": [CRASHES], **options}
    return pod(role, f"small-{role}-{ordinal}", uid=f"{role}-{ordinal}", annotations=by, **options)


def served(one: Json) -> Json:
    """Return a pod that has been ready for an hour, and hasn't been for a minute."""
    [ready] = [found for found in one["status"]["conditions"] if found["type"] == "Ready"]
    ready["lastTransitionTime"] = stamp(later(-60))
    one["status"]["startTime"] = one["metadata"]["creationTimestamp"] = stamp(later(-3660))
    return one


def masters(*by: Json) -> list[Json]:
    return [made("master", ordinal, one) for ordinal, one in enumerate(by)]


def begun(role: str, *uids: str, since: float = 0, by: str = "new") -> RolloutStatus:
    pods = tuple(ReplacedPod(name=f"small-{uid.removesuffix('-before')}", uid=uid) for uid in uids)
    return RolloutStatus(role=role, pods=pods, since=stamp(later(since)), hash=by)


def step(
    pods: list[Json],
    answers: Mapping[int, Answer] = WELL,
    *,
    members: Any = 3,
    rollout: RolloutStatus | None = None,
    job_master: bool = True,
    workers: int | None = None,
    mounts: int = 0,
    hashes: Mapping[str, str] = HASHES,
    after: float = 10,
    counts: Mapping[str, int] | None = None,
    daemonsets: frozenset[str] = frozenset({"fuse"}),
    backup: PreUpgradeBackup = NO_BACKUP,
    **upgrade: Any,
) -> RolloutStep:
    found = observed(
        *pods,
        ClusterStatus(journal=initialized(members=members), rollout=rollout),
        answers={f"small-master-{ordinal}": answer for ordinal, answer in answers.items() if ordinal < members},
        job_master=job_master,
    )
    wanted = sum(one["metadata"]["name"].startswith("small-worker") for one in pods) if workers is None else workers
    counts = {"worker": wanted, "fuse": mounts, **(counts or {})}
    roles = Roles(found, quorum_of(found, members), hashes, counts, later(after), daemonsets)
    return next_rollout_step(roles, Upgrade.model_validate(upgrade), later(after), backup)


def deleted(found: RolloutStep) -> list[str]:
    return [one.name for one in found.delete]


def test_nothing_is_replaced_that_runs_what_the_spec_says():
    found = step([*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), made("worker", by=NEW)])

    assert found == RolloutStep(None, (), found.gate)
    assert (found.gate.passed, found.gate.reason) == (True, "UpToDate")


def test_a_standby_goes_before_the_leader_and_one_at_a_time():
    found = step([*masters(OLD, OLD, OLD), made("worker")])

    assert deleted(found) == ["small-master-2"]
    assert found.status == begun("master", "master-2", since=10)
    assert not found.gate.passed
    assert found.in_progress


@pytest.mark.parametrize(("leader", "goes"), [(0, "small-master-2"), (1, "small-master-2"), (2, "small-master-1")])
def test_who_leads_is_asked_anew_for_each_step(leader: int, goes: str):
    follows = Standby(f"small-master-{leader}.small-master.data.svc")
    answers = {ordinal: info() if ordinal == leader else follows for ordinal in range(3)}

    assert deleted(step(masters(OLD, OLD, OLD), answers)) == [goes]


def test_the_leader_goes_when_all_others_are_done():
    assert deleted(step(masters(OLD, NEW, NEW))) == ["small-master-0"]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({0: info(), 1: FOLLOWS_0, 2: NoAnswer("connection refused")}, "small-master-2 is down: connection refused"),
        ({0: info(), 1: FOLLOWS_0, 2: Standby()}, "small-master-2: it knows of no leader"),
        ({0: info(), 1: info(), 2: FOLLOWS_0}, "small-master-0 and small-master-1 both report that they lead"),
        ({0: FOLLOWS_0, 1: FOLLOWS_0, 2: FOLLOWS_0}, "no master leads"),
    ],
)
def test_no_healthy_master_is_replaced_while_the_quorum_is_not_whole(answers: Mapping[int, Answer], reason: str):
    found = step(masters(OLD, OLD, OLD), answers)

    assert found.delete == ()
    assert found.status is None
    assert found.gate.reason == "HeldForQuorum"
    assert reason in found.gate.message


def test_a_master_that_is_down_and_current_holds_up_the_others():
    pods = [made("master", 0), made("master", 1), broken("master", 2, NEW)]
    found = step(pods, {0: info(), 1: FOLLOWS_0})

    assert found.gate.reason == "HeldForQuorum"
    assert "back-off" in found.gate.message


def test_one_that_is_down_and_outdated_is_replaced_before_any_healthy_one():
    pods = [made("master", 0), broken("master", 1), made("master", 2)]

    assert deleted(step(pods, {0: info(), 2: FOLLOWS_0})) == ["small-master-1"]


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


def test_a_master_that_only_failed_to_answer_is_not_taken_for_one_that_is_down():
    answers = {0: info(), 1: FOLLOWS_0, 2: NoAnswer("timed out")}
    pods = [made("master", 0), broken("master", 1, NEW), made("master", 2)]

    assert step(pods, answers).delete == ()


def test_masters_that_all_fail_are_replaced_one_at_a_time():
    pods = [broken("master", ordinal) for ordinal in range(3)]

    assert deleted(step(pods, {})) == ["small-master-0"]


def test_masters_behind_a_cut_network_are_not_replaced():
    pods = [made("master", 0), unready("master", 1), unready("master", 2)]
    found = step(pods, {0: info(), 1: NoAnswer("no answer in time"), 2: NoAnswer("no answer in time")})

    assert found.delete == ()
    assert found.gate.reason == "HeldForQuorum"


# --- unready is not useless -----------------------------------------------------------------------------------------


def unready(role: str, ordinal: int = 0, by: Json = OLD, **options: Any) -> Json:
    """Return a pod that runs and isn't ready, as Kubernetes reports one whose node is cut off."""
    container = {**container_status(role, running={}), "started": True}
    options = {"uid": f"{role}-{ordinal}", "containers": [container], **options}
    return pod(role, f"small-{role}-{ordinal}", annotations=by, **options)


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


# --- a pod that answers, and whose probes fail ----------------------------------------------------------------------


def probes_fail(role: str, ordinal: int, by: Json = OLD, *, unready_for: float = 120, served: bool = False) -> Json:
    """Return a pod that runs and isn't ready for some seconds before these steps; with `served` it was before."""
    one = unready(role, ordinal, by)
    since = later(10 - unready_for)
    one["status"]["conditions"][0]["lastTransitionTime"] = stamp(since)
    one["status"]["startTime"] = stamp(since - timedelta(hours=1) if served else since)
    return one


BAD = {CONFIG_HASH: "bad"}


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


# --- a journal that is missing --------------------------------------------------------------------------------------


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


# --- a step is judged by its own pods ---------------------------------------------------------------------------------


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


def test_a_lone_master_is_replaced_though_nobody_takes_over():
    assert deleted(step([made("master")], {0: info()}, members=1)) == ["small-master-0"]


def test_the_job_master_follows_the_masters_and_workers_follow_it():
    rest = [made("jobmaster"), made("worker", 0), made("worker", 1)]

    assert deleted(step([*masters(NEW, NEW, NEW), *rest])) == ["small-jobmaster-0"]
    rest[0] = made("jobmaster", by=NEW)
    assert deleted(step([*masters(NEW, NEW, NEW), *rest])) == ["small-worker-0"]


def test_without_a_job_service_nobody_waits_for_it():
    hashes = {"master": "new", "worker": "new"}

    assert deleted(step([*masters(NEW, NEW, NEW), made("worker")], job_master=False, hashes=hashes)) == [
        "small-worker-0"
    ]


@pytest.mark.parametrize("rest", [[made("worker")], [broken("worker")]], ids=["well", "failing"])
def test_workers_wait_for_masters_that_are_not_well(rest: list[Json]):
    found = step([*masters(NEW, NEW, NEW), *rest], {0: info(), 1: FOLLOWS_0, 2: NoAnswer("gone")})

    assert found.delete == ()
    assert found.gate.reason == "HeldForQuorum"
    assert "small-worker-0 will be replaced once the masters are healthy" in found.gate.message


def test_workers_wait_for_a_job_master_that_does_not_answer():
    pods = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), made("worker")]

    assert step(pods, job_master=False).gate.reason == "HeldForJobMaster"


@pytest.mark.parametrize(("most", "together"), [(1, 1), (2, 2), (9, 3)])
def test_workers_go_in_batches(most: int, together: int):
    pods = [*masters(NEW, NEW, NEW), *(made("worker", ordinal) for ordinal in range(3))]

    assert len(step(pods, maxUnavailable=most).delete) == together


def test_no_healthy_worker_goes_while_another_is_away():
    pods = [*masters(NEW, NEW, NEW), made("worker", 0), made("worker", 1, NEW)]
    found = step(pods, workers=3)

    assert found.gate.reason == "HeldForWorkers"
    assert "2 of 3 workers" in found.gate.message


def test_workers_that_fail_are_replaced_together_and_first():
    pods = [*masters(NEW, NEW, NEW), made("worker", 0), broken("worker", 1), broken("worker", 2)]

    assert deleted(step(pods)) == ["small-worker-1", "small-worker-2"]


def test_workers_that_have_served_are_replaced_in_batches_though_they_crash():
    """A tier on an emptyDir survives the crash of its container, and not the deletion of its pod."""
    crash = [served(broken("worker", ordinal)) for ordinal in range(3)]

    first = step([*masters(NEW, NEW, NEW), *crash])
    assert deleted(first) == ["small-worker-0"]
    starts = broken("worker", 9, NEW)
    starts["metadata"]["name"] = "small-worker-0"
    waits = step([*masters(NEW, NEW, NEW), starts, *crash[1:]], rollout=first.status, workers=3, after=100)
    assert deleted(waits) == []
    assert waits.status == first.status


def test_a_worker_that_never_served_does_not_wait_for_those_that_have():
    pods = [served(broken("worker", 0)), served(broken("worker", 1)), broken("worker", 2), broken("worker", 3)]

    assert deleted(step([*masters(NEW, NEW, NEW), *pods])) == ["small-worker-2", "small-worker-3"]


def test_a_fixed_spec_replaces_what_a_bad_one_made_though_the_step_timed_out():
    bad = broken("worker", 0, {CONFIG_HASH: "bad"}, containers=[RESTARTED])
    pods = [*masters(NEW, NEW, NEW), bad, made("worker", 1)]

    assert deleted(step(pods, rollout=begun("worker", "worker-0-before"), after=9000)) == ["small-worker-0"]


def test_mounts_go_when_all_that_serves_them_is_done():
    serving = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW)]
    mounts = [made("fuse", 0), made("fuse", 1)]

    assert deleted(step([*serving, made("worker"), *mounts], mounts=2, hashes=WITH_FUSE)) == ["small-worker-0"]
    assert deleted(step([*serving, made("worker", by=NEW), *mounts], mounts=2, hashes=WITH_FUSE)) == ["small-fuse-0"]


def test_no_mount_that_answers_goes_while_another_one_is_away():
    serving = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), made("worker", by=NEW)]
    found = step([*serving, made("fuse", 0)], mounts=2, hashes=WITH_FUSE)

    assert (deleted(found), found.gate.reason) == ([], "HeldForMounts")
    assert "the mount answers on 1 of 2 nodes" in found.gate.message


def test_a_canary_is_a_worker():
    serving = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), made("worker", by=NEW)]
    found = step([*serving, made("fuse", 0), made("fuse", 1)], mounts=2, hashes=WITH_FUSE, canarySeconds=300)

    assert found.status is not None
    assert not found.status.canary


def test_a_pod_that_does_not_say_by_what_it_was_made_is_left_alone():
    assert step([*masters({}, {}, {}), made("worker", by={})]).gate.passed


def test_a_pod_that_is_going_away_is_not_deleted_again():
    pods = [*masters(NEW, NEW, NEW), made("worker", 0, deleted=True)]

    assert step(pods, workers=0).delete == ()


# --- a step that has begun ----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("after", [10, 9000])
def test_a_failed_step_is_left_for_another_spec(after: float):
    # What was to run doesn't; the spec was changed back, which the other worker runs still.
    pods = [*masters(NEW, NEW, NEW), broken("worker", 0, {CONFIG_HASH: "bad"}), made("worker", 1, NEW)]
    found = step(pods, rollout=begun("worker", "worker-0-before"), after=after)

    assert deleted(found) == ["small-worker-0"]


SUPERSEDED = {CONFIG_HASH: "superseded"}


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


# --- strategy -----------------------------------------------------------------------------------------------------


def test_with_on_delete_nothing_is_replaced_and_all_is_told():
    found = step([*masters(OLD, NEW, NEW), made("worker")], strategy="OnDelete")

    assert (found.delete, found.status, found.blocking) == ((), None, False)
    assert found.gate.reason == "WaitingForDeletion"
    assert "small-master-0, small-worker-0" in found.gate.message


def test_a_step_is_given_up_for_on_delete():
    found = step(masters(OLD, OLD, OLD), rollout=begun("master", "master-2"), strategy="OnDelete")

    assert (found.delete, found.status) == ((), None)


# --- the workload's controller ------------------------------------------------------------------------------------


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


# --- window and canary --------------------------------------------------------------------------------------------

NIGHT = {"start": "0 2 * * *", "durationMinutes": 60, "timeZone": "Europe/Berlin"}
"""Open from 1 to 2 by UTC in winter; NOW is 3:04."""


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


def test_a_worker_stuck_on_a_lost_node_keeps_no_bad_image_from_timing_out():
    new = broken("worker", 1, NEW)
    new["metadata"]["uid"] = "worker-1-after"
    pods = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), terminating("worker", 0), new]
    current: RolloutStatus | None = begun("worker", "worker-0", "worker-1")

    for after in (301, 599, 601):
        found = step(pods, rollout=current, after=after, workers=3, step_timeout_seconds=600, max_unavailable=2)
        current = found.status

    assert found.gate.reason == "StepTimedOut"
