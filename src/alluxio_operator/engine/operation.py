"""Operations: the side effects of a reconcile other than apply, as data.

A capability decides on an operation without I/O. Its `intent` holds the status fields to record before the first
effect. The driver writes them with the resourceVersion on which the decision was based, so that the write fails for a
replica that has lost its Lease. Effects are values, and the executor of a kind performs them by their type. Effects
must be idempotent: the operator may crash between the record, the effect and the report.

For example, a step of a rollout: the intent names the pods, the effects delete them by uid, and the status keeps the
step until the pods that replace them are ready.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from alluxio_operator.engine.gate import Gate

Effect = Any
"""A frozen dataclass that names one side effect and all that it needs."""
Answer = Any
"""Result of an effect; None if it has none."""
Perform = Callable[[Effect], Answer]

WAITING: Final = "WaitingForOperation"
"""Reason of a gate whose operation waits for another one."""


class When(enum.Enum):
    """Point of a reconcile at which the driver performs the effects of an operation."""

    BEFORE_APPLY = "before apply"
    AFTER_APPLY = "after apply"
    ONCE_READY = "after apply, if the resource is Ready and up to date"


def _unchanged(operation: Operation, answers: Sequence[Answer]) -> Operation:  # noqa: ARG001 (the signature of conclude)
    return operation


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a capability, which acts now or waits.

    `status` holds the status fields that it owns, with their values after the reconcile. `intent` holds the fields to
    write before the first effect. `conclude` returns the operation after its effects, from their answers in order.

    `disruption` is its name in the arbiter's order while it disrupts the resource or is about to; None otherwise.
    `requeue_after` is in seconds; None to wait for an event.
    """

    name: str
    status: Mapping[str, Any] = field(default_factory=dict)
    intent: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    when: When = When.AFTER_APPLY
    gate: Gate | None = None
    blocking: bool = False
    """Whether a closed gate keeps the resource from being Ready."""
    disruption: str | None = None
    requeue_after: float | None = None
    conclude: Callable[[Operation, Sequence[Answer]], Operation] = _unchanged

    def held(self, message: str, requeue_after: float) -> Operation:
        """Return the waiting operation: it records and does nothing, and its status fields stay unchanged."""
        gate = self.gate and replace(self.gate, passed=False, reason=WAITING, message=message)
        return replace(
            self, status={}, intent={}, effects=(), gate=gate, blocking=False, disruption=None,
            requeue_after=requeue_after,
        )  # fmt: skip


def intent_of(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the status fields to record before any effect."""
    fields: dict[str, Any] = {}
    for operation in operations:
        fields |= operation.intent
    return fields


def status_of(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the status fields that the operations own."""
    fields: dict[str, Any] = {}
    for operation in operations:
        fields |= operation.status
    return fields


def execute(operations: Iterable[Operation], when: When, perform: Perform) -> tuple[Operation, ...]:
    """Perform the effects for this point; return all operations, with the performed ones concluded."""
    return tuple(
        operation.conclude(operation, [perform(effect) for effect in operation.effects])
        if operation.when is when and operation.effects
        else operation
        for operation in operations
    )


def soonest(waits: Iterable[float | None]) -> float | None:
    """Return the shortest wait in seconds; None, which waits for an event, counts as longest."""
    return min((wait for wait in waits if wait is not None), default=None)
