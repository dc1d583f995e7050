"""What Alluxio may be asked, and what it answers: types only, so that decisions don't depend on how it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alluxio_operator.work import Deadline


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


class Alluxio(Protocol):
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
