"""Requests to Alluxio and their answers, as types only: decisions must not depend on the transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.printable import printable

if TYPE_CHECKING:
    from alluxio_operator.alluxio.at_risk import Holders, RiskListing
    from alluxio_operator.alluxio.removal import (
        CopyOutcome,
        FilesFound,
        HeldListing,
        HeldQuestion,
        Inventory,
        PlacesFound,
        WorkersReport,
    )


@dataclass(frozen=True, slots=True)
class JournalDisk:
    """Free space on the volume of a master's own journal."""

    free_percent: float
    free_bytes: int


@dataclass(frozen=True, slots=True)
class WorkerRegistration:
    """A worker's registration at the leader; capacities in bytes.

    `host` is empty if the leader gives no address. `silent_seconds` is the time since the last heartbeat, `started_ms`
    the time of the registration. `lost`: no heartbeat for `alluxio.master.worker.timeout`.
    """

    host: str
    silent_seconds: int = 0
    started_ms: int = 0
    capacity: int = 0
    used: int = 0
    lost: bool = False


@dataclass(frozen=True, slots=True)
class MasterInfo:
    """State of the cluster as a serving master reports it: its version and its registrations.

    A master, whether it leads or not, reports its `journal_disk` only while less is free than its own threshold.
    """

    version: str
    workers: tuple[WorkerRegistration, ...] = ()
    """Registrations, not workers: a worker that restarted has several. `kinds.cluster.registrations` counts workers."""
    journal_disk: JournalDisk | None = None
    members: tuple[str, ...] = ()
    """Hosts of the masters that its own properties list, as read at its start; they may differ from the quorum's."""


@dataclass(frozen=True, slots=True)
class Standby:
    """A running master that doesn't lead; `follows` is the host of its leader, or empty if it has none."""

    follows: str = ""
    journal_disk: JournalDisk | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A server that doesn't serve, with the reason.

    `leads`: it was elected leader but doesn't serve yet, for example in safe mode. `reached` is False if no server
    received the request, so that it can't have taken effect. `refused`: the server accepts no connection, or no login,
    of the operator's kind.
    """

    reason: str
    leads: bool = False
    reached: bool = True
    refused: bool = False
    journal_disk: JournalDisk | None = None

    def __post_init__(self) -> None:
        """Make the reason printable: it may quote the server."""
        object.__setattr__(self, "reason", printable(self.reason))


Answer = MasterInfo | Standby | NoAnswer
"""Result of a request to one master."""


BackupState = Literal["Unknown", "Running", "Completed", "Failed"]


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """State of a journal backup: `uri` and the number of `entries` once it is Completed, `error` if Failed.

    Unknown: this leader has no record of it, because another leader began it, or this one did before a restart.
    """

    state: BackupState
    uri: str = ""
    entries: int = 0
    error: str = ""

    def __post_init__(self) -> None:
        """Make the texts printable."""
        object.__setattr__(self, "uri", printable(self.uri))
        object.__setattr__(self, "error", printable(self.error))


@dataclass(frozen=True, slots=True)
class WriteResult:
    """Result of a test write to the UFS: `error` is Alluxio's, or empty if it succeeded.

    `left`: the folder was created, but `error` kept it from being deleted.
    """

    error: str = ""
    left: bool = False

    def __post_init__(self) -> None:
        """Make the error printable."""
        object.__setattr__(self, "error", printable(self.error))


@dataclass(frozen=True, slots=True)
class QuorumMember:
    """One member of the journal's quorum, as the leader has it; `host` is the name by which the quorum knows it.

    `available`: the leader has heard of it within the longest election timeout.
    """

    host: str
    available: bool
    leads: bool = False


QuorumInfo = tuple[QuorumMember, ...]


@dataclass(frozen=True, slots=True)
class UnpersistedFiles:
    """Files that no under storage has, with their bytes; by worker, number of files and bytes of their blocks."""

    files: int = 0
    bytes: int = 0
    workers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    """The first ones."""
    incomplete: str = ""
    """Why the listing ended before its end, so that the figures are the least; empty if it is whole."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A question that a thread of the operator still asks."""


