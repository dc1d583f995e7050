"""Gates: what has to hold before the next step, how severe it is that it does not, and when to look again."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final


class Severity(enum.IntEnum):
    """How severe a closed gate is; the larger, the worse. An open gate's severity means nothing."""

    INFO = 0
    """Nothing waits for it. It causes no warning."""
    PROGRESS = 1
    """Part of any installation or change: it opens without a user. It causes no warning."""
    WARNING = 2
    """Degraded, and may heal without a user. It causes a warning."""
    BLOCKED = 3
    """Nothing goes on until a user acts. It causes a warning, and an installed resource is Degraded at once."""


@dataclass(frozen=True, slots=True)
class After:
    """Look again after a fixed time, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class At:
    """Look again at a moment, such as the opening of a maintenance window."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class BackOff:
    """Look again often at first, and less often the longer it lasts; seconds.

    The pause is `share` of the time since the condition `since` last changed, which is the gate's own by default.
    """

    least: float = 1.0
    most: float = 15.0
    share: float = 1 / 60
    since: str = ""


@dataclass(frozen=True, slots=True)
class OnEvent:
    """Plan no look: an event announces the change."""


Requeue = After | At | BackOff | OnEvent
"""When to look again at what a gate is about."""

AT_WORK: Final = After(1.0)
"""For work that goes on by looks alone."""
WHILE_NOT_READY: Final = BackOff(since="Ready")
"""For workloads that lack pods, though every gate is open."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: open when `passed`; becomes a condition of the same type.

    The default severity warns: a gate that closes for an unforeseen reason must not close unnoticed. `requeue` counts
    for open gates, too. Without it, nothing is planned for an open gate, and `engine.requeue` backs off for the first
    closed one.
    """

    type: str
    passed: bool
    reason: str
    message: str
    severity: Severity = Severity.WARNING
    requeue: Requeue | None = None


def waiting(gate: str, message: str, reason: str = "Waiting", requeue: Requeue | None = None) -> Gate:
    """Return a closed gate that opens in the course of any installation or change."""
    return Gate(gate, False, reason, message, Severity.PROGRESS, requeue)


def blocked(gate: str, reason: str, message: str, requeue: Requeue | None = None) -> Gate:
    """Return a closed gate that stays closed until a user acts; `message` has to name the remedy."""
    return Gate(gate, False, reason, message, Severity.BLOCKED, requeue)


def is_blocked(gates: Iterable[Gate]) -> bool:
    """Return True if any of the gates stays closed until a user acts."""
    return any(not gate.passed and gate.severity >= Severity.BLOCKED for gate in gates)
