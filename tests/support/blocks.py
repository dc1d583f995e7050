"""A model of Alluxio's workers and blocks for worlds: what the leader knows, and what the workers really have.

It follows Alluxio 2.9.4 where a removal of workers can lose data (run on 2.9.4, or read in its sources):

- A LIVE worker reports each second. Without a report for 5 minutes it is LOST, and its locations vanish. The leader
  forgets it half an hour later, or at once when another process leads; the next heartbeat registers it again.
- A DECOMMISSIONED worker serves on and commits blocks, while the leader shows none of its locations and processes none
  of its heartbeats. Also a LOST worker can be decommissioned.
- A copy into a worker without room evicts blocks that aren't pinned, also the last copy of one that no UFS has.
- A worker whose commit doesn't reach the leader keeps the block, and reports it only when it registers again.
- A worker's process that ends loses its blocks, unless its tier is `lasting`.

`lost` is the invariant: a block of an unpersisted file that had a copy on a running worker still has one, unless a
client deleted or evicted it, or a worker that died had the last copy. `wrong` is another: no copy has other bytes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from tests.support.block_types import Copy, File, Registration, Worker

FIRST_BLOCK: Final = 16_777_216
HEARTBEAT: Final = 1.0
WORKER_TIMEOUT: Final = 300.0
FORGOTTEN_AFTER: Final = WORKER_TIMEOUT + 1800.0
"""Seconds from the last heartbeat that the leader processed."""
LOST_FILES_EVERY: Final = 300.0
REPLICATION_EVERY: Final = 60.0
UNNOTICED: Final = 10.0
"""Seconds after its end in which a dead worker may still be taken for one that has its blocks."""
STEP: Final = 30.0
"""Seconds between the heartbeats of a long pause."""


class Cluster:
    """The leader, its workers, files and clients. `clock` returns seconds; without it, `advance` moves the time."""

    def __init__(
        self, *hosts: str, capacity: int = 1000, seed: int = 0, clock: Callable[[], float] | None = None
    ) -> None:
        self.random = Random(seed)
        self._clock = clock
        self.t = clock() if clock else 1_000_000.0
        self.workers = {host: Worker(host, capacity) for host in hosts}
        self.files: dict[str, File] = {}
        self.lengths: dict[int, int] = {}
        """The leader's records of blocks."""
        self.leader = ("master-0", 1)
        self.leads_from = 0.0
        self.safe_until = 0.0
        self.known: dict[str, Registration] = {}
        self.excused: dict[int, str] = {}
        """Blocks that may be gone, with the reason."""
        self.due: list[tuple[float, int, Callable[[], object]]] = []
        self.job_service = False
        self.trapped: list[str] = []
        """Files whose attributes a failed job changed."""
        self.harmed: list[int] = []
        """Blocks that were copied into workers of another cluster."""
        self._uids: dict[str, str] = {}
        self._owners: dict[int, File] = {}
        self._dead: dict[int, tuple[float, str]] = {}
        """Blocks that a worker had which died, with the time and the reason."""
        self._turn = 0
        self._containers = 0
        self._lost_files_at = self._replication_at = self.t
        self._beat()

    # --- time -----------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass; only without a clock."""
        self._pass(self.t + seconds)

    def catch_up(self) -> None:
        """Let happen what is due by now."""
        self._pass(self._clock() if self._clock else self.t)

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something after a time."""
        self._turn += 1
        heapq.heappush(self.due, (self.t + seconds, self._turn, act))

    def _pass(self, until: float) -> None:
        while True:
            upto = min(until, self.t + STEP)
            while self.due and self.due[0][0] <= upto:
                first = heapq.heappop(self.due)
                self.t = max(self.t, first[0])
                first[2]()
            self.t = max(self.t, upto)
            self._beat()
            if self.t >= until:
                return

    # --- the leader -----------------------------------------------------------------------------------------------

    @property
    def serves(self) -> bool:
        """Whether a leader serves, out of safe mode."""
        return self.leads_from <= self.t and self.safe_until <= self.t

    def change_leader(self, away: float = 0.0, safe: float = 5.0, *, same_host: bool = False) -> None:
        """Let another process lead, after `away` seconds and another `safe` in safe mode. It knows no worker."""
        host, started = self.leader
        self.leader = (host if same_host else f"master-{(int(host[-1]) + 1) % 3}", started + 1)
        self.known = {}
        self.leads_from = self.t + away
        self.safe_until = self.leads_from + safe

    def owner(self, block_id: int) -> File | None:
        """Return the file that has a block."""
        return self._owners.get(block_id)

    def locations(self, block_id: int) -> list[str]:
        """Return the hosts that the leader names for a block."""
        return sorted(host for host, one in self.known.items() if one.state == "LIVE" and block_id in one.blocks)

    def _beat(self) -> None:
        if self.leads_from > self.t:
            return
        for worker in self.workers.values():
            if worker.alive and not worker.cut_off and not worker.stranger and worker.late <= self.t:
                self._heartbeat(worker)
        for host, one in list(self.known.items()):
            silent = self.t - one.heard
            if one.state == "LIVE" and silent > WORKER_TIMEOUT:
                one.state = "LOST"
            if one.state != "LIVE" and silent > FORGOTTEN_AFTER:
                del self.known[host]
        for path in [path for path, one in self.files.items() if one.expires is not None and one.expires <= self.t]:
            self.delete(path)
        if self.t - self._lost_files_at >= LOST_FILES_EVERY:
            self._lost_files_at = self.t
            for file in self.files.values():
                gone = [one for one in file.ids if one in self.lengths and not self.locations(one)]
                file.is_marked_lost |= not file.persisted and bool(gone)
        if self.job_service and self.t - self._replication_at >= REPLICATION_EVERY:
            self._replication_at = self.t
            self._replicate()

    def _heartbeat(self, worker: Worker) -> None:
        known = self.known.get(worker.host)
        restarted = known is not None and known.incarnation != worker.incarnation
        if known is None or known.state == "LOST" or restarted:
            started = known.started if known else self.t
            worker.unreported = set()
            known = self.known[worker.host] = Registration("LIVE", self.t, worker.incarnation, started)
        elif known.state == "DECOMMISSIONED" or self.t - known.heard < HEARTBEAT:
            return
        known.heard, known.capacity = self.t, worker.capacity
        for block_id in [one for one in worker.blocks if one not in self.lengths and one not in worker.unreported]:
            # The leader has no record, because the file was deleted: it has the worker remove the block.
            del worker.blocks[block_id]
        known.used, known.blocks = worker.used, set(worker.blocks) - worker.unreported

    def _replicate(self) -> None:
        for file in self.files.values():
            for block_id in file.ids if file.completed else ():
                hosts = self.locations(block_id)
                if 0 <= file.replication_max < len(hosts):
                    self._drop(self.workers[self.random.choice(hosts)], block_id, "evicted by the job service")
                elif hosts and len(hosts) < file.replication_min:
                    others = [self.workers[one] for one, reg in self.known.items() if reg.state == "LIVE"]
                    others = [one for one in others if one.host not in hosts and one.free >= self.lengths[block_id]]
                    if others:
                        self.copy(self.random.choice(others).host, block_id, self.lengths[block_id], hosts[0])
                    else:
                        file.replication_min, file.pinned = 0, False
                        self.trapped.append(file.path)

    # --- processes ------------------------------------------------------------------------------------------------

    def crash(self, host: str) -> None:
        """End a worker's process against everyone's will: what only it had may be gone."""
        self._end(host, f"worker {host} died")

    def stop(self, host: str, *, returns: bool = False) -> None:
        """End a worker's process because its pod is deleted; `returns`: another pod gets its lasting tier."""
        self._end(host, None)
        self.workers[host].returns = returns and self.workers[host].lasting

    def start(self, host: str, capacity: int = 1000, *, late: float = 0.0) -> Worker:
        """Start a worker's process, with the blocks of its lasting tier or none; it registers after `late` seconds."""
        worker = self.workers.setdefault(host, Worker(host, capacity))
        if not worker.alive:
            worker.alive, worker.returns, worker.stranger = True, False, False
            worker.incarnation += 1
        worker.late = self.t + late
        self._beat()
        return worker

    def replace_by_stranger(self, host: str, *ids: int) -> None:
        """Let a worker of another cluster have the address of one that has ended; it has other blocks of these ids."""
        worker = self.workers[host]
        assert not worker.alive
        worker.alive = worker.stranger = True
        worker.blocks = {one: Copy(self.lengths.get(one, 64), 0) for one in ids}

    def follow(self, hosts: dict[str, str], capacity: int = 1000) -> None:
        """Let processes run for these hosts only, each for a pod by its uid: another uid is another process."""
        for host, worker in self.workers.items():
            known = self._uids.get(host, hosts.get(host))
            if worker.alive and not worker.stranger and (host not in hosts or hosts[host] != known):
                self.stop(host, returns=host in hosts)
        for host, uid in hosts.items():
            if host not in self.workers or not self.workers[host].alive:
                self.start(host, capacity)
            self._uids[host] = uid

    def _end(self, host: str, reason: str | None) -> None:
        worker = self.workers[host]
        worker.alive = False
        worker.temporary = {}
        if reason:
            self._dead |= dict.fromkeys(worker.blocks, (self.t, reason))
        if not worker.lasting or worker.stranger:
            for block_id in list(worker.blocks):
                self._drop(worker, block_id, reason, leader_knows=False)
        elif reason:
            for block_id in worker.blocks:
                self._excuse(worker, block_id, reason)

    # --- clients --------------------------------------------------------------------------------------------------

    def write(self, path: str, *lengths: int, on: str, **attributes: object) -> File:
        """Write a file into a worker, and close it. An existing file is overwritten, and what fails is deleted."""
        file = self.open(path, **attributes)
        for length in lengths:
            if not self.commit(path, self.begin_block(path, on, length), on):
                self.delete(path)
                break
        file.completed = True
        return file

    def open(self, path: str, **attributes: object) -> File:
        """Create a file without blocks, which stays open."""
        if path in self.files:
            self.delete(path)
        file = self.files[path] = File(path, completed=False)
        for name, value in attributes.items():
            setattr(file, name, value)
        return file

    def begin_block(self, path: str, on: str, length: int) -> int:
        """Begin to write a block into a worker; return its id. Without room, the worker evicts others' blocks."""
        ids = self.files[path].ids
        if not ids:
            self._containers += 1
        block_id = ids[-1] + 1 if ids else self._containers * FIRST_BLOCK
        ids.append(block_id)
        self._owners[block_id] = self.files[path]
        worker = self.workers[on]
        self._make_room(worker, length, "evicted by a client's write")
        worker.temporary[block_id] = length
        return block_id

    def commit(self, path: str, block_id: int, on: str) -> bool:
        """End a block; return False if its worker has lost it meanwhile. A deleted file's block is an orphan."""
        worker = self.workers[on]
        if not worker.alive or worker.stranger or block_id not in worker.temporary:
            return False
        return self._commit(worker, block_id, worker.temporary.pop(block_id), block_id) and path in self.files

    def cache(self, path: str, on: str) -> None:
        """Read a persisted file through a worker, which keeps its blocks."""
        for block_id in self.files[path].ids:
            worker, length = self.workers[on], self.lengths.get(block_id, 0)
            if (
                length
                and block_id not in worker.blocks
                and self._make_room(worker, length, "evicted by a client's read")
            ):
                self._commit(worker, block_id, length, block_id)

    def persist(self, path: str) -> None:
        """Let the UFS have a file."""
        self.files[path].persisted = True

    def rename(self, path: str, new: str) -> None:
        """Rename a file. Its blocks keep their ids."""
        self.delete(new)
        file = self.files.pop(path)
        file.path = new
        self.files[new] = file

    def delete(self, path: str) -> None:
        """Delete a file. Its workers remove the blocks at their next heartbeat that the leader processes."""
        file = self.files.pop(path, None)
        for block_id in file.ids if file else ():
            self.lengths.pop(block_id, None)
            self._owners.pop(block_id, None)

    # --- stores ---------------------------------------------------------------------------------------------------

    def copy(self, target: str, block_id: int, length: int, source: str) -> str:
        """Copy a block between workers; return the target's error, or an empty text, which is no proof of a copy."""
        to, by = self.workers[target], self.workers[source]
        if block_id in to.blocks or block_id in to.temporary or target == source:
            return ""
        if not by.alive:
            return "UNKNOWN: UnavailableException: io exception"
        found = by.blocks.get(block_id)
        if found is None:
            return f"UNKNOWN: NotFoundException: BlockMeta not found for blockId {block_id}"
        if found.length < length:
            return f"UNKNOWN: OutOfRangeException: Block {block_id} is expected to be {length} bytes"
        if not self._make_room(to, length, None):
            return "RESOURCE_EXHAUSTED: no space"
        committed = self._commit(to, block_id, length, found.content if found.length == length else 0)
        return "" if committed else "UNAVAILABLE: the leader doesn't take the commit"

    def _commit(self, worker: Worker, block_id: int, length: int, content: int) -> bool:
        worker.blocks[block_id] = Copy(length, content)
        if worker.stranger:
            self.harmed.append(block_id)
            return True
        known = self.known.get(worker.host)
        if known is None or known.incarnation != worker.incarnation or worker.cut_off or self.leads_from > self.t:
            worker.unreported.add(block_id)
            return False
        # The leader keeps the first length, and notes the location in any case.
        self.lengths.setdefault(block_id, length)
        known.blocks.add(block_id)
        return True

    def _make_room(self, worker: Worker, length: int, reason: str | None) -> bool:
        for block_id in list(worker.blocks):
            if worker.free >= length:
                break
            file = self.owner(block_id)
            # A file with replicationMin is pinned (run on 2.9.4).
            if file is None or not (file.pinned or file.replication_min > 0):
                self._drop(worker, block_id, reason)
        return worker.free >= length

    def _drop(self, worker: Worker, block_id: int, reason: str | None, *, leader_knows: bool = True) -> None:
        died, why = self._dead.get(block_id, (-UNNOTICED, ""))
        if reason or self.t - died < UNNOTICED:
            self._excuse(worker, block_id, reason or why)
        del worker.blocks[block_id]
        worker.unreported.discard(block_id)
        known = self.known.get(worker.host)
        if leader_knows and known is not None and known.state == "LIVE":
            known.blocks.discard(block_id)

    def _excuse(self, worker: Worker, block_id: int, reason: str) -> None:
        if all(host == worker.host for host in self.copies(block_id)):
            self.excused.setdefault(block_id, reason)

    # --- the invariant --------------------------------------------------------------------------------------------

    def copies(self, block_id: int) -> Iterator[str]:
        """Yield the hosts that really have a whole and right copy, or get it back with their lasting tier."""
        for host, worker in self.workers.items():
            one = worker.blocks.get(block_id)
            right = one is not None and (one.length, one.content) == (self.lengths.get(block_id), block_id)
            if right and not worker.stranger and (worker.alive or worker.returns):
                yield host

    def lost(self) -> list[str]:
        """Return the blocks that are lost and must not be; each with its file."""
        return [
            f"block {block_id} of {file.path} has no copy"
            for file in self.files.values()
            if not file.persisted
            for block_id in file.ids
            if block_id in self.lengths and block_id not in self.excused and not any(self.copies(block_id))
        ]

    def wrong(self) -> list[str]:
        """Return the copies with other bytes than their block, which a client may read; each with its host."""
        return [
            f"worker {host} has a wrong copy of block {block_id}"
            for host, worker in self.workers.items()
            for block_id, one in worker.blocks.items()
            if not worker.stranger and block_id in self.lengths
            if (one.length, one.content) != (self.lengths[block_id], block_id)
        ]

    def unreadable(self) -> list[str]:
        """Return the blocks that have a copy which clients don't find."""
        return [
            f"block {block_id} of {file.path} has no location"
            for file in self.files.values()
            for block_id in file.ids
            if not file.persisted and any(self.copies(block_id)) and not self.locations(block_id)
        ]
