"""One command of several that run side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """A command, what it needs, and where it queues.

    `needs` names other jobs. Jobs of one `lane` share its room; a job without a lane starts as soon as it can.
    `seconds` is how long it takes on two cores when nothing is cached: the longest chain of jobs starts first.
    `environment` is added to that of this process.
    """

    name: str
    command: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    lane: str = ""
    seconds: float = 0
    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
