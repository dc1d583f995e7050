"""The leader compares restored names with the UFS, also after another master or process leads."""

from __future__ import annotations

from tests.support.inplace import InPlaceWorld
from tests.support.restore import RestoreWorld

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.kinds.cluster.restore.marking import MARKS_FOR
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import KINDS


def go_on(world: InPlaceWorld | RestoreWorld, rounds: int = 4) -> None:
    for _ in range(rounds):
        world.turn()
        world.reconcile()
        world.pass_time(5)


def fail_over(world: InPlaceWorld | RestoreWorld) -> None:
    """Let the leader's pod be replaced, and with it its process."""
    world.kube.remove(KINDS["Pod"].path("data", "small-master-0"))


def restored() -> InPlaceWorld:
    world = InPlaceWorld(masters=3)
    world.confirm()
    world.until("Restored")
    world.settle()
    return world


def test_a_failover_after_a_restore_in_place_marks_the_names_again():
    world = restored()
    before = len(world.alluxio.marked)
    fail_over(world)
    go_on(world)
    assert len(world.alluxio.marked) == before + 1
    go_on(world)
    assert len(world.alluxio.marked) == before + 1, "once for each process"

    fail_over(world)
    go_on(world)
    assert len(world.alluxio.marked) == before + 2


def test_a_failover_after_a_bootstrap_restore_marks_the_names():
    world = RestoreWorld(masters=3)
    world.settle()
    go_on(world)
    assert not world.alluxio.marked, "the process that restored has marked them itself"
    fail_over(world)
    go_on(world, 6)

    assert len(world.alluxio.marked) == 1


def test_names_are_not_marked_while_the_ufs_does_not_answer():
    world = restored()
    before = len(world.alluxio.marked)
    world.ufs = UfsHealth("no answer in time")
    fail_over(world)
    go_on(world)
    assert len(world.alluxio.marked) == before
    world.ufs = UfsHealth()
    go_on(world)

    assert len(world.alluxio.marked) == before + 1


def test_a_leader_that_does_not_answer_is_asked_again():
    world = restored()
    world.alluxio.marks = NoAnswer("no answer in time")
    fail_over(world)
    go_on(world)
    known = world.record["marked"]
    assert world.reconcile().requeue_after is not None
    world.alluxio.marks = ""
    go_on(world)

    assert world.record["marked"] != known


def test_a_request_for_another_restore_keeps_the_mark():
    world = restored()
    world.ask()
    go_on(world)
    assert world.state == "AwaitingConfirmation"
    before = len(world.alluxio.marked)
    fail_over(world)
    go_on(world)

    assert len(world.alluxio.marked) == before + 1


def test_after_some_days_a_failover_marks_nothing():
    world = restored()
    world.pass_time(MARKS_FOR.total_seconds() + 60)
    before = len(world.alluxio.marked)
    fail_over(world)
    go_on(world)

    assert len(world.alluxio.marked) == before
