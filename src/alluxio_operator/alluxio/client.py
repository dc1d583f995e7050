"""All questions to Alluxio, each the way that answers it: HTTP for what servers tell, gRPC for what leaders do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alluxio_operator.alluxio.answers import BackupStatus, Done, JournalMember, NoAnswer, Property
from alluxio_operator.alluxio.rest import AlluxioRest
from alluxio_operator.work import Deadline

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

    def checkpoint(self, host: str, port: int, deadline: Deadline) -> Done | NoAnswer:
        """Have the leader write a snapshot of its journal."""
        return _leader(host, port, deadline).checkpoint()

    def update_configuration(
        self, host: str, port: int, properties: Mapping[str, str], deadline: Deadline
    ) -> Mapping[str, bool] | NoAnswer:
        """Set properties of the leader until it ends; return of each whether it was accepted."""
        return _leader(host, port, deadline).update_configuration(properties)

    def configuration(self, host: str, port: int, deadline: Deadline) -> Mapping[str, Property] | NoAnswer:
        """Ask for all properties that the leader has."""
        return _leader(host, port, deadline).configuration()

    def journal_quorum(self, host: str, port: int, deadline: Deadline) -> tuple[JournalMember, ...] | NoAnswer:
        """Ask the leader for the members of the journal's quorum."""
        return _leader(host, port, deadline).journal_quorum()

    def transfer_leadership(self, host: str, port: int, to: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        """Ask the leader to hand over to a member."""
        return _leader(host, port, deadline).transfer_leadership(to)

    def transfer_error(self, host: str, port: int, transfer: str, deadline: Deadline) -> str | NoAnswer:
        """Ask a leader why a transfer didn't come about."""
        return _leader(host, port, deadline).transfer_error(transfer)

    def reset_priorities(self, host: str, port: int, deadline: Deadline) -> Done | NoAnswer:
        """Make all members equal again."""
        return _leader(host, port, deadline).reset_priorities()


def _leader(host: str, port: int, deadline: Deadline) -> Leader:
    # Imported here, for up to 20 MB that an operator with nothing to tell a leader doesn't need.
    from alluxio_operator.alluxio.rpc.leader import Leader

    return Leader(host, port, deadline.remaining(TIMEOUT))
