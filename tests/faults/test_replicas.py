"""Two replicas, one of them stopped past its Lease: what it wakes up with is refused, and nothing is done twice."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import closing
from typing import Any

import pytest
from tests.faults.acts import Held
from tests.faults.calls import Fault
from tests.faults.reference import Form
from tests.faults.scenarios import ready
from tests.faults.world import World, WorldMaker

JOURNAL_CLAIM, JOURNAL_JOB, MASTER = "the journal's claim", "the journal's Job", "the masters"

LEASE = {"ALLUXIO_OPERATOR_LEASE_DURATION_SECONDS": "8", "ALLUXIO_OPERATOR_LEASE_RENEW_DEADLINE_SECONDS": "6"}
"""Nothing starts these replicas again: a busy machine has time to renew it, and a test has time to wait for its end."""

SHORT = JOURNAL_CLAIM
"""What the short form tries of these."""
CALLS = {
    JOURNAL_CLAIM: lambda call: call.effective and call.plural == "alluxioclusters",
    JOURNAL_JOB: lambda call: call.effective and call.plural == "jobs",
    MASTER: lambda call: call.effective and call.name == "small-master" and call.plural == "statefulsets",
}


def stopped_at(world: World, last: str, *, before: bool) -> Held:
    """Let the first replica begin, and stop it at its call `last`, `before` that reaches the API server or after."""
    held = Held(world.first.pause, before=before)
    world.proxy.faults.append(Fault(held.act, CALLS[last]))
    world.create()
    world.first.start()
    world.until(lambda: held.waits)
    return held


def take_over(world: World, held: Held) -> None:
    """Let the second replica finish what the first one had begun, then wake the first one and let its call pass."""
    sleeper, other = world.operators
    other.wait_until_it_leads()
    world.until(lambda: ready(world))
    # First, so that the answer is there when it wakes up: then its workers and its look at the Lease race.
    held.let_go()
    world.until(lambda: held.gone)
    sleeper.resume()
    # It finds its Lease gone and ends; the kubelet isn't played here, so that nothing comes after it.
    world.until(lambda: not sleeper.running())


def claim_too_late(new_world: WorldMaker) -> None:
    """Hold the claim before it reaches the API server."""
    with closing(new_world(LEASE)) as world:
        other = world.replica()
        held = stopped_at(world, JOURNAL_CLAIM, before=True)

        other.start()
        take_over(world, held)

        assert held.reply is not None
        assert held.reply.status == 409, "the claim is guarded by the version that it was made from"
        assert not [str(one.call) for one in world.proxy.written if one.call.effective and one.done]
        assert world.journal_jobs() == 1
        assert len(world.operations()) == 1


def wakes_up(new_world: WorldMaker, last: str) -> None:
    """Stop a replica when a call of its was done, before it knows: it wakes up with everything ready for the next."""
    with closing(new_world(LEASE)) as world:
        other = world.replica()
        held = stopped_at(world, last, before=False)
        before = [one for one in world.proxy.written if one.call.effective]

        other.start()
        take_over(world, held)

        late = [str(one.call) for one in world.proxy.written if one.call.effective][len(before) :]
        assert not late, "it doesn't know what happened meanwhile: all that it could write is out of date"
        assert world.journal_jobs() == 1
        assert len(world.operations()) == 1


def second_in_waiting(new_world: WorldMaker) -> None:
    """Let one lead and the other wait, then kill the one."""
    with closing(new_world(LEASE)) as world:
        other = world.replica()
        world.create()
        world.first.start()
        world.first.wait_until_it_leads()
        other.start()
        world.until(lambda: other.metric("alluxio_operator_leader") == 0)

        world.until(lambda: ready(world))

        assert not [str(one.call) for one in world.proxies[1].written if one.done]
        world.first.kill()
        other.wait_until_it_leads()
        world.edit(workers={"replicas": 2})
        world.until(lambda: ready(world))
        assert world.journal_jobs() == 1


def begin(form: Form) -> dict[str, Future[None]]:
    """Begin all of them."""
    return {
        "late": form.pool.submit(claim_too_late, form.new_world),
        "waiting": form.pool.submit(second_in_waiting, form.new_world),
        **{last: form.pool.submit(wakes_up, form.new_world, last) for last in CALLS if form.long or last == SHORT},
    }


def test_a_claim_that_comes_too_late_is_refused(begun: dict[str, Any]):
    begun[__name__]["late"].result()


@pytest.mark.parametrize("last", CALLS)
def test_a_replica_that_wakes_up_without_its_lease_writes_nothing_more(last: str, begun: dict[str, Any]):
    if last not in begun[__name__]:
        pytest.skip("in the long form only")
    begun[__name__][last].result()


def test_the_second_replica_is_idle_and_ready_while_the_first_leads(begun: dict[str, Any]):
    begun[__name__]["waiting"].result()
