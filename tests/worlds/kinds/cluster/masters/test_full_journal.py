"""The volume of a journal fills up and gets space back: condition, Event, metric and status follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support.builders import ready_pod
from tests.support.three_masters import FOLLOWS_0, Three
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import JournalDisk, MasterInfo, NoAnswer


def filled(world: World, percent: float | None) -> None:
    """Let the first master report so much free space; None if it has no reason to."""
    assert isinstance(world.alluxio.master, MasterInfo)
    disk = None if percent is None else JournalDisk(percent, int(percent * 2**20))
    world.alluxio.master = replace(world.alluxio.master, journal_disk=disk)


def metric(world: World, master: str = "small-master-0") -> float | None:
    labels = {"namespace": "data", "name": "small", "master": master}
    return world.metrics.registry.get_sample_value("alluxio_operator_journal_free_percent", labels)


def state(world: World) -> tuple[Any, ...]:
    found = world.condition("JournalSpace")
    return found["status"], found["reason"], world.phase


def test_a_pod_that_only_has_the_label_of_a_master_is_no_series():
    world = World()
    world.settle()
    for number in range(20):
        world.kube.put(ready_pod("master", f"pretender-{number}", ip=f"10.9.0.{number}"))
    filled(world, 12.5)

    world.reconcile()

    assert metric(world) == 12.5
    assert metric(world, "pretender-0") is None


def test_a_lone_master_whose_volume_fills_up_and_gets_space_back():
    world = World()
    world.settle()
    assert state(world) == ("True", "Sufficient", "Ready")
    assert metric(world) is None

    filled(world, 12.5)
    assert world.reconcile().requeue_after == 60
    assert state(world) == ("False", "Low", "Ready"), "it serves"
    assert metric(world) == 12.5
    assert world.status["masters"]["members"][0]["journalFreePercent"] == 12
    assert "JournalSpace" in " ".join(str(one.get("message")) for one in events(world))

    filled(world, 0.4)
    world.reconcile()
    assert state(world) == ("False", "Full", "Degraded")

    world.alluxio.master = NoAnswer("no answer in time")
    world.reconcile()
    assert state(world)[:2] == ("False", "Full")
    assert metric(world) is None

    world.turn()
    filled(world, 18.0)
    world.reconcile()
    assert state(world) == ("False", "Low", "Ready"), "not yet enough"
    filled(world, None)
    world.reconcile()
    assert state(world) == ("True", "Sufficient", "Ready")
    assert "journalFreePercent" not in world.status["masters"]["members"][0]


def test_the_volume_of_a_standby_is_seen():
    world = Three()
    world.settle()
    world.alluxio.answers[address(1)] = replace(FOLLOWS_0, journal_disk=JournalDisk(3.0, 3 * 2**20))
    world.reconcile()

    assert state(world) == ("False", "Low", "Ready")
    assert metric(world, "small-master-1") == 3.0


def test_the_metric_goes_with_the_cluster():
    world = World()
    world.settle()
    filled(world, 1.0)
    world.reconcile()
    assert metric(world) == 1.0

    world.kube.remove(f"/apis/alluxio-operator.io/v1alpha1/namespaces/{world.namespace}/alluxioclusters/{world.name}")
    world.reconcile()
    assert metric(world) is None


def events(world: World) -> list[dict[str, Any]]:
    return [obj for obj in world.kube.objects.values() if obj["kind"] == "Event"]
