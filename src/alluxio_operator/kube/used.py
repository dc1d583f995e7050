"""The use of pods as values without I/O, so that decisions may import them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Used:
    """CPU in thousandths of a core, averaged over the measured time, and memory in bytes at its end."""

    cpu: int
    memory: int

    def __add__(self, other: Used) -> Used:
        return Used(self.cpu + other.cpu, self.memory + other.memory)


@dataclass(frozen=True, slots=True)
class PodUsed:
    """The use of one pod from `since` to `measured`, by container."""

    name: str
    measured: datetime
    since: datetime
    containers: Mapping[str, Used]


@dataclass(frozen=True, slots=True)
class NoMetrics:
    """Why the use isn't known, for people; when to ask again, and whether it holds for all namespaces."""

    reason: str
    ask_again_after: timedelta
    everywhere: bool = True
