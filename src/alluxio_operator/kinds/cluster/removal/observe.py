"""Asks Alluxio what a removal depends on, and remembers which copies were asked for."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from alluxio_operator.alluxio.answers import Alluxio, NoAnswer
from alluxio_operator.alluxio.removal import (
    Accepted,
    CopyOutcome,
    FilesFound,
    Held,
    HeldBlock,
    HeldListing,
    HeldQuestion,
    PlacesFound,
    Refused,
    WorkersReport,
    file_of,
)
from alluxio_operator.api.removal import RemovalStatus
from alluxio_operator.engine.background import Background
from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.reading import Reading
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import leaders_of, serving_leader
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.ports import rpc_port
from alluxio_operator.kinds.cluster.removal import victims
from alluxio_operator.kinds.cluster.removal.effects import BlockCopy, CopyBlocks
from alluxio_operator.kinds.cluster.removal.execute import COPIES, CopyThreads
from alluxio_operator.kinds.cluster.removal.reading import Copies, Listed, Process, RemovalReading, hidden_blocks
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.pods import Pod

log = logging.getLogger(__name__)

EVERY: Final = 5.0
"""Seconds between the starts of two listings of a cluster, if they are short."""
EVERY_IF_IT_STANDS: Final = 60.0
STANDS_AFTER: Final = 300.0
"""Seconds without progress."""
THREADS: Final = 2
"""Listings of all clusters at the same time."""
LOOKED_UP: Final = 2000
"""Files that a listing looks up by their ids."""
IDS_AT_ONCE: Final = 1000
"""Blocks of one question for their places."""
ASKED_AT_ONCE: Final = 64
"""Blocks for which one reconcile asks the worker that goes."""
UNREPORTED_MS: Final = 5_000
"""Time within which the leader's figures show a copy: its worker sends a heartbeat each second."""
UNANSWERED_MS: Final = 60_000
"""Further time for a copy without an answer."""
CALL_SECONDS: Final = 10.0

Listings = Background[Listed | NoAnswer]
"""Listings of all clusters with a removal."""


@dataclass(slots=True)
class _Memory:
    """What is remembered of the removal of one worker."""

    worker: tuple[str, str]
    kept: set[int] = field(default_factory=set)
    lost_before: set[int] = field(default_factory=set)
    has: dict[int, tuple[int, bool]] = field(default_factory=dict)
    in_flight: dict[int, BlockCopy] = field(default_factory=dict)
    accepted: dict[int, int] = field(default_factory=dict)
    recent: list[tuple[int, str, int]] = field(default_factory=list)
    tried: dict[int, dict[str, int]] = field(default_factory=dict)
    refusal: str = ""
    blocks: int = 0
    bytes: int = 0


