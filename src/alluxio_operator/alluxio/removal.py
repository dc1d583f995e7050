"""What the removal of a worker asks Alluxio: workers with their room, blocks with their copies; types only.

Source of the meanings: the sources of Alluxio 2.9.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.transport.printable import printable

WorkerState = Literal["LIVE", "LOST", "DECOMMISSIONED", "OTHER"]
"""LOST: no heartbeat for `alluxio.master.worker.timeout`. DECOMMISSIONED: it serves, but clients don't find its blocks.

OTHER is a state that the operator doesn't know or never asks for, such as Disabled.
"""

NOT_SUPPORTED: Final = "the leader has no such call"
"""Answer to a decommission by a leader before 2.9.4."""
NO_SUCH_WORKER: Final = "the leader has no such worker"
"""Answer to a decommission of a worker that hasn't registered."""


@dataclass(frozen=True, slots=True)
class WorkerUse:
    """A worker as the leader has it; sizes in bytes, `free` by the alias of its tiers.

    `id` stays the same when the worker registers again under the same address. `started_ms` is when the leader first
    heard of it. The leader updates sizes with each heartbeat of a LIVE worker. `used` includes blocks that are being
    written or copied.
    """

    host: str
    rpc_port: int
    web_port: int
    capacity: int = 0
    used: int = 0
    free: Mapping[str, int] = field(default_factory=dict)
    state: WorkerState = "LIVE"
    silent_seconds: int = 0
    """Time since the last heartbeat that the leader processed: it processes none of a DECOMMISSIONED worker."""
    last_contact_ms: int = 0
    """The same as a time of the operator's clock."""
    started_ms: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class WorkersReport:
    """All workers of a leader, of every state.

    `leader` names the leader's host and the start of its process. Another text means that another process leads, or the
    same after a restart: it has forgotten which workers are decommissioned.
    """

    workers: tuple[WorkerUse, ...] = ()
    leader: str = ""

    def at(self, host: str) -> tuple[WorkerUse, ...]:
        """Return the registrations of a host: it has several after a change of its ports."""
        return tuple(one for one in self.workers if one.host == host)


@dataclass(frozen=True, slots=True)
class HeldBlock:
    """A block of a file, with the hosts that the leader names as its locations.

    `length` is that of the leader's own record, in bytes. `is_known` is False if the leader has none, and then the
    length is the one that the file gives it. `completed`: the file's writer has closed it.
    """

    block_id: int
    length: int
    path: str
    persisted: bool = False
    pinned: bool = False
    replication_min: int = 0
    replication_max: int = -1
    """-1: no limit."""
    completed: bool = True
    last_access_ms: int = 0
    hosts: tuple[str, ...] = ()
    is_known: bool = True

    def copies_wanted(self, staying: int) -> int:
        """Return how many of so many workers that stay must have the block before the others may go.

        One at least of what can be lost, also if no worker stays.
        """
        least = 0 if self.persisted and not self.pinned else 1
        return max(least, min(self.replication_min, staying))

    def copies_on(self, hosts: frozenset[str]) -> int:
        """Return how many of these hosts have the block."""
        return len(hosts.intersection(self.hosts))


@dataclass(frozen=True, slots=True)
class Amount:
    """Files, with the number and bytes of those of their blocks that count."""

    files: int = 0
    blocks: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class VictimHolds:
    """What a worker that goes has. `held` are all of its blocks.

    The others are blocks of which the workers that stay have too few copies, each by its first reason: `unpersisted`
    are in no UFS, `replicated` have a `replicationMin`, `pinned` belong to pinned files. `cached` are blocks that the
    UFS has, without any copy that stays and without such a reason.
    """

    held: Amount = Amount()
    unpersisted: Amount = Amount()
    replicated: Amount = Amount()
    pinned: Amount = Amount()
    cached: Amount = Amount()


@dataclass(frozen=True, slots=True)
class HeldQuestion:
    """The workers that go and those that stay, by the hosts under which the leader knows them.

    `most` is the number of blocks of each kind that the answer names. Of the unlocated ones it names those with an id
    below `unlocated_below`, so that questions one after the other name all of them.
    """

    victims: frozenset[str]
    staying: frozenset[str]
    most: int = 10_000
    unlocated_below: int = 2**63 - 1
    most_ids: int = 2_000_000
    """Ids in `Held.kept_ids`: 16 MB."""


