"""The operator stopped before and after each of its writes: whatever it had begun, the end is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.crashes import outcome, run, stop_at
from tests.support.presto import World, client, cluster, resource

ROUNDS = 14


def fresh() -> World:
    world = World(resource(alluxio={"clusterRef": {"name": "small"}}))
    world.kube.put(cluster())
    world.kube.put(client())
    return world


def changing() -> World:
    world = fresh()
    run(world, ROUNDS)
    world.edit_spec(
        alluxio={"clusterRef": {"name": "small"}},
        coordinator={"ports": {"http": 8081}},
        workers={"replicas": 2},
        catalogs=[{"name": "memory", "memory": {}}],
    )
    return world


def leaving_the_cache() -> World:
    world = fresh()
    run(world, ROUNDS)
    world.edit_spec()
    return world


@pytest.mark.parametrize("begin", [fresh, changing, leaving_the_cache])
@pytest.mark.parametrize("after", [False, True])
def test_whenever_it_is_stopped_the_end_is_the_same(begin: Callable[[], World], after: bool):
    untouched = begin()
    run(untouched, ROUNDS)
    wanted = outcome(untouched)
    count = 0
    while True:
        count += 1
        world = begin()
        stop_at(world, count, after=after)
        if not run(world, ROUNDS):
            break
        assert outcome(world) == wanted, f"stopped at write {count}"
    assert count > 4, "there were writes to stop at"


def test_a_cache_that_is_left_leaves_nothing_behind():
    world = leaving_the_cache()
    run(world, ROUNDS)

    assert "queries-prestoalluxio" not in world.kube.of_kind("ConfigMap")
    assert "alluxio" not in world.status
