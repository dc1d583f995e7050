"""The situation of a removal: the spec, the answers, and the time, with the values that its states share; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import HeldBlock, WorkersReport, WorkerUse
from alluxio_operator.api.removal import RemovalProof, RemovalStatus, WorkerRemoval
from alluxio_operator.api.status import Change
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.objects.tiers import reserve
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.removal import victims
from alluxio_operator.kinds.cluster.removal.effects import BlockCopy
from alluxio_operator.kinds.cluster.removal.reading import Copies, Listed, RemovalReading
from alluxio_operator.kinds.cluster.removal.report import Cause, in_words, progress, remedy, warning
from alluxio_operator.kinds.cluster.removal.room import Room, next_copies, room_of
from alluxio_operator.kinds.cluster.removal.victims import Staying
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.workloads.pods import Pod

LONGEST_REFUSAL: Final = 256


@dataclass(frozen=True, slots=True)
class RemovalStep:
    """The record after a reconcile, the pods that the StatefulSet keeps, and what to do.

    `kept` is None without a removal: then the spec's number counts.
    """

    status: RemovalStatus | None
    kept: int | None = None
    gate: Gate | None = None
    copies: tuple[BlockCopy, ...] = ()
    decommission: WorkerUse | None = None
    restart: Pod | None = None
    acts: bool = False
    """Whether it has to have the turn: it changes workers, or is in the midst of it."""
    lowers: bool = False
    """Whether the StatefulSet may lose the recorded worker's pod."""
    finished: Change | None = None


