"""Operation that tests whether the leader can write to the root mount; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from alluxio_operator.engine.operation import Answer, Operation
from alluxio_operator.kinds.cluster.ufs.writable import Writability, after_test
from alluxio_operator.kinds.cluster.view import View


def operations(view: View) -> Iterable[Operation]:
    """Yield the test write; for a read-only mount only the end of its record."""
    step = view.writability

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:  # noqa: ARG001 (its signature)
        [answer] = answers
        return _operation(after_test(step, answer, view.cluster.spec, view.observed.status, view.now))

    yield replace(_operation(step), effects=() if step.due is None else (step.due,), conclude=conclude)


def _operation(step: Writability) -> Operation:
    return Operation(
        "write test",
        status={"write_proof": step.proof},
        gate=step.gate,
        blocking=step.blocking,
        requeue_after=step.requeue_after,
    )
