"""Keeps restored names marked: whichever master leads compares each with the UFS at its next use; pure.

Alluxio marks the root after a restore, in the memory of the leader's process, and forgets it when that process ends or
another master leads. Without the mark it never compares the names: files that were persisted after the backup stay
invisible, and names without a file in the UFS stay. So the operator marks the root again whenever another process
leads. It does so for some days only: each mark lets the leader list the UFS once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.kinds.cluster.masters.quorum import serving_leader
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import attempts
from alluxio_operator.kinds.cluster.restore.in_place_step import DISRUPTIVE
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.workloads.pods import Pod

MARKS_FOR: Final = timedelta(days=7)
"""Time after a restore for which a new leader is asked to compare the names."""

RETRY: Final = 30.0
"""Seconds until the next try, while the leader or the UFS doesn't answer."""


@dataclass(frozen=True, slots=True)
class Marking:
    """The leader to mark, and the field of the status that records it."""

    field: str
    leader: Pod | None = None
    """None while the UFS has to answer first: a name that a UFS in trouble doesn't have would be dropped."""
    needs_ufs_probe: bool = False


def process_of(pod: Pod) -> str:
    """Return the identity of a master's process."""
    return f"{pod.uid}:{pod.restarts}"[:128]


def marks_until(now: datetime) -> str:
    """Return until when the names of a restore that is proven now stay marked."""
    return stamp(now + MARKS_FOR)


def next_marking(observed: Observed, cluster: Cluster, now: datetime) -> Marking | None:
    """Return what to mark; None if the leader has the mark, or if there is nothing to mark."""
    leader = serving_leader(observed)
    if leader is None:
        return None
    field, marked, until = _recorded(observed.status)
    if not marked or now >= moment(until) or marked == process_of(leader):
        return None
    held = attempts.ufs_gate(observed, cluster, IN_PLACE, "the leader compares the names with the UFS")
    if held is not None:
        return Marking(field, needs_ufs_probe=observed.ufs is None)
    return Marking(field, leader)


def _recorded(status: ClusterStatus) -> tuple[str, str, str]:
    """Return the field of the last proven restore, the process that has its mark, and until when one is to have it."""
    in_place, restore = status.restore_in_place, status.restore
    if in_place is not None and (in_place.state in DISRUPTIVE or in_place.marks_until is not None):
        marked = "" if in_place.state in DISRUPTIVE else in_place.marked
        return "restore_in_place", marked, in_place.marks_until or in_place.since
    if restore is None or restore.state != "Restored":
        return "restore", "", ""
    return "restore", restore.marked, stamp(moment(restore.since) + MARKS_FOR)