@dataclass(frozen=True)
class Situation:
    """A cluster whose workers are emptied before they go. `reading` is None if no leader could be asked.

    `busy` says what has to end before workers may be disturbed; empty if nothing has to.
    """

    observed: Observed
    cluster: Cluster
    reading: RemovalReading | None
    now: datetime
    busy: str = ""

    @property
    def settings(self) -> WorkerRemoval:
        """The settings of the spec."""
        return self.cluster.spec.workers.removal

    @property
    def count(self) -> int:
        """The number of workers in the spec."""
        return self.cluster.spec.workers.count

    @property
    def now_ms(self) -> int:
        """The time in milliseconds."""
        return int(self.now.timestamp() * 1000)

    @cached_property
    def applied(self) -> int:
        """The number of pods that the StatefulSet has."""
        return victims.applied_workers(self.observed)

    @property
    def report(self) -> WorkersReport | None:
        """The leader's workers."""
        answer = self.reading.report if self.reading is not None else None
        return answer if isinstance(answer, WorkersReport) else None

    @property
    def silence(self) -> str:
        """Why there is no answer of the leader."""
        if self.reading is None:
            return "no master leads and serves; see condition MastersServing"
        answer = self.reading.report
        return answer.reason if isinstance(answer, NoAnswer) else ""

    @property
    def copies(self) -> Copies:
        """The copies that were asked for."""
        return self.reading.copies if self.reading is not None else Copies()

    @cached_property
    def staying(self) -> tuple[Staying, ...]:
        """The workers that stay and can take copies."""
        return () if self.report is None else victims.staying(self.observed, self.count, self.report)

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Their hosts."""
        return frozenset(one.use.host for one in self.staying)

    @cached_property
    def listed(self) -> Listed | None:
        """The last listing, if what it says still holds: the workers that stayed then run on, and the leader leads."""
        found = self.reading.listing.value if self.reading is not None else None
        report = self.report
        if not isinstance(found, Listed) or report is None or found.held.leader != report.leader:
            return None
        going = victims.victims(self.observed, self.count, self.applied)
        same = found.staying <= {one.process for one in self.staying}
        return found if same and going <= found.question.victims and not going & found.question.staying else None

    @property
    def listing_failed(self) -> str:
        """Why the last listing failed; an empty text if it didn't."""
        failed = self.reading.listing.failed if self.reading is not None else None
        return failed.reason if isinstance(failed, NoAnswer) else ""

    def since(self, text: str) -> timedelta:
        """Return the time since a moment of the record."""
        return self.now - moment(text)

    def began_after(self, listed: Listed, text: str) -> bool:
        """Return True if a listing began after a moment of the record, which has whole seconds."""
        return listed.held.started_ms >= int(moment(text).timestamp() * 1000) + 1000

    def name(self, ordinal: int) -> str:
        """Return the name of a worker's pod."""
        return f"{self.cluster.names.of(names.WORKER)}-{ordinal}"

    def uses(self, ordinal: int) -> tuple[WorkerUse, ...]:
        """Return the registrations of a worker."""
        return () if self.report is None else victims.registered(self.report, victims.hosts_of(self.observed, ordinal))

    def is_overdue(self, record: RemovalStatus) -> bool:
        """Return True once the removal's deadline has passed."""
        return self.now >= moment(record.deadline)

    def is_stalled(self, record: RemovalStatus) -> bool:
        """Return True if the removal has made no progress for as long as the spec tolerates."""
        return self.since(record.progress_at) >= timedelta(seconds=self.settings.stall_seconds)

    def gets_on(self, record: RemovalStatus) -> bool:
        """Return True while the removal makes progress: one that stands still blocks no other operation."""
        return not self.is_stalled(record) and not self.is_overdue(record)

    def room(self, blocks: Sequence[HeldBlock]) -> Room:
        """Return the room for blocks on the workers that stay."""
        return room_of(self.staying, blocks, self.copies, self.tier_reserve)

    def lacking(self, blocks: Sequence[HeldBlock]) -> tuple[HeldBlock, ...]:
        """Return those of blocks of which the workers that stay lack a copy."""
        return tuple(one for one in blocks if one.copies_on(self.hosts) < one.copies_wanted(len(self.hosts)))

    @property
    def tier_reserve(self) -> int:
        """Bytes that each of several tiers keeps free for moves between them, where no copy may go."""
        return reserve(self.cluster.spec.workers)

    def in_state(self, record: RemovalStatus, state: str, **update: Any) -> RemovalStatus:
        """Return the record in another state."""
        fresh = {"state_since": stamp(self.now), "progress_at": stamp(self.now), "clean_at": None, "clean_listings": 0}
        return record.model_copy(update={"state": state, **fresh, **update})

    def copied(self, record: RemovalStatus) -> RemovalStatus:
        """Return the record with what was copied so far."""
        known = self.copies
        return record.model_copy(
            update={
                "moved_blocks": max(record.moved_blocks, known.blocks),
                "moved_bytes": max(record.moved_bytes, known.bytes),
                "refusal": known.refusal[:LONGEST_REFUSAL],
            }
        )

    def with_left(self, record: RemovalStatus, files: int, blocks: int, size: int) -> RemovalStatus:
        """Return the record with the files, blocks and bytes that a listing found still to copy."""
        update: dict[str, Any] = {"left_files": files, "left_blocks": blocks, "left_bytes": size}
        if size < record.lowest or (record.left_blocks and not blocks):
            update |= {"lowest": min(size, record.lowest), "progress_at": stamp(self.now)}
        return self.copied(record.model_copy(update=update))

    def next_copies(self, use: WorkerUse, blocks: Sequence[HeldBlock], listed: Listed) -> tuple[BlockCopy, ...]:
        """Return the copies of blocks to begin now, from a worker that goes."""
        started = listed.held.started_ms
        # By its name: an address may belong to a worker of another cluster a moment later.
        source, room = (use.host, use.rpc_port), self.room(blocks)
        return next_copies(blocks, source, self.staying, self.copies, room, (started, self.now_ms))

    def cause(self, record: RemovalStatus, blocks: Sequence[HeldBlock] = ()) -> Cause | None:
        """Return what holds a removal up, as far as the answers tell."""
        if self.report is None:
            return Cause("NoLeader", f"the leading master doesn't list its workers: {self.silence}")
        if blocks and not self.copies.in_flight:
            room = self.room(blocks)
            if room.largest < min(one.length for one in blocks):
                size = in_words(sum(one.length for one in blocks))
                return Cause(
                    "NoRoom",
                    f"{size} lack a place, and the {len(self.staying)} workers that stay have {in_words(room.total)} "
                    "free after reserves",
                )
        if self.listing_failed:
            return Cause("ListingFailed", f"the leading master can't list its files: {self.listing_failed}")
        if record.refusal:
            return Cause("CopyRefused", f"the last copy failed: {record.refusal}")
        return None

    def gate(self, record: RemovalStatus, message: str, cause: Cause | None = None) -> Gate:
        """Return the gate of a removal in its state: a warning if it is overdue or has stalled."""
        text = f"{record.worker}: {message}"
        why = f" ({cause.message})" if cause is not None else ""
        if self.is_overdue(record):
            return warning(
                "DeadlineExceeded", f"{text}{why}. The deadline was {record.deadline}. {remedy(record.worker)}"
            )
        if self.is_stalled(record):
            stalled = f"{text}{why}. No progress since {record.progress_at}. {remedy(record.worker)}"
            return warning("NoRoom" if cause is not None and cause.reason == "NoRoom" else "Stalled", stalled)
        return progress(record.state, text + why)

    def proven(self) -> RemovalProof:
        """Return the proof that nothing is left."""
        return RemovalProof(at=stamp(self.now), leader=(self.report.leader if self.report else "")[:256])

    def losses(self, blocks: Sequence[HeldBlock], size: int, files: int) -> RemovalProof:
        """Return what a removal at the deadline loses: `blocks` are some of those that only the worker has."""
        paths = tuple(dict.fromkeys(one.path[:512] for one in blocks if not one.persisted))[:10]
        leader = (self.report.leader if self.report else "")[:256]
        return RemovalProof(
            at=stamp(self.now), complete=False, leader=leader, lost_files=files, lost_bytes=size, lost_paths=paths
        )

    def kept(self, ordinal: int | None = None) -> int:
        """Return the pods that the StatefulSet keeps; `ordinal` is a worker that it may lose."""
        return max(self.count, self.applied if ordinal is None else ordinal)
