"""Operations on volumes: their record, and the expansion of those whose size in the spec has changed; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from alluxio_operator.engine.operation import Answer, Operation, When
from alluxio_operator.kinds.cluster.storage.expansion import ExpandClaims, after_answers
from alluxio_operator.kinds.cluster.storage.records import LabelClaims, ProtectClaims
from alluxio_operator.kinds.cluster.view import View

RECORDS: Final = "volumes"
"""Name of the operation whose gate is VolumesAvailable."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the record of the volumes, and the expansion of PVCs.

    The expansion needs no turn from the arbiter: PVCs expand under running pods, and a recreated StatefulSet keeps its
    pods.
    """
    step = view.expansion

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [refused] = answers
        return replace(operation, gate=after_answers(step, refused))

    yield _records(view)
    yield Operation(
        "expansion",
        status={"volumes": step.volumes, "recreating": step.recreating},
        intent={"recreating": step.recreating} if step.recreating else {},
        effects=(ExpandClaims(step.expand),) if step.expand else (),
        when=When.BEFORE_APPLY,
        gate=step.gate,
        conclude=conclude,
    )


def _records(view: View) -> Operation:
    step = view.records
    return Operation(
        RECORDS,
        status={"claims": step.records},
        effects=(
            *((LabelClaims(step.unlabelled),) if step.unlabelled else ()),
            *((ProtectClaims(step.unprotected),) if step.unprotected else ()),
        ),
        gate=step.gate,
        blocking=step.blocking,
        # Any other operation that ends a pod would end the last use of a volume that is being deleted.
        disruption="volume-protection" if step.holds_pods else None,
    )
