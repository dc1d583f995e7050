"""What the parts of the model of Kubernetes share: objects, nodes, processes, the clock, and chance.

Delays follow from the seed and the object's name, so that a run is deterministic and one action less changes no other
delay.
"""

from __future__ import annotations

import heapq
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.simulation.alluxio import Masters, Raft
from tests.simulation.store import Store
from tests.support.builders import NOW

from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

UNREACHABLE_AFTER, EVICTED_AFTER, NODE_GONE_AFTER = 40.0, 300.0, 10.0
"""Seconds until the pods of a lost node are unready, until they are deleted, and until those of a deleted node go."""
SIM = "SIM"
"""Variable of a container that makes it behave: `crash`, `slow`, `unready`, or any other value, which runs well.

A master that is `unready` answers and votes, and its probes fail.
"""
BROKEN_TAG = "broken"
VERIFICATION = 20.0
"""Seconds in which a Job reads a backup and restores it."""
OWNERS = ("AlluxioCluster", "AlluxioBackup", "Presto")


@dataclass
class Node:
    """A machine; `cut`: it runs and reaches nothing, `dead`: its processes are gone."""

    name: str
    zone: int
    state: Literal["up", "cut", "dead"] = "up"
    since: float = 0.0
    cordoned: bool = False
    added: float = -1e9

    def lost_for(self, t: float) -> float:
        """Return for how many seconds the API server hasn't heard from it."""
        return 0.0 if self.state == "up" else t - self.since


@dataclass
class Proc:
    """What the kubelet and the processes of one pod really do."""

    uid: str
    name: str
    path: str
    role: str
    app: str
    owner: tuple[str, str]
    owner_kind: str
    node: Node
    ip: str
    image: str
    version: str
    behaviour: str
    claims: dict[str, str]
    containers: list[str]
    inits: list[str]
    bound_at: float
    started: float = 0.0
    stage: Literal["creating", "init", "waiting", "started", "ready"] = "creating"
    due: float = 0.0
    restarts: int = 0
    waits_for: str = ""
    message: str = ""
    ready_since: float | None = None
    transition: float = 0.0
    shown_ready: bool = False
    shown: Any = None
    ends: float | None = None
    joined_once: bool = False
    begun: bool = False
    """Whether the startup probe of the present run has succeeded."""
    resource: str = ""
    """Uid of the resource that it was created for."""
    ports: frozenset[str] = frozenset()

    @property
    def reachable(self) -> bool:
        return self.node.state == "up"

    @property
    def up(self) -> bool:
        return self.node.state != "dead"


class State:
    """The state of a cluster around a store; each part of Kubernetes is a subclass, and `Cluster` has all parts."""

    def __init__(self, seed: int, nodes: int, store: Store | None = None) -> None:
        self.seed = seed
        self.t = 0.0
        self.store = store or Store(lambda: self.now)
        self.nodes = {f"node-{n}": Node(f"node-{n}", n % 3) for n in range(nodes)}
        self.gone_nodes: dict[str, float] = {}
        self.procs: dict[str, Proc] = {}
        self.journals: dict[str, Raft] = {}
        self.aside: dict[tuple[str, str], Raft | None] = {}
        """By uid of a PVC and restore in place, the journal that was renamed; None if there was none."""
        self.files: dict[str, set[str]] = {}
        """By uid of a root mount's PVC, the names of the persisted blocks that lie there."""
        self.claimed: dict[str, float] = {}
        self.masters: dict[tuple[str, str], Masters] = {}
        self.histories = 0
        self.stalled_until = 0.0
        self.collect_at: float | None = None
        self.violate: Callable[[str, str], None] = lambda rule, message: None
        self.job_created: Callable[[Json], None] = lambda job: None
        """Called when a Job's pod has created a journal."""
        self._wakes: list[float] = []
        self._acts_at = math.inf
        self._later: list[float] = []
        self._ips: dict[str, Proc] = {}
        self._ip = 0
        self._hashes: dict[tuple[str, int], str] = {}
        self._chances: dict[str, int] = {}
        self._job_done: dict[str, float] = {}
        self._verified_at: dict[str, float] = {}

    @property
    def now(self) -> datetime:
        """The true time."""
        return NOW + timedelta(seconds=self.t)

    def wake(self, at: float) -> None:
        """Ask for a tick at a time."""
        heapq.heappush(self._wakes, math.ceil(at * 2) / 2)

    def next_due(self) -> float:
        """Return when the next tick is due."""
        return self._wakes[0] if self._wakes else float("inf")

    def chance(self, label: str) -> float:
        """Return a number in [0, 1) that follows from the seed, the label, and how often it was asked for."""
        n = self._chances[label] = self._chances.get(label, 0) + 1
        return zlib.crc32(f"{self.seed}:{label}:{n}".encode()) / 2**32

    def stall(self, seconds: float) -> None:
        """Let the controllers of Kubernetes do nothing for a while."""
        self.stalled_until = self.t + seconds
        self._act_by(self.stalled_until)

    def resume(self) -> None:
        """End a stall, and let all controllers look again."""
        self.stalled_until = 0.0
        self._act_by(self.t)

    def noticed(self, before: Json, after: Json) -> None:
        """Note a change of an object: controllers act a moment later."""
        kind = (after or before)["kind"]
        if kind == "Event":
            return
        if not after:
            self.collect_at = self.t + 1 + 4 * self.chance("gc")
            self._act_by(self.collect_at)
        if self._acts_at > self.t + 1.3:
            self._act_by(self.t + 0.3 + self.chance("controllers"))

    def _act_by(self, at: float) -> None:
        """Let the controllers act at a time, or earlier."""
        self._acts_at = min(self._acts_at, at)
        self._later.append(at)
        self.wake(max(at, self.stalled_until))

    def uid_of(self, kind: str, namespace: str, name: str) -> str:
        """Return the uid of an object; empty if it doesn't exist."""
        obj = self.store.find(kind, namespace, name)
        return str(obj["metadata"]["uid"]) if obj else ""

    def masters_of(self, namespace: str, name: str) -> Masters:
        """Return the masters of a cluster."""
        return self.masters.setdefault((namespace, name), Masters(self, namespace, name))

    def by_ip(self, ip: str) -> Proc | None:
        """Return the process at an address."""
        return self._ips.get(ip)

    def of_role(self, owner: tuple[str, str], role: str, app: str = "alluxio") -> list[Proc]:
        """Return the processes of a role."""
        return [p for p in self.procs.values() if p.owner == owner and p.role == role and p.app == app]


def path_of(obj: Json) -> str:
    """Return the path of an object."""
    return KINDS[obj["kind"]].path(obj["metadata"]["namespace"], obj["metadata"]["name"])


def is_leaving(pod: Json) -> bool:
    """Return True if an object is being deleted."""
    return "deletionTimestamp" in pod["metadata"]
