"""Operations of the restore; pure."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.engine.effects import Delete
from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref


def operations(view: View) -> Iterable[Operation]:
    """Yield the restore, and its turn: while it lasts, nothing else may restart a master."""
    step = view.restore
    if step.status is None:
        return
    fields = {"restore": step.status}
    failed = tuple(Delete(Ref.of(job), job["metadata"]["uid"]) for job in step.failed)
    yield Operation("restore", status=fields, intent=fields if step.record else {}, effects=failed)
    if step.has_masters:
        # Without fields: the record has to be written, also while a repair goes first.
        yield Operation("turn of the restore", disruption="restore")
