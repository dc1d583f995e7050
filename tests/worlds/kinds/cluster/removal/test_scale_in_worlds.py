"""Workers that are removed: what only they have is on workers that stay before their pods end."""

from __future__ import annotations

import pytest
from tests.support.removal import settled


def test_a_worker_goes_once_its_data_is_elsewhere():
    world = settled(3)
    for number in range(20):
        world.blocks.write(f"/must/{number}", 100, 50, on=world.host(2))
    world.replicas(2)
    world.until_removed(2)
    assert len(world.pods()) == 2
    [change] = [one for one in world.status["history"] if one["what"] == "Decommissioned"]
    assert change["outcome"] == "Succeeded"
    assert change["message"].startswith("small-worker-2: 0 sole copies, 0 files to persist, 2.9 KiB moved in ")
    assert world.alluxio.decommissioned == [world.host(2)]
    assert world.blocks.unreadable() == []
    assert world.condition("WorkersRemoved")["reason"] == "Removed"


def test_the_pods_stay_while_the_worker_is_emptied():
    world = settled(3)
    world.blocks.write("/must", 100, on=world.host(2))
    world.replicas(2)
    world.until("Leaving")
    assert world.applied == 3
    assert len(world.pods()) == 3


def test_two_workers_go_one_after_the_other():
    world = settled(3)
    for number in range(30):
        world.blocks.write(f"/must/{number}", 64, on=world.host(number % 3))
    world.replicas(1)
    seen = set()
    world.run(600, lambda: seen.add(world.record.get("worker")) or (len(world.pods()) == 1 and not world.record))
    assert seen == {None, "small-worker-1", "small-worker-2"}
    assert world.applied == 1
    assert world.blocks.unreadable() == []


def test_scale_in_on_2_9_3_takes_two_listings():
    world = settled(2, version="2.9.3")
    world.blocks.write("/must", 100, on=world.host(1))
    world.replicas(1)
    world.until_removed(1)
    assert world.alluxio.decommissioned == []
    assert "without a barrier" in world.status["history"][-1]["message"] + world.condition("WorkersRemoved")["message"]


@pytest.mark.parametrize("state", ["Copying", "Leaving", "Proven", "Removing"])
def test_a_removal_can_be_cancelled_in_each_state(state: str):
    world = settled(3)
    for number in range(5):
        world.blocks.write(f"/must/{number}", 100, on=world.host(2))
    world.replicas(2)
    world.until(state)
    world.replicas(3)
    assert world.run(300, lambda: not world.record and world.phase == "Ready")
    assert len(world.pods()) == 3
    assert world.applied == 3
    assert world.run(30) is False
    assert len([one for one in world.blocks.known.values() if one.state == "LIVE"]) == 3
