"""Clusters of which a worker is to be removed, and that wait for something that doesn't come."""

from __future__ import annotations

from typing import Any

from tests.support.removal import RemovalWorld, copy_of
from tests.support.standing_clusters import case

GATE = "WorkersRemoved"


def _with_files(capacity: int = 100_000) -> RemovalWorld:
    """Return a cluster whose second worker has files that only it has."""
    world = copy_of(RemovalWorld(2, capacity=capacity))
    world.blocks.write("/must", *[100] * 5, on=world.host(1))
    world.turn()
    return world


def _refuse(world: RemovalWorld, **faults: Any) -> None:
    world.alluxio.before = lambda method: faults.get(method, "")


@case(GATE, "NoRoom")
def removal_without_room() -> RemovalWorld:
    world = _with_files(capacity=600)
    world.blocks.write("/full", *[100] * 5, on=world.host(0))
    world.turn()
    world.replicas(1)
    world.run(5)
    return world


@case(GATE, "Waiting")
def removal_of_a_worker_whose_leader_does_not_list() -> RemovalWorld:
    world = _with_files()
    _refuse(world, held_listing="no answer")
    world.replicas(1)
    return world


@case(GATE, "DeadlineExceeded", writes=6, later=(61.0, 601.0))
def removal_whose_copies_are_refused() -> RemovalWorld:
    world = _with_files()
    _refuse(world, copy_block="refused")
    world.replicas(1)
    world.until("Copying")
    return world


@case(GATE, "DeadlineExceeded", writes=6, later=(601.0,))
def removal_that_no_leader_confirms() -> RemovalWorld:
    world = _with_files()
    _refuse(world, decommission_worker="no answer")
    world.replicas(1)
    world.until("Leaving")
    return world
