"""What is done with volumes whose size in the spec has changed; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from alluxio_operator.engine.operation import Answer, Operation, When
from alluxio_operator.kinds.cluster.storage.expansion import ExpandClaims, after_answers
from alluxio_operator.kinds.cluster.view import View


def operations(view: View) -> Iterable[Operation]:
    """Yield the expansion of PVCs.

    It asks the arbiter for nothing: a claim grows under a running pod, and a StatefulSet is recreated around its pods.
    """
    step = view.expansion

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [refused] = answers
        return replace(operation, gate=after_answers(step, refused))

    yield Operation(
        "expansion",
        status={"volumes": step.volumes, "recreating": step.recreating},
        intent={"recreating": step.recreating} if step.recreating else {},
        effects=(ExpandClaims(step.ask),) if step.ask else (),
        when=When.BEFORE_APPLY,
        gate=step.gate,
        conclude=conclude,
    )
