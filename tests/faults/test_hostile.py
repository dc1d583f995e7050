"""Clusters whose masters want to keep the operator busy, and others in the same operator: those come to their end."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

from tests.api.stage import Json
from tests.faults.records import Record
from tests.faults.reference import Form
from tests.faults.world import KEEPS_ITS_LEASE, World, WorldMaker, says

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.kinds import KINDS

HOSTILE = {"drips": "h0", "continues": "h1", "inflates": "h2", "hangs": "h3"}
"""By behaviour of its masters, a cluster: as many as the operator has workers."""
GOOD = tuple(f"c{number}" for number in range(10))
WORDS = ("no answer in time", "its answer is compressed, though the request asked for none")
"""What a status may say of such a master; nothing of what it sent."""
PATIENCE = 180.0


def all_of(world: World) -> dict[str, Json]:
    """Return the clusters by name."""
    found = world.api.kube.list(KINDS[KIND].path(world.namespace))
    return {resource["metadata"]["name"]: resource for resource in found}


def let_masters_be_hostile(world: World) -> None:
    """Create the hostile clusters, and let their masters behave so before the operator finds them serving."""
    for name in HOSTILE.values():
        world.create(name)
    addresses: dict[str, str] = {}
    for mode, name in HOSTILE.items():
        world.until(lambda name=name: f"{name}-master-0" in world.addresses("master"), PATIENCE)  # type: ignore[misc]
        addresses[world.addresses("master")[f"{name}-master-0"]] = mode
    world.behave(addresses, follows="")
    for name in HOSTILE.values():
        # One that was Ready before is looked at again in minutes only.
        world.edit(name, upgrade={"canarySeconds": 1})
    world.until(lambda: all(said_of(world, name) for name in HOSTILE.values()), PATIENCE)


def said_of(world: World, name: str) -> bool:
    """Return True once the status of a hostile cluster names the trouble with its master."""
    conditions = all_of(world)[name].get("status", {}).get("conditions", ())
    message = next((one["message"] for one in conditions if one["type"] == "MastersServing"), "")
    return any(word in message for word in WORDS)


def seconds_for_the_good(new_world: WorldMaker, *, beside_hostile: bool) -> float:
    """Return how long the good ones take until all of them are Ready."""
    world = new_world(KEEPS_ITS_LEASE)
    try:
        world.first.start()
        world.first.wait_until_it_leads()
        if beside_hostile:
            let_masters_be_hostile(world)
        began = time.monotonic()
        for name in GOOD:
            world.create(name)
        world.until(lambda: all(says(all_of(world)[name], "Ready") for name in GOOD), PATIENCE)
        took = time.monotonic() - began
        assert world.first.running(), "the operator's process is the one that was started"
        assert world.tracebacks() == []
        if beside_hostile:
            assert all(said_of(world, name) for name in HOSTILE.values())
        return took
    finally:
        world.close()


def begin(form: Form) -> dict[str, Future[float]]:
    """Begin both runs."""
    return {
        "usual": form.pool.submit(seconds_for_the_good, form.new_world, beside_hostile=False),
        "hostile": form.pool.submit(seconds_for_the_good, form.new_world, beside_hostile=True),
    }


def test_four_hostile_masters_hold_up_none_of_ten_good_clusters(begun: dict[str, Any], record: Record):
    """As many as the operator has workers; before, they took all of them, and then the operator was restarted."""
    runs = begun[__name__]

    usual, took = runs["usual"].result(), runs["hostile"].result()

    record("ten clusters beside four hostile ones", usual_seconds=round(usual, 1), seconds=round(took, 1))