class AlluxioRpc(Protocol):
    """gRPC requests to the leading master, at its port `rpc`; standbys serve none of them.

    A request without an answer in time may still have taken effect.
    """

    def backup(self, host: str, port: int, directory: str, deadline: Deadline) -> str | NoAnswer:
        """Begin a backup of the journal into a directory of the root mount's UFS, or a URI; return its id.

        If the root mount is on a volume, `directory` is an absolute path that the masters' user can write to. A standby
        makes the backup if there is one. Otherwise the leader does, and clients wait until it is complete.
        """
        ...

    def backup_status(self, host: str, port: int, backup: str, deadline: Deadline) -> BackupStatus | NoAnswer:
        """Return the state of a backup by its id."""
        ...

    def serves_clients(self, host: str, port: int, deadline: Deadline) -> bool:
        """Return True if a master leads and serves the calls of clients.

        A leader that still restores a backup doesn't, while it may report over HTTP that it serves: its safe mode ends
        some seconds after the start of its process (run on 2.9.4).
        """
        ...

    def unpersisted_files(self, host: str, port: int, since_ms: int, deadline: Deadline) -> UnpersistedFiles | NoAnswer:
        """Return the files that only workers have and that were changed since a time in milliseconds; 0 for all.

        The leader lists its whole namespace, and doesn't look into the UFS. A listing that ends early has figures, too.
        """
        ...

    def risk_listing(self, host: str, port: int, holders: Holders) -> RiskListing:
        """Prepare a listing of what single workers hold. Each of its steps asks the leader, with a timeout of its own.

        The leader doesn't look into the UFS, and the access times of files stay.
        """
        ...

    def mark_for_sync(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        """Let the leader compare all names below a path with the UFS at their next use; return an empty text.

        Alluxio does so by itself after a restore, and forgets it when the process ends (read in the sources of 2.9.4).
        """
        ...

    def update_configuration(
        self, host: str, port: int, properties: Mapping[str, str], deadline: Deadline
    ) -> Mapping[str, bool] | NoAnswer:
        """Set properties of the leader until its process ends; return for each whether it was accepted.

        An accepted property may have no effect: Alluxio reads most properties only at start.
        """
        ...

    def test_write(
        self, host: str, port: int, folder: str, leftover: str, deadline: Deadline
    ) -> WriteResult | NoAnswer:
        """Create a folder in the UFS with the leader's identity and delete it; first delete `leftover` if it is given.

        Neither is synchronised with the UFS, and no worker takes part.
        """
        ...

    def delete_folder(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        """Delete a folder with all it holds, in Alluxio and in the UFS; return the leader's error, or an empty text.

        Alluxio first synchronises the folder with the UFS. A folder that Alluxio doesn't find counts as deleted only
        after it was created in the UFS and deleted there.
        """
        ...


class AlluxioQuorum(Protocol):
    """gRPC requests about the journal's quorum to the leading master, at its port `rpc`."""

    def quorum_info(self, host: str, port: int, deadline: Deadline) -> QuorumInfo | NoAnswer:
        """Return the members of the quorum.

        A member is among them from the moment at which the leader begins to send it the journal.
        """
        ...

    def remove_member(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        """Remove a member, by its host and the port of its journal, from the quorum; return an empty text.

        One that isn't in it counts as removed. A member that runs ends its part in the quorum, but its process lives on
        and adds itself again when it restarts.
        """
        ...

    def transfer_lead(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        """Begin to hand the lead over to a member, by its host and the port of its journal.

        Return the leader's refusal, or an empty text. The member keeps a higher priority: it takes the lead again after
        it was away. The leader sets the members of the quorum to those in its own properties, so these must agree.
        """
        ...


class AlluxioWorkers(Protocol):
    """gRPC requests about the blocks of workers: to the leading master, or to a worker, at its port `rpc`."""

    def workers_report(self, host: str, port: int, deadline: Deadline) -> WorkersReport | NoAnswer:
        """Return all workers that the leader knows, also those that are lost or decommissioned."""
        ...

    def held_listing(self, host: str, port: int, question: HeldQuestion) -> HeldListing:
        """Prepare a listing of what workers that go hold. Each of its steps asks the leader, with a timeout of its own.

        The leader doesn't look into the UFS, and the access times of files stay.
        """
        ...

    def block_places(
        self, host: str, port: int, block_ids: Sequence[int], deadline: Deadline
    ) -> PlacesFound | NoAnswer:
        """Return the leader's records of blocks, of as many as it answers in some seconds: some 500 in one."""
        ...

    def files_found(self, host: str, port: int, file_ids: Sequence[int], deadline: Deadline) -> FilesFound | NoAnswer:
        """Return files by their ids with all their blocks, as many as the leader answers in some seconds.

        For a persisted file with a block that no worker has, the leader looks into the UFS, and holds a lock meanwhile.
        """
        ...

    def inventory(self, host: str, web_port: int, offset: int, deadline: Deadline) -> Inventory | NoAnswer:
        """Return the blocks that a worker has of some hundred files, from an offset in its list of files."""
        ...

    def worker_used(self, host: str, web_port: int, deadline: Deadline) -> int | NoAnswer:
        """Return the bytes of all blocks of a worker from itself, with those that are being written or copied.

        The leader's figure of a DECOMMISSIONED worker stays as it was.
        """
        ...

    def copy_block(
        self,
        target: tuple[str, int],
        block_id: int,
        length: int,
        source: tuple[str, int],
        *,
        wait: bool,
        deadline: Deadline,
    ) -> CopyOutcome:
        """Let a worker, by its host and port, copy a block from another one; nothing of the file changes.

        Without `wait` the worker answers at once, and only its log has the errors. `length` is that of the leader's
        record: with a shorter one the copy is cut. `source` must not be an address of the target: it would read from
        the UFS. A worker without room evicts blocks that aren't pinned, also the last copy of one that no UFS has.
        """
        ...

    def decommission_worker(self, host: str, port: int, worker: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        """Let the leader hide a worker, by its host and the port of its web server, until it registers again.

        Return an empty text, also if it is hidden already; `removal.NOT_SUPPORTED`, `removal.NO_SUCH_WORKER`, or
        another refusal. The worker serves on, and commits blocks. Another leader doesn't know of it.
        """
        ...

    def has_block(self, host: str, port: int, block_id: int, deadline: Deadline) -> bool | NoAnswer:
        """Return True if a worker has a committed block: it reads one byte, and never from the UFS."""
        ...


class Alluxio(AlluxioRpc, AlluxioQuorum, AlluxioWorkers, Protocol):
    """All requests that a reconcile may send."""

    def master_info(self, host: str, port: int, deadline: Deadline) -> Answer:
        """Return the role of the master at an address and, if it leads, the state of the cluster."""
        ...

    def journal_index(self, host: str, port: int, deadline: Deadline) -> int | None:
        """Return the journal index that the master at an address has reached; None without a usable answer."""
        ...

    def restored_entries(self, host: str, port: int, deadline: Deadline) -> int | None:
        """Return the number of entries that a master's process has restored from a backup; None without an answer.

        -1 if it has restored none. The process sets the number at the end of the restore, before it serves.
        """
        ...

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        """Return True if the server answers a path with 200."""
        ...
