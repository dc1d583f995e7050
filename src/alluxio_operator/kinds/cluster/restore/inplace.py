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

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlace, RestoreInPlaceStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate, Severity, waiting
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.masters.quorum import leaders_of, majority, without_journal
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import attempts, checking, offer, safety
from alluxio_operator.kinds.cluster.restore.in_place_masters import STEPS, ended, progress
from alluxio_operator.kinds.cluster.restore.in_place_step import CANCELLABLE, DISRUPTIVE, InPlaceStep, in_state
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE, Source
from alluxio_operator.kinds.cluster.validate import Cluster


def next_in_place_step(observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    """Return the next step of the restore in place."""
    known, wanted = observed.status.restore_in_place, cluster.spec.restore_in_place
    if known is not None and known.state in DISRUPTIVE:
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
    return _before(wanted, observed, cluster, now)


def _before(wanted: RestoreInPlace, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    """Return the step of a restore that has changed nothing yet."""
    before = observed.status.restore_in_place
    if wanted.backup_name is not None and observed.found_backup is None:
        message = f"the operator reads AlluxioBackup {wanted.backup_name}"
        return InPlaceStep(before, waiting(IN_PLACE.gate, message), needs_backup=True)
    source = offer.source_in_place(wanted, observed.found_backup, cluster)
    if isinstance(source, Gate):
        return InPlaceStep(before, source)
    known = offer.offered(wanted, observed, cluster, now)
    if known.state == "AwaitingConfirmation":
        if offer.needs_loss(known, observed, now):
            asks = waiting(IN_PLACE.gate, "the operator asks the leading master what would be lost")
            since = offer.newer_than(source, known)
            return InPlaceStep(known, asks, source=source, needs_loss=True, loss_since=since)
        step = InPlaceStep(known, offer.awaiting(known, wanted, source, cluster), source=source)
        if known != before or wanted.confirmation != known.confirmation:
            return step
        if cluster.spec.masters.replicas == 0:
            message = f"spec.masters.replicas is 0: the restore begins once you set it to {cluster.members}"
            return InPlaceStep(known, Gate(IN_PLACE.gate, False, "ScaledToZero", message, Severity.INFO))
        known = in_state(known, "BackingUp", now)
    if wanted.confirmation != known.confirmation:
        # It was taken back in time.
        again = in_state(known, "AwaitingConfirmation", now)
        return InPlaceStep(again, offer.awaiting(again, wanted, source, cluster), source=source)
    if known.state == "BackingUp":
        known, gate, manifest = safety.next_backup(known, observed, cluster, now)
        if gate is not None:
            return InPlaceStep(known, gate, record=known != before, safety=manifest, source=source)
        known = in_state(known, "Checking", now)
    return _check(known, source, observed, cluster, now)


def _check(
    known: RestoreInPlaceStatus, source: Source, observed: Observed, cluster: Cluster, now: datetime
) -> InPlaceStep:
    """Read the file, and let the masters stop once nothing else is under way."""
    known, gate, rendered = checking.next_check(known, source, observed, cluster, now)
    changed = known != observed.status.restore_in_place
    if gate is not None:
        return InPlaceStep(known, gate, record=changed, checks=rendered, source=source)
    if other := _other_operation(observed):
        message = f"the restore waits for the {other}: only one operation at a time may disrupt the cluster"
        return InPlaceStep(known, waiting(IN_PLACE.gate, message, "WaitingForOperation"), record=changed, source=source)
    held = attempts.ufs_gate(observed, cluster, IN_PLACE, "the masters stop")
    if held is not None:
        probe = observed.ufs is None
        return InPlaceStep(known, held, record=changed, source=source, needs_ufs_probe=probe)
    leader = next(iter(leaders_of(observed.answers)), "")
    restore = RestoreStatus(
        state="Requested",
        backup=known.backup,
        uri=known.uri,
        location=source.location,
        claim=source.claim,
        sha256=source.sha256,
        expected=source.expected,
        journal=known.operation,
        since=stamp(now),
    )
    update = {
        "restore": restore,
        "aside": f"raft-before-{known.operation}",
        "index": observed.indexes.get(leader),
        "had_journal": _has_journal(observed, cluster),
        "workers_start_empty": offer.empties_workers(source),
        "loss": None,
    }
    stopping = in_state(known, "Stopping", now).model_copy(update=update)
    return InPlaceStep(stopping, progress("Stopping", "the masters stop"), record=True, source=source)


def _has_journal(observed: Observed, cluster: Cluster) -> bool:
    """Return False if a majority of the journals is known to be lost: then there is nothing to go back to."""
    if isinstance(observed.master, MasterInfo):
        return True
    live = {one["metadata"]["name"] for one in observed.claims or ()}
    gone = {pod.name for pod in without_journal(observed)}
    own = cluster.names
    gone |= {own.master(n) for n in range(cluster.members) if own.journal_claim(n) not in live}
    return cluster.members - len(gone) >= majority(cluster.members)


def _other_operation(observed: Observed) -> str:
    """Return the disruptive operation that acts now. One that can't end without a leader is in no one's way."""
    if isinstance(observed.master, NoAnswer):
        return ""
    return next((one.name for one in observed.status.operations if one.waits_for is None and one.name != "restore"), "")


def _with_warning(step: InPlaceStep, wanted: RestoreInPlace | None) -> InPlaceStep:
    known = step.status
    if wanted is None or known is None or offer.is_about(wanted, known):
        return step
    value = wanted.backup_name or wanted.uri or ""
    message = f"has no effect yet: the restore of {known.backup or known.uri or known.volume} is under way"
    return replace(step, warning=Problem(IN_PLACE.field, value, message, "wait until it has ended"))
