"""A master hangs in its startup: the operator records it, and restarts its pod once, whenever the operator ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.builders import container_status, resource
from tests.support.crashes import Stopped, stop_at
from tests.support.three_masters import Three, deleted
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.engine.conditions import stamp

SILENT = NoAnswer("no answer in time")


def hang(world: World, name: str = "small-master-0") -> None:
    """Let a master's container restart and never finish its startup."""
    running = container_status("master", running={"startedAt": stamp(world.now)})

    def change(pod: dict[str, Any]) -> None:
        pod["status"]["containerStatuses"] = [running]
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    world.kube.edit("Pod", world.namespace, name, change)


def hanging() -> World:
    world = World()
    world.settle()
    hang(world)
    world.alluxio.master = SILENT
    world.kube.writes.clear()
    return world


def test_a_lone_master_is_watched_restarted_and_serves_again():
    world = hanging()
    world.pass_time(121)
    world.reconcile()
    assert world.status["hungMaster"]["pod"] == "small-master-0"
    world.pass_time(599)
    world.reconcile()
    assert deleted(world) == []

    world.pass_time(1)
    world.reconcile()
    assert deleted(world) == ["small-master-0"]
    verbs = [verb for verb, path in world.kube.writes if "/events" not in path]
    assert verbs[-3:-1] == ["replace", "delete"], "recorded first, guarded by the resource's version"
    assert world.status["operations"][0]["name"] == "heal"
    assert "hangs in its startup" in world.condition("MastersServing")["message"]

    world.turn()
    world.settle()
    assert "hungMaster" not in world.status
    assert world.status["operations"] == []


def test_a_master_that_catches_up_is_not_restarted():
    world = hanging()
    for minute in range(60):
        world.pass_time(60)
        world.alluxio.indexes = {address(0): 1000 + minute}
        world.reconcile()

    assert deleted(world) == []


def test_a_paused_cluster_restarts_nothing():
    world = hanging()
    world.edit_spec(paused=True)
    for _ in range(30):
        world.pass_time(60)
        world.reconcile()

    assert deleted(world) == []


def test_no_master_of_a_quorum_that_needs_it_is_restarted():
    world = Three()
    world.settle()
    world.kube.writes.clear()
    for ordinal in (1, 2):
        hang(world, f"small-master-{ordinal}")
        world.alluxio.answers[address(ordinal)] = SILENT
    assert isinstance(world.alluxio.master, MasterInfo)
    for _ in range(30):
        world.pass_time(60)
        world.reconcile()

    assert deleted(world) == []
    assert "restarts it once 2 other masters are healthy" in world.condition("QuorumHealthy")["message"]


@pytest.mark.parametrize("upgrades", [False, True])
def test_a_hanging_master_comes_back_with_another_version_only_after_the_backup(upgrades: bool):
    world = Three(resource(masters={"replicas": 3}, version="2.9.3"))
    world.settle()
    world.kube.writes.clear()
    assert isinstance(world.alluxio.master, MasterInfo)
    world.alluxio.master = replace(world.alluxio.master, version="2.9.3")
    world.edit_spec(version="2.9.4" if upgrades else "2.9.3")
    world.reconcile()
    hang(world, "small-master-1")
    world.alluxio.answers[address(1)] = SILENT
    for _ in range(30):
        world.pass_time(60)
        world.reconcile()

    assert deleted(world) == ([] if upgrades else ["small-master-1"])
    if upgrades:
        assert "once the backup before the upgrade is complete" in world.condition("QuorumHealthy")["message"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_stopped_at_a_write_it_deletes_the_pod_once_and_only_after_the_record(count: int, after: bool):
    world = hanging()
    world.pass_time(121)
    world.reconcile()
    world.pass_time(601)
    world.kube.writes.clear()
    stop_at(world, count, after=after)
    for _ in range(4):
        try:
            world.reconcile()
        except Stopped:
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()

    assert deleted(world) == ["small-master-0"]
    world.turn()
    world.settle()
    assert deleted(world) == ["small-master-0"]


def test_a_leader_that_catches_up_keeps_the_vote_of_a_hanging_master():
    world = Three()
    world.settle()
    for ordinal in (0, 1):
        hang(world, f"small-master-{ordinal}")
    world.kube.writes.clear()
    world.alluxio.answers[address(0)] = SILENT
    world.alluxio.answers[address(1)] = NoAnswer("starting", leads=True)
    world.alluxio.answers[address(2)] = NoAnswer("connection refused")

    for minute in range(30):
        world.pass_time(60)
        world.alluxio.indexes = {address(1): 1000 + minute}
        world.reconcile()

    assert deleted(world) == []
