"""Stops the operator before and after each write of a removal: nothing is lost, and the removal ends."""

from __future__ import annotations

import pytest
from tests.support.crashes import run, stopped_at_each
from tests.support.removal import RemovalWorld, copy_of

ROUNDS = 200


class Hurried(RemovalWorld):
    """A world in which two seconds pass with each reconcile."""

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        self.pass_time(2)
        super().turn(job=job, pods=pods, serves=serves)
        assert self.blocks.lost() == []
        assert self.blocks.wrong() == []


def scaled_in(version: str) -> Hurried:
    world = copy_of(Hurried(2, version=version, leaveSeconds=0))
    for number in range(3):
        world.blocks.write(f"/must/{number}", 100, on=world.host(1))
    world.replicas(1)
    return world


def cancelled(version: str) -> Hurried:
    world = scaled_in(version)
    for _ in range(60):
        world.reconcile()
        world.turn()
        if world.record.get("state") == "Leaving":
            break
    world.replicas(2)
    return world


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("version", ["2.9.3", "2.9.4"])
def test_a_stopped_operator_removes_the_worker_later(version: str, after: bool):
    world = scaled_in(version)
    known = len(world.kube.writes)
    run(world, ROUNDS)
    assert len(world.pods()) == 1
    writes = world.kube.writes[known:]
    for one, words in stopped_at_each(lambda: scaled_in(version), writes, ROUNDS, after=after):
        assert (len(one.pods()), one.applied, one.record) == (1, 1, {}), words
        assert one.blocks.unreadable() == [], words
        assert [change["what"] for change in one.status["history"]].count("Decommissioned") == 1, words


@pytest.mark.parametrize("after", [False, True])
def test_a_stopped_operator_brings_the_worker_back_later(after: bool):
    world = cancelled("2.9.4")
    known = len(world.kube.writes)
    run(world, ROUNDS)
    assert len(world.pods()) == 2
    writes = world.kube.writes[known:]
    for one, words in stopped_at_each(lambda: cancelled("2.9.4"), writes, ROUNDS, after=after):
        assert (len(one.pods()), one.applied, one.record) == (2, 2, {}), words
        assert one.blocks.unreadable() == [], words
