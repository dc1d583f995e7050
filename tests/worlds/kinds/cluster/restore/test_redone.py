"""A restore that ended midway is found out and done again, with journals that only this restore has created."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import container_status, resource
from tests.support.crashes import is_ready, stopped_at_each
from tests.support.restore import ENTRIES, RestoreWorld
from tests.worlds.kinds.cluster.restore.test_restored import state, until

from alluxio_operator.kinds.cluster.restore.attempts import ATTEMPTS

Json = dict[str, Any]


@pytest.mark.parametrize("masters", [1, 3])
def test_a_master_that_dies_midway_leads_to_another_attempt(masters: int):
    world = RestoreWorld(masters=masters)
    world.deaths = 2
    world.settle(40)

    assert (state(world), world.status["restore"]["attempt"]) == ("Restored", 3)
    assert world.journal == ENTRIES
    assert len(world.jobs_run) == 3 * masters


@pytest.mark.parametrize("masters", [1, 3])
def test_a_leader_that_dies_before_its_proof_was_read_leads_to_another_attempt(masters: int):
    world = RestoreWorld(masters=masters)
    until(world, "Restoring")
    world.turn()
    world.kill_leader()
    world.turn()
    world.settle(40)

    assert (state(world), world.status["restore"]["attempt"]) == ("Restored", 2)
    assert world.journal == ENTRIES


def test_a_master_without_an_answer_proves_nothing():
    world = RestoreWorld()
    until(world, "Restoring")
    world.turn()
    world.alluxio.restored = {}
    world.reconcile()

    assert state(world) == "Restoring"


def test_the_condition_says_why_the_masters_do_not_restore():
    world = RestoreWorld()
    until(world, "Restoring")
    world.turn(serves=False)
    ended = {"exitCode": 1, "message": "java.io.FileNotFoundException: s3://bucket/a.gz"}
    crashed = container_status("master", waiting={"reason": "CrashLoopBackOff"}, last=ended, restarts=3)
    world.kube.edit("Pod", "data", "small-master-0", lambda pod: pod["status"].update(containerStatuses=[crashed]))
    world.reconcile()

    condition = world.condition("JournalRestored")
    assert condition["reason"] == "CrashLoopBackOff"
    assert "spec.bootstrap.restore.backupName: 'nightly'" in condition["message"]
    assert "FileNotFoundException" in condition["message"]
    assert (state(world), world.status["restore"]["attempt"]) == ("Restoring", 1)


def test_masters_are_gone_before_a_job_empties_their_journals():
    world = RestoreWorld(masters=3)
    world.deaths = 1
    until(world, "Emptying")

    assert world.kube.object("StatefulSet", "data", "small-master")["spec"]["replicas"] == 0
    # The StatefulSet's controller has seen nothing yet, and the pods are gone for another reason.
    for name in world.kube.of_kind("Pod"):
        world.kube.remove(f"/api/v1/namespaces/data/pods/{name}")
    world.reconcile()
    assert not [one for one in world.kube.of_kind("Job") if one.startswith("small-journal-0a1b2c3dr")]

    world.settle(40)


def test_the_next_attempt_is_on_record_before_the_masters_stop():
    world = RestoreWorld()
    world.deaths = 1
    recorded: list[str] = []
    replicas = 1

    def watch(verb: str, path: str) -> None:
        nonlocal replicas
        if verb != "apply" or not path.endswith("/statefulsets/small-master"):
            return
        after = world.kube.object("StatefulSet", "data", "small-master")["spec"]["replicas"]
        recorded.extend([state(world)] if (replicas, after) == (1, 0) else [])
        replicas = after

    world.kube.after_write = watch
    until(world, "Emptying")

    assert recorded == ["Emptying"]


def test_after_the_last_attempt_no_master_serves():
    world = RestoreWorld()
    world.deaths = ATTEMPTS
    until(world, "Failed", 60)
    world.turn()
    world.reconcile()

    condition = world.condition("JournalRestored")
    assert condition["reason"] == "RestoreFailed"
    assert "journal-small-master-0" in condition["message"]
    assert "'nightly'" in condition["message"]
    assert not [one for one in world.kube.of_kind("Pod") if "-master-" in one]
    assert world.status["restore"]["attempt"] == ATTEMPTS


def test_another_number_of_entries_is_given_up_after_the_second_time():
    restore = {"uri": "/mnt/ufs/a.gz", "expectedEntries": ENTRIES + 1}
    world = RestoreWorld(resource(bootstrap={"restore": restore}))
    until(world, "Failed", 40)

    assert world.status["restore"]["attempt"] == 2
    assert f"{ENTRIES} entries" in world.condition("JournalRestored")["message"]
    assert f"{ENTRIES + 1} were expected" in world.condition("JournalRestored")["message"]


def test_an_empty_file_is_no_restore():
    world = RestoreWorld(resource(bootstrap={"restore": {"uri": "/mnt/ufs/a.gz"}}))
    world.file_entries = 0
    until(world, "Failed", 40)


def test_a_job_of_before_that_kubernetes_has_removed_runs_again_and_does_nothing():
    world = RestoreWorld(masters=3)
    world.deaths = 1
    until(world, "Emptying")
    for _ in range(3):
        world.turn()
        world.reconcile()
    removed = next(one for one in world.kube.of_kind("Job") if one.startswith("small-journal-0a1b2c3dr"))
    world.kube.remove(f"/apis/batch/v1/namespaces/data/jobs/{removed}")

    world.settle(40)

    assert world.journal == ENTRIES


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_operator_stopped_at_any_write_serves_whole_names(after: bool):
    def make() -> RestoreWorld:
        world = RestoreWorld()
        world.deaths = 1
        return world

    undisturbed = make()
    for _ in range(30):
        undisturbed.reconcile()
        undisturbed.turn()
        if is_ready(undisturbed):
            break

    for world, where in stopped_at_each(make, undisturbed.kube.writes, 40, after=after):
        assert state(world) == "Restored", where
        assert world.journal == ENTRIES, where


def test_a_leader_killed_at_any_write_of_the_operator_ends_with_whole_names():
    undisturbed = RestoreWorld()
    undisturbed.settle()
    for count in range(1, len(undisturbed.kube.writes) + 1):
        world, seen = RestoreWorld(), 0

        def kill(verb: str, path: str, world: RestoreWorld = world, at: int = count) -> None:
            nonlocal seen
            if verb in ("get", "list"):
                return
            seen += 1
            if seen == at and world.leads:
                world.kill_leader()

        world.kube.before_call = kill
        world.settle(40)

        assert state(world) == "Restored"
        assert world.journal == ENTRIES
