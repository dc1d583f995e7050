"""What is done with the masters' journals: their one initialisation, and members that join again; pure."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.api.alluxiocluster_status import JournalStatus
from alluxio_operator.engine.effects import Delete, Patch
from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.cluster.masters.rejoin import REJOINING, permission
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref

AT_WORK = 1.0
"""Seconds between two looks at a master that joins again: only its answers tell."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the initialisation of the journal, whose Jobs are rendered, and the permission for a master to rejoin."""
    journal, rejoin = view.journal.status, view.rejoin
    status = {"journal": journal}
    failed = (Delete(Ref.of(job), job["metadata"]["uid"]) for job in view.journal.failed)
    yield Operation(
        "journal", status=status, intent=status if journal and _is_intent(journal) else {}, effects=tuple(failed)
    )
    pod = rejoin.permit
    yield Operation(
        "rejoin",
        effects=() if pod is None else (Patch(Ref("Pod", pod.name), permission(pod), "join again without a journal"),),
        disruption="heal" if rejoin.trouble and rejoin.trouble.reason == REJOINING else None,
        requeue_after=AT_WORK if rejoin.status else None,
    )


def _is_intent(journal: JournalStatus) -> bool:
    return journal.state == "Initializing" or journal.rejoin is not None
