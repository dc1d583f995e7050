"""A root mount that refuses writes, in whole reconciles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.crashes import INSTALLATION, install, outcome, stopped_at_each
from tests.support.three_masters import Three
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import NoAnswer, Standby, WriteResult
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth

FOLLOWS_1 = Standby("small-master-1.small-master.data.svc")
REFUSED = WriteResult("UNKNOWN: Cannot create or load UFS directory")


def rounds(world: World, count: int = 8) -> World:
    for _ in range(count):
        world.reconcile()
        world.turn()
    return world


def refusing() -> World:
    world = World()
    world.alluxio.written = REFUSED
    return rounds(world)


def test_an_installation_on_a_ufs_that_refuses_writes_is_ready_once_it_is_mended():
    world = refusing()

    assert world.condition("Ready")["status"] == "False"
    found = world.condition("RootMountWritable")
    assert (found["status"], found["reason"]) == ("False", "NotWritable")
    assert REFUSED.error in found["message"]
    assert world.condition("MastersServing")["status"] == world.condition("WorkersRegistered")["status"] == "True"

    world.alluxio.written = WriteResult()
    world.pass_time(15)
    world.settle()
    assert world.condition("RootMountWritable")["reason"] == "Writable"


def test_an_installation_whose_masters_refuse_the_operators_login_is_ready():
    world = World()
    world.alluxio.written = NoAnswer("UNAUTHENTICATED: no", reached=False, refused=True)
    rounds(world)

    assert world.condition("Ready")["status"] == "True"
    assert world.condition("RootMountWritable")["reason"] == "LoginRefused"


def test_a_cluster_that_loses_the_right_to_write_is_degraded_with_an_event():
    world = World()
    world.settle()
    world.alluxio.written = REFUSED
    world.pass_time(3600)

    world.reconcile()

    assert world.phase == "Degraded"
    assert world.condition("Ready")["reason"] == "NotWritable"
    assert "NotWritable" in world.events()


def test_one_installation_writes_once_and_the_next_write_comes_an_hour_later():
    world = World()
    world.settle()
    rounds(world)
    assert len(world.alluxio.test_writes) == 1

    world.pass_time(3599)
    rounds(world)
    assert len(world.alluxio.test_writes) == 1

    world.pass_time(1)
    assert rounds(world).phase == "Ready"
    assert len(world.alluxio.test_writes) == 2


def test_a_cluster_that_can_not_write_can_be_stopped():
    world = refusing()
    world.edit_spec(masters={"replicas": 0})

    for _ in range(6):
        world.reconcile()
        world.turn(serves=False)

    assert world.phase == "Stopped"


def test_a_refusing_ufs_is_not_hammered():
    world = refusing()
    for _ in range(60):
        world.pass_time(1)
        world.reconcile()

    # At the start, and 15 and 45 seconds later.
    assert len(world.alluxio.test_writes) == 3


def test_a_read_only_mount_is_never_written_to():
    world = World(resource(rootMount={"readOnly": True}))
    world.alluxio.written = REFUSED

    world.settle()

    assert world.alluxio.test_writes == []
    assert "RootMountWritable" not in {one["type"] for one in world.status["conditions"]}
    workers = world.kube.object("StatefulSet", world.namespace, "small-worker")
    mounts = workers["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert [one["readOnly"] for one in mounts if one["name"] == "ufs"] == [True]
    config = world.kube.object("ConfigMap", world.namespace, "small-masterconf")["data"]
    assert any("alluxio.master.mount.table.root.readonly=true" in text for text in config.values())


def test_a_mount_that_becomes_read_only_is_ready_without_a_record():
    world = refusing()
    world.edit_spec(rootMount={"readOnly": True})

    rounds(world)

    assert "RootMountWritable" not in {one["type"] for one in world.status["conditions"]}
    assert "writeProof" not in world.status


def test_a_paused_cluster_is_not_written_to():
    world = World()
    world.settle()
    world.edit_spec(paused=True)
    world.pass_time(7200)

    rounds(world)

    assert len(world.alluxio.test_writes) == 1


@pytest.mark.parametrize("sick", [UfsHealth("http://minio: connection refused")])
def test_a_sick_ufs_is_not_written_to_and_a_cluster_that_serves_stays_ready(sick: UfsHealth):
    world = World()
    world.settle()
    world.ufs = sick
    world.pass_time(3600)

    rounds(world)

    assert len(world.alluxio.test_writes) == 1
    assert world.phase == "Ready"


def test_a_cluster_that_was_never_tested_stays_ready_while_the_ufs_is_unreachable():
    world = World()
    world.settle()

    def forget(one: dict[str, Any]) -> None:
        del one["status"]["writeProof"]

    world.kube.edit("AlluxioCluster", world.namespace, world.name, forget)
    world.ufs = UfsHealth("http://minio: connection refused")

    assert rounds(world).condition("Ready")["status"] == "True"
    assert world.condition("RootMountWritable")["reason"] == "UfsUnreachable"


def test_a_standby_that_takes_over_is_asked():
    world = Three()
    world.settle()
    before = len(world.alluxio.test_writes)
    assert {host for host, _, _ in world.alluxio.test_writes} == {"10.0.0.7"}

    world.alluxio.answers = {address(0): FOLLOWS_1, address(2): FOLLOWS_1}
    world.reconcile()

    assert [host for host, _, _ in world.alluxio.test_writes[before:]] == ["10.0.0.8"]


def test_a_leader_that_hangs_once_leaves_the_cluster_ready():
    world = World()
    world.settle()
    world.alluxio.written = NoAnswer("no answer in time")
    world.pass_time(3600)
    world.reconcile()
    assert world.phase == "Ready"

    world.pass_time(60)
    world.reconcile()
    assert world.condition("RootMountWritable")["reason"] == "NoAnswer"
    assert world.condition("Ready")["status"] == "False"


@pytest.mark.parametrize("make", [World])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_each_try_has_the_folder_of_the_one_before(make: Callable[[], World], after: bool):
    expected = make()
    install(expected)

    for world, where in stopped_at_each(make, expected.kube.writes, INSTALLATION, after=after):
        assert outcome(world) == outcome(expected), where
        assert len({folder for _, folder, _ in world.alluxio.test_writes}) == 1, f"{where}: no folder is left over"


def test_a_cluster_that_only_ever_read_stays_ready_at_an_upgrade_of_the_operator():
    world = World()
    world.settle()

    def of_an_older_operator(obj: dict[str, Any]) -> None:
        status = obj["status"]
        del status["writeProof"]
        status["conditions"] = [one for one in status["conditions"] if one["type"] != "RootMountWritable"]

    world.kube.edit("AlluxioCluster", world.namespace, world.name, of_an_older_operator)
    world.alluxio.written = REFUSED
    world.start_operator()

    for seconds in (0, 15, 30, 60, 3600):
        world.pass_time(seconds)
        rounds(world, 3)
        assert world.phase == "Ready"
        assert world.condition("Ready")["status"] == "True"
    found = world.condition("RootMountWritable")
    assert (found["status"], found["reason"]) == ("False", "NotWritable")
    assert "set spec.rootMount.readOnly to true" in found["message"]
    assert "NotWritable" in world.events()

    world.alluxio.written = WriteResult()
    world.pass_time(300)
    rounds(world, 3)
    world.alluxio.written = REFUSED
    world.pass_time(3600)
    rounds(world, 3)
    assert world.phase == "Degraded", "by now it has written"
