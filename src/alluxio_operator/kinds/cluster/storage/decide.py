"""Operation that expands the volumes whose size in the spec has changed; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from alluxio_operator.engine.operation import Answer, Operation, When
from alluxio_operator.kinds.cluster.storage.expansion import ExpandClaims, after_answers
from alluxio_operator.kinds.cluster.view import View


def operations(view: View) -> Iterable[Operation]:
    """Yield the expansion of PVCs.

    It needs no turn from the arbiter: PVCs expand under running pods, and a recreated StatefulSet keeps its pods.
    """
    step = view.expansion

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [refused] = answers
        return replace(operation, gate=after_answers(step, refused))

    yield Operation(
        "expansion",
        status={"volumes": step.volumes, "recreating": step.recreating},
        intent={"recreating": step.recreating} if step.recreating else {},
        effects=(ExpandClaims(step.expand),) if step.expand else (),
        when=When.BEFORE_APPLY,
        gate=step.gate,
        conclude=conclude,
    )
