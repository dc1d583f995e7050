"""A master's pod that terminates for ever on a lost node: the restore waits, says so, and removes nothing by force."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.inplace import InPlaceWorld
from tests.support.restore import RestoreWorld

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
REASON = "MasterDoesNotStop"
POD = KINDS["Pod"].path("data", "small-master-0")


def lose_node(world: InPlaceWorld | RestoreWorld) -> None:
    """Let the pod of the first master terminate, and never end."""
    pod = world.kube.objects[POD]

    def terminate(one: Json) -> None:
        one["metadata"]["deletionTimestamp"] = stamp(world.now)
        one.setdefault("spec", {})["nodeName"] = "node-1"

    pod["metadata"]["deletionTimestamp"] = stamp(world.now)
    world.kube.edit("Pod", "data", "small-master-0", terminate)


def wait(world: InPlaceWorld, rounds: int = 4, seconds: float = 60) -> None:
    """Let time pass, while the pod stays."""
    for _ in range(rounds):
        world.reconcile()
        world.pass_time(seconds)
    world.reconcile()


@pytest.mark.parametrize("state", ["Opening", "GoingBack", "Stopping"])
def test_a_pod_on_a_lost_node_is_named_with_the_remedy(state: str):
    world = InPlaceWorld(masters=3)
    if state == "GoingBack":
        world.deaths = 5
    world.confirm()
    world.until(state, rounds=150)
    lose_node(world)
    wait(world)

    condition = world.condition("RestoredInPlace")
    assert (world.state, condition["reason"]) == (state, REASON)
    assert "small-master-0 on Node node-1" in condition["message"]
    assert "kubectl delete node node-1" in condition["message"]
    assert POD in world.kube.objects
    assert not [path for verb, path in world.kube.writes if verb == "delete" and "/pods/small-master" in path]


def test_it_goes_on_once_kubernetes_has_removed_the_pod():
    world = InPlaceWorld()
    world.confirm()
    world.until("Opening")
    lose_node(world)
    wait(world)
    world.kube.remove(POD)
    world.until("Restored")


def test_a_leader_without_the_newest_entries_is_named_on_the_way_back():
    world = InPlaceWorld(masters=3)
    world.copy_fails = "NoSpace: the volume has 0 free bytes"
    world.confirm()
    world.until("Returning", rounds=60)
    for _ in range(4):
        world.turn()
        world.alluxio.indexes = dict.fromkeys(world.alluxio.indexes, 5)
        world.reconcile()
        world.pass_time(5)

    message = world.condition("RestoredInPlace")["message"]
    assert "serves a journal up to entry 5, and before the restore it was 7" in message
