"""Operations: what a reconcile does besides applying manifests, as data.

An operation is decided without I/O. What has to be on record before its first effect is its `intent`: the driver
writes it into the status under the resourceVersion that the decision was made from, so that a replica which has lost
its Lease fails there. Effects are values; each kind says by their type who performs them. Repeating an effect must be
as good as doing it once, since the operator may end between the record, the effect and the report.

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
"""What performing an effect returned; None where there is nothing to say."""
Perform = Callable[[Effect], Answer]

WAITING: Final = "WaitingForOperation"
"""Reason of a gate whose operation waits for another one."""


class When(enum.Enum):
    """At which point of a reconcile the effects of an operation are performed."""

    BEFORE_APPLY = "before the manifests are applied"
    AFTER_APPLY = "after the manifests were applied"
    ONCE_READY = "after the resource was found Ready and up to date"


def _unchanged(operation: Operation, answers: Sequence[Answer]) -> Operation:  # noqa: ARG001 (the signature of conclude)
    return operation


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a capability does, or waits with.

    `status` holds the fields of the status that it owns, as they are once the reconcile is done. `intent` holds those
    that have to be written before the first effect. `conclude` returns the operation after its effects were performed;
    answers come in the order of the effects.

    `disruption` names its place in the arbiter's order while it disturbs the resource or is about to; None otherwise.
    `requeue_after` is in seconds; None to wait for an event.
    """

    name: str
    status: Mapping[str, Any] = field(default_factory=dict)
    intent: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    when: When = When.AFTER_APPLY
    gate: Gate | None = None
    blocking: bool = False
    """Whether the resource isn't Ready while the gate is closed."""
    disruption: str | None = None
    requeue_after: float | None = None
    conclude: Callable[[Operation, Sequence[Answer]], Operation] = _unchanged

    def held(self, message: str, requeue_after: float) -> Operation:
        """Return the operation as it waits: nothing is recorded or done, and its fields stay as they are."""
        gate = self.gate and replace(self.gate, passed=False, reason=WAITING, message=message)
        return replace(
            self, status={}, intent={}, effects=(), gate=gate, blocking=False, disruption=None,
            requeue_after=requeue_after,
        )  # fmt: skip


def intent_of(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the fields that have to be on record before anything is done."""
    found: dict[str, Any] = {}
    for operation in operations:
        found |= operation.intent
    return found


def status_of(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the fields of the status that operations own, as they are now."""
    found: dict[str, Any] = {}
    for operation in operations:
        found |= operation.status
    return found


def execute(operations: Iterable[Operation], when: When, perform: Perform) -> tuple[Operation, ...]:
    """Perform the effects that are due at this point; return all operations, those concluded."""
    return tuple(
        operation.conclude(operation, [perform(effect) for effect in operation.effects])
        if operation.when is when and operation.effects
        else operation
        for operation in operations
    )


def soonest(waits: Iterable[float | None]) -> float | None:
    """Return the shortest of several waits in seconds; None, which waits for an event, is longer than any."""
    return min((wait for wait in waits if wait is not None), default=None)
