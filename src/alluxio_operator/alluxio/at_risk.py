"""What workers hold that no other worker has, as a listing of the leader finds it: types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from alluxio_operator.alluxio.answers import NoAnswer


@dataclass(frozen=True, slots=True)
class Holders:
    """The workers that count: names by the hosts under which the leader knows them.

    `lasting` are the aliases of the tiers that outlive a worker's pod.
    """

    workers: Mapping[str, str] = field(default_factory=dict)
    lasting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WorkerRisk:
    """Bytes that only this worker has.

    `unpersisted` are in no UFS: lost with the worker. `on_restart` are those of them that a new pod of the worker
    doesn't find. `cached_once` are in the UFS and have to be read from there again. `pinned` are those of both that
    belong to pinned files. `files` have unpersisted bytes here; `oldest_ms` is when the oldest of them last changed.
    """

    unpersisted: int = 0
    on_restart: int = 0
    cached_once: int = 0
    pinned: int = 0
    files: int = 0
    oldest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PathRisk:
    """Unpersisted bytes of files below a path of which only one worker has a copy."""

    path: str
    unpersisted: int
    files: int
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class AtRisk:
    """The result of one listing.

    `unavailable` are bytes in no UFS that no worker has now: lost, or on a worker that doesn't run. `incomplete` is the
    number of files that are being written, or whose writer ended before it closed them.
    """

    total: WorkerRisk = WorkerRisk()
    workers: Mapping[str, WorkerRisk] = field(default_factory=dict)
    paths: tuple[PathRisk, ...] = ()
    """Those with the most bytes, largest first."""
    unavailable: int = 0
    unavailable_files: int = 0
    incomplete: int = 0
    entries: int = 0
    """Files and folders."""
    received: int = 0
    """Bytes of the leader's answers."""
    seconds: float = 0.0
    """Seconds of the calls."""


class RiskListing(Protocol):
    """One listing of a leader's whole namespace, in steps, so that it holds neither a thread nor a lock for long."""

    def step(self) -> AtRisk | NoAnswer | None:
        """List for about a second; return the result at the end, None if there is more."""
        ...
