"""The type of a job: one of several commands that run in parallel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """A command with its dependencies and its lane.

    `needs`: names of jobs that must be done first. Jobs of one `lane` share its room; a job without a lane starts as
    soon as it can. `seconds`: its duration on two cores without caches; the longest chain of jobs starts first.
    `environment`: variables in addition to those of this process.
    """

    name: str
    command: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    lane: str = ""
    seconds: float = 0
    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
