"""Operation that reports the data that single workers hold; pure."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.cluster.view import View


def operations(view: View) -> Iterable[Operation]:
    """Yield the record of the last listing. Nothing waits for it."""
    step = view.risk
    yield Operation("at risk", status={"at_risk": step.status}, gate=step.gate, requeue_after=step.requeue_after)
