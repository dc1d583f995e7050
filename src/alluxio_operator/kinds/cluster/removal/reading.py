"""What the operator knows of the data on workers that go, as types only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import Held, HeldBlock, HeldQuestion, WorkersReport
from alluxio_operator.engine.reading import Reading

Process = tuple[str, str, int]
"""A worker's host, its pod's uid, and the restarts of its containers: another process may have lost its blocks."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing with its question, and the processes that stayed and that were to go when it began.

    After the listing, the leader was asked for each block that a worker that goes was ever seen to have: a listing
    misses a file that is renamed meanwhile. `unplaced` are those that no worker that stays has; `freed` are those of
    deleted files, and of files that are in the UFS by now and neither pinned nor replicated.
    """

    held: Held
    question: HeldQuestion
    staying: frozenset[Process]
    going: frozenset[Process] = frozenset()
    unplaced: Mapping[int, HeldBlock] = field(default_factory=dict)
    freed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies that this process of the operator asked for; a restart forgets them, and then they are repeated.

    Times are in milliseconds of the operator's clock. `blocks` and `bytes` were accepted since the removal began.
    """

    in_flight: Mapping[int, str] = field(default_factory=dict)
    """By block, the host that copies it now."""
    bytes_in_flight: Mapping[str, int] = field(default_factory=dict)
    """By host; also of copies that were accepted and that a report may not show yet."""
    accepted: Mapping[int, int] = field(default_factory=dict)
    """By block, when a copy was accepted last."""
    tried: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """By block and host, when the last attempt ended."""
    refusal: str = ""
    """Why the last copy that failed did so; empty after one that succeeded."""
    blocks: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class RemovalReading:
    """The answers that a removal depends on. `has` says of blocks without a location whether the worker has them.

    `lost_before` are blocks in no UFS that had no location before the worker was decommissioned.
    """

    report: WorkersReport | NoAnswer
    listing: Reading[Listed | NoAnswer] = field(default_factory=Reading)
    copies: Copies = field(default_factory=Copies)
    has: Mapping[int, bool] = field(default_factory=dict)
    lost_before: Collection[int] = ()


def hidden_blocks(listed: Listed, lost_before: Collection[int]) -> Mapping[int, int]:
    """Return blocks that have no location and may be on a decommissioned worker, with their lengths in bytes."""
    blocks = {one.block_id: one.length for one in listed.held.unlocated_blocks if one.block_id not in lost_before}
    # What another worker has that is to go is copied from there in its turn. What one has that doesn't answer isn't.
    going = {host for host, _, _ in listed.going}
    return blocks | {block: one.length for block, one in listed.unplaced.items() if not going.intersection(one.hosts)}
