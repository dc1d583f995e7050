"""A small model of Alluxio: journals on volumes, a quorum with a leader, workers that register, blocks with locations.

What holds here is the truth that invariants are judged by; the operator sees it through the `Alluxio` protocol only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.backup import ENTRIES

from alluxio_operator.alluxio.answers import (
    Answer,
    BackupStatus,
    MasterInfo,
    NoAnswer,
    QuorumInfo,
    QuorumMember,
    Standby,
    UnpersistedFiles,
    WorkerRegistration,
    WriteResult,
)
from alluxio_operator.alluxio.at_risk import Holders, RiskListing
from alluxio_operator.kinds.cluster.ports import ISOLATED
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo, Server
from alluxio_operator.transport.deadline import Deadline

if TYPE_CHECKING:
    from tests.simulation.state import Proc, State

Json = dict[str, Any]

ELECTION, SAFE_MODE, CATCH_UP, REGISTRATION = 3.0, 2.0, 4.0, 2.0
"""Seconds of an election, until a leader serves, until an empty member has the journal, until a worker registers."""
EXPIRY = 300.0
"""alluxio.master.worker.timeout: seconds after which a leader counts a silent worker as lost."""
BACKUP = 8.0
"""Seconds in which Alluxio writes a backup."""
RESTORE = 5.0
"""Seconds that a leader takes to restore a backup."""


@dataclass
class Raft:
    """A journal folder: `history` is that of its entries, None while it is empty and may be started with."""

    history: int | None = None
    index: float = 0.0
    operation: str = ""
    """The restore in place that created it; empty for any other."""
    half: bool = False
    """Whether it holds a part of a backup only."""
    emptied: str = ""


@dataclass
class Block:
    """One block: `memory` holds the workers' pods with a replica in memory, `disk` the PVCs with one."""

    name: str
    persisted: bool
    memory: set[str] = field(default_factory=set)
    disk: set[str] = field(default_factory=set)

    @property
    def lost(self) -> bool:
        """Whether no copy is left anywhere."""
        return not (self.persisted or self.memory or self.disk)


@dataclass
class Registration:
    """A worker as the leader knows it; one that restarts registers again beside its predecessor."""

    proc: str
    host: str
    seen: float
    started: float


