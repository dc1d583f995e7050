"""CPU and memory in the history of a cluster: from an edit to the last measurement after its end."""

from __future__ import annotations

from typing import Any

from tests.support.fake_kube import METRICS
from tests.support.measured import after, pod_metrics
from tests.support.world import World

from alluxio_operator.engine.usage import AFTERWARDS
from alluxio_operator.kinds.cluster.members import SPACE_POLL

Json = dict[str, Any]
OTHER_PROPERTY: Json = {"properties": {"alluxio.worker.free.space.timeout": "20s"}}


class Measured(World):
    """A world in which all pods are measured, `age` seconds ago."""

    def measure(self, cpu: str, memory: str, age: float = 0) -> None:
        moment = after(self.now, -age)
        containers = {
            "master": {"master": (cpu, memory)},
            "worker": {"worker": (cpu, memory), "job-worker": ("1m", "64Mi")},
        }
        self.kube.metrics = [
            pod_metrics(name, moment, "15s", containers.get(name.split("-")[1]))
            for name in [*self.kube.of_kind("Pod"), "somebody-else-0"]
        ]

    @property
    def asked(self) -> int:
        return sum(path.startswith(METRICS) for _, path in self.kube.calls)

    @property
    def usage(self) -> Json:
        found: Json = self.status["history"][-1].get("usage", {})
        return found

    def row(self, role: str) -> Json:
        return next({**one} for one in self.usage["roles"] if one["role"] == role)


def changed() -> Measured:
    world = Measured()
    world.settle()
    # What nobody served at the installation is there by now.
    world.pass_time(3600)
    world.measure("40m", "300Mi", age=5)
    world.edit_spec(workers=OTHER_PROPERTY)
    world.reconcile()
    return world


def test_a_change_tells_what_it_cost_by_role():
    world = changed()
    assert world.row("worker") == {"role": "worker", "cpuBefore": "40m", "memoryBefore": "300Mi"}
    world.pass_time(20)
    world.measure("1200m", "1536Mi", age=5)
    world.reconcile()
    world.settle()

    assert world.row("worker") == {
        "role": "worker", "cpuBefore": "40m", "cpuPeak": "1200m", "memoryBefore": "300Mi", "memoryPeak": "1.5Gi",
    }  # fmt: skip
    assert world.row("jobworker")["cpuPeak"] == "1m"
    assert {one["role"] for one in world.usage["roles"]} == {"master", "worker", "jobmaster", "jobworker", "logserver"}


def test_its_last_moments_are_asked_for_after_its_end_and_then_nobody_is():
    world = changed()
    world.turn()
    world.pass_time(6)
    world.settle()
    assert "ended" in world.status["history"][-1]
    assert world.reconcile().requeue_after == 15
    world.pass_time(15)
    world.measure("900m", "500Mi", age=10)
    outcome = world.reconcile()
    assert world.row("worker")["cpuPeak"] == "900m"
    assert outcome.requeue_after == SPACE_POLL.seconds
    asked = world.asked
    world.pass_time(30)
    world.measure("5000m", "5Gi")

    assert world.reconcile().requeue_after == SPACE_POLL.seconds
    assert world.asked == asked


def test_an_end_that_isnt_measured_isnt_waited_for_for_long():
    world = changed()
    world.turn()
    world.settle()
    world.pass_time(AFTERWARDS.total_seconds() + 1)

    assert world.reconcile().requeue_after == SPACE_POLL.seconds


def test_a_cluster_at_rest_asks_nobody_and_writes_nothing():
    world = Measured()
    world.settle()
    # Less than until the next test write, and more than until the first listing of data at risk.
    world.pass_time(1800)
    for _ in range(2):
        world.reconcile()
    writes, asked = len(world.kube.writes), world.asked
    for seconds in range(10):
        world.measure(f"{seconds * 100}m", f"{seconds}Gi")
        world.pass_time(20)
        assert world.reconcile().requeue_after == SPACE_POLL.seconds

    assert (len(world.kube.writes), world.asked) == (writes, asked)


def test_what_hardly_moves_is_not_written():
    world = changed()
    world.turn(pods=False)
    world.pass_time(20)
    world.measure("500m", "500Mi", age=2)
    for _ in range(3):
        world.reconcile()
    writes = len(world.kube.writes)
    for number in range(1, 5):
        world.pass_time(16)
        world.measure(f"{500 + 10 * number}m", f"{500 + 10 * number}Mi", age=2)
        world.reconcile()

    # Conditions have times of their own: what is looked at is what the measurements led to.
    assert world.row("worker")["cpuPeak"] == "500m"
    assert len(world.kube.writes) == writes


def test_that_nobody_tells_is_said_and_nothing_else_is_different():
    world = Measured()
    world.settle()
    world.edit_spec(workers=OTHER_PROPERTY)
    world.reconcile()
    world.settle()

    assert "isn't served here" in world.usage["unavailable"]
    assert world.asked == 1
    assert world.phase == "Ready"
    assert world.reconcile().requeue_after == SPACE_POLL.seconds


def test_while_it_is_paused_nobody_is_asked():
    world = Measured()
    world.settle()
    world.pass_time(3600)
    asked = world.asked
    world.measure("1", "1Gi")
    world.edit_spec(paused=True, workers=OTHER_PROPERTY)
    world.reconcile()

    assert world.asked == asked
