"""What Alluxio may be asked, and what it answers: types only, so that decisions don't depend on how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from alluxio_operator.transport.deadline import Deadline


@dataclass(frozen=True, slots=True)
class MasterInfo:
    """What a serving master says of the cluster; capacities in bytes."""

    version: str
    live_workers: int
    lost_workers: int
    capacity: int
    used: int


@dataclass(frozen=True, slots=True)
class Standby:
    """A master that runs and doesn't lead; `follows` is the host of its leader, empty while it knows of none."""

    follows: str = ""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A server that doesn't serve, and why; `leads` when it was elected and doesn't serve yet, as in safe mode."""

    reason: str
    leads: bool = False


Answer = MasterInfo | Standby | NoAnswer
"""What came of asking one master."""


BackupState = Literal["Unknown", "Running", "Completed", "Failed"]


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """How a backup of the journal stands; `uri` and the number of `entries` once it is Completed, `error` if Failed.

    Unknown is one that this leader doesn't know: another one began it, or this one before it was restarted.
    """

    state: BackupState
    uri: str = ""
    entries: int = 0
    error: str = ""


class AlluxioRpc(Protocol):
    """What the leading master may be asked and told over gRPC, at its port `rpc`; standbys serve none of it.

    What changes something may have been done though there was no answer, where that came too late.
    """

    def backup(self, host: str, port: int, directory: str, deadline: Deadline) -> str | NoAnswer:
        """Begin a backup of the journal into a directory of the root mount's storage, or a URI; return its id.

        Where the root mount is a folder of a volume, an absolute path below it: the masters' user has to write there.
        A standby makes it if there is one: a leader that does serves nobody meanwhile.
        """
        ...

    def backup_status(self, host: str, port: int, backup: str, deadline: Deadline) -> BackupStatus | NoAnswer:
        """Ask how a backup stands, by its id."""
        ...

    def update_configuration(
        self, host: str, port: int, properties: Mapping[str, str], deadline: Deadline
    ) -> Mapping[str, bool] | NoAnswer:
        """Set properties of the leader until it ends; return of each whether it was accepted.

        Accepted isn't in effect: most are read once, at the start.
        """
        ...


class Alluxio(AlluxioRpc, Protocol):
    """The questions that a reconcile may ask."""

    def master_info(self, host: str, port: int, deadline: Deadline) -> Answer:
        """Ask the master at an address which part it has and, if it leads, how the cluster is."""
        ...

    def journal_index(self, host: str, port: int, deadline: Deadline) -> int | None:
        """Ask the master at an address up to which index it has the journal; None when it doesn't say."""
        ...

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        """Tell whether a path is answered with 200."""
        ...
