"""Drills by the clock, through the reconcile of a cluster."""

from typing import Any

import pytest
from tests.support import builders
from tests.support.crashes import Stopped, stop_at
from tests.support.drill import drill
from tests.support.world import World

from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]
DAY = 86400
SCHEDULE: Json = {"drill": {"schedule": "0 5 * * *", "sample": {"files": 7}}}


def scheduled(**backup: Any) -> World:
    world = World(builders.resource(backup={**SCHEDULE, **backup}))
    world.settle()
    return world


def drills(world: World) -> list[Json]:
    return [one for one in world.kube.objects.values() if one["kind"] == KIND]


def end(world: World, found: Json, *, passed: bool) -> None:
    status = {
        "clusterUid": builders.UID,
        "phase": "Completed" if passed else "Failed",
        "passed": passed,
        "finished": stamp(world.now),
        "rpoSeconds": 600,
        "rtoSeconds": 90,
        "summary": "as the drill says",
    }
    world.kube.edit(KIND, builders.NAMESPACE, found["metadata"]["name"], lambda one: one.update(status=status))


def test_a_moment_creates_a_drill_that_goes_with_the_cluster():
    world = scheduled()
    assert drills(world) == []
    assert world.condition("DrillPassed")["reason"] == "NoneYet"
    world.pass_time(DAY)
    world.reconcile()
    [found] = drills(world)
    assert found["spec"]["clusterRef"] == {"name": builders.NAME}
    assert found["spec"]["sample"] == {"files": 7, "bytes": "1Gi"}
    assert found["metadata"]["name"].startswith("small-drill-203001020500-")
    assert found["metadata"]["ownerReferences"][0]["uid"] == builders.UID
    world.reconcile()
    assert len(drills(world)) == 1


def test_the_condition_follows_the_last_drill():
    world = scheduled()
    for passed, reason, status in ((False, "LastFailed", "False"), (True, "Passed", "True")):
        world.pass_time(DAY)
        world.reconcile()
        running = next(one for one in drills(world) if "status" not in one)
        end(world, running, passed=passed)
        world.pass_time(15)
        world.reconcile()
        condition = world.condition("DrillPassed")
        assert (condition["reason"], condition["status"]) == (reason, status)
        assert "as the drill says" in condition["message"]
    assert world.status["drills"]["passed"]["rtoSeconds"] == 90
    assert world.condition("Ready")["status"] == "True"
    text = world.metrics.registry.get_sample_value(
        "alluxio_operator_drill_passed_rto_seconds", {"namespace": builders.NAMESPACE, "name": builders.NAME}
    )
    assert text == 90


def test_three_drills_stay_and_the_newest_that_passed():
    world = scheduled()
    for number in range(6):
        world.pass_time(DAY)
        world.reconcile()
        running = next(one for one in drills(world) if "status" not in one)
        end(world, running, passed=number == 0)
        world.reconcile()
    names = sorted(one["metadata"]["name"] for one in drills(world))
    assert len(names) == 4
    assert names[0].startswith("small-drill-203001020500")
    assert [name[12:20] for name in names[1:]] == ["20300105", "20300106", "20300107"]


def test_a_drill_of_a_user_counts_and_stays():
    world = scheduled()
    world.kube.put(drill("by-hand", uid="uid-by-hand"))
    end(world, drill("by-hand"), passed=False)
    world.reconcile()
    assert world.condition("DrillPassed")["reason"] == "LastFailed"
    assert "by-hand" in world.condition("DrillPassed")["message"]


def test_no_drill_begins_beside_another_of_the_schedule():
    world = scheduled()
    world.pass_time(DAY)
    world.reconcile()
    world.pass_time(DAY)
    world.reconcile()
    assert len(drills(world)) == 1


def test_a_drill_that_hangs_is_reported_before_the_next_one_is_due():
    world = World(builders.resource(backup={"drill": {"schedule": "0 5 * * 0"}}))
    world.settle()
    world.pass_time(7 * DAY)
    world.reconcile()
    [found] = drills(world)
    status = {"clusterUid": builders.UID, "phase": "Cleaning", "started": stamp(world.now), "summary": "a pod is left"}
    world.kube.edit(KIND, builders.NAMESPACE, found["metadata"]["name"], lambda one: one.update(status=status))
    world.pass_time(7100)
    world.reconcile()
    assert world.condition("DrillPassed")["reason"] == "NoneYet"
    world.pass_time(101)
    world.reconcile()
    condition = world.condition("DrillPassed")
    assert condition["reason"] == "DrillStuck"
    assert "a pod is left" in condition["message"]
    end(world, found, passed=True)
    world.pass_time(60)
    world.reconcile()
    assert world.condition("DrillPassed")["reason"] == "Passed"


def test_a_suspended_schedule_creates_nothing():
    world = scheduled(suspend=True)
    world.pass_time(3 * DAY)
    world.reconcile()
    assert drills(world) == []


def test_a_refused_drill_is_tried_again():
    world = scheduled()

    def refuse(verb: str, path: str) -> None:
        if verb == "create" and "alluxiodrills" in path:
            raise Refused(f"POST {path}", 403, "denied by a policy")

    world.kube.before_call = refuse
    world.pass_time(DAY)
    world.reconcile()
    assert world.condition("DrillPassed")["reason"] == "Refused"
    assert "AlluxioDrill small-drill-" in world.condition("DrillPassed")["message"]
    world.kube.before_call = lambda verb, path: None
    world.reconcile()
    assert len(drills(world)) == 1


def test_a_removed_schedule_leaves_no_condition():
    world = scheduled()
    world.edit_spec(backup={})
    world.settle()
    assert "drills" not in world.status
    assert not any(one["type"] == "DrillPassed" for one in world.status["conditions"])


def test_a_wrong_expression_is_named():
    world = World(builders.resource(backup={"drill": {"schedule": "0 5 31 2 *"}}))
    world.reconcile()
    assert "spec.backup.drill.schedule" in world.status["summary"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("count", range(1, 4))
def test_an_operator_killed_at_a_write_creates_one_drill_for_a_moment(count: int, after: bool):
    world = scheduled()
    world.pass_time(DAY)
    stop_at(world, count, after=after)
    for _ in range(4):
        try:
            world.reconcile()
        except Stopped:
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()
        world.turn()
    assert len(drills(world)) == 1
    assert world.status["drills"]["last"] == "2030-01-02T05:00:00Z"
