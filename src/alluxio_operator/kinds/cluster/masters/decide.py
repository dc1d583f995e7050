"""Operations on the masters' journals: the initialisation, and the rejoin of a master that lost its journal; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.api.alluxiocluster_status import JournalStatus
from alluxio_operator.engine.effects import Delete, Patch
from alluxio_operator.engine.gate import BackOff
from alluxio_operator.engine.operation import Effect, Operation
from alluxio_operator.engine.requeue import back_off
from alluxio_operator.kinds.cluster.masters import quorum
from alluxio_operator.kinds.cluster.masters.effects import RemoveMember, TransferLead
from alluxio_operator.kinds.cluster.masters.rejoin import REJOINING, permission
from alluxio_operator.kinds.cluster.observed import FORMER, JOURNAL_ANNOTATION, MEMBERS_ANNOTATION
from alluxio_operator.kinds.cluster.rollout.effects import ReplacePod
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.termination_message import NOT_A_MEMBER

MEMBERS: Final = "members"
"""Name of the operation whose gate is MembersChanged."""
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
    yield _replacement(view)
    yield _members(view)
    yield _mistaken(view)
    yield _hung(view)


def _replacement(view: View) -> Operation:
    """Return the deletion of a lost volume's PVC; the record of it is in the journal's."""
    step = view.replacement
    deleting = step.status is not None and step.status.deleting
    effects: list[Effect] = []
    if deleting and step.pod is not None and not step.pod.deleted:
        # First: a PVC stays while a pod with a node uses it, also one that has ended.
        effects.append(Delete(Ref("Pod", step.pod.name), step.pod.uid))
    if deleting:
        effects += [Delete(Ref("Pod", pod.name), pod.uid) for pod in step.ended if not pod.deleted]
    if deleting and step.claim is not None:
        effects.append(Delete(Ref("PersistentVolumeClaim", step.claim.name), step.claim.uid))
    return Operation(
        "replacement",
        effects=tuple(effects),
        disruption="heal" if deleting else None,
        requeue_after=back_off(POLL, view.observed.status.conditions, view.now) if step.status else None,
    )


def _members(view: View) -> Operation:
    """Return the change of the number of masters; its fields go into the journal's record."""
    step, journal = view.membership, view.journal.status
    if (step.gate is None and not step.in_progress) or journal is None:
        return Operation(MEMBERS)
    settled = {} if step.members is None else {"members": step.members}
    known = step.change is not None or step.in_progress
    status = {"journal": journal.model_copy(update={"change": step.change, **settled})} if known else {}
    effects = tuple(_effects_on_members(view))
    return Operation(
        MEMBERS,
        status=status,
        intent=status if effects else {},
        effects=effects,
        gate=step.gate,
        blocking=step.in_progress,
        disruption="members" if step.in_progress or effects else None,
    )


def _effects_on_members(view: View) -> Iterable[Effect]:
    step, made, port = view.membership, view.cluster.names, view.cluster.spec.masters.ports.embedded_journal
    for job in step.failed:
        yield Delete(Ref.of(job), job["metadata"]["uid"])
    for claim in step.release:
        meta = claim["metadata"]
        former = {"uid": meta["uid"], "annotations": {JOURNAL_ANNOTATION: FORMER, MEMBERS_ANNOTATION: None}}
        yield Patch(
            Ref("PersistentVolumeClaim", meta["name"]), {"metadata": former}, "mark it as that of a former master"
        )
    if (pod := step.restart) is not None:
        outdated = not view.roles.is_current(pod)
        replaced = ReplacePod(pod, made.of(pod.role), view.hashes.get(pod.role, ""), view.now)
        yield replaced if outdated else Delete(Ref("Pod", pod.name), pod.uid)
    leader = view.observed.master_named(view.quorum.leader)
    if leader is not None and step.remove is not None:
        yield RemoveMember(leader, made.master_host(step.remove), port)
    if leader is not None and step.transfer is not None:
        yield TransferLead(leader, made.master_host(step.transfer), port)


def _mistaken(view: View) -> Operation:
    """Return the deletion of a member's pod whose init container has another number of members: that of its creation.

    Such a master has joined as that pod, and has lost its volume's mark since, as with a journal that was removed. Its
    next pod waits for its journal. One that ended before has nothing to lose.
    """
    pods = [
        pod
        for ordinal in range(view.cluster.counts.members)
        if (pod := view.observed.master_named(view.cluster.names.master(ordinal))) is not None
        and pod.trouble is not None
        and pod.trouble.reason == NOT_A_MEMBER
        and not pod.deleted
    ]
    return Operation("mistaken master", effects=tuple(Delete(Ref("Pod", pod.name), pod.uid) for pod in pods[:1]))


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
    deleting = journal.lost is not None and journal.lost.deleting
    return journal.state == "Initializing" or journal.rejoin is not None or deleting
