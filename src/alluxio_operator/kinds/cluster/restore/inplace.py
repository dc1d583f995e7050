"""Decides about a restore in place: backed up, checked, stopped, set aside, restored, proven, or gone back; pure.

What every step keeps:

1. Nothing changes before the recorded text was typed, and nothing of the cluster before the file was read.
2. No journal with data is deleted. It is renamed in its volume, by a Job, while no master runs, and after the status
   has recorded it. `GoingBack` gives it its name back.
3. No client and no worker reaches names that aren't proven. Until then the masters listen on a port that only the
   operator knows (`objects.isolation`). So workers keep their blocks, also in memory, and free none of them for names
   that a half restored journal lacks.
4. No number of a block is given twice: the copy of the file that the masters restore gets a higher one than any that
   this cluster has given. Where that can't be done, the workers start empty.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlace, RestoreInPlaceStatus
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import BackOff, Gate, Severity, waiting
from alluxio_operator.engine.history import last_manager
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.masters.quorum import leaders_of, member_problem, quorum_of
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import attempts, checking, loss, offer, safety
from alluxio_operator.kinds.cluster.restore.in_place_back import abandon, ended, progress
from alluxio_operator.kinds.cluster.restore.in_place_masters import STEPS
from alluxio_operator.kinds.cluster.restore.in_place_step import CANCELLABLE, DISRUPTIVE, InPlaceStep, in_state
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE, Source
from alluxio_operator.kinds.cluster.validate import Cluster

COUNTING: Final = (
    "the leading master lists all files, to count those that would be lost; it may take minutes. Nothing has changed, "
    "and no text confirms the restore before the count has ended"
)
POLL: Final = BackOff(least=2.0, most=15.0)

DELETED: Final = "a volume is being deleted, and its data is lost once the last pod that uses it ends"


def next_in_place_step(observed: Observed, cluster: Cluster, now: datetime, *, holds_pods: bool = False) -> InPlaceStep:
    """Return the next step of the restore in place.

    `holds_pods`: a volume is being deleted, and its data is lost once the last pod that uses it ends.
    """
    known, wanted = observed.status.restore_in_place, cluster.spec.restore_in_place
    if known is not None and known.state in DISRUPTIVE:
        if known.state == "Stopping" and holds_pods and not observed.masters_stopped:
            return abandon(known, f"{DELETED}, so the masters may not stop", now)
        return _with_warning(STEPS[known.state](known, observed, cluster, now), wanted)
    if wanted is None:
        if known is not None and known.state in CANCELLABLE:
            return InPlaceStep(in_state(known, "Cancelled", now))
        return InPlaceStep(known)
    if known is not None and offer.is_over(known) and not offer.is_new(wanted, known):
        return InPlaceStep(known, ended(known))
    journal, bootstrap = observed.status.journal, observed.status.restore
    if journal is None or journal.state != "Initialized" or (bootstrap is not None and bootstrap.state != "Restored"):
        message = f"{IN_PLACE.field} waits until this cluster has a journal; a new one has spec.bootstrap.restore"
        return InPlaceStep(known, waiting(IN_PLACE.gate, message, "NotInstalled"))
    if journal.change is not None and journal.change.state != "Leading":
        # Not every journal is a member's now, and a restore that goes back needs all that were members before it.
        message = (
            f"{IN_PLACE.field} waits until the number of masters has changed to {journal.change.to}. If that can't "
            "end, restore the backup into a new AlluxioCluster (spec.bootstrap.restore)"
        )
        return InPlaceStep(known, waiting(IN_PLACE.gate, message, "MembersChanging"))
    step = _before(wanted, observed, cluster, now)
    if step.status is None or step.status.state != "Checking" or step.gate is not None or step.source is None:
        return step
    return _stop(step.status, step.source, observed, cluster, now, holds_pods=holds_pods)


def _before(wanted: RestoreInPlace, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    """Return the step of a restore that has changed nothing yet."""
    before = observed.status.restore_in_place
    if wanted.backup_name is not None and observed.found_backup is None:
        message = f"the operator reads AlluxioBackup {wanted.backup_name}"
        return InPlaceStep(before, waiting(IN_PLACE.gate, message), needs_backup=True)
    source = offer.source_in_place(wanted, observed.found_backup, cluster)
    if isinstance(source, Gate):
        return InPlaceStep(before, source)
    known = offer.offered(wanted, source, observed, cluster, now)
    if known.state == "AwaitingConfirmation":
        if loss.needs_loss(known, observed, now):
            asks = waiting(IN_PLACE.gate, "the operator asks the leading master what would be lost")
            since = offer.newer_than(source, known)
            return InPlaceStep(known, asks, source=source, needs_loss=True, loss_since=since)
        if loss.is_counting(known):
            return InPlaceStep(known, waiting(IN_PLACE.gate, COUNTING, "Counting", POLL), source=source)
        step = InPlaceStep(known, offer.awaiting(known, wanted, source, cluster), source=source)
        if known != before or wanted.confirmation != known.confirmation:
            return step
        if cluster.spec.masters.replicas == 0:
            message = f"spec.masters.replicas is 0: the restore begins once you set it to {cluster.members}"
            return InPlaceStep(known, Gate(IN_PLACE.gate, False, "ScaledToZero", message, Severity.INFO))
        update = {"confirmed": stamp(now), "confirmed_by": last_manager(observed.resource), "loss_asked": None}
        known = in_state(known, "BackingUp", now).model_copy(update=update)
    if known.state == "BackingUp":
        known, gate, manifest = safety.next_backup(known, observed, cluster, now)
        if gate is not None:
            return InPlaceStep(known, gate, record=known != before, safety=manifest, source=source)
        known = in_state(known, "Checking", now)
    return _check(known, source, observed, cluster, now)


def _check(
    known: RestoreInPlaceStatus, source: Source, observed: Observed, cluster: Cluster, now: datetime
) -> InPlaceStep:
    """Read the file; the gate is None once it was read."""
    known, gate, rendered = checking.next_check(known, source, observed, cluster, now)
    changed = known != observed.status.restore_in_place
    return InPlaceStep(known, gate, record=changed, checks=rendered, source=source)


def _stop(
    known: RestoreInPlaceStatus,
    source: Source,
    observed: Observed,
    cluster: Cluster,
    now: datetime,
    *,
    holds_pods: bool,
) -> InPlaceStep:
    """Let the masters stop once nothing else is under way, and every journal can come back."""
    changed = known != observed.status.restore_in_place
    if holds_pods:
        message = f"{DELETED}, so no master may stop: see condition VolumesAvailable"
        return InPlaceStep(known, waiting(IN_PLACE.gate, message, "WaitingForOperation"), record=changed, source=source)
    if other := _other_operation(observed):
        message = f"the restore waits for the {other}: only one operation at a time may disrupt the cluster"
        return InPlaceStep(known, waiting(IN_PLACE.gate, message, "WaitingForOperation"), record=changed, source=source)
    if down := _down(observed, cluster):
        message = (
            f"{down}. The restore stops all masters, and goes back only with their volumes: it waits until each master "
            "runs, or has lost its journal"
        )
        return InPlaceStep(known, waiting(IN_PLACE.gate, message, "MemberDown"), record=changed, source=source)
    held = attempts.ufs_gate(observed, cluster, IN_PLACE, "the masters stop")
    if held is not None:
        probe = observed.ufs is None
        return InPlaceStep(known, held, record=changed, source=source, needs_ufs_probe=probe)
    leader = next(iter(leaders_of(observed.answers)), "")
    if leader and leader not in observed.indexes:
        # Without it, the way back would be over with any journal.
        asks = waiting(IN_PLACE.gate, f"{leader} has to tell the index of its journal before it stops", "Checking")
        return InPlaceStep(known, asks, record=changed, source=source)
    if leader and now >= moment(known.since) + safety.HOLDS_FOR:
        again = safety.once_more(known, now)
        gate = progress("BackingUp", f"the backup of now is from before {known.since}: another one comes first")
        return InPlaceStep(again, gate, record=True, source=source)
    restore = RestoreStatus(
        state="Requested",
        backup=known.backup,
        uri=known.uri,
        location=source.location,
        claim=source.claim,
        sha256=known.sha256 if source.claim else source.sha256,
        expected=source.expected,
        journal=known.operation,
        since=stamp(now),
    )
    update = {
        "restore": restore,
        "aside": f"raft-before-{known.operation}",
        "index": observed.indexes.get(leader),
        "had_journal": offer.has_journal(observed, cluster),
        "workers_start_empty": offer.empties_workers(source),
    }
    stopping = in_state(known, "Stopping", now).model_copy(update=update)
    return InPlaceStep(stopping, progress("Stopping", "the masters stop"), record=True, source=source)


def _down(observed: Observed, cluster: Cluster) -> str:
    """Return a master that may not come back after a stop; empty if each runs, or has lost its journal.

    Without a leader, a master that crashes on a node that runs is none of those: its journal may be damaged.
    """
    quorum, lost = quorum_of(observed, cluster.members), offer.lost_masters(observed, cluster)
    for member in quorum.members:
        pod = observed.master_named(member.name)
        placed = quorum.leader is None and pod is not None and not pod.deleted and bool(pod.running or pod.node)
        if member.unavailable and member.name not in lost and not placed:
            return member_problem(member)
    return ""


def _other_operation(observed: Observed) -> str:
    """Return the disruptive operation that acts now. One that can't end without a leader is in no one's way."""
    if isinstance(observed.master, NoAnswer):
        return ""
    return next(
        (one.name for one in observed.status.operations if one.waits_for is None and one.name != "restore-in-place"), ""
    )


def _with_warning(step: InPlaceStep, wanted: RestoreInPlace | None) -> InPlaceStep:
    known = step.status
    if wanted is None or known is None or offer.is_about(wanted, known):
        return step
    value = wanted.backup_name or wanted.uri or ""
    message = f"has no effect yet: the restore of {known.backup or known.uri or known.volume} is under way"
    return replace(step, warning=Problem(IN_PLACE.field, value, message, "wait until it has ended"))
