"""Which pods are replaced next: masters one by one and the leader last, then the job master, then workers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.support.builders import info
from tests.support.rollout import (
    FOLLOWS_0,
    NEW,
    OLD,
    WITH_FUSE,
    Json,
    begun,
    broken,
    deleted,
    made,
    masters,
    served,
    step,
    unready,
)

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep


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
