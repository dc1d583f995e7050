"""What a coordinator reports, as the status shows it; pure."""

from __future__ import annotations

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.presto_status import CoordinatorStatus, QueriesStatus
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kinds.presto.validate import Presto


def coordinator_status(presto: Presto, observed: Observed) -> CoordinatorStatus:
    """Return the status of the coordinator; its version stays while it doesn't answer."""
    answer = observed.coordinator
    return CoordinatorStatus(
        ready=not isinstance(answer, NoAnswer),
        version=observed.status.coordinator.version if isinstance(answer, NoAnswer) else answer.version,
        address=f"http://{presto.names.host(presto.names.service)}:{presto.spec.coordinator.ports.http}",
    )


def queries_status(answer: CoordinatorInfo | NoAnswer) -> QueriesStatus:
    """Return the numbers of queries, each rounded down to a step."""
    if isinstance(answer, NoAnswer):
        return QueriesStatus()
    return QueriesStatus(running=step(answer.running), queued=step(answer.queued))


def step(count: int) -> int:
    """Return the largest of 0, 1, 2, 5, 10, 20, 50 and so on that isn't above a count."""
    found, unit = 0, 1
    while unit <= count:
        found = max(times * unit for times in (1, 2, 5) if times * unit <= count)
        unit *= 10
    return found
