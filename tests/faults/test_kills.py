"""A part of the operator killed again and again while specs change: it converges, as in peace."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from tests.faults.records import Record
from tests.faults.reference import Reference, assert_same_end, edited_in_peace
from tests.faults.scenarios import edit, installed
from tests.faults.world import World, WorldMaker, pause

LONG_PERIOD, SHORT_PERIOD = 30.0, 7.0
"""Seconds between two kills."""
BETWEEN_EDITS = 3.0

VICTIMS = ("server", "shell-operator", "container")


def kill(world: World, victim: str) -> bool:
    """Kill a part of the operator; False when it didn't run at this moment."""
    if victim == "container":
        running = world.first.running()
        world.first.kill()
        return running
    found = world.first.processes().get(victim, [])
    for process in found:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            return False
    return bool(found)


def edits() -> Iterator[Callable[[World], None]]:
    """Yield edits without end; each undoes none of those that the last one does."""
    for turn in itertools.count(1):
        yield lambda world, n=turn: world.edit(workers={"replicas": 1 + n % 3})
        yield lambda world, n=turn: world.edit(jobService={"enabled": n % 2 == 0})
        yield lambda world, n=turn: world.edit(masters={"properties": {"alluxio.master.ttl.checker.interval": f"{n}m"}})
        yield lambda world, n=turn: world.edit(logServer={"enabled": n % 3 != 0})


def soak(world: World, victim: str, seconds: float, period: float) -> int:
    """Edit and kill for a time; return how often something was killed."""
    installed(world)
    world.keep_running()
    kills, wishes = 0, edits()
    end, next_kill = time.monotonic() + seconds, time.monotonic() + period / 2
    while time.monotonic() < end:
        next(wishes)(world)
        pause(BETWEEN_EDITS)
        if time.monotonic() >= next_kill and kill(world, victim):
            kills += 1
            next_kill += period
    return kills


def run(new_world: WorldMaker, victim: str, seconds: float, period: float, expected: Reference) -> tuple[int, int]:
    """Soak one world, edit it for the last time, and compare; return kills and restarts."""
    world = new_world()
    try:
        kills = soak(world, victim, seconds, period)
        world.edit(logServer={"enabled": True})
        edit(world)
        assert_same_end(world, expected, 120)
        assert not world.tracebacks(), world.tracebacks()[0]
        return kills, world.kubelets[0].restarts
    finally:
        world.close()


@pytest.fixture(scope="module")
def expected(new_world: WorldMaker) -> Reference:
    return edited_in_peace(new_world)


def test_killed_again_and_again_it_converges(
    new_world: WorldMaker,
    side_by_side: ThreadPoolExecutor,
    minutes: float,
    long: bool,
    record: Record,
    expected: Reference,
):
    period = LONG_PERIOD if long or minutes >= 5 else SHORT_PERIOD
    running = {
        victim: side_by_side.submit(run, new_world, victim, minutes * 60, period, expected) for victim in VICTIMS
    }
    for victim, one in running.items():
        kills, restarts = one.result()
        record(f"kills of the {victim}", minutes=minutes, kills=kills, restarts=restarts)
        assert kills >= minutes * 60 / period / 2
        assert restarts >= kills // 2, "the whole container ends when a part of it does"
