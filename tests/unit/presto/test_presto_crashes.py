"""The operator stopped before and after each of its writes: whatever it had begun, the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.presto import World, client, cluster, resource

Json = dict[str, Any]
ROUNDS = 14


class Stopped(BaseException):
    """The operator's process ends here. Not an Exception, so that no handler may take it for trouble."""


def stop_at(world: World, count: int, *, after: bool) -> None:
    seen = 0

    def write(verb: str, path: str) -> None:
        nonlocal seen
        if verb in ("get", "list"):
            return
        seen += 1
        if seen == count:
            raise Stopped(f"{verb} {path}")

    if after:
        world.kube.after_write = write
    else:
        world.kube.before_call = write


def run(world: World) -> bool:
    """Reconcile to the end, start the operator anew when it was stopped; tell whether it was."""
    stopped = False
    for _ in range(ROUNDS):
        written, completed = len(world.kube.writes), False
        try:
            world.reconcile()
            completed = True
        except Stopped:
            stopped = True
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()
        world.turn()
        assert all(c["reason"] != "Refused" for c in world.status.get("conditions", ()))
        if completed and world.phase == "Ready" and len(world.kube.writes) == written:
            return stopped
    raise AssertionError(f"not done: {world.status}")


def outcome(world: World) -> tuple[Json, Json]:
    objects = {}
    for path, obj in world.kube.objects.items():
        if obj["kind"] in ("Event", "Pod", "Presto"):
            continue
        dropped = ("uid", "resourceVersion", "creationTimestamp", "generation")
        objects[path] = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in dropped}}
        objects[path].pop("status", None)
    status = {**world.status, "conditions": [{**c, "lastTransitionTime": ""} for c in world.status["conditions"]]}
    # When a change began depends on the reconcile that was completed first; that there is one doesn't.
    status["history"] = [change["what"] for change in status["history"]]
    return objects, status


def fresh() -> World:
    world = World(resource(alluxio={"clusterRef": {"name": "small"}}))
    world.kube.put(cluster())
    world.kube.put(client())
    return world


def changing() -> World:
    world = fresh()
    run(world)
    world.edit_spec(
        alluxio={"clusterRef": {"name": "small"}},
        coordinator={"ports": {"http": 8081}},
        workers={"replicas": 2},
        catalogs=[{"name": "memory", "memory": {}}],
    )
    return world


def leaving_the_cache() -> World:
    world = fresh()
    run(world)
    world.edit_spec()
    return world


@pytest.mark.parametrize("begin", [fresh, changing, leaving_the_cache])
@pytest.mark.parametrize("after", [False, True])
def test_whenever_it_is_stopped_the_end_is_the_same(begin: Callable[[], World], after: bool):
    untouched = begin()
    run(untouched)
    wanted = outcome(untouched)
    count = 0
    while True:
        count += 1
        world = begin()
        stop_at(world, count, after=after)
        if not run(world):
            break
        assert outcome(world) == wanted, f"stopped at write {count}"
    assert count > 4, "there were writes to stop at"


def test_a_cache_that_is_left_leaves_nothing_behind():
    world = leaving_the_cache()
    run(world)

    assert "queries-prestoalluxio" not in world.kube.of_kind("ConfigMap")
    assert "alluxio" not in world.status
