"""What Presto may be asked, and what it answers: types only, so that decisions don't depend on how it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.transport.deadline import Deadline


@dataclass(frozen=True, slots=True)
class CoordinatorInfo:
    """What a coordinator that has started says: its version, and its view of workers and queries."""

    version: str
    active_workers: int
    running: int
    queued: int


class PrestoServers(Protocol):
    """The questions that a reconcile may ask."""

    def coordinator(self, host: str, port: int, deadline: Deadline) -> CoordinatorInfo | NoAnswer:
        """Ask a coordinator whether it has started, and for its view."""
        ...

    def processor_load(self, host: str, port: int, deadline: Deadline) -> float | None:
        """Ask a worker which share of its processors its process uses, from 0 to 1; None when it doesn't say."""
        ...
