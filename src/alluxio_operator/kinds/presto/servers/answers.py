"""What Presto's and Trino's servers can be asked, and what they answer: types only, without any I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.presto import Engine
from alluxio_operator.transport.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens, and the engine that it runs."""

    host: str
    port: int
    engine: Engine


@dataclass(frozen=True, slots=True)
class CoordinatorInfo:
    """What a coordinator that has started reports: its version, and its view of workers and queries."""

    version: str
    active_workers: int
    running: int
    queued: int


class PrestoServers(Protocol):
    """The questions that a reconcile may ask."""

    def coordinator(self, server: Server, deadline: Deadline) -> CoordinatorInfo | NoAnswer:
        """Ask a coordinator whether it has started, and for its view."""
        ...

    def processor_load(self, server: Server, deadline: Deadline) -> float | None:
        """Ask a worker which share of its processors its process uses, from 0 to 1; None if it doesn't answer."""
        ...
