"""Removals among troubles: nothing that a file in no UFS needs is lost, and what holds them up is reported."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.removal import RemovalWorld, settled

from alluxio_operator.kube.kinds import KINDS


def with_files(number: int = 5, replicas: int = 3, **over: Any) -> RemovalWorld:
    world = settled(replicas, **over)
    for one in range(number):
        world.blocks.write(f"/must/{one}", 100, on=world.host(replicas - 1))
    return world


def restart(world: RemovalWorld) -> None:
    """Restart the operator: it forgets what isn't on record."""
    world.start_operator()


# --- room ---------------------------------------------------------------------------------------------------------


def test_without_room_nothing_is_begun_and_the_numbers_are_reported():
    world = settled(2, capacity=3000)
    world.blocks.write("/full", *[100] * 27, on=world.host(0))
    world.blocks.write("/must", *[100] * 5, on=world.host(1))
    world.replicas(1)
    world.run(30)
    condition = world.condition("WorkersRemoved")
    assert (condition["status"], condition["reason"]) == ("False", "NoRoom")
    assert "500 bytes" in condition["message"]
    assert "Nothing was begun" in condition["message"]
    assert (world.applied, world.record, world.alluxio.copies) == (2, {}, [])
    assert world.phase == "Ready"
    world.blocks.delete("/full")
    world.until_removed(1)


def test_the_last_worker_keeps_what_only_it_has():
    world = with_files(replicas=1)
    world.replicas(0)
    world.run(30)
    assert world.condition("WorkersRemoved")["reason"] == "NoWorkerStays"
    world.blocks.delete("/must/0")
    for number in range(1, 5):
        world.blocks.persist(f"/must/{number}")
    world.until_removed(0)


# --- leaders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["Copying", "Leaving", "Proven", "Removing"])
def test_a_new_leader_is_asked_again(state: str):
    world = with_files()
    world.replicas(2)
    world.until(state)
    world.blocks.change_leader(away=3, safe=5)
    world.turn()
    world.until_removed(2)
    assert world.blocks.unreadable() == []


@pytest.mark.parametrize("state", ["Proven", "Removing"])
def test_a_proof_of_the_leader_before_is_void(state: str):
    world = with_files()
    world.replicas(2)
    world.until(state)
    assert world.applied == 3
    world.blocks.change_leader(safe=0)
    world.turn()
    world.blocks.write("/new", 100, on=world.host(2))
    world.until_removed(2)
    assert world.blocks.unreadable() == []


@pytest.mark.parametrize("state", ["Copying", "Leaving", "Proven", "Removing"])
def test_a_leader_that_is_away_holds_the_removal(state: str):
    world = with_files()
    world.replicas(2)
    world.until(state)
    world.blocks.leads_from = world.blocks.t + 120
    world.turn()
    world.run(60)
    assert len(world.pods()) == 3 or state == "Removing"
    world.until_removed(2)


# --- late writes --------------------------------------------------------------------------------------------------


def test_what_is_written_while_the_worker_leaves_is_copied():
    world = with_files()
    world.replicas(2)
    world.blocks.open("/late")
    block = world.blocks.begin_block("/late", world.host(2), 100)
    world.until("Leaving")
    world.run(15)
    world.blocks.commit("/late", block, world.host(2))
    world.until_removed(2)
    assert world.blocks.unreadable() == []


def test_files_that_are_renamed_all_the_time_are_found():
    world = with_files(20)
    world.alluxio.page = 3
    world.replicas(2)

    def rename() -> bool:
        for path in world.blocks.random.sample(sorted(world.blocks.files), 2):
            new = f"/{world.blocks.random.choice('az')}/{path.rpartition('/')[2]}"
            if new != path:
                world.blocks.rename(path, new)
        return len(world.pods()) == 2 and not world.record

    assert world.run(400, rename)


def test_lost_files_of_before_do_not_hold_up_a_removal():
    world = with_files()
    world.blocks.write("/lost", 100, on=world.host(1))
    worker = world.blocks.workers[world.host(1)]
    world.blocks._drop(worker, next(iter(worker.blocks)), "evicted")
    world.replicas(2)
    world.until_removed(2)


# --- stalls -------------------------------------------------------------------------------------------------------


def test_refused_copies_are_reported_and_retried():
    world = with_files()
    world.alluxio.before = lambda method: "refused" if method == "copy_block" else ""
    world.replicas(2)
    world.run(100)
    condition = world.condition("WorkersRemoved")
    assert condition["reason"] == "Stalled"
    assert "the last copy failed: small-worker-" in condition["message"]
    assert "Stalled" in world.events()
    assert len(world.pods()) == 3
    world.alluxio.before = lambda _: ""
    world.until_removed(2)


def test_a_silent_worker_is_not_removed():
    world = with_files()
    world.blocks.workers[world.host(2)].cut_off = True
    world.pass_time(61)
    world.turn()
    world.replicas(2)
    world.run(100)
    assert "sends no heartbeat" in world.condition("WorkersRemoved")["message"]
    world.run(400)
    assert len(world.pods()) == 3
    world.blocks.workers[world.host(2)].cut_off = False
    world.until_removed(2)


