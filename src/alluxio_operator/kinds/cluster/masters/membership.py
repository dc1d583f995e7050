"""Decides how the number of masters changes on a living cluster: one member at a time, proven by the leader; pure.

Each state is recorded in one reconcile and takes effect in the next ones, by the counts of `masters.counts`. Any member
may lead at any time, and the operator may end at any write. `joining` and `leaving` have the steps, and the dangers
that each of them avoids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from alluxio_operator.api.alluxiocluster_status import MembersChange
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate, Severity
from alluxio_operator.kinds.cluster.masters import joining, leaving
from alluxio_operator.kinds.cluster.masters.kept_version import is_held
from alluxio_operator.kinds.cluster.masters.member_step import (
    FIELD,
    GATE,
    POLL,
    MembershipStep,
    Situation,
    is_overdue,
    operation_at,
)
from alluxio_operator.kinds.cluster.objects.versions import image_of
from alluxio_operator.kinds.cluster.observed import Observed

REMEDY: Final = f"Fix the cause, or set {FIELD} back"
NOTHING: Final = MembershipStep(None)


class _Act(Protocol):
    def __call__(self, now: Situation, change: MembersChange, /) -> MembershipStep: ...


ACTS: Final[Mapping[str, _Act]] = {
    "Preparing": joining.prepare,
    "Joining": joining.join,
    "Leading": joining.lead,
    "Leaving": leaving.leave,
    "Stopping": leaving.stop,
}


def is_wanted(observed: Observed, replicas: int) -> bool:
    """Return True if the number of members changes, or is to change."""
    journal = observed.status.journal
    if journal is None or journal.state != "Initialized":
        return False
    return journal.change is not None or replicas not in (0, journal.members)


def next_membership_step(now: Situation, *, busy: str = "") -> MembershipStep:
    """Return the next step; `busy` says what else changes masters, so that no change may begin."""
    journal = now.observed.status.journal
    if journal is None or not is_wanted(now.observed, now.wanted):
        return NOTHING
    change = journal.change
    if change is None:
        return _begin(now, journal.members, busy)
    if change.state == "Leading":
        if now.wanted == 0:
            return MembershipStep(None, journal.members, in_progress=True)
        return joining.lead(now, change) if change.to == now.wanted else _begin(now, journal.members, busy)
    if change.to != now.wanted:
        change = change.model_copy(update={"to": now.wanted})
        if (step := _redirected(now, change)) is not None:
            return step
    if now.expendable:
        # No rollout begins during a change, and the failing one may be one of two, without which no master leads.
        pod = now.expendable[0]
        step = now.waits(change, f"{pod.name} fails and is replaced, so that it runs the current spec")
        return _overdue(now, replace(step, restart=pod))
    return _overdue(now, _told(now, ACTS[change.state](now, change)))


def _told(now: Situation, step: MembershipStep) -> MembershipStep:
    """Return the step that also tells that a new version waits for it."""
    spec = now.observed.resource["spec"]
    if step.gate is None or step.change is None or not is_held(step.change, spec):
        return step
    message = f"{step.gate.message}. spec.version {spec['version']} takes effect once the change is complete"
    return replace(step, gate=replace(step.gate, message=message))


def _begin(now: Situation, members: int, busy: str) -> MembershipStep:
    """Begin the change if the quorum is healthy by its own word and by the leader's, and no backup is written."""
    what = f"{FIELD} is {now.wanted} and the quorum has {members} masters"
    if reason := busy or now.unhealthy(members) or now.held_by_backup():
        message = f"{what}: the operator changes them once {reason}"
        return MembershipStep(None, gate=Gate(GATE, False, "Waiting", message, Severity.WARNING, POLL))
    trouble = _ufs_trouble(now)
    if trouble is not None:
        gate = Gate(GATE, False, "UfsUnreachable", f"{what}: {trouble}", Severity.WARNING, POLL)
        return MembershipStep(None, gate=gate, needs_ufs_probe=not trouble)
    if now.writing is None:
        message = f"{what}: the operator changes them once it has read the AlluxioBackups"
        gate = Gate(GATE, False, "Waiting", message, Severity.WARNING, POLL)
        return MembershipStep(None, gate=gate, needs_backups=True)
    spec = now.cluster.spec
    change = MembersChange(
        to=now.wanted,
        members=members,
        state="Preparing" if now.wanted > members else "Leaving",
        operation=operation_at(now.now),
        version=spec.version,
        image=image_of(spec),
        since=stamp(now.now),
    )
    return now.recorded(change, f"{what}: the operator changes them one at a time")


def _ufs_trouble(now: Situation) -> str | None:
    """Return why the UFS forbids a start of a master; an empty text while it has to be probed."""
    if now.wanted < now.cluster.members or not now.cluster.spec.upgrade.wait_for_ufs:
        return None
    if now.observed.ufs is None:
        return ""
    if not now.observed.ufs.trouble:
        return None
    return f"a new master can start once the UFS answers: {now.observed.ufs.trouble}"


def _redirected(now: Situation, change: MembersChange) -> MembershipStep | None:
    """Return the step of a change whose number of masters was edited; None to end first what has begun."""
    if now.wanted > change.members:
        return None
    if change.state == "Preparing":
        # Its master hasn't started.
        return now.settled(change)
    if change.state == "Joining":
        # It may be a member by now.
        leaves = now.in_state(change, "Leaving", members=change.members + 1)
        return now.recorded(leaves, f"{now.name(change.members)} leaves the quorum again")
    return None


def _overdue(now: Situation, step: MembershipStep) -> MembershipStep:
    """Return the step with a warning if it takes too long."""
    change, gate = step.change, step.gate
    if change is None or gate is None or not is_overdue(change, now.now):
        return step
    message = f"{gate.message}. This step began at {change.since}. {_remedy(now, change)}"
    return replace(step, gate=Gate(GATE, False, "StepTimedOut", message, Severity.BLOCKED, POLL))


def _remedy(now: Situation, change: MembersChange) -> str:
    pair = change.members + (change.state == "Joining") == 2
    if not (pair and now.info is None):
        return REMEDY
    return (
        "No master leads, and a quorum of two needs both. Correct the spec, or bring the node or the volume of the one "
        "that is away back: no number of masters can be reached before. If its volume is lost for good, restore an "
        "AlluxioBackup into a new AlluxioCluster (spec.bootstrap.restore)"
    )