class Masters:
    """The masters and workers of one cluster."""

    def __init__(self, world: State, namespace: str, name: str) -> None:
        self.world = world
        self.namespace, self.name = namespace, name
        self.leader: Proc | None = None
        self.leading_since = 0.0
        self.election_at: float | None = None
        self.established: dict[str, int] = {}
        """By uid of the resource, the history that its first leader served."""
        self.acknowledged = 0.0
        self.workers: dict[str, Registration] = {}
        self.blocks: list[Block] = []
        self.backups: dict[str, tuple[float, str]] = {}
        """By identifier, begin and folder of each backup."""
        self.backups_fail = False
        self.slow_until = 0.0
        self.joined: dict[str, float] = {}
        """By uid of a standby's pod, when it has caught up with the leader."""
        self.last = 0.0
        self.before: dict[str, tuple[int | None, float]] = {}
        """By restore in place, the history that was served before, and what it had reached."""
        self.restoring_until = 0.0
        self.restored: dict[tuple[str, int], int] = {}
        """By pod and restarts, the number of entries that a master's process has restored itself."""

    @property
    def isolated(self) -> bool:
        """Whether no client and no worker finds the leader."""
        return self.leader is not None and ISOLATED in self.leader.ports

    @property
    def serving(self) -> bool:
        """Whether a leader serves clients."""
        return self.leader is not None and self.world.t >= self.leading_since + SAFE_MODE

    @property
    def members(self) -> int:
        """Number of masters that the quorum consists of."""
        resource = self.world.store.find("AlluxioCluster", self.namespace, self.name)
        if resource is None:
            return 0
        journal = resource.get("status", {}).get("journal") or {}
        return int(journal.get("members") or resource["spec"].get("masters", {}).get("replicas", 1))

    def running(self) -> list[Proc]:
        """Return the masters whose processes run and reach each other."""
        return [p for p in self._procs("master") if self.answers(p)]

    def answers(self, proc: Proc) -> bool:
        """Return True if a master has read its journal and answers."""
        return proc.stage in ("started", "ready") and proc.reachable and proc.up and self.world.t >= proc.due

    def in_quorum(self) -> list[Proc]:
        """Return the masters that lead or follow with all entries."""
        if self.leader is None:
            return []
        return [p for p in self.running() if p is self.leader or self.joined.get(p.uid, 1e18) <= self.world.t]

    def raft(self, proc: Proc) -> Raft | None:
        """Return the journal folder that a master has mounted."""
        return self.world.journals.get(proc.claims.get("journal", ""))

    def tick(self) -> None:
        """Let time pass: elections, entries, registrations."""
        t = self.world.t
        running = self.running()
        if self.leader is not None and self.leader not in running:
            self.leader, self.joined = None, {}
            # A new leader knows no worker before it registers.
            self.workers.clear()
        majority = self.members // 2 + 1
        if self.leader is not None and len(running) < majority:
            self.leader, self.joined = None, {}
            self.workers.clear()
        if self.leader is None:
            if self.members and len(running) >= majority:
                if self.election_at is None:
                    self.election_at = t + ELECTION
                    self.world.wake(self.election_at)
                elif t >= self.election_at:
                    self._elect(running)
            else:
                self.election_at = None
        if self.leader is not None:
            self._restore(self.leader)
        if self.leader is not None:
            self._follow(running, majority, t - self.last)
        self._register()
        self.last = t

    def _elect(self, running: list[Proc]) -> None:
        self.election_at = None
        rafts = [(p, raft) for p in running if (raft := self.raft(p)) is not None]
        if len(rafts) < self.members // 2 + 1:
            return
        known = [(p, raft) for p, raft in rafts if raft.history is not None]
        if known:
            # An entry that no majority had is overwritten: of a restore that has begun anew, the last journal counts.
            served = self.established.get(known[0][0].resource)
            leader, best = max(known, key=lambda one: (one[1].history == served, one[1].index, one[0].name))
            history = best.history
            assert history is not None
        else:
            leader, best = max(rafts, key=lambda one: one[0].name)
            self.world.histories += 1
            best.history = history = self.world.histories
            best.index = 0.0
        if not known and best.operation:
            # A restore in place: its journal takes the place of the one of before.
            self.established[leader.resource] = history
            best.half, self.restoring_until = True, self.world.t + RESTORE
            self.world.wake(self.restoring_until)
        elif best.half:
            # It may lead beside empty ones: the restore is done again.
            self.established[leader.resource], self.acknowledged = history, 0.0
        first = self.established.setdefault(leader.resource, history)
        if first != history or (best.index < self.acknowledged - 1e-6 and first == history and known):
            self.world.violate(
                "journal_is_kept",
                f"{leader.name} leads with journal {history} at {best.index:.0f}, and journal {first} had reached "
                f"{self.acknowledged:.0f}",
            )
        if not known:
            self.acknowledged = 0.0
        self.leader, self.leading_since = leader, self.world.t
        self.joined = {p.uid: self.world.t for p, raft in known if p is not leader and raft.index >= best.index - 1e-6}
        self.world.wake(self.world.t + SAFE_MODE)

    def _restore(self, leader: Proc) -> None:
        """Let the leader that has begun a restore end it; one that has taken over skips it."""
        raft = self.raft(leader)
        if raft is None or not raft.half:
            return
        if self.world.t < self.restoring_until:
            return
        if self.leading_since + RESTORE == self.restoring_until:
            raft.half = False
            self.restored[leader.uid, leader.restarts] = ENTRIES
            return
        if ISOLATED not in leader.ports:
            self.world.violate("half_of_the_names_is_never_served", f"{leader.name} leads with half of a backup")

    def _follow(self, running: list[Proc], majority: int, seconds: float) -> None:
        leader = self.leader
        assert leader is not None
        lead = self.raft(leader)
        if lead is None:
            return
        for proc in running:
            if proc is not leader and proc.uid not in self.joined:
                self.joined[proc.uid] = self.world.t + CATCH_UP
                self.world.wake(self.joined[proc.uid])
        synced = self.in_quorum()
        if len(synced) >= majority:
            lead.index += max(seconds, 0.0)
            for proc in synced:
                raft = self.raft(proc)
                if raft is not None:
                    raft.history, raft.index, raft.half = lead.history, lead.index, lead.half
            self.acknowledged = lead.index

    def _register(self) -> None:
        t = self.world.t
        if not self.serving or self.isolated:
            return
        for proc in self._procs("worker"):
            if proc.stage in ("started", "ready") and proc.reachable and proc.up and t >= proc.due:
                key = f"{proc.uid}/{proc.restarts}"
                if key not in self.workers:
                    host = f"{proc.name}.{self.name}-worker.{self.namespace}.svc"
                    self.workers[key] = Registration(
                        proc.uid, host if proc.owner_kind == "StatefulSet" else proc.ip, t, t
                    )
                self.workers[key].seen = t

    @property
    def is_backing_up(self) -> bool:
        """Whether the leader writes a backup now."""
        begun = [began for began, _ in self.backups.values() if began >= self.leading_since]
        return self.leader is not None and any(self.world.t < began + BACKUP for began in begun)

    def registrations(self) -> tuple[WorkerRegistration, ...]:
        """Return the workers as the leader reports them."""
        return tuple(
            WorkerRegistration(
                one.host,
                int(self.world.t - one.seen),
                int(one.started * 1000),
                1024**3,
                0,
                lost=self.world.t - one.seen > EXPIRY,
            )
            for one in self.workers.values()
        )

    def sole_copies(self, proc: Proc) -> list[Block]:
        """Return the blocks whose last copy is in the memory of a worker's pod."""
        return [b for b in self.blocks if not b.persisted and not b.disk and b.memory == {proc.uid}]

    def drop_memory(self, proc: Proc) -> None:
        """Drop what was in the memory of a pod."""
        for block in self.blocks:
            block.memory.discard(proc.uid)

    def _procs(self, role: str) -> Iterable[Proc]:
        return [p for p in self.world.procs.values() if p.role == role and p.owner == (self.namespace, self.name)]