def test_a_worker_that_dies_during_its_removal_is_reported():
    world = with_files()
    world.alluxio.before = lambda method: "refused" if method == "copy_block" else ""
    world.replicas(2)
    world.until("Copying")
    world.run(5)
    world.blocks.crash(world.host(2))
    world.kube.remove(KINDS["Pod"].path("data", "small-worker-2"))
    world.run(10)
    assert any("its pod ended during the removal" in one["message"] for one in world.status["history"])
    world.alluxio.before = lambda _: ""
    world.until_removed(2)


@pytest.mark.parametrize("state", ["Copying", "Leaving", "Proven", "Removing"])
def test_a_target_that_dies_is_no_copy(state: str):
    world = with_files()
    world.replicas(2)
    world.until(state)
    assert world.applied == 3
    world.blocks.crash(world.host(1))
    world.kube.remove(KINDS["Pod"].path("data", "small-worker-1"))
    world.turn()
    world.until_removed(2, seconds=900)


def test_folders_that_the_operator_may_not_enter_stop_the_removal():
    world = with_files()
    world.blocks.write("/secret/file", 100, on=world.host(2))
    world.alluxio.unseen = {"/secret"}
    world.replicas(2)
    world.run(100)
    assert "may not enter" in world.condition("WorkersRemoved")["message"]
    assert len(world.pods()) == 3


# --- the deadline -------------------------------------------------------------------------------------------------


def test_at_the_deadline_the_worker_stays_by_default():
    world = with_files(deadlineSeconds=120)
    world.alluxio.before = lambda method: "refused" if method == "copy_block" else ""
    world.replicas(2)
    world.run(200)
    assert world.condition("WorkersRemoved")["reason"] == "DeadlineExceeded"
    assert len(world.pods()) == 3


def test_at_the_deadline_the_worker_goes_by_the_spec_and_the_loss_is_named():
    world = with_files(deadlineSeconds=120, onDeadline="Remove")
    world.alluxio.before = lambda method: "refused" if method == "copy_block" else ""
    world.replicas(2)
    for _ in range(200):
        world.reconcile()
        world.pass_time(1)
        world.turn()
        if len(world.pods()) == 2 and not world.record:
            break
    [change] = [one for one in world.status["history"] if one["what"] == "Decommissioned"]
    assert change["outcome"] == "Failed"
    assert "500 bytes of 5 files that are in no UFS are lost: /must/" in change["message"]
    assert len(world.blocks.lost()) == 5
    assert "DataLost" in world.events()


# --- others -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["Copying", "Leaving", "Proven", "Removing", "Returning"])
def test_an_operator_that_restarts_goes_on(state: str):
    world = with_files()
    world.replicas(2)
    if state == "Returning":
        world.until("Leaving")
        world.replicas(3)
    world.until(state)
    restart(world)
    if state == "Returning":
        assert world.run(300, lambda: not world.record and world.phase == "Ready")
        assert len(world.pods()) == 3
        return
    world.until_removed(2)


def test_workers_that_were_added_by_hand_are_emptied_before_they_go():
    world = settled(2)
    world.kube.edit("StatefulSet", "data", "small-worker", lambda one: one["spec"].update(replicas=4))
    world.turn()
    world.run(5)
    world.blocks.write("/must", 100, 100, on=world.host(3))
    world.until_removed(2)


def test_a_worker_that_never_ran_goes_at_once():
    world = settled(2)
    world.replicas(3)
    world.pending = {2}
    world.run(10)
    assert len(world.pods()) == 3
    world.replicas(2)
    world.until_removed(2, seconds=10, step=1)


def test_the_policy_none_removes_at_once():
    world = with_files(policy="None")
    world.replicas(2)
    world.reconcile()
    assert world.applied == 2
    assert not any(one["type"] == "WorkersRemoved" for one in world.status["conditions"])


def test_a_rollout_and_a_removal_take_turns():
    world = with_files()
    world.replicas(2)
    world.until("Copying")
    world.change(lambda workers: workers.update(jvm={"options": ["-Dchanged=1"]}))

    def both() -> bool:
        replaced = world.status.get("rollout")
        acts = [one["name"] for one in world.status.get("operations", []) if "waitsFor" not in one]
        assert not (replaced and world.record and "decommission" in acts)
        return not world.record and len(world.pods()) == 2

    assert world.run(300, both)


def test_what_is_open_at_a_cancellation_is_copied_before_the_pod_restarts():
    world = with_files()
    world.blocks.open("/late")
    block = world.blocks.begin_block("/late", world.host(2), 100)
    world.replicas(2)
    world.until("Leaving")
    world.replicas(3)
    world.until("Returning")
    world.run(12)
    assert world.blocks.commit("/late", block, world.host(2))
    assert world.run(300, lambda: not world.record and world.phase == "Ready")
    assert world.blocks.unreadable() == []


def test_a_worker_that_is_gone_goes_at_the_deadline_by_the_spec():
    world = with_files(deadlineSeconds=60, onDeadline="Remove")
    world.blocks.workers[world.host(2)].cut_off = True
    world.pass_time(301)
    world.turn()
    world.replicas(2)
    for _ in range(300):
        world.reconcile()
        world.pass_time(2)
        world.turn()
        if len(world.pods()) == 2 and not world.record:
            break
    [change] = [one for one in world.status["history"] if one["what"] == "Decommissioned"]
    assert "500 bytes of 5 files that are in no UFS are lost" in change["message"]
