"""Operations on the masters' journals: the initialisation, and the rejoin of a master that lost its journal; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.api.alluxiocluster_status import JournalStatus
from alluxio_operator.engine.effects import Delete, Patch
from alluxio_operator.engine.gate import BackOff
from alluxio_operator.engine.operation import Operation
from alluxio_operator.engine.requeue import back_off
from alluxio_operator.kinds.cluster.masters import quorum
from alluxio_operator.kinds.cluster.masters.rejoin import REJOINING, permission
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref

POLL: Final = BackOff(since=quorum.GATE)
"""While a master rejoins: its progress causes no event, and it may wait for a user."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the journal's initialisation, whose Jobs the templates render, a permission to rejoin, and a restart."""
    journal, rejoin = view.journal.status, view.rejoin
    status = {"journal": journal}
    failed = (Delete(Ref.of(job), job["metadata"]["uid"]) for job in view.journal.failed)
    yield Operation(
        "journal", status=status, intent=status if journal and _is_intent(journal) else {}, effects=tuple(failed)
    )
    pod = rejoin.permit
    yield Operation(
        "rejoin",
        effects=() if pod is None else (Patch(Ref("Pod", pod.name), permission(pod), "rejoin with an empty journal"),),
        disruption="heal" if rejoin.trouble and rejoin.trouble.reason == REJOINING else None,
        requeue_after=back_off(POLL, view.observed.status.conditions, view.now) if rejoin.status else None,
    )
    yield _hung(view)


def _hung(view: View) -> Operation:
    record, pod = view.hung.record, view.hung.restart
    return Operation(
        "hung master",
        status={"hung_master": record},
        intent={"hung_master": record} if pod else {},
        effects=() if pod is None else (Delete(Ref("Pod", pod.name), pod.uid),),
        disruption="heal" if pod else None,
    )


def _is_intent(journal: JournalStatus) -> bool:
    return journal.state == "Initializing" or journal.rejoin is not None
