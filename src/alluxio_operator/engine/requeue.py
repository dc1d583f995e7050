"""Computes the requeue delay of a resource from its gates; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.conditions import find, moment
from alluxio_operator.engine.gate import After, At, BackOff, Gate, Requeue, Severity

SOONEST: Final = 1.0
"""Shortest delay in seconds: a moment in the past must not cause a hot loop.

The timer's clock may run ahead of the wall clock, and a decision may name the same moment for hours.
"""
PROGRESS: Final = BackOff()
"""For progress that causes no event."""
LONGEST: Final = 3600.0
"""Longest delay in seconds for a distant moment: the wall clock may be set in between."""


def next_look(
    gates: Iterable[Gate], conditions: Sequence[Condition], now: datetime, also: Iterable[Requeue | None] = ()
) -> float | None:
    """Return the seconds until the next reconcile; None to wait for an event.

    Each gate with a requeue counts, and so does each of `also`, which is for work without a gate. Of the closed gates
    without a requeue, only the first counts, with the default back-off: the resource waits for this gate.
    """
    known = tuple(gates)
    asked = [(gate.requeue, gate.type) for gate in known if gate.requeue is not None]
    by_default = next((gate.type for gate in known if not gate.passed and gate.requeue is None), None)
    if by_default is not None:
        asked.append((BackOff(), by_default))
    asked += [(one, "") for one in also if one is not None]
    waits = (seconds(one, conditions, now, of=kind) for one, kind in asked)
    return min((wait for wait in waits if wait is not None), default=None)


def seconds(requeue: Requeue, conditions: Sequence[Condition], now: datetime, of: str = "") -> float | None:
    """Return the delay of one requeue in seconds; `of` is the type of its gate."""
    match requeue:
        case After(after):
            return max(SOONEST, after)
        case At(when):
            return min(max(SOONEST, (when - now).total_seconds()), LONGEST)
        case BackOff():
            return back_off(replace(requeue, since=requeue.since or of), conditions, now)
        case _:
            return None


def slowest(gates: Iterable[Gate], conditions: Sequence[Condition], now: datetime) -> float:
    """Return the shortest delay in seconds of operations while gates are closed; 0 if none waits for a user.

    An operation that repeats a refused step polls no more often than for the user who has to act.
    """
    blocking = (gate for gate in gates if not gate.passed and gate.severity >= Severity.BLOCKED)
    return max((back_off(BackOff(since=gate.type), conditions, now) for gate in blocking), default=0.0)


def sooner(one: float | None, other: float | None) -> float | None:
    """Return the shorter of two delays; None, which waits for an event, counts as longer."""
    return min((wait for wait in (one, other) if wait is not None), default=None)


def back_off(requeue: BackOff, conditions: Sequence[Condition], now: datetime) -> float:
    """Return the delay of a back-off in seconds: its least value while the status lacks its condition."""
    changed = find(conditions, requeue.since)
    if changed is None:
        return requeue.least
    return poll(moment(changed.last_transition_time), now, requeue)


def poll(since: datetime, now: datetime, requeue: BackOff = PROGRESS) -> float:
    """Return the delay in seconds until the next look at work that has been under way, or has waited, since a moment.

    It is for progress that causes no event. Work that stands still, maybe for days, costs no more than a closed gate.
    """
    return min(max(requeue.least, (now - since).total_seconds() * requeue.share), requeue.most)
