"""Decides about the restore of a backup into a new cluster: requested, restored, proven, or done again; pure.

`attempts` has the proof, and what happens to a restore that ended midway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.api.bootstrap import Restore, RestoreStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate, Severity, blocked, waiting
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.masters.quorum import leader_pod
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import attempts
from alluxio_operator.kinds.cluster.restore.attempts import RestoreStep
from alluxio_operator.kinds.cluster.restore.in_place_step import DISRUPTIVE
from alluxio_operator.kinds.cluster.restore.marking import process_of
from alluxio_operator.kinds.cluster.restore.source import BOOTSTRAP, FIELD, GATE, Source, checked_only, source_of
from alluxio_operator.kinds.cluster.validate import Cluster

NOTHING: Final = RestoreStep()


def creating(uid: str) -> str:
    """Return the operation that creates the journals of a cluster."""
    return f"{uid[:8]}c"


def next_restore_step(observed: Observed, cluster: Cluster, now: datetime) -> RestoreStep:
    """Return the next step of the restore."""
    known, in_place = observed.status.restore, observed.status.restore_in_place
    if in_place is not None and in_place.state in DISRUPTIVE:
        return NOTHING
    if known is None:
        return _begin(observed, cluster, now)
    if known.state == "Restored":
        return RestoreStep(known, attempts.restored_gate(known, BOOTSTRAP))
    if known.state == "Failed":
        return RestoreStep(known, _gave_up(known, cluster))
    journal = observed.status.journal
    if (journal is not None and journal.operation != known.journal) or observed.has_initialized_claim:
        return RestoreStep(known, _has_data(cluster), holds_everything=True)
    if journal is None or journal.state != "Initialized":
        message = f"the masters restore {known.location} once the journal is created"
        return RestoreStep(known, waiting(GATE, message))
    if known.state == "Requested":
        return attempts.start(known, observed, cluster, now, BOOTSTRAP)
    if known.state == "Emptying":
        return attempts.empty(known, observed, cluster, journal.members, now, BOOTSTRAP)
    step = _marked(attempts.watch(known, observed, now, BOOTSTRAP), observed)
    if step.status is not None and step.status.state == "Failed":
        return replace(step, gate=_gave_up(step.status, cluster))
    return step


def _marked(step: RestoreStep, observed: Observed) -> RestoreStep:
    """Return the step; the process that has restored the names compares them with the UFS by itself."""
    leader = leader_pod(observed)
    if step.status is None or step.status.state != "Restored" or leader is None:
        return step
    return replace(step, status=step.status.model_copy(update={"marked": process_of(leader)}))


def _begin(observed: Observed, cluster: Cluster, now: datetime) -> RestoreStep:
    bootstrap = cluster.spec.bootstrap
    wanted = bootstrap.restore if bootstrap is not None else None
    if claims := observed.unfinished_restores:
        message = (
            f"PVC {', '.join(claims)} may hold only a part of a backup: its restore never ended, and the status has no "
            "record of it. Delete the AlluxioCluster and these PVCs, and create it again. If a volume has a folder "
            "raft-before-*, that is the journal of before a restore in place: copy it first"
        )
        return RestoreStep(gate=blocked(GATE, "RestoreUnfinished", message), holds_everything=True)
    if wanted is None:
        return NOTHING
    if observed.status.journal is not None:
        return RestoreStep(warning=_without_effect(wanted))
    if observed.has_initialized_claim:
        return RestoreStep(gate=_has_data(cluster), holds_everything=True)
    if cluster.members == 0:
        message = "spec.masters.replicas is 0: the masters restore once you set it to 1 or more"
        return RestoreStep(gate=Gate(GATE, False, "ScaledToZero", message, Severity.INFO))
    if wanted.backup_name is not None and observed.found_backup is None:
        gate = waiting(GATE, f"the operator reads AlluxioBackup {wanted.backup_name}")
        return RestoreStep(gate=gate, holds_everything=True, needs_backup=True)
    source = source_of(wanted, observed.found_backup, cluster.spec, cluster.names)
    if isinstance(source, Gate):
        return RestoreStep(gate=source, holds_everything=True)
    if tiers := () if source.clean else observed.tiers_of_before:
        return RestoreStep(gate=_has_blocks(source, tiers), holds_everything=True)
    status = _requested(source, cluster, now)
    gate = waiting(GATE, f"the masters restore {source.location} once the journal is created")
    return RestoreStep(status, gate, record=True, warning=checked_only(wanted, observed.found_backup))


def _requested(source: Source, cluster: Cluster, now: datetime) -> RestoreStatus:
    return RestoreStatus(
        state="Requested",
        backup=source.backup,
        uri=source.uri,
        location=source.location,
        claim=source.claim,
        sha256=source.sha256,
        expected=source.expected,
        journal=creating(cluster.uid),
        since=stamp(now),
    )


def _gave_up(known: RestoreStatus, cluster: Cluster) -> Gate:
    claims = ", ".join(cluster.names.journal_claim(ordinal) for ordinal in range(cluster.members))
    message = (
        f"{attempts.named(known, BOOTSTRAP)}: {attempts.mismatch(known)}. The operator gave up after attempt "
        f"{known.attempt} and stopped the masters. Remedy: delete the AlluxioCluster and PVC {claims}, and create it "
        "with another backup, or with the right expectedEntries"
    )
    return blocked(GATE, "RestoreFailed", message)


def _has_data(cluster: Cluster) -> Gate:
    claims = ", ".join(cluster.names.journal_claim(ordinal) for ordinal in range(cluster.members or 1))
    message = (
        f"{FIELD}: the journal has data: PVC {claims} belonged to an earlier cluster, or to another operation. The "
        "operator never empties such a journal. Remedy: remove spec.bootstrap to serve what the journal holds, or "
        "delete the AlluxioCluster and these PVCs and create it again to restore the backup"
    )
    return blocked(GATE, "JournalHasData", message)


def _has_blocks(source: Source, tiers: Sequence[str]) -> Gate:
    listed = ", ".join(tiers[:5]) + (f" and {len(tiers) - 5} others" if len(tiers) > 5 else "")
    message = (
        f"{FIELD}: PVC {listed} may hold blocks of an earlier cluster. After the restore of {source.location}, Alluxio "
        "gives their numbers to new files, and a worker could serve the old blocks. Remedy: delete these PVCs, or "
        "create the AlluxioCluster under another name"
    )
    return blocked(GATE, "TiersHaveData", message)


def _without_effect(wanted: Restore) -> Problem:
    return Problem(
        FIELD,
        wanted.backup_name or wanted.uri or (wanted.volume.claim_name if wanted.volume else ""),
        "has no effect: the journal of this cluster exists already",
        "remove it, or create another AlluxioCluster",
    )
