"""Decides whether a master that lost its journal may join again with an empty one, to be brought up to date.

An empty member votes like any other, so it may help to elect a master that lacks what was acknowledged. It is harmless
once a majority of all members hold everything without it: every quorum that it can be part of then has one that knows
better. So it waits in its init container until the others have a leader, and a majority of all members among them has
reached where that leader was when the loss was seen already. Then the pod is permitted, and this one only: the
permission is its uid, written on itself. It holds once: a second loss of the same pod is not judged by the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import RejoinStatus
from alluxio_operator.api.base import GROUP
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, majority, without_journal
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pods import JOURNAL_MISSING, Pod, Trouble

PERMISSION = f"{GROUP}/journal-rejoin"
"""Annotation of a master's pod: the uid of the pod that may start without its journal."""

REJOINING = "Rejoining"
"""Reason while a master is brought up to date."""

JOINED_ONCE = "this pod has joined once already"
"""What the init container of a pod says that has used its permission."""


@dataclass(frozen=True, slots=True)
class RejoinStep:
    """What the status is to say of it, the pod to permit once it does, and how it stands, for people."""

    status: RejoinStatus | None = None
    permit: Pod | None = None
    trouble: Trouble | None = None


def next_step(observed: Observed, quorum: Quorum) -> RejoinStep:
    """Return the next step for one master without its journal; one at a time, since each counts on the others."""
    journal, members = observed.status.journal, len(quorum.members)
    if journal is None or journal.state != "Initialized" or members < 2:
        return RejoinStep()
    waiting = {pod.uid: pod for pod in without_journal(observed) if pod.uid}
    # Whoever no longer waits has its journal again, or is gone and its permission with it.
    begun = journal.rejoin if journal.rejoin and journal.rejoin.uid in waiting else None
    if not waiting:
        return RejoinStep()
    pod = waiting[begun.uid] if begun else min(waiting.values(), key=lambda one: one.name)
    needed = majority(members)
    others = [one for one in quorum.members if one.name != pod.name and one.role != "Down"]
    if len(quorum.claims) != 1 or quorum.leader == pod.name or not isinstance(observed.master, MasterInfo):
        return _wait(pod, "one of the others leads and serves")
    if len(others) < needed:
        return _wait(pod, f"{needed} of the {members - 1} others run; {len(others)} do")
    index = begun.index if begun else observed.indexes.get(quorum.leader or "")
    if index is None:
        return _wait(pod, "the leader says how far its journal goes")
    intent = RejoinStatus(pod=pod.name, uid=pod.uid, index=index)
    holding = sum(observed.indexes.get(one.name, -1) >= index for one in others)
    if holding < needed:
        return _wait(pod, f"{needed} of the others have the journal up to index {index}; {holding} do", intent)
    if pod.trouble and JOINED_ONCE in pod.trouble.message:
        return _wait(pod, "its pod is deleted: it has lost its journal twice, and a permission holds once", intent)
    told = pod.annotations.get(PERMISSION) == pod.uid
    joins = Trouble(REJOINING, f"{pod.name} joins again without a journal, and the leader brings it up to date")
    return RejoinStep(intent, None if told else pod, joins)


def _wait(pod: Pod, until: str, intent: RejoinStatus | None = None) -> RejoinStep:
    return RejoinStep(intent, None, Trouble(JOURNAL_MISSING, f"{pod.name} waits to join again until {until}"))


def permission(pod: Pod) -> Mapping[str, object]:
    """Return the patch that permits a pod; refused where the pod is another one by now, or has changed."""
    return {"metadata": {"uid": pod.uid, "resourceVersion": pod.version, "annotations": {PERMISSION: pod.uid}}}
