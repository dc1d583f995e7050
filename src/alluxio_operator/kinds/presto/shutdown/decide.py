"""Reports the times of a graceful shutdown; pure."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.api.presto_status import ShutdownStatus
from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.presto.shutdown.grace import grace_of
from alluxio_operator.kinds.presto.view import View


def operations(view: View) -> Iterable[Operation]:
    """Yield the times that follow from spec.gracefulShutdown."""
    spec, dialect = view.presto.spec, view.presto.dialect
    status = ShutdownStatus(
        announce_seconds=dialect.announce_seconds,
        termination_grace_period_seconds=grace_of(spec.workers, spec.graceful_shutdown, dialect),
    )
    yield Operation("graceful shutdown", status={"graceful_shutdown": status})
