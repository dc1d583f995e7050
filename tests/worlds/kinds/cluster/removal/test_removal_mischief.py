"""Removals while clients write, rename and delete, leaders change and calls go wrong, driven by seeds."""

from __future__ import annotations

import pytest
from tests.support.block_mischief import CLIENTS, LEADERS, Mischief
from tests.support.removal import RemovalWorld, settled

SEEDS = range(6)


def troubled(seed: int, version: str, acts: tuple[str, ...]) -> tuple[RemovalWorld, Mischief]:
    world = settled(3, version=version, leaveSeconds=25, deadlineSeconds=3600)
    mischief = Mischief(world.alluxio, seed, acts, often=0.1, stale=20.0)
    mischief.fill(20)
    world.alluxio.page = 7
    return world, mischief


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_among_clients_and_leaders(seed: int):
    world, mischief = troubled(seed, "2.9.4", (*CLIENTS, *LEADERS))
    world.replicas(2)
    try:
        world.run(150, lambda: len(world.pods()) == 2 and not world.record, step=1)
        world.alluxio.before = lambda _: ""
        world.until_removed(2)
    except AssertionError:
        raise AssertionError("\n".join([*world.blocks.lost(), *world.blocks.wrong(), *mischief.done[-60:]])) from None
