"""A world with a model of the journal's quorum: masters that join when they start, and the leader's list of members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.support.builders import info, resource
from tests.support.three_masters import outdated
from tests.support.world import FakeAlluxio, World, address

from alluxio_operator.alluxio.answers import NoAnswer, QuorumInfo, QuorumMember, Standby
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.validate import MEMBER_CHANGES
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]
INDEX = 40


class QuorumAlluxio(FakeAlluxio):
    """Masters of which the world's model knows who is a member."""

    def __init__(self, world: Masters) -> None:
        super().__init__()
        self.world = world

    def quorum_info(self, host: str, port: int, deadline: Deadline) -> QuorumInfo | NoAnswer:
        world = self.world
        if world.leader is None or host != address(world.leader):
            return NoAnswer("it doesn't lead")
        return tuple(
            QuorumMember(world.host(one), one in world.running(), one == world.leader) for one in sorted(world.members)
        )

    def remove_member(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        self.removed.append(member)
        self.world.remove(int(member[0].partition(".")[0].rpartition("-")[2]))
        return ""

    def transfer_lead(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        self.transfers.append(member)
        self.world.preferred = int(member[0].partition(".")[0].rpartition("-")[2])
        return ""


class Masters(World):
    """A cluster whose number of masters changes. `dangers` are the states that could lose data or service."""

    def __init__(self, replicas: int = 1, **over: Any) -> None:
        self.members: set[int] = set(range(replicas))
        self.leader: int | None = None
        self.preferred: int | None = None
        self.asked: dict[int, str] = {}
        self.deaf: set[int] = set()
        """Masters whose request to join gets lost."""
        self.stale: set[int] = set()
        """Masters whose volume has the journal of a former member."""
        self.dangers: list[str] = []
        cluster = resource(masters={"replicas": replicas}, **over)
        cluster["metadata"]["annotations"] = {MEMBER_CHANGES: "true"}
        super().__init__(cluster)
        self.alluxio = QuorumAlluxio(self)
        self.start_operator()

    def host(self, ordinal: int) -> str:
        return Names(self.name, self.namespace).master_host(ordinal)

    def running(self) -> set[int]:
        found = (name.rpartition("-") for name in self.kube.of_kind("Pod"))
        return {int(ordinal) for stem, _, ordinal in found if stem == f"{self.name}-master"}

    def replicas(self, wanted: int) -> None:
        """Set spec.masters.replicas as a user."""
        self.kube.edit("AlluxioCluster", self.namespace, self.name, lambda obj: _set_replicas(obj, wanted))

    def remove(self, ordinal: int) -> None:
        """Remove a member as the leader does: a majority of the old and of the new members has to agree."""
        for members in (self.members, self.members - {ordinal}):
            assert len(members & self.running()) > len(members) // 2, "the leader can't commit this"
        self.members -= {ordinal}

    def restart_container(self, ordinal: int) -> None:
        """Restart a master's process in its pod: it asks to join again."""
        self.asked.pop(ordinal, None)

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        if job:
            self.stale -= {int(name.rpartition("-")[2]) for name in self.kube.of_kind("Job") if "-journal-m" in name}
        super().turn(job=job, pods=pods, serves=serves)
        self._elect()
        for ordinal in sorted(self.running()):
            uid = self.kube.object("Pod", self.namespace, f"{self.name}-master-{ordinal}")["metadata"]["uid"]
            if self.asked.get(ordinal) == uid:
                continue
            self.asked[ordinal] = uid
            if ordinal in self.stale:
                self.dangers.append(f"master {ordinal} starts with the journal of a former member")
            if self.leader is not None and ordinal not in self.deaf:
                self.members.add(ordinal)
        self._elect()
        self._answer(serves=serves)
        self._judge()

    def _elect(self) -> None:
        able = self.members & self.running()
        if len(able) <= len(self.members) // 2:
            self.leader = None
        elif self.preferred in able:
            self.leader = self.preferred
        elif self.leader not in able:
            self.leader = min(able)

    def _answer(self, *, serves: bool) -> None:
        self.alluxio.answers, self.alluxio.master = {}, NoAnswer("connection refused")
        live = sum("-worker-" in name for name in self.kube.of_kind("Pod"))
        for ordinal in self.running() if serves else ():
            follows = "" if self.leader is None or ordinal not in self.members else self.host(self.leader)
            made = info(live=live, names=Names(self.name, self.namespace))
            self.alluxio.answers[address(ordinal)] = made if ordinal == self.leader else Standby(follows)
            self.alluxio.indexes[address(ordinal)] = INDEX

    def _judge(self) -> None:
        if len(self.running() - self.members) > 1:
            self.dangers.append(f"masters {sorted(self.running() - self.members)} run without being members")
        if self.running() and self.members & self.running() and self.leader is None:
            self.dangers.append(f"no majority of {sorted(self.members)} runs: {sorted(self.running())}")

    def until(self, members: int, rounds: int = 80) -> None:
        """Reconcile until the change is complete and the cluster is Ready."""
        for _ in range(rounds):
            self.reconcile()
            self.turn()
            self.now += timedelta(seconds=5)
            journal = self.status["journal"]
            ready = [c["status"] for c in self.status["conditions"] if c["type"] == "Ready"] == ["True"]
            if journal["members"] == members and "change" not in journal and ready and not outdated(self):
                return
        raise AssertionError(f"not done: {self.status['journal']} {self.status['conditions']}")


def _set_replicas(obj: Json, wanted: int) -> None:
    obj["spec"]["masters"] = {**obj["spec"].get("masters", {}), "replicas": wanted}


def settled(replicas: int = 1, **over: Any) -> Masters:
    """Return a cluster that is installed and Ready."""
    world = Masters(replicas, **over)
    world.settle()
    world.until(replicas)
    world.kube.writes.clear()
    world.dangers.clear()
    return world