class Removals:
    """Listings, copies and known blocks of all clusters, in memory only: a restarted operator repeats them.

    With no `threads`, a listing does a step when it is looked at, and copies are made at once: for tests.
    """

    def __init__(
        self,
        *,
        threads: int = THREADS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        listings: Listings | None = None,
    ) -> None:
        self.listings: Listings = listings or Background(
            lambda found: isinstance(found, NoAnswer), lambda *_: None, threads=threads, clock=clock,
            pauses=1.0, time_share=0.5, first_within=0.0, first_retry=EVERY,
        )  # fmt: skip
        self._copying = CopyThreads(COPIES if threads else 0)
        self._now = now
        self._memories: dict[OwnerKey, _Memory] = {}
        self._lock = threading.Lock()

    def forget(self, key: OwnerKey) -> None:
        """Drop what is known of a cluster, once no worker of it is to go."""
        self.listings.forget(key)
        with self._lock:
            self._memories.pop(key, None)

    def memory(self, key: OwnerKey, worker: tuple[str, str], moved: tuple[int, int]) -> _Memory:
        """Return what is remembered of a worker's removal, by its pod and the pod's uid; `moved` is on record."""
        with self._lock:
            known = self._memories.get(key)
            if known is None or known.worker != worker:
                known = self._memories[key] = _Memory(worker, blocks=moved[0], bytes=moved[1])
            return known

    def interval(self, record: RemovalStatus | None) -> float:
        """Return the seconds between two listings: more while nothing is copied, maybe for days."""
        if record is None or self._now() - moment(record.progress_at).timestamp() > STANDS_AFTER:
            return EVERY_IF_IT_STANDS
        return EVERY

    def copies(self, known: _Memory) -> Copies:
        """Return the copies as they are now."""
        now = self._ms()
        with self._lock:
            known.recent = [one for one in known.recent if now - one[0] < UNREPORTED_MS]
            sizes: dict[str, int] = {}
            for copy in known.in_flight.values():
                sizes[copy.target_host] = sizes.get(copy.target_host, 0) + copy.length
            for _, host, length in known.recent:
                sizes[host] = sizes.get(host, 0) + length
            return Copies(
                in_flight={block: copy.target_host for block, copy in known.in_flight.items()},
                bytes_in_flight=sizes,
                accepted=dict(known.accepted),
                tried={block: dict(hosts) for block, hosts in known.tried.items()},
                refusal=known.refusal,
                blocks=known.blocks,
                bytes=known.bytes,
            )

    def copy(self, alluxio: Alluxio, key: OwnerKey, effect: CopyBlocks) -> None:
        """Begin copies in the background."""
        with self._lock:
            known = self._memories.get(key)
            if known is None:
                return
            begun = [one for one in effect.copies if one.block_id not in known.in_flight]
            known.in_flight |= {one.block_id: one for one in begun}
        for one in begun:
            self._copying.run(partial(self._copy, alluxio, known, one))

    def _copy(self, alluxio: Alluxio, known: _Memory, copy: BlockCopy) -> None:
        outcome: CopyOutcome = NoAnswer("the operator failed: see its log")
        try:
            outcome = alluxio.copy_block(
                copy.target, copy.block_id, copy.length, copy.source, wait=True, deadline=Deadline.after(60)
            )
        except Exception:  # a defect must not end the thread
            log.exception("a copy of block %d raised", copy.block_id)
        now = self._ms()
        with self._lock:
            known.in_flight.pop(copy.block_id, None)
            known.tried.setdefault(copy.block_id, {})[copy.target_host] = now
            if isinstance(outcome, Accepted):
                known.accepted[copy.block_id] = now
                known.recent.append((now, copy.target_host, copy.length))
                known.blocks, known.bytes = known.blocks + 1, known.bytes + copy.length
                known.refusal = ""
                return
            if isinstance(outcome, NoAnswer):
                # It may still go on, or wait in the worker's queue: its bytes count for a while.
                known.recent.append((now + UNANSWERED_MS, copy.target_host, copy.length))
            else:
                # The worker that goes may have evicted it.
                known.has.pop(copy.block_id, None)
            known.refusal = f"{copy.target_host.partition('.')[0]}: {outcome.reason}"
        if isinstance(outcome, Refused):
            log.info("%s refused block %d: %s", copy.target_host, copy.block_id, outcome.reason)

    def note(self, known: _Memory, listed: Listed, *, seen: bool) -> None:
        """Remember which blocks workers that go have; `seen` if the leader named all of the worker's blocks."""
        with self._lock:
            known.kept.update(listed.held.kept_ids)
            known.kept -= listed.freed
            if seen:
                # One that the leader doesn't know yet is being written, maybe to this worker.
                known.lost_before = {one.block_id for one in listed.held.unlocated_blocks if one.is_known}

    def _ms(self) -> int:
        return int(self._now() * 1000)


class _Asking:
    """A listing, and then the places of each block that workers that go were seen to have."""

    def __init__(
        self,
        listing: HeldListing,
        question: HeldQuestion,
        processes: tuple[frozenset[Process], frozenset[Process]],
        kept: set[int],
        places: Callable[[list[int]], PlacesFound | NoAnswer],
        files: Callable[[list[int]], FilesFound | NoAnswer],
    ) -> None:
        self._listing, self._question, self._processes = listing, question, processes
        self._places, self._files = places, files
        self._kept = kept
        self._held: Held | None = None
        self._left: list[int] = []
        self._unplaced: dict[int, HeldBlock] = {}
        self._missed: list[int] | None = None
        self._freed: set[int] = set()

    def step(self) -> Listed | NoAnswer | None:
        """List, or ask, for about a second; return the result at the end, None if there is more."""
        if self._held is None:
            found = self._listing.step()
            if not isinstance(found, Held):
                return found
            self._held, self._left = found, sorted({*self._kept, *found.kept_ids})
            return None if self._left else self._result(found)
        if not self._left:
            return self._look_up(self._held)
        asked = self._left[:IDS_AT_ONCE]
        answer = self._places(asked)
        if isinstance(answer, NoAnswer):
            return answer
        if answer.leader != self._held.leader or not answer.places:
            return NoAnswer("the leading master has changed, or doesn't find its blocks in time")
        for block, place in answer.places.items():
            if place is None:
                self._freed.add(block)
            elif not self._question.staying.intersection(place.hosts):
                self._unplaced[block] = HeldBlock(block, place.length, "", hosts=place.hosts)
        self._left = [one for one in self._left if one not in answer.places]
        return None

    def _look_up(self, held: Held) -> Listed | NoAnswer | None:
        """Ask for the files of blocks that the listing didn't see in need of a copy: they may be in the UFS by now."""
        if self._missed is None:
            seen = frozenset(held.kept_ids)
            self._missed = sorted({file_of(one) for one in self._unplaced if one not in seen})[:LOOKED_UP]
        if not self._missed:
            return self._result(held)
        answer = self._files(self._missed[:IDS_AT_ONCE])
        if isinstance(answer, NoAnswer):
            return answer
        if answer.leader != held.leader or not answer.files:
            return NoAnswer("the leading master has changed, or doesn't find its files in time")
        for file, blocks in answer.files.items():
            known = {one.block_id: one for one in blocks or ()}
            for block in [one for one in self._unplaced if file_of(one) == file]:
                found = known.get(block)
                if found is None or (found.persisted and not found.pinned and not found.replication_min):
                    self._freed.add(block)
                    del self._unplaced[block]
                else:
                    self._unplaced[block] = found
        self._missed = [one for one in self._missed if one not in answer.files]
        return None

    def _result(self, held: Held) -> Listed:
        staying, going = self._processes
        return Listed(held, self._question, staying, going, self._unplaced, frozenset(self._freed))


