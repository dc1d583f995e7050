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
class NoAnswer:
    """A server that doesn't serve, and why."""

    reason: str


class Alluxio(Protocol):
    """The questions that a reconcile may ask."""

    def master_info(self, host: str, port: int, deadline: Deadline) -> MasterInfo | NoAnswer:
        """Ask the master at an address how the cluster is."""
        ...

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        """Tell whether a path is answered with 200."""
        ...
