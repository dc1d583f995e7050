"""Computes the requeue delay of a resource from its gates; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.conditions import find, moment
from alluxio_operator.engine.gate import After, At, BackOff, Gate, Requeue

SOONEST: Final = 1.0
"""Shortest delay in seconds for a moment in the past: the timer's clock may run ahead of the wall clock."""
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
            return after
        case At(when):
            return min(max(SOONEST, (when - now).total_seconds()), LONGEST)
        case BackOff():
            return back_off(replace(requeue, since=requeue.since or of), conditions, now)
        case _:
            return None


def sooner(one: float | None, other: float | None) -> float | None:
    """Return the shorter of two delays; None, which waits for an event, counts as longer."""
    return min((wait for wait in (one, other) if wait is not None), default=None)


def back_off(requeue: BackOff, conditions: Sequence[Condition], now: datetime) -> float:
    """Return the delay of a back-off in seconds: its least value while the status lacks its condition."""
    changed = find(conditions, requeue.since)
    if changed is None:
        return requeue.least
    elapsed = (now - moment(changed.last_transition_time)).total_seconds()
    return min(max(requeue.least, elapsed * requeue.share), requeue.most)
