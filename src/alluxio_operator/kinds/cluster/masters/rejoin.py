"""Decides when a master that lost its journal may rejoin the quorum with an empty one.

A member with an empty journal votes like any other. So it may help to elect a master that lacks acknowledged entries.
That can't happen once a majority of all members, without the empty one, holds every acknowledged entry: then any
quorum that includes the empty member also includes a member with all entries.

So the master waits in its init container until both hold:

1. the other members have a leader;
2. a majority of all members, among the others, has reached the leader's journal index from the time when the operator
   first saw the loss.

Then the operator annotates the master's pod with the pod's own uid, which permits this pod and no other to start. The
permission holds once: if the same pod loses its journal a second time, it has to be deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import RejoinStatus
from alluxio_operator.api.base import GROUP
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, majority, without_journal
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.termination_message import JOURNAL_MISSING

PERMISSION = f"{GROUP}/journal-rejoin"
"""Annotation of a master's pod: the uid of the pod that may start without its journal."""

REJOINING = "Rejoining"
"""Reason while a master catches up with the leader."""

JOINED_ONCE = "this pod has joined once already"
"""Part of the init container's message once its pod has used the permission."""


@dataclass(frozen=True, slots=True)
class RejoinStep:
    """The rejoin to record in the status, the pod to permit after that, and the message for the quorum's gate."""

    status: RejoinStatus | None = None
    permit: Pod | None = None
    trouble: Trouble | None = None


def next_rejoin_step(observed: Observed, quorum: Quorum) -> RejoinStep:
    """Return the next step for one master without its journal; one at a time, since each relies on the others."""
    journal, members = observed.status.journal, len(quorum.members)
    if journal is None or journal.state != "Initialized" or members < 2:
        return RejoinStep()
    waiting = {pod.uid: pod for pod in without_journal(observed) if pod.uid}
    # A pod that no longer waits has its journal again, or was deleted together with its permission.
    current = journal.rejoin if journal.rejoin and journal.rejoin.uid in waiting else None
    if not waiting:
        return RejoinStep()
    pod = waiting[current.uid] if current else min(waiting.values(), key=lambda one: one.name)
    needed = majority(members)
    others = [one for one in quorum.members if one.name != pod.name and one.role != "Down"]
    if len(quorum.leaders) != 1 or quorum.leader == pod.name or not isinstance(observed.master, MasterInfo):
        return _wait(pod, "one of the others leads and serves")
    if len(others) < needed:
        return _wait(pod, f"{needed} of the {members - 1} others run; {len(others)} do")
    index = current.index if current else observed.indexes.get(quorum.leader or "")
    if index is None:
        return _wait(pod, "the leader reports its journal index")
    intent = RejoinStatus(pod=pod.name, uid=pod.uid, index=index)
    reached = sum(observed.indexes.get(one.name, -1) >= index for one in others)
    if reached < needed:
        return _wait(pod, f"{needed} of the others have reached journal index {index}; {reached} have", intent)
    if pod.trouble and JOINED_ONCE in pod.trouble.message:
        return _wait(pod, "you delete the pod: it has lost its journal twice, and a pod may rejoin once", intent)
    permitted = pod.annotations.get(PERMISSION) == pod.uid
    message = f"{pod.name} rejoins with an empty journal and catches up with the leader"
    return RejoinStep(intent, None if permitted else pod, Trouble(REJOINING, message))


def _wait(pod: Pod, until: str, intent: RejoinStatus | None = None) -> RejoinStep:
    return RejoinStep(intent, None, Trouble(JOURNAL_MISSING, f"{pod.name} waits to rejoin until {until}"))


def permission(pod: Pod) -> Mapping[str, object]:
    """Return the patch that permits a pod; the API server refuses it if the pod was replaced or has changed."""
    return {"metadata": {"uid": pod.uid, "resourceVersion": pod.version, "annotations": {PERMISSION: pod.uid}}}
