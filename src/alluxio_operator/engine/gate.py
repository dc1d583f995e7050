"""Gates: conditions for the next step, with the severity of a closed gate and its requeue."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final


class Severity(enum.IntEnum):
    """Severity of a closed gate; higher is worse. The severity of an open gate has no meaning."""

    INFO = 0
    """Nothing waits for the gate. No warning Event."""
    PROGRESS = 1
    """Part of any installation or change: the gate opens without a user. No warning Event."""
    WARNING = 2
    """Degraded, but it may recover without a user. Warning Event."""
    BLOCKED = 3
    """The gate stays closed until a user acts. Warning Event, and an installed resource is Degraded at once."""


@dataclass(frozen=True, slots=True)
class After:
    """Requeue after a fixed time, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class At:
    """Requeue at a moment, such as the opening of a maintenance window."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class BackOff:
    """Requeue often at first, and less often the longer the condition stays the same; in seconds.

    The delay is `share` of the time since the last transition of condition `since`, by default the gate's own.
    """

    least: float = 1.0
    most: float = 15.0
    share: float = 1 / 60
    since: str = ""


@dataclass(frozen=True, slots=True)
class OnEvent:
    """No requeue: an event announces the change."""


Requeue = After | At | BackOff | OnEvent
"""When to reconcile again for a gate."""

AT_WORK: Final = After(1.0)
"""For progress that causes no event, so that only polling sees it."""
WHILE_NOT_READY: Final = BackOff(since="Ready")
"""For workloads that lack pods while every gate is open."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate, open when `passed`; it becomes a condition of the same type.

    The default severity is WARNING, so that a gate never closes unnoticed for an unforeseen reason. `requeue` also
    counts for open gates. Without it, an open gate causes no requeue, and `engine.requeue` backs off for the first
    closed gate.
    """

    type: str
    passed: bool
    reason: str
    message: str
    severity: Severity = Severity.WARNING
    requeue: Requeue | None = None


def waiting(gate: str, message: str, reason: str = "Waiting", requeue: Requeue | None = None) -> Gate:
    """Return a closed gate that opens during any installation or change."""
    return Gate(gate, False, reason, message, Severity.PROGRESS, requeue)


def blocked(gate: str, reason: str, message: str, requeue: Requeue | None = None) -> Gate:
    """Return a closed gate that stays closed until a user acts; `message` has to name the remedy."""
    return Gate(gate, False, reason, message, Severity.BLOCKED, requeue)


def is_blocked(gates: Iterable[Gate]) -> bool:
    """Return True if any of the gates stays closed until a user acts."""
    return any(not gate.passed and gate.severity >= Severity.BLOCKED for gate in gates)