class AlluxioAsked:
    """The answers of all clusters, as the operator gets them."""

    def __init__(self, world: State, unreachable: Callable[[Masters], bool]) -> None:
        self.world = world
        self.unreachable = unreachable
        self.told: list[str] = []

    def master_info(self, host: str, port: int, deadline: Deadline) -> Answer:
        proc, masters = self._master(host)
        if proc is None or masters is None or not proc.reachable or self.unreachable(masters):
            return NoAnswer("no answer in time")
        if not masters.answers(proc):
            return NoAnswer("connection refused")
        if masters.leader is proc:
            if not masters.serving:
                return NoAnswer("the leader is in safe mode", leads=True)
            return MasterInfo(proc.version, masters.registrations())
        leader = masters.leader
        return Standby(f"{leader.name}.{masters.namespace}.svc" if leader and proc.uid in masters.joined else "")

    def journal_index(self, host: str, port: int, deadline: Deadline) -> int | None:
        proc, masters = self._master(host)
        if proc is None or masters is None or not (proc.reachable and proc.up) or self.unreachable(masters):
            return None
        raft = masters.raft(proc)
        return int(raft.index) if raft and raft.history is not None else None

    def serves_clients(self, host: str, port: int, deadline: Deadline) -> bool:
        proc, masters = self._master(host)
        if proc is None or masters is None or self.unreachable(masters) or masters.leader is not proc:
            return False
        return masters.serving and self.world.t >= masters.restoring_until

    def restored_entries(self, host: str, port: int, deadline: Deadline) -> int | None:
        proc, masters = self._master(host)
        if proc is None or masters is None or not masters.answers(proc) or self.unreachable(masters):
            return None
        return masters.restored.get((proc.uid, proc.restarts), -1)

    def mark_for_sync(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        proc, masters = self._master(host)
        if masters is None or proc is not masters.leader or not masters.serving or self.unreachable(masters):
            return NoAnswer("no answer in time")
        return ""

    def unpersisted_files(self, host: str, port: int, since_ms: int, deadline: Deadline) -> UnpersistedFiles | NoAnswer:
        proc, masters = self._master(host)
        if masters is None or proc is not masters.leader or self.unreachable(masters):
            return NoAnswer("no answer in time")
        return UnpersistedFiles(sum(not one.persisted for one in masters.blocks))

    def risk_listing(self, host: str, port: int, holders: Holders) -> RiskListing:
        raise AssertionError("the operator of the simulation lists nothing")

    def backup(self, host: str, port: int, directory: str, deadline: Deadline) -> str | NoAnswer:
        proc, masters = self._master(host)
        if masters is None or proc is not masters.leader or not masters.serving or self.unreachable(masters):
            return NoAnswer("no answer in time")
        name = f"backup-{len(masters.backups) + 1}"
        masters.backups[name] = self.world.t, directory
        return name

    def backup_status(self, host: str, port: int, backup: str, deadline: Deadline) -> BackupStatus | NoAnswer:
        proc, masters = self._master(host)
        if masters is None or proc is not masters.leader or self.unreachable(masters):
            return NoAnswer("no answer in time")
        began, folder = masters.backups.get(backup, (-1.0, ""))
        if not folder or began < masters.leading_since:
            return BackupStatus("Unknown")
        if self.world.t < began + BACKUP:
            return BackupStatus("Running")
        if masters.backups_fail:
            return BackupStatus("Failed", error="the UFS refused the backup")
        number = backup.rpartition("-")[2]
        return BackupStatus("Completed", f"{folder}/alluxio-backup-2030-01-02-{number}.gz", ENTRIES)

    def update_configuration(
        self, host: str, port: int, properties: Mapping[str, str], deadline: Deadline
    ) -> Mapping[str, bool] | NoAnswer:
        proc, masters = self._master(host)
        if masters is None or proc is not masters.leader or not masters.serving or self.unreachable(masters):
            return NoAnswer("no answer in time")
        return dict.fromkeys(properties, True)

    def test_write(
        self, host: str, port: int, folder: str, leftover: str, deadline: Deadline
    ) -> WriteResult | NoAnswer:
        proc, masters = self._master(host)
        if masters is None or proc is not masters.leader or not masters.serving or self.unreachable(masters):
            return NoAnswer("no answer in time")
        return WriteResult()

    def delete_folder(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        return NoAnswer("not simulated")

    def quorum_info(self, host: str, port: int, deadline: Deadline) -> QuorumInfo | NoAnswer:
        proc, masters = self._master(host)
        if masters is None or proc is None or proc is not masters.leader or self.unreachable(masters):
            return NoAnswer("no answer in time")
        running = {one.name for one in masters.in_quorum()}
        name, namespace = f"{masters.name}-master", masters.namespace
        return tuple(
            QuorumMember(f"{name}-{one}.{namespace}.svc", f"{name}-{one}" in running, f"{name}-{one}" == proc.name)
            for one in range(masters.members)
        )

    def remove_member(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        return NoAnswer("not simulated")

    def transfer_lead(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        return NoAnswer("not simulated")

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        proc = self.world.by_ip(host)
        if proc is None or not (proc.reachable and proc.up and proc.stage == "ready"):
            return False
        return not self.unreachable(self.world.masters_of(*proc.owner))

    def _master(self, host: str) -> tuple[Proc | None, Masters | None]:
        proc = self.world.by_ip(host)
        return proc, self.world.masters_of(*proc.owner) if proc else None


class PrestoAsked:
    """The answers of Presto's coordinators; `queries`: those that wait, by name of the Presto."""

    def __init__(self, world: State) -> None:
        self.world = world
        self.queries: dict[str, int] = {}

    def coordinator(self, server: Server, deadline: Deadline) -> CoordinatorInfo | NoAnswer:
        proc = self.world.by_ip(server.host)
        if proc is None or not (proc.reachable and proc.up and proc.stage == "ready"):
            return NoAnswer("connection refused")
        workers = [
            p
            for p in self.world.procs.values()
            if p.role == "worker" and p.owner == proc.owner and p.app == "presto" and p.stage == "ready" and p.reachable
        ]
        return CoordinatorInfo(proc.version, len(workers), 0, self.queries.get(proc.owner[1], 0))

    def processor_load(self, server: Server, deadline: Deadline) -> float | None:
        return None
