"""An API server that answers late, badly or not at all: the operator resumes by itself, and does nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
from tests.faults.acts import answers, cuts, hangs
from tests.faults.calls import Act, Call, Fault
from tests.faults.records import Record
from tests.faults.reference import Form, Reference, assert_same_end
from tests.faults.scenarios import edit
from tests.faults.world import World, WorldMaker, pause

from alluxio_operator.environment import CHILD_EVENTS, HOOKS, WATCH

AWAY, LONG_AWAY = 20.0, 60.0
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


def away(seconds: float) -> Callable[[World], None]:
    """Let the API server be away for a time, from the midst of the installation on."""

    def act(world: World) -> None:
        world.until(lambda: len(world.created()) > 8)
        world.proxy.go_away()
        pause(seconds)
        world.proxy.come_back()

    return act


@dataclass(frozen=True)
class Trouble:
    """Some trouble: what goes wrong from the start, and what happens once the operator is at work."""

    name: str
    from_the_start: Callable[[World], None] = lambda world: None
    at_work: Callable[[World], None] = lambda world: None
    counted: bool = True
    """Whether the proxy counts how often it happens."""
    long_form: bool = False
    """Whether it is left out of the short form, being much like another one."""
    child_events: str = ""
    """What wakes the owners of changed children, where it is not what the run was asked for."""


TROUBLES = (
    # First, since they take longest.
    Trouble("away for a minute", at_work=away(LONG_AWAY), counted=False, long_form=True),
    Trouble("away for 20 seconds", at_work=away(AWAY), counted=False),
    Trouble("time-outs", meets(Fault(hangs(HANG), first=3, every=9, times=2)), long_form=True),
    Trouble("time-outs, though done", meets(Fault(hangs(HANG, done=True), first=4, every=12, times=2))),
    Trouble("conflicts", often(answers(409))),
    Trouble("conflicts of the status", meets(Fault(answers(409), status, every=2, times=None)), long_form=True),
    Trouble("too many requests", for_a_while(answers(429, retry_after=2))),
    Trouble("errors", for_a_while(answers(500)), long_form=True),
    Trouble("errors, though done", often(answers(500, done=True))),
    Trouble("unavailable", for_a_while(answers(503, retry_after=1)), long_form=True),
    Trouble("cut answers", for_a_while(cuts())),
    Trouble("lease not renewed", meets(Fault(hangs(3.5), lease, first=4, every=5, times=3)), long_form=True),
    # Two programs may follow the children, and each meets its watches' trouble by itself.
    *(Trouble(f"late watches by {one}", late_watches, counted=False, child_events=one) for one in (HOOKS, WATCH)),
    *(Trouble(f"broken watches by {one}", broken_watches, child_events=one) for one in (HOOKS, WATCH)),
)


def disturbed(new_world: WorldMaker, trouble: Trouble, expected: Future[Reference]) -> int:
    """Install and edit a cluster under some trouble and compare; return how often it happened."""
    world = new_world({CHILD_EVENTS: trouble.child_events} if trouble.child_events else None)
    try:
        trouble.from_the_start(world)
        world.create()
        world.first.start()
        world.keep_running()
        trouble.at_work(world)
        world.wait_until_ready(120)
        edit(world)
        assert_same_end(world, expected.result(), 120)
        return sum(fault.met for fault in world.proxy.faults) + world.proxy.watches_cut
    finally:
        world.close()


def begin(form: Form) -> dict[str, Future[int]]:
    """Begin all troubles."""
    return {
        one.name: form.pool.submit(disturbed, form.new_world, one, form.edited)
        for one in TROUBLES
        if form.long or not one.long_form
    }


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_it_resumes_by_itself(trouble: Trouble, begun: dict[str, Any], record: Record):
    if trouble.name not in begun[__name__]:
        pytest.skip("in the long form only")

    times = begun[__name__][trouble.name].result()

    record(f"trouble: {trouble.name}", times=times)
    assert times or not trouble.counted, "it never happened"
