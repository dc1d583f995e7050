"""Conditions of a status, with the time of their last transition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.gate import Gate, Severity
from alluxio_operator.transport.printable import printable


@dataclass(frozen=True, slots=True)
class ConditionState:
    """The current state of one condition.

    The severity, which isn't part of the API, decides whether the operator sends a warning Event.
    """

    type: str
    status: bool | None
    reason: str
    message: str = ""
    severity: Severity = Severity.WARNING

    @classmethod
    def of(cls, gate: Gate) -> ConditionState:
        """Return the condition that a gate becomes."""
        return cls(gate.type, gate.passed, gate.reason, gate.message, gate.severity)


def severities(states: Iterable[ConditionState]) -> Mapping[str, Severity]:
    """Return the severity of each condition, by its type."""
    return {one.type: one.severity for one in states}


def merge(
    before: Iterable[Condition], states: Iterable[ConditionState], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the conditions to publish; lastTransitionTime changes only with the status of a condition."""
    known = {condition.type: condition for condition in before}
    return tuple(_condition(known.get(state.type), state, generation, now) for state in states)


def with_gate(before: Iterable[Condition], gate: Gate, generation: int, now: datetime) -> tuple[Condition, ...]:
    """Return the conditions with one of them replaced by the state of a gate."""
    known = tuple(before)
    [after] = merge(known, [ConditionState.of(gate)], generation, now)
    kept = [after if one.type == gate.type else one for one in known]
    return tuple(kept) if find(known, gate.type) else (*kept, after)


def _condition(before: Condition | None, state: ConditionState, generation: int, now: datetime) -> Condition:
    status: Literal["True", "False", "Unknown"] = (
        "Unknown" if state.status is None else "True" if state.status else "False"
    )
    unchanged = before is not None and before.status == status
    return Condition(
        type=state.type,
        status=status,
        reason=state.reason,
        message=printable(state.message)[:4096],
        last_transition_time=before.last_transition_time if before is not None and unchanged else stamp(now),
        observed_generation=generation,
    )


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """Return the condition of a type."""
    return next((condition for condition in conditions if condition.type == kind), None)


def holds(conditions: Iterable[Condition], kind: str) -> bool:
    """Return True if a condition is True."""
    condition = find(conditions, kind)
    return condition is not None and condition.status == "True"


def stamp(moment: datetime) -> str:
    """Return a moment as the API writes it: RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """Return the moment of a timestamp in the API's format."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
