"""CPU and memory in the history of a Presto."""

from __future__ import annotations

from tests.support.fake_kube import METRICS
from tests.support.measured import pod_metrics
from tests.support.presto import World


def measure(world: World, cpu: str, memory: str) -> None:
    world.kube.metrics = [
        pod_metrics(name, world.now, "15s", {"presto": (cpu, memory)}) for name in world.kube.of_kind("Pod")
    ]


def test_more_workers_tell_what_they_cost():
    world = World()
    world.settle()
    world.pass_time(3600)
    measure(world, "100m", "1Gi")
    world.edit_spec(workers={"replicas": 2})
    world.reconcile()
    world.turn()
    world.pass_time(20)
    measure(world, "300m", "1Gi")
    world.settle()

    [coordinator, workers] = world.status["history"][-1]["usage"]["roles"]
    assert coordinator == {
        "role": "coordinator", "cpuBefore": "100m", "cpuPeak": "300m", "memoryBefore": "1.0Gi", "memoryPeak": "1.0Gi",
    }  # fmt: skip
    assert (workers["cpuBefore"], workers["cpuPeak"], workers["memoryPeak"]) == ("100m", "600m", "2.0Gi")


def test_one_at_rest_asks_nobody():
    world = World()
    world.settle()
    world.pass_time(3600)
    asked = len(world.kube.calls)
    measure(world, "100m", "1Gi")
    world.reconcile()

    assert not [path for _, path in world.kube.calls[asked:] if path.startswith(METRICS)]
