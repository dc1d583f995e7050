"""Decides when the lost volume of a master is replaced by an empty one, on which the master then rejoins; pure.

A volume is lost for good, and not only away with its node, if

- its PVC is in phase Lost: its PersistentVolume was deleted; or
- no node of Kubernetes can have it: the scheduler says so of each, because the volume belongs to a node that was
  deleted. A node that is only away, cordoned or tainted is still counted, and then nothing is replaced.

The operator deletes such a PVC, the pod that waits for it, and ended pods of its own Jobs that mounted it, if

1. the loss has lasted for spec.masters.replaceAfterSeconds: a user may bring the volume or the node back;
2. the master is down: one that runs still has its volume;
3. the others have a leader that serves, and a majority of all members, among them, has reached the leader's journal
   index from the time when the operator first saw the loss;
4. no other master lacks its journal or is being replaced, and the number of masters isn't changing.

The record comes first, with the uid of the PVC, so that no other PVC is ever deleted. What follows is the rejoin of a
master that lost its journal, which asks for proofs of its own (`rejoin`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import LostVolume
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, majority, without_journal
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.storage.pvc import Claim, parse_claim
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import Pod

REPLACING: Final = "ReplacingVolume"
"""Reason while a lost volume is being replaced."""
LOST: Final = "VolumeLost"

MIN_MEMBERS: Final = 3
"""With fewer, each volume may have the only copy."""

_NO_NODE: Final = re.compile(
    r"0/(?P<nodes>\d+) nodes are available: (?P<conflicts>\d+) node\(s\) "
    r"(?:had volume node affinity conflict|didn't match PersistentVolume's node affinity)"
    r"(?:\.|\s|$)"
)
"""The scheduler's message if each node has this one reason; source: Kubernetes 1.27 to 1.34.

In other words, or with another reason after a comma, a node may be one that has the volume: then it isn't lost.
"""


@dataclass(frozen=True, slots=True)
class ReplacementStep:
    """The loss to record, what to delete once it is recorded, and the message for the quorum's gate."""

    status: LostVolume | None = None
    claim: Claim | None = None
    pod: Pod | None = None
    trouble: Trouble | None = None
    ended: tuple[Pod, ...] = ()
    """Pods of the operator's Jobs that ended and mount the PVC: Kubernetes keeps a PVC while there is such a pod."""


NOTHING: Final = ReplacementStep()


def next_replacement_step(observed: Observed, quorum: Quorum, after_seconds: int, now: datetime) -> ReplacementStep:
    """Return the next step for one master whose volume is lost; one at a time, since each relies on the others."""
    journal, members = observed.status.journal, len(quorum.members)
    if journal is None or journal.state != "Initialized" or members < MIN_MEMBERS or observed.claims is None:
        return NOTHING
    uid = observed.resource["metadata"]["uid"]
    claims = {one["metadata"]["name"]: parse_claim(one, uid) for one in observed.claims}
    down = {name: claims[pvc] for name in _down(quorum) if (pvc := _claim_of(observed, name)) in claims}
    gone = {name: one for name, one in down.items() if not one.leaving}
    lost = {name: one for name, one in gone.items() if one.lost or _has_no_node(observed, name)}
    known = journal.lost
    if known is not None and (known.pod not in lost or lost[known.pod].uid != known.claim_uid):
        # It is back, or its PVC is another one by now.
        known = None
    if not lost:
        return NOTHING
    name = known.pod if known is not None else min(lost)
    claim, index = lost[name], observed.indexes.get(quorum.leader or "")
    if known is None:
        known = LostVolume(pod=name, claim_uid=claim.uid, since=stamp(now))
    if known.index is None and index is not None:
        known = known.model_copy(update={"index": index})
    why = f"PersistentVolume {claim.persistent_volume} of {name} is lost for good"
    due = moment(known.since) + timedelta(seconds=after_seconds)
    if now < due:
        wait = f"{why}. If it doesn't come back, the operator replaces it by an empty one at {stamp(due)}"
        return ReplacementStep(known, trouble=Trouble(LOST, wait))
    if reason := _unsafe(observed, quorum, name, known):
        return ReplacementStep(known, trouble=Trouble(LOST, f"{why}. The operator replaces it once {reason}"))
    deleting = known.model_copy(update={"deleting": True})
    message = f"{why}: the operator replaces PVC {claim.name} by an empty one, on which the master rejoins"
    pod = observed.master_named(name)
    ended = tuple(one for one in observed.role(names.JOURNAL) if one.ended and claim.name in one.claims)
    return ReplacementStep(deleting, None if claim.terminating else claim, pod, Trouble(REPLACING, message), ended)


def _unsafe(observed: Observed, quorum: Quorum, name: str, known: LostVolume) -> str:
    """Return what has to be so before the volume may go; an empty text if it is."""
    journal, needed = observed.status.journal, majority(len(quorum.members))
    if journal is not None and journal.change is not None:
        return "the number of masters has changed"
    if waiting := without_journal(observed):
        return f"{waiting[0].name} has its journal again"
    if len(quorum.leaders) != 1 or quorum.leader == name or not isinstance(observed.master, MasterInfo):
        return "one of the others leads and serves"
    if known.index is None:
        return "the leader reports its journal index"
    others = [one for one in quorum.members if one.name != name and not one.unavailable]
    reached = sum(observed.indexes.get(one.name, -1) >= known.index for one in others)
    if reached < needed:
        return f"{needed} of the others have reached journal index {known.index}; {reached} have"
    return ""


def _down(quorum: Quorum) -> tuple[str, ...]:
    return tuple(one.name for one in quorum.members if one.role == "Down")


def _claim_of(observed: Observed, name: str) -> str:
    return observed.names.journal_claim(int(name.rpartition("-")[2]))


def _has_no_node(observed: Observed, name: str) -> bool:
    """Return True if the scheduler says of each node that the volume isn't there."""
    pod = observed.master_named(name)
    if pod is None or pod.node or pod.trouble is None or pod.role != names.MASTER:
        return False
    found = _NO_NODE.search(pod.trouble.message)
    return found is not None and 0 < int(found["nodes"]) == int(found["conflicts"])
