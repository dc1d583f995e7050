"""What pods use, as the resource metrics API tells it: values only, so that decisions may know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Used:
    """CPU in thousandths of a core, as an average of the time that was measured, and memory in bytes at its end."""

    cpu: int
    memory: int

    def __add__(self, other: Used) -> Used:
        return Used(self.cpu + other.cpu, self.memory + other.memory)


@dataclass(frozen=True, slots=True)
class PodUsed:
    """What one pod used from `since` to `measured`, by container."""

    name: str
    measured: datetime
    since: datetime
    containers: Mapping[str, Used]


@dataclass(frozen=True, slots=True)
class NoMetrics:
    """Why nobody tells, for people; when it is worth asking again, and whether it is so in all namespaces."""

    reason: str
    ask_again_after: timedelta
    everywhere: bool = True