@dataclass(frozen=True, slots=True)
class Held:
    """The result of one listing of a leader's whole namespace.

    The times are of the operator's clock, in milliseconds. Nothing holds still meanwhile: a file that is renamed from a
    part not yet listed into a listed one is missed, and a block may be copied or deleted after it was listed.
    """

    started_ms: int
    finished_ms: int
    leader: str
    """As in `WorkersReport`; the same one answered all pages."""
    superuser: bool = False
    """Whether the operator's user owns the root folder. Another user doesn't see what is in others' private folders."""
    victims: Mapping[str, VictimHolds] = field(default_factory=dict)
    """By host; each of the question's."""
    unsafe: Amount = Amount()
    """Blocks that are to be copied, each counted once."""
    candidates: tuple[HeldBlock, ...] = ()
    """The first of them: unpersisted ones, then replicated, then pinned ones, each by size, largest first."""
    complete: bool = True
    """False if there are more than `candidates`."""
    kept_ids: Sequence[int] = ()
    """Ids of all blocks on workers that go of which a copy has to stay, whether there is one or not.

    They find a block again whose file was renamed, and one on a worker that the leader hides.
    """
    kept_complete: bool = True
    unlocated: Amount = Amount()
    """Blocks of unpersisted files that, as the leader knows it, no worker has of those that go and those that stay.

    They are lost, or on a DECOMMISSIONED worker, or on one that neither goes nor stays, and then have `hosts`.
    """
    unlocated_blocks: tuple[HeldBlock, ...] = ()
    """The first of them below the question's id, the latest first: the highest ids."""
    unlocated_complete: bool = True
    """False if there are more after these."""
    writing: int = 0
    """Blocks of files that are being written, or were left by their writer, that the leader doesn't know yet."""
    listed: Mapping[str, int] = field(default_factory=dict)
    """Bytes of the listed blocks by host. Below the host's `used`, the listing didn't see all of its files."""
    entries: int = 0
    """Files and folders."""
    received: int = 0
    """Bytes of the leader's answers."""
    seconds: float = 0.0
    """Seconds of the calls."""


class HeldListing(Protocol):
    """One listing of a leader's whole namespace, in steps, as `engine.reading.Steps`."""

    def step(self) -> Held | NoAnswer | None:
        """List for about a second; return the result at the end, None if there is more."""
        ...


@dataclass(frozen=True, slots=True)
class BlockPlaces:
    """The leader's record of a block: its length in bytes, and the hosts of the LIVE workers that have it."""

    length: int
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacesFound:
    """The records of blocks by their ids; None for one that the leader has no record of: its file was deleted.

    Ids that there was no time for are missing. `leader`: as in `WorkersReport`.
    """

    places: Mapping[int, BlockPlaces | None] = field(default_factory=dict)
    leader: str = ""


@dataclass(frozen=True, slots=True)
class FilesFound:
    """Files by their ids, each with its blocks; None for one that was deleted.

    A rename changes neither id. Ids that there was no time for are missing. `leader`: as in `WorkersReport`.
    """

    files: Mapping[int, tuple[HeldBlock, ...] | None] = field(default_factory=dict)
    leader: str = ""


def file_of(block_id: int) -> int:
    """Return the id of a block's file: the lower 24 bits of a block's id count the blocks of its file."""
    return block_id | 0xFFFFFF


@dataclass(frozen=True, slots=True)
class Inventory:
    """Blocks that a worker itself has, hidden or not, by files in order of their ids: committed ones only.

    `files` is the number of all files of which the worker has blocks, and `asked` that of those which this part is
    about. The worker asks the leader for each: about `unnamed` ones the leader didn't answer, or they were deleted.
    """

    lengths: Mapping[int, int]
    """By id of the block, in bytes."""
    files: int
    asked: int
    unnamed: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The worker has accepted the copy. With `wait`, it has also committed it.

    No proof either way: a worker answers so, too, if it waited for another copy of the same block that failed, and if a
    failed copy of before left a temporary block. A listing that shows the location is the proof.
    """


@dataclass(frozen=True, slots=True)
class Refused:
    """The worker has refused the copy, or has failed; it has no part of it. Its reason is printable."""

    reason: str

    def __post_init__(self) -> None:
        """Make the reason printable: it may quote the server."""
        object.__setattr__(self, "reason", printable(self.reason))


CopyOutcome = Accepted | Refused | NoAnswer
