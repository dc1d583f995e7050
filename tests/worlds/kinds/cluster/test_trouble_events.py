"""Events of a whole cluster: one Warning for each trouble, counted, and none for a planned change."""

from __future__ import annotations

from typing import Any

from tests.support.builders import container_status, resource
from tests.support.three_masters import deleted
from tests.support.three_masters import settled as three_settled
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import NoAnswer

Json = dict[str, Any]
DENIED = {
    "exitCode": 2,
    "reason": "Error",
    "message": "2030-01-02 03:04:06,1 ERROR [main](A.java:9) - Cannot write /journal: Permission denied\n"
    "2030-01-02 03:04:07,1 ERROR [main](B.java:9) - Connection refused\n",
}


def warnings(world: World) -> list[Json]:
    return [one for one in world.kube.objects.values() if one["kind"] == "Event" and one["type"] == "Warning"]


def phases(restarts: int) -> list[Json]:
    """Return the states of a container from one crash to the next."""
    back_off = {"reason": "CrashLoopBackOff", "message": f"back-off {10 * restarts}s restarting failed container=x"}
    return [
        container_status("master", terminated=DENIED, restarts=restarts),
        container_status("master", waiting=back_off, last=DENIED, restarts=restarts),
        container_status("master", running={}, last=DENIED, restarts=restarts + 1),
    ]


def show(world: World, status: Json) -> None:
    def change(obj: Json) -> None:
        obj["status"] = {"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": [status]}

    world.kube.edit("Pod", world.namespace, "small-master-0", change)
    world.alluxio.master = NoAnswer("connection refused")
    world.pass_time(7)
    world.reconcile(everything=True)


def test_a_crash_loop_is_one_warning_with_the_first_error_however_long_it_lasts():
    world = World()
    world.settle()
    states = set()
    for restarts in range(4):
        for status in phases(restarts):
            show(world, status)
            ready = world.condition("Ready")
            states.add((ready["reason"], ready["message"]))

    [(reason, message)] = states
    assert reason == "CrashLoopBackOff"
    said = "MastersServing: pod small-master-0, container master: Cannot write /journal: Permission denied"
    assert message.startswith(f"{said}. ")
    assert "spec.security" in message
    assert [(one["reason"], one["count"]) for one in warnings(world)] == [("CrashLoopBackOff", 1)]


def test_a_cluster_that_is_made_with_a_trouble_says_so_at_once():
    world = World()
    for _ in range(4):
        world.reconcile()
        world.turn(pods=False, serves=False)
    world.reconcile()
    assert warnings(world) == [], "an installation that waits is no trouble"

    show(world, phases(0)[0])

    assert [one["reason"] for one in warnings(world)] == ["CrashLoopBackOff"]


def test_an_invalid_spec_is_one_warning_from_the_first_look_on():
    world = World(resource(masters={"env": [{"name": "POD_IP", "value": "x"}]}))
    world.reconcile()

    [warning] = warnings(world)
    assert warning["reason"] == "SpecInvalid"


def test_a_planned_change_of_three_masters_warns_of_nothing():
    world = three_settled()
    world.edit_spec(properties={"alluxio.user.metrics.collection.enabled": "true"})
    for _ in range(40):
        world.reconcile()
        for ordinal in range(3):
            if f"small-master-{ordinal}" not in world.kube.of_kind("Pod"):
                world.alluxio.answers[address(ordinal)] = NoAnswer("connection refused")
        # The pod that the step deleted is gone, and its successor isn't there yet.
        world.pass_time(1)
        world.reconcile(everything=True)
        world.turn()

    assert len(deleted(world)) >= 3
    assert world.condition("UpToDate")["status"] == "True"
    assert [one["message"] for one in warnings(world)] == []
