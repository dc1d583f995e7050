"""Derives the conditions of a resource that runs once and ends, Completed or Failed, from its gates; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alluxio_operator.api.status import Condition
from alluxio_operator.engine import readiness
from alluxio_operator.engine.conditions import ConditionState
from alluxio_operator.engine.gate import Gate, Severity, is_blocked


def task_conditions(
    gates: Sequence[Gate], closed: Sequence[Gate], message: str, *, failed: bool, completed: bool
) -> tuple[ConditionState, ...]:
    """Return the conditions; `closed` are those of the gates that are, and `message` is the state in one line."""
    blocked = failed or is_blocked(closed)
    if completed:
        ready = ConditionState("Ready", True, "Completed", message)
    elif closed:
        severity = Severity.BLOCKED if failed else closed[0].severity
        ready = ConditionState("Ready", False, "Failed" if failed else closed[0].reason, message, severity)
    else:
        ready = ConditionState("Ready", False, "Failed" if failed else "Running", message, Severity.PROGRESS)
    return (
        ready,
        ConditionState("Progressing", not (failed or completed or blocked), ready.reason, "" if completed else message),
        ConditionState("Degraded", blocked and not completed, ready.reason, message if blocked else ""),
        *(ConditionState.of(gate) for gate in gates),
        readiness.spec_valid(()),
    )


def kept_conditions(before: Iterable[Condition], states: Sequence[ConditionState]) -> tuple[ConditionState, ...]:
    """Return the conditions of steps that aren't looked at again."""
    known = {state.type for state in states}
    return tuple(
        ConditionState(c.type, {"True": True, "False": False}.get(c.status), c.reason, c.message)
        for c in before
        if c.type not in known
    )
