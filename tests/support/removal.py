"""A world with a model of Alluxio's blocks: workers of a StatefulSet that are emptied before they go."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from tests.support.block_calls import BlockCalls
from tests.support.blocks import Cluster
from tests.support.builders import resource
from tests.support.fake_kube import FakeKube
from tests.support.world import FakeAlluxio, World, address

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer, WorkerRegistration
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
CAPACITY = 100_000
MIGRATE = {"policy": "Migrate", "leaveSeconds": 20, "stallSeconds": 60, "deadlineSeconds": 600}


class RemovalAlluxio(FakeAlluxio, BlockCalls):
    """Masters and workers, of which the model knows the blocks."""

    def __init__(self, blocks: Cluster) -> None:
        FakeAlluxio.__init__(self)
        BlockCalls.__init__(self, blocks)


class RemovalWorld(World):
    """A cluster with workers of a StatefulSet."""

    def __init__(self, replicas: int = 3, *, version: str = "2.9.4", capacity: int = CAPACITY, **removal: Any) -> None:
        self.capacity = capacity
        self.pending: set[int] = set()
        """Workers whose pods find no node."""
        workers = {"workload": "StatefulSet", "replicas": replicas, "removal": {**MIGRATE, **removal}}
        self.version = version
        super().__init__(resource(workers=workers, version=version))
        self.blocks = Cluster(capacity=capacity, clock=lambda: self.now.timestamp())
        self.alluxio = RemovalAlluxio(self.blocks)
        self.alluxio.has_barrier = version != "2.9.3"
        self.start_operator()

    def host(self, ordinal: int) -> str:
        """Return the host of a worker."""
        return Names(self.name, self.namespace).host("worker", ordinal)

    def replicas(self, wanted: int) -> None:
        """Set spec.workers.replicas as a user."""
        self.change(lambda workers: workers.update(replicas=wanted))

    def change(self, edit: Callable[[Json], object]) -> None:
        """Change spec.workers as a user."""
        self.kube.edit("AlluxioCluster", self.namespace, self.name, lambda obj: edit(obj["spec"]["workers"]))

    @property
    def record(self) -> Json:
        """The record of the removal; empty without one."""
        found: Json = self.status.get("removal") or {}
        return found

    @property
    def applied(self) -> int:
        """The replicas of the StatefulSet."""
        return int(self.kube.object("StatefulSet", self.namespace, f"{self.name}-worker")["spec"]["replicas"])

    def pods(self) -> list[str]:
        """Return the names of the workers' pods."""
        return sorted(one for one in self.kube.of_kind("Pod") if one.startswith(f"{self.name}-worker-"))

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        super().turn(job=job, pods=pods, serves=serves)
        hosts = {}
        for name in self.pods():
            pod = self.kube.objects[KINDS["Pod"].path(self.namespace, name)]
            ordinal = int(name.rpartition("-")[2])
            if ordinal in self.pending:
                self.kube.put({**pod, "status": {"phase": "Pending", "conditions": []}})
                continue
            hosts[self.host(ordinal)] = pod["metadata"]["uid"]
            self.alluxio.addresses[address(ordinal)] = self.host(ordinal)
        self.blocks.follow(hosts, self.capacity)
        self.blocks.catch_up()
        if not isinstance(self.alluxio.master, NoAnswer):
            self.alluxio.master = self.answer()

    def answer(self) -> MasterInfo | NoAnswer:
        """Return the leader's answer over HTTP: of workers that aren't decommissioned."""
        if not self.blocks.serves:
            return NoAnswer("in safe mode", leads=True)
        found = tuple(
            WorkerRegistration(
                host,
                int(self.blocks.t - one.heard),
                int(one.started * 1000),
                one.capacity,
                one.used,
                lost=one.state == "LOST",
            )
            for host, one in sorted(self.blocks.known.items())
            if one.state in ("LIVE", "LOST")
        )
        return MasterInfo(self.version, found)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False, step: float = 1.0) -> bool:
        """Reconcile each second, or in other steps, until something holds; check that nothing is lost."""
        for _ in range(int(seconds / step)):
            self.reconcile()
            self.pass_time(step)
            self.turn()
            assert self.blocks.lost() == []
            assert self.blocks.wrong() == []
            if until():
                return True
        return False

    def until(self, state: str, seconds: float = 300) -> None:
        """Let the removal reach a state."""
        assert self.run(seconds, lambda: self.record.get("state") == state), (self.record, self.status["conditions"])

    def until_removed(self, number: int, seconds: float = 600, step: float = 2.0) -> None:
        """Wait until so many workers are left and nothing is on record."""
        done = self.run(
            seconds, lambda: len(self.pods()) == number and not self.record and self.applied == number, step
        )
        assert done, (self.record, self.pods(), self.condition("WorkersRemoved"))


W = TypeVar("W", bound=RemovalWorld)


def settled(replicas: int = 3, **over: Any) -> RemovalWorld:
    """Return a cluster that is Ready, with registered workers."""
    return copy_of(RemovalWorld(replicas, **over))


def copy_of(world: W) -> W:
    """Let a new world be settled: it gets the objects of one with the same spec."""
    spec = json.dumps(world.made["spec"], sort_keys=True)
    known, now = _settled(spec)
    world.kube, world.now = deepcopy(known), now
    world.blocks.catch_up()
    world.start_operator()
    for _ in range(2):
        world.turn()
        world.reconcile()
    return world


@cache
def _settled(spec: str) -> tuple[FakeKube, datetime]:
    made = json.loads(spec)
    workers = made["workers"]
    world = RemovalWorld(workers["replicas"], version=made["version"], **workers["removal"])
    world.settle()
    world.run(3)
    return world.kube, world.now
