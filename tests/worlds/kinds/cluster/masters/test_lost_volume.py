"""One of three masters loses its volume for good: its PVC is replaced once, and the operator may stop at any write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import pod
from tests.support.crashes import Stopped, stop_at
from tests.support.three_masters import Three, settled
from tests.support.world import address

from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
CLAIM = "journal-small-master-2"
AFTER = timedelta(seconds=605)


def bound(claim: Json) -> None:
    claim["status"] = {"phase": "Bound"}
    claim.setdefault("spec", {})["volumeName"] = f"pv-{claim['metadata']['name']}"


def lose() -> Three:
    """Return three masters, of which the last one has neither its volume nor a node."""
    world = settled()
    for ordinal in range(3):
        world.kube.edit("PersistentVolumeClaim", "data", f"journal-small-master-{ordinal}", bound)
    world.reconcile(everything=True)
    world.kube.edit("PersistentVolumeClaim", "data", CLAIM, lambda one: one.update(status={"phase": "Lost"}))
    before = world.master(2)
    waits = pod("master", "small-master-2", phase="Pending", containers=[], unschedulable="non-existent volume")
    world.kube.remove(KINDS["Pod"].path("data", "small-master-2"))
    keys = {key: before["metadata"][key] for key in ("name", "namespace", "labels")}
    world.kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": keys, "status": waits["status"]})
    world.alluxio.answers.pop(address(2), None)
    world.kube.writes.clear()
    return world


def removed(world: Three) -> list[str]:
    return [
        path.rpartition("/")[2]
        for verb, path in world.kube.writes
        if verb == "delete" and "/persistentvolumeclaims/" in path
    ]


def go_on(world: Three, rounds: int = 4) -> None:
    for _ in range(rounds):
        world.reconcile(everything=True)


def test_it_is_replaced_after_its_time_and_not_before():
    world = lose()
    go_on(world)
    assert removed(world) == []
    assert world.status["journal"]["lost"]["pod"] == "small-master-2"
    assert world.condition("QuorumHealthy")["reason"] == "VolumeLost"

    world.now += AFTER
    go_on(world)

    assert removed(world) == [CLAIM]
    assert "small-master-2" not in world.kube.of_kind("Pod")
    fresh = world.kube.object("PersistentVolumeClaim", "data", CLAIM)
    assert fresh.get("status", {}).get("phase") != "Lost"
    assert "lost" not in world.status["journal"]


def test_the_record_comes_before_the_deletion():
    world = lose()
    go_on(world)
    world.now += AFTER
    seen: list[bool] = []
    world.kube.before_call = lambda verb, path: (
        seen.append(world.status["journal"]["lost"]["deleting"])
        if verb == "delete" and "/persistentvolumeclaims/" in path
        else None
    )

    go_on(world)

    assert seen == [True]


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_an_operator_that_is_stopped_at_any_write_replaces_it_once(late: bool):
    quiet = lose()
    go_on(quiet)
    quiet.now += AFTER
    go_on(quiet)

    for count, write in enumerate(quiet.kube.writes, start=1):
        world = lose()
        stop_at(world, count, after=late)
        try:
            go_on(world)
            world.now += AFTER
            go_on(world)
        except Stopped:
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()
        # A loss that wasn't on record begins now.
        go_on(world)
        world.now += AFTER
        go_on(world)

        assert removed(world) == [CLAIM], write
        assert "lost" not in world.status["journal"], write
