"""The client of Alluxio: HTTP for the state of servers, gRPC for operations of the leader."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alluxio_operator.alluxio.answers import BackupStatus, NoAnswer, QuorumInfo, UnpersistedFiles, WriteResult
from alluxio_operator.alluxio.at_risk import Holders, RiskListing
from alluxio_operator.alluxio.listings import LISTS_FOR
from alluxio_operator.alluxio.removal import (
    CopyOutcome,
    FilesFound,
    HeldListing,
    HeldQuestion,
    PlacesFound,
    WorkersReport,
)
from alluxio_operator.alluxio.worker_rest import WorkerRest
from alluxio_operator.transport.deadline import Deadline

if TYPE_CHECKING:
    from alluxio_operator.alluxio.rpc.leader import Leader
    from alluxio_operator.alluxio.rpc.worker import Worker

TIMEOUT = 10.0
"""Seconds for a call with handshake. An idle leader answers in some ten milliseconds; a busy one waits for locks."""
NO_BACKUP = "00000000-0000-0000-0000-000000000000"
"""Id that no backup has."""
LISTING_TIMEOUT = LISTS_FOR
"""Seconds for a listing of the whole namespace. 100,000 files take 3 to 4 s (run on 2.9.4)."""
BACKUP_TIMEOUT = 30.0
"""Seconds for the start of a backup. The leader answers once it has its lock; it tries 5 s for each standby."""
COPY_TIMEOUT = 35.0
"""Seconds for a copy that is waited for. A worker waits up to 30 s for another copy of the same block."""


class AlluxioClient(WorkerRest):
    """Requests to real servers; `answers.Alluxio` documents them."""

    def backup(self, host: str, port: int, directory: str, deadline: Deadline) -> str | NoAnswer:
        """Begin a backup of the journal and return its id."""
        return _leader(host, port, deadline, BACKUP_TIMEOUT).backup(directory)

    def backup_status(self, host: str, port: int, backup: str, deadline: Deadline) -> BackupStatus | NoAnswer:
        """Return the state of a backup by its id."""
        return _leader(host, port, deadline).backup_status(backup)

    def serves_clients(self, host: str, port: int, deadline: Deadline) -> bool:
        """Return True if a master leads and serves the calls of clients."""
        # A standby, and a leader before the end of its promotion, don't have this service.
        return not isinstance(_leader(host, port, deadline).backup_status(NO_BACKUP), NoAnswer)

    def unpersisted_files(self, host: str, port: int, since_ms: int, deadline: Deadline) -> UnpersistedFiles | NoAnswer:
        """Return the files that only workers have and that were changed since a time."""
        return _leader(host, port, deadline, LISTING_TIMEOUT).unpersisted_files(since_ms)

    def risk_listing(self, host: str, port: int, holders: Holders) -> RiskListing:
        """Prepare a listing of what single workers hold."""
        from alluxio_operator.alluxio.rpc.risk_listing import PagedRiskListing

        return PagedRiskListing(host, port, holders, int(time.time() * 1000))

    def mark_for_sync(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        """Let the leader compare all names below a path with the UFS at their next use."""
        return _leader(host, port, deadline).mark_for_sync(path)

    def update_configuration(
        self, host: str, port: int, properties: Mapping[str, str], deadline: Deadline
    ) -> Mapping[str, bool] | NoAnswer:
        """Set properties of the leader until its process ends; return for each whether it was accepted."""
        return _leader(host, port, deadline).update_configuration(properties)

    def test_write(
        self, host: str, port: int, folder: str, leftover: str, deadline: Deadline
    ) -> WriteResult | NoAnswer:
        """Create a folder in the UFS with the leader's identity and delete it."""
        return _leader(host, port, deadline).test_write(folder, leftover)

    def delete_folder(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        """Delete a folder with all it holds, in Alluxio and in the UFS."""
        return _leader(host, port, deadline).delete_folder(path)

    def quorum_info(self, host: str, port: int, deadline: Deadline) -> QuorumInfo | NoAnswer:
        """Return the members of the journal's quorum."""
        return _leader(host, port, deadline).quorum_info()

    def remove_member(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        """Remove a member from the quorum."""
        return _leader(host, port, deadline).remove_member(*member)

    def transfer_lead(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        """Begin to hand the lead over to a member."""
        return _leader(host, port, deadline).transfer_lead(*member)

    def workers_report(self, host: str, port: int, deadline: Deadline) -> WorkersReport | NoAnswer:
        """Return all workers that the leader knows."""
        from alluxio_operator.alluxio.rpc.workers import workers_report

        return workers_report(host, port, deadline.remaining(TIMEOUT), int(time.time() * 1000))

    def held_listing(self, host: str, port: int, question: HeldQuestion) -> HeldListing:
        """Prepare a listing of what workers that go hold."""
        from alluxio_operator.alluxio.rpc.held_listing import PagedHeldListing

        return PagedHeldListing(host, port, question)

    def block_places(
        self, host: str, port: int, block_ids: Sequence[int], deadline: Deadline
    ) -> PlacesFound | NoAnswer:
        """Return the leader's records of blocks."""
        from alluxio_operator.alluxio.rpc.workers import block_places

        return block_places(host, port, block_ids, deadline.remaining(TIMEOUT))

    def files_found(self, host: str, port: int, file_ids: Sequence[int], deadline: Deadline) -> FilesFound | NoAnswer:
        """Return files by their ids with all their blocks."""
        from alluxio_operator.alluxio.rpc.workers import files_found

        return files_found(host, port, file_ids, deadline.remaining(TIMEOUT))

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
        """Let a worker copy a block from another one."""
        seconds = COPY_TIMEOUT if wait else TIMEOUT
        return _worker(*target, deadline, seconds).copy_block(block_id, length, source, wait=wait)

    def decommission_worker(self, host: str, port: int, worker: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        """Let the leader hide a worker until it registers again."""
        from alluxio_operator.alluxio.rpc.workers import decommission_worker

        return decommission_worker(host, port, worker, deadline.remaining(TIMEOUT))

    def has_block(self, host: str, port: int, block_id: int, deadline: Deadline) -> bool | NoAnswer:
        """Return True if a worker has a committed block."""
        return _worker(host, port, deadline).has_block(block_id)


def _worker(host: str, port: int, deadline: Deadline, seconds: float | None = None) -> Worker:
    from alluxio_operator.alluxio.rpc.worker import Worker

    return Worker(host, port, deadline.remaining(TIMEOUT if seconds is None else seconds))


def _leader(host: str, port: int, deadline: Deadline, seconds: float | None = None) -> Leader:
    # Imported here: gRPC takes up to 20 MB, and an operator that never calls a leader does without it.
    from alluxio_operator.alluxio.rpc.leader import Leader

    return Leader(host, port, deadline.remaining(TIMEOUT if seconds is None else seconds))
