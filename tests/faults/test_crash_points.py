"""The operator killed before and after each write of a scenario: the end is that of a run that nobody disturbed."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from tests.faults.acts import dies_after, dies_before
from tests.faults.calls import Fault
from tests.faults.endstate import State
from tests.faults.records import Record
from tests.faults.reference import Form
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.world import KEEPS_ITS_LEASE, World, WorldMaker

TELLING = ("status", "jobs/", "pods/")
SAMPLE = 9
"""The short form tries one in so many of the points at writes of a status, a Job or a pod, which keep things from being
done twice. Odd, so that both sides of a write come up.

A point takes a world about 15 s. Every run tries every point on an API server in memory (tests/worlds); the long form
tries every point here.
"""


@dataclass(frozen=True, order=True)
class Point:
    """Before or after the `write`-th write since the act; 0: the operator is dead while the act happens."""

    write: int
    after: bool = False

    def __str__(self) -> str:
        side = "after" if self.after else "before"
        return f"{side} write {self.write}" if self.write else "dead during the act"


@dataclass(frozen=True)
class Undisturbed:
    """The run that all others are measured by."""

    state: State
    writes: tuple[str, ...]
    created: list[str]
    journals: int


def undisturbed(new_world: WorldMaker, scenario: Scenario) -> Undisturbed:
    """Run a scenario without a fault."""
    world = new_world(KEEPS_ITS_LEASE)
    try:
        begun = prepare(world, scenario)
        scenario.act(world)
        if not scenario.prepare:
            world.first.start()
        state = world.until_settled(scenario.done)
        writes = tuple(str(one.call) for one in world.written[begun:] if one.call.effective)
        return Undisturbed(state, writes, world.created(begun), world.journal_jobs())
    finally:
        world.close()


def prepare(world: World, scenario: Scenario) -> int:
    """Prepare a scenario, and return how much was written for that."""
    if scenario.prepare:
        scenario.prepare(world)
        world.first.wait_until_it_leads()
        world.until_settled(lambda one: True)
    return len(world.written)


def crash(new_world: WorldMaker, scenario: Scenario, point: Point, expected: Undisturbed) -> bool:
    """Kill the operator at a point and start it anew; tell whether the point was reached."""
    world = new_world(KEEPS_ITS_LEASE)
    try:
        begun = prepare(world, scenario)
        kill = world.first.kill
        fault = Fault(dies_after(kill) if point.after else dies_before(kill), first=point.write)
        if point.write == 0:
            kill()
            scenario.act(world)
        else:
            world.proxy.faults.append(fault)
            scenario.act(world)
            if not scenario.prepare:
                world.first.start()
            world.until(lambda: not world.first.running() or scenario.done(world))
        reached = not world.first.running()
        world.proxy.faults.clear()
        if reached:
            world.start_anew()
        world.wait_for_end_state(expected.state, scenario.done)
        # Nothing is made twice, the journal least of all.
        assert surplus(world.created(begun), expected.created) == surplus(expected.created, world.created(begun)) == {}
        assert len(world.operations()) == scenario.journals
        assert world.journal_jobs() == scenario.journals * scenario.masters
        assert not world.tracebacks(), world.tracebacks()[0]
        return reached
    finally:
        world.close()


def surplus(one: list[str], other: list[str]) -> dict[str, int]:
    """Return what is in one list more often than in the other."""
    return dict(Counter(one) - Counter(other))


@dataclass(frozen=True)
class Outcome:
    """What came of a scenario's points: sentences for those that went wrong, and those that were not reached."""

    writes: int
    points: int
    wrong: list[str]
    missed: list[str]


def points_of(expected: Undisturbed, *, long: bool) -> list[Point]:
    """Return the points of a scenario that are tried."""
    sides = (False, True)
    if long or not expected.writes:
        return [Point(0), *(Point(n, after) for n in range(1, len(expected.writes) + 1) for after in sides)]
    dynamic_update = [n for n, write in enumerate(expected.writes, 1) if any(word in write for word in TELLING)]
    return [Point(n, after) for n in dynamic_update for after in sides][1::SAMPLE]


def all_points(form: Form, scenario: Scenario) -> Outcome:
    """Run a scenario in peace, then once for each of its points."""
    expected = form.pool.submit(undisturbed, form.new_world, scenario).result()
    assert expected.journals == scenario.journals * scenario.masters
    points = points_of(expected, long=form.long)
    running = {point: form.pool.submit(crash, form.new_world, scenario, point, expected) for point in points}
    wrong, missed = [], []
    for point, run in running.items():
        try:
            if not run.result():
                missed.append(str(point))
        except (AssertionError, TimeoutError) as error:
            at = f" ({expected.writes[point.write - 1]})" if point.write else ""
            wrong.append(f"{point}{at}: {error}")
    return Outcome(len(expected.writes), len(points), wrong, missed)


def begin(form: Form) -> dict[str, Future[Outcome]]:
    """Begin the scenarios that are asked for."""
    # Threads of their own, since they wait for what runs in the pool.
    waiting = ThreadPoolExecutor(len(SCENARIOS))
    chosen = [scenario for scenario in SCENARIOS if scenario.name in form.cases]
    return {scenario.name: waiting.submit(all_points, form, scenario) for scenario in chosen}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_killed_at_any_write_it_ends_the_same(scenario: Scenario, begun: dict[str, Any], record: Record):
    outcome: Outcome = begun[__name__][scenario.name].result()

    record(f"crash points, {scenario.name}", writes=outcome.writes, points=outcome.points, not_reached=outcome.missed)
    assert not outcome.wrong, "\n\n".join(outcome.wrong)
    # The number of status writes varies by one or two with the time at which pods get ready.
    assert len(outcome.missed) <= 2 + outcome.points // 10, "the run in peace had more writes than these"
