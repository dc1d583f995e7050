"""Conditions: what is said of a resource, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from alluxio_operator.api.status import Condition


@dataclass(frozen=True, slots=True)
class ConditionState:
    """One condition as it is now; since when is found by comparing with what was said before."""

    type: str
    status: bool | None
    reason: str
    message: str = ""


def merge(
    before: Iterable[Condition], said: Iterable[ConditionState], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the conditions to publish; the time of the last transition stays as long as the status does."""
    known = {condition.type: condition for condition in before}
    return tuple(_condition(known.get(item.type), item, generation, now) for item in said)


def _condition(before: Condition | None, said: ConditionState, generation: int, now: datetime) -> Condition:
    status: Literal["True", "False", "Unknown"] = (
        "Unknown" if said.status is None else "True" if said.status else "False"
    )
    unchanged = before is not None and before.status == status
    return Condition(
        type=said.type,
        status=status,
        reason=said.reason,
        message=said.message[:4096],
        last_transition_time=before.last_transition_time if before is not None and unchanged else stamp(now),
        observed_generation=generation,
    )


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """Return the condition of a type."""
    return next((condition for condition in conditions if condition.type == kind), None)


def holds(conditions: Iterable[Condition], kind: str) -> bool:
    """Tell whether a condition is True."""
    condition = find(conditions, kind)
    return condition is not None and condition.status == "True"


def stamp(moment: datetime) -> str:
    """Return a moment as the API writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """Return the moment that the API wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
