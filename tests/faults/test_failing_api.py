"""An API server that answers late, badly or not at all: the operator resumes by itself, and does nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from tests.faults.acts import answers, cuts, hangs
from tests.faults.calls import Act, Call, Fault
from tests.faults.records import Record
from tests.faults.reference import Reference, assert_same_end, edited_in_peace
from tests.faults.scenarios import edit
from tests.faults.world import World, WorldMaker, pause

AWAY = 60.0
"""Seconds for which the API server is away: longer than any time-out and than the Lease."""
HANG = 11.0
"""Seconds without an answer: the client's time-out is 10."""


def work(call: Call) -> bool:
    """Tell whether a call belongs to the operator's work, reads included."""
    return not call.watch and call.plural not in ("leases", "")


def lease(call: Call) -> bool:
    """Tell whether a call renews the Lease."""
    return call.plural == "leases" and call.write


def status(call: Call) -> bool:
    """Tell whether a call writes a status."""
    return call.write and call.subresource == "status"


def meets(*faults: Fault) -> Callable[[World], None]:
    """Return what lets calls meet faults."""
    return lambda world: world.proxy.faults.extend(faults)


def often(act: Act) -> Callable[[World], None]:
    """Let every fourth write meet a fault, from the second one on."""
    return meets(Fault(act, first=2, every=4, times=None))


def for_a_while(act: Act) -> Callable[[World], None]:
    """Let some calls in a row meet a fault, and one now and then: rarely enough for a reconcile to come to its end."""
    return meets(Fault(act, work, first=6, times=5), Fault(act, work, first=40, every=61, times=None))


def late_watches(world: World) -> None:
    """Let each event come late."""
    world.proxy.watch_delay = 4.0


def broken_watches(world: World) -> None:
    """Cut each watch off in the midst of an event."""
    world.proxy.watch_bytes = 6000


def away_in_the_midst(world: World) -> None:
    """Let the API server be away for a minute, from the midst of the installation on."""
    world.until(lambda: len(world.created()) > 8)
    world.proxy.go_away()
    pause(AWAY)
    world.proxy.come_back()


@dataclass(frozen=True)
class Trouble:
    """Some trouble: what goes wrong from the start, and what happens once the operator is at work."""

    name: str
    from_the_start: Callable[[World], None] = lambda world: None
    at_work: Callable[[World], None] = lambda world: None


TROUBLES = (
    # First, since it takes longest.
    Trouble("away for a minute", at_work=away_in_the_midst),
    Trouble("time-outs", meets(Fault(hangs(HANG), first=3, every=9, times=2))),
    Trouble("time-outs, though done", meets(Fault(hangs(HANG, done=True), first=4, every=12, times=2))),
    Trouble("conflicts", often(answers(409))),
    Trouble("conflicts of the status", meets(Fault(answers(409), status, every=2, times=None))),
    Trouble("too many requests", for_a_while(answers(429, retry_after=2))),
    Trouble("errors", for_a_while(answers(500))),
    Trouble("errors, though done", often(answers(500, done=True))),
    Trouble("unavailable", for_a_while(answers(503, retry_after=1))),
    Trouble("cut answers", for_a_while(cuts())),
    Trouble("lease not renewed", meets(Fault(hangs(3.5), lease, first=4, every=5, times=3))),
    Trouble("late watches", late_watches),
    Trouble("broken watches", broken_watches),
)


def disturbed(new_world: WorldMaker, trouble: Trouble, expected: Reference) -> int:
    """Install and edit a cluster under some trouble and compare; return how often it happened."""
    world = new_world()
    try:
        trouble.from_the_start(world)
        world.create()
        world.first.start()
        world.keep_running()
        trouble.at_work(world)
        world.wait_until_ready(120)
        edit(world)
        assert_same_end(world, expected, 120)
        return sum(fault.met for fault in world.proxy.faults) + world.proxy.watches_cut
    finally:
        world.close()


@pytest.fixture(scope="module")
def running(new_world: WorldMaker, side_by_side: ThreadPoolExecutor) -> dict[str, Future[int]]:
    """All troubles, begun at once: each test waits for its own."""
    expected = edited_in_peace(new_world)
    return {trouble.name: side_by_side.submit(disturbed, new_world, trouble, expected) for trouble in TROUBLES}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_it_resumes_by_itself(trouble: Trouble, running: dict[str, Future[int]], record: Record):
    times = running[trouble.name].result()

    record(f"trouble: {trouble.name}", times=times)
    if trouble.from_the_start is broken_watches or "faults" in trouble.from_the_start.__code__.co_names:
        assert times, "it never happened"
