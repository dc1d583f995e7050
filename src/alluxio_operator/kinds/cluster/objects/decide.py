"""Operation that updates the leader's dynamic properties; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from alluxio_operator.engine.operation import Answer, Operation
from alluxio_operator.kinds.cluster.objects import dynamic
from alluxio_operator.kinds.cluster.objects.dynamic import DynamicUpdate, UpdateConfiguration
from alluxio_operator.kinds.cluster.view import View

RETRY_SECONDS: Final = 15.0
"""Requeue delay after the leader gave no answer or refused a property."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the update of the leader's dynamic properties."""
    step = dynamic.next_update(view.cluster.spec, view.master_properties, view.observed, view.current_leader)

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [answer] = answers
        return operation if answer is None else _operation(view, dynamic.after_update(step, answer))

    yield replace(_operation(view, step), conclude=conclude)


def _operation(view: View, step: DynamicUpdate) -> Operation:
    leader = step.leader
    return Operation(
        "dynamic configuration",
        status={"dynamic_properties": step.status},
        effects=() if leader is None else (UpdateConfiguration(leader, step.properties),),
        gate=step.gate,
        requeue_after=None if step.gate is None or step.gate.passed or view.cluster.spec.paused else RETRY_SECONDS,
    )
