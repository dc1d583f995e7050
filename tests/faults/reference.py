"""What a cluster comes to that is edited in peace: the measure for those that are disturbed at it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from tests.faults.endstate import State
from tests.faults.scenarios import edit, installed, ready
from tests.faults.world import World, WorldMaker


@dataclass(frozen=True)
class Reference:
    """The end, and what was created on the way, each thing once."""

    state: State
    created: list[str]


@dataclass(frozen=True)
class Form:
    """How much is tried, and with what: given to each module whose worlds run side by side."""

    new_world: WorldMaker
    pool: ThreadPoolExecutor
    edited: Future[Reference]
    long: bool
    minutes: float
    cases: frozenset[str]
    """Ids of the module's parametrized tests, and names of its others, that were asked for."""


def run_in_peace(new_world: WorldMaker) -> Reference:
    """Install a cluster and edit it, without a fault."""
    world = new_world()
    try:
        installed(world)
        world.first.wait_until_it_leads()
        edit(world)
        return Reference(world.until_settled(ready), world.created())
    finally:
        world.close()


def assert_same_end(world: World, expected: Reference, seconds: float) -> None:
    """Wait until a disturbed cluster is as the reference; nothing may have been made twice on the way."""
    world.wait_for_end_state(expected.state, ready, seconds)
    jobs = world.journal_jobs()
    assert jobs == 1, f"the journal is initialised once, and not {jobs} times"
    assert len(world.operations()) == 1
    # Roles may come and go as the spec wishes, and a budget with the number of workers; what stays was made once.
    goes = ("job", "logserver", "poddisruptionbudgets/small-worker")
    stays = {ref for ref in expected.created if not any(part in ref for part in goes)}
    twice = {ref for ref in stays if world.created().count(ref) > 1}
    assert not twice, f"made more than once: {', '.join(sorted(twice))}"