def with_removal(
    alluxio: Alluxio, known: Removals, key: OwnerKey, model: Cluster, observed: Observed, deadline: Deadline
) -> Observed:
    """Return the observation with what the leader and the worker that goes say; a listing begins when it is due."""
    pod = serving_leader(observed) if len(leaders_of(observed.answers)) == 1 else None
    count, applied = model.spec.workers.count, victims.applied_workers(observed)
    record = observed.status.removal
    ordinal = victims.ordinal_of(observed, record.worker) if record is not None else applied - 1
    worker = victims.pod_of(observed, ordinal)
    memory = known.memory(
        key,
        (f"{ordinal}", record.uid if record is not None else worker.uid if worker is not None else ""),
        (record.moved_blocks, record.moved_bytes) if record is not None else (0, 0),
    )
    if pod is None:
        return observed
    port = rpc_port(pod, observed.resource)
    report = alluxio.workers_report(pod.ip, port, deadline)
    listing: Reading[Listed | NoAnswer] = Reading()
    if isinstance(report, WorkersReport):
        begin = _begin(alluxio, memory, (pod, port), observed, report, (count, applied))
        listing = known.listings.want(key, model.uid, known.interval(record), begin)
        copying = record is None or record.state == "Copying"
        if isinstance(listing.value, Listed) and listing.value.held.leader == report.leader:
            seen = copying and victims.is_seen(observed, ordinal, report, listing.value)
            known.note(memory, listing.value, seen=seen)
            if not copying and worker is not None:
                _ask(
                    alluxio, memory, worker, observed.names.host(names.WORKER, ordinal), report, listing.value, deadline
                )
    reading = RemovalReading(
        report, listing, known.copies(memory), _answers(memory, listing), frozenset(memory.lost_before)
    )
    return replace(observed, removal=reading)


def _begin(
    alluxio: Alluxio,
    memory: _Memory,
    leader: tuple[Pod, int],
    observed: Observed,
    report: WorkersReport,
    numbers: tuple[int, int],
) -> Callable[[], _Asking]:
    """Return a function that begins a listing, with the workers as they are now."""
    (pod, port), (count, applied) = leader, numbers
    stay = victims.staying(observed, count, report)
    question = HeldQuestion(victims.victims(observed, count, applied), frozenset(one.use.host for one in stay))
    going = frozenset(victims.processes(observed, range(count, applied), report))

    def places(ids: list[int]) -> PlacesFound | NoAnswer:
        return alluxio.block_places(pod.ip, port, ids, Deadline.after(CALL_SECONDS))

    def files(ids: list[int]) -> FilesFound | NoAnswer:
        return alluxio.files_found(pod.ip, port, ids, Deadline.after(CALL_SECONDS))

    def begin() -> _Asking:
        listing = alluxio.held_listing(pod.ip, port, question)
        processes = frozenset(one.process for one in stay), going
        return _Asking(listing, question, processes, set(memory.kept), places, files)

    return begin


def _ask(
    alluxio: Alluxio,
    memory: _Memory,
    worker: Pod,
    host: str,
    report: WorkersReport,
    listed: Listed,
    deadline: Deadline,
) -> None:
    """Ask the worker for blocks that the leader names no location of, some of them in each reconcile."""
    uses = [one for one in report.at(host) if one.state != "LOST"]
    if not uses or not worker.ip or worker.deleted:
        return
    asked = 0
    unknown = {one.block_id for one in listed.held.unlocated_blocks if not one.is_known}
    for block in hidden_blocks(listed, memory.lost_before):
        known = memory.has.get(block)
        if known is not None and (known[1] or block not in unknown or known[0] >= listed.held.started_ms):
            continue
        if asked >= ASKED_AT_ONCE or deadline.remaining(1.0) < 1.0:
            return
        asked += 1
        answer = alluxio.has_block(worker.ip, uses[0].rpc_port, block, deadline)
        if isinstance(answer, NoAnswer):
            # No answer isn't a no.
            return
        memory.has[block] = (listed.held.started_ms, answer)


def _answers(memory: _Memory, listing: Reading[Listed | NoAnswer]) -> dict[int, bool]:
    """Return what the worker said of blocks; of one that the leader doesn't know yet only since the last listing."""
    if not isinstance(listing.value, Listed):
        return {}
    held = listing.value.held
    unknown = {one.block_id for one in held.unlocated_blocks if not one.is_known}
    return {
        block: has
        for block, (asked, has) in memory.has.items()
        if has or block not in unknown or asked >= held.started_ms
    }
