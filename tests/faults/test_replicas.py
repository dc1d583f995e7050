"""Two replicas, one of them stopped past its Lease: what it wakes up with is refused, and nothing is done twice."""

from __future__ import annotations

import pytest
from tests.faults.acts import Held
from tests.faults.calls import Fault
from tests.faults.scenarios import JOB, ready
from tests.faults.world import World

JOURNAL_CLAIM, JOURNAL_JOB, MASTER = "the journal's claim", "the journal's Job", "the masters"

CALLS = {
    JOURNAL_CLAIM: lambda call: call.effective and call.plural == "alluxioclusters",
    JOURNAL_JOB: lambda call: call.effective and call.plural == "jobs",
    MASTER: lambda call: call.effective and call.name == "small-master" and call.plural == "statefulsets",
}


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


def test_a_claim_that_comes_too_late_is_refused(world: World):
    sleeper, other = world.first, world.replica()
    held = Held(sleeper.pause, before=True)
    world.proxy.faults.append(Fault(held.act, CALLS[JOURNAL_CLAIM]))
    world.create()
    sleeper.start()
    world.until(lambda: held.waits)

    other.start()
    take_over(world, held)

    assert held.reply is not None
    assert held.reply.status == 409, "the claim is guarded by the version that it was made from"
    assert not [str(one.call) for one in world.proxy.written if one.call.effective and one.done]
    assert world.created().count(JOB) == 1
    assert len(world.operations()) == 1


@pytest.mark.parametrize("last", [JOURNAL_CLAIM, JOURNAL_JOB, MASTER])
def test_a_replica_that_wakes_up_without_its_lease_writes_nothing_more(last: str, world: World):
    """The call was done, and the replica stopped before it knew: it wakes up with everything ready for the next one."""
    sleeper, other = world.first, world.replica()
    held = Held(sleeper.pause, before=False)
    world.proxy.faults.append(Fault(held.act, CALLS[last]))
    world.create()
    sleeper.start()
    world.until(lambda: held.waits)
    before = [one for one in world.proxy.written if one.call.effective]

    other.start()
    take_over(world, held)

    late = [str(one.call) for one in world.proxy.written if one.call.effective][len(before) :]
    assert not late, "it doesn't know what happened meanwhile: all that it could write is out of date"
    assert world.created().count(JOB) == 1
    assert len(world.operations()) == 1


def test_the_second_replica_is_idle_and_ready_while_the_first_leads(world: World):
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
    assert world.created().count(JOB) == 1
