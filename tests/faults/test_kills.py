"""A part of the operator killed again and again while specs change: it converges, as in peace."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import psutil
import pytest
from tests.faults.records import Record
from tests.faults.reference import Form, Reference, assert_same_end
from tests.faults.scenarios import edit, installed
from tests.faults.world import World, WorldMaker, pause

LONG_PERIOD, SHORT_PERIOD = 30.0, 7.0
"""Seconds between two kills."""
BETWEEN_EDITS = 3.0

VICTIMS = ("server", "shell-operator", "container")


def period_of(minutes: float) -> float:
    """Return the seconds between two kills."""
    return LONG_PERIOD if minutes >= 5 else SHORT_PERIOD


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


def run(
    new_world: WorldMaker, victim: str, seconds: float, period: float, expected: Future[Reference]
) -> tuple[int, int]:
    """Soak one world, edit it for the last time, and compare; return kills and restarts."""
    world = new_world()
    try:
        kills = soak(world, victim, seconds, period)
        world.edit(logServer={"enabled": True})
        edit(world)
        assert_same_end(world, expected.result(), 120)
        assert not world.tracebacks(), world.tracebacks()[0]
        return kills, world.kubelets[0].restarts
    finally:
        world.close()


def begin(form: Form) -> dict[str, Future[tuple[int, int]]]:
    """Begin with all victims."""
    period = period_of(form.minutes)
    return {
        victim: form.pool.submit(run, form.new_world, victim, form.minutes * 60, period, form.edited)
        for victim in VICTIMS
    }


@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_again_and_again_it_converges(victim: str, begun: dict[str, Any], minutes: float, record: Record):
    kills, restarts = begun[__name__][victim].result()

    record(f"kills of the {victim}", minutes=minutes, kills=kills, restarts=restarts)
    assert kills, "nothing was killed"
    assert restarts >= kills // 2, "the whole container ends when a part of it does"
