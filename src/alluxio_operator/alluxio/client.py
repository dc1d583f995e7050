"""All questions to Alluxio, each the way that answers it: HTTP for what servers tell, gRPC for what leaders do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alluxio_operator.alluxio.answers import BackupStatus, NoAnswer
from alluxio_operator.alluxio.rest import AlluxioRest
from alluxio_operator.transport.deadline import Deadline

if TYPE_CHECKING:
    from alluxio_operator.alluxio.rpc.leader import Leader

TIMEOUT = 10.0
"""Seconds for a call with its handshake; a leader at rest answers in some ten milliseconds, and waits for locks when
it is busy."""


class AlluxioClient(AlluxioRest):
    """The questions to real servers; what they are for is said in `answers`."""

    def backup(self, host: str, port: int, directory: str, deadline: Deadline) -> str | NoAnswer:
        """Begin a backup of the journal and return its id."""
        return _leader(host, port, deadline).backup(directory)

    def backup_status(self, host: str, port: int, backup: str, deadline: Deadline) -> BackupStatus | NoAnswer:
        """Ask how a backup stands, by its id."""
        return _leader(host, port, deadline).backup_status(backup)

    def update_configuration(
        self, host: str, port: int, properties: Mapping[str, str], deadline: Deadline
    ) -> Mapping[str, bool] | NoAnswer:
        """Set properties of the leader until it ends; return of each whether it was accepted."""
        return _leader(host, port, deadline).update_configuration(properties)


def _leader(host: str, port: int, deadline: Deadline) -> Leader:
    # Imported here, for up to 20 MB that an operator with nothing to tell a leader doesn't need.
    from alluxio_operator.alluxio.rpc.leader import Leader

    return Leader(host, port, deadline.remaining(TIMEOUT))
