"""Decides about the restore of a backup into a new cluster: requested, restored, proven, or done again; pure.

Alluxio restores only into an empty journal. A master that ends midway leaves a part of the entries, and the next leader
skips the restore and serves that part as if it were all. What tells them apart is one gauge: the number of entries that
a process has restored itself. It is set at the end of the restore, and -1 before. So a leader with the expected number
is the proof. A leader with any other number, or one that serves clients with -1, has half of the names. Over HTTP, a
leader reports to serve while it still restores, so the operator asks its gRPC port.

In that case all masters stop, Jobs empty the journals, and the masters start again. A journal is emptied only

1. while the restore isn't Restored in the status: that is written before the operator creates workers and Services;
2. after the status has recorded it, under the resourceVersion of the observation;
3. if this restore created it: the status names the operation, and the Job compares it with a file beside the journal;
4. while the masters' StatefulSet is scaled to 0 and has no pod.

Read in the sources of 2.9.4: AlluxioMasterProcess, BackupManager, RpcServerStandbyGrpcService, RaftJournalSystem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import JournalStatus
from alluxio_operator.api.bootstrap import Restore, RestoreStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import After, Gate, Severity, blocked, waiting
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore.source import FIELD, GATE, Source, checked_only, named, source_of
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import first_trouble

ATTEMPTS: Final = 5
"""Restores, one after the other, before the operator gives up."""

UFS_RETRY: Final = After(15.0)


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """The restore to record, and the gate; `gate` is None for a cluster that restores nothing."""

    status: RestoreStatus | None = None
    gate: Gate | None = None
    record: bool = False
    """Whether the status has to have it before anything else happens."""
    holds_everything: bool = False
    """Whether the operator creates and changes nothing."""
    empties: bool = False
    """Whether the Jobs that empty the journals run."""
    failed: tuple[Object, ...] = ()
    """Jobs that failed permanently; the operator deletes each and recreates it under its name."""
    needs_backup: bool = False
    needs_ufs_probe: bool = False
    warning: Problem | None = None

    @property
    def in_progress(self) -> bool:
        """Whether the names aren't proven to be whole."""
        return self.status is not None and self.status.state != "Restored"

    @property
    def has_masters(self) -> bool:
        """Whether the masters' StatefulSet exists."""
        return self.in_progress and self.status is not None and self.status.state != "Requested"

    @property
    def stops_masters(self) -> bool:
        """Whether no master may run."""
        return self.status is not None and self.status.state in ("Emptying", "Failed")


NOTHING: Final = RestoreStep()


def creating(uid: str) -> str:
    """Return the operation that creates the journals of a cluster."""
    return f"{uid[:8]}c"


def emptying(uid: str, attempt: int) -> str:
    """Return the operation that empties the journals for an attempt."""
    return f"{uid[:8]}r{attempt}"


def next_restore_step(observed: Observed, cluster: Cluster, now: datetime) -> RestoreStep:
    """Return the next step of the restore."""
    known = observed.status.restore
    if known is None:
        return _begin(observed, cluster, now)
    if known.state == "Restored":
        return RestoreStep(known, _restored(known))
    if known.state == "Failed":
        return RestoreStep(known, _gave_up(known, cluster))
    journal = observed.status.journal
    if (journal is not None and journal.operation != known.journal) or observed.has_initialized_claim:
        return RestoreStep(known, _has_data(cluster), holds_everything=True)
    if journal is None or journal.state != "Initialized":
        message = f"the masters restore {known.location} once the journal is created"
        return RestoreStep(known, waiting(GATE, message))
    if known.state == "Requested":
        return _start(known, observed, cluster, now)
    if known.state == "Emptying":
        return _empty(known, observed, cluster, journal, now)
    return _watch(known, observed, cluster, now)


def _begin(observed: Observed, cluster: Cluster, now: datetime) -> RestoreStep:
    bootstrap = cluster.spec.bootstrap
    wanted = bootstrap.restore if bootstrap is not None else None
    if claims := observed.unfinished_restores:
        message = (
            f"PVC {', '.join(claims)} may hold only a part of a backup: its restore never ended, and the status has no "
            "record of it. Delete the AlluxioCluster and these PVCs, and create it again"
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


def _start(known: RestoreStatus, observed: Observed, cluster: Cluster, now: datetime) -> RestoreStep:
    """Let the masters start, if the UFS answers: they sync the restored names with it."""
    if cluster.spec.upgrade.wait_for_ufs and observed.ufs is None:
        return RestoreStep(known, waiting(GATE, "the operator probes the UFS"), needs_ufs_probe=True)
    if cluster.spec.upgrade.wait_for_ufs and observed.ufs is not None and observed.ufs.trouble:
        message = (
            f"the masters restore once the UFS of the root mount answers: {observed.ufs.trouble}. If only the "
            "operator's pod can't reach it, set spec.upgrade.waitForUfs to false"
        )
        return RestoreStep(known, Gate(GATE, False, "UfsUnreachable", message, requeue=UFS_RETRY))
    restoring = known.model_copy(update={"state": "Restoring", "since": stamp(now)})
    return RestoreStep(restoring, _under_way(restoring, observed), record=True)


def _watch(known: RestoreStatus, observed: Observed, cluster: Cluster, now: datetime) -> RestoreStep:
    count = observed.restored_entries
    if not isinstance(observed.master, MasterInfo) or count is None:
        return RestoreStep(known, _under_way(known, observed))
    whole = count == known.expected if known.expected is not None else count > 0
    if whole:
        restored = known.model_copy(update={"state": "Restored", "entries": count, "since": stamp(now)})
        return RestoreStep(restored, _restored(restored), record=True)
    # A process that restored the file to its end counts the same again.
    hopeless = count >= 0 and count == known.entries
    if hopeless or known.attempt >= ATTEMPTS:
        failed = known.model_copy(update={"state": "Failed", "entries": count, "since": stamp(now)})
        return RestoreStep(failed, _gave_up(failed, cluster), record=True)
    update = {"state": "Emptying", "entries": count, "attempt": known.attempt + 1, "since": stamp(now)}
    again = known.model_copy(update=update)
    return RestoreStep(again, _again(again, "the masters stop"), record=True)


def _empty(
    known: RestoreStatus, observed: Observed, cluster: Cluster, journal: JournalStatus, now: datetime
) -> RestoreStep:
    if not observed.masters_stopped:
        return RestoreStep(known, _again(known, "the masters stop"))
    jobs = [job for ordinal, job in sorted(observed.emptying_jobs.items()) if ordinal < journal.members]
    if sum(state_of(job).phase is JobPhase.COMPLETE for job in jobs) == journal.members:
        return _start(known, observed, cluster, now)
    failed = tuple(job for job in jobs if state_of(job).phase is JobPhase.FAILED)
    trouble = first_trouble(observed.role(names.JOURNAL))
    if trouble is not None:
        return RestoreStep(known, Gate(GATE, False, trouble.reason, trouble.message), empties=True, failed=failed)
    return RestoreStep(known, _again(known, "the journals are being emptied"), empties=True, failed=failed)


def _restored(known: RestoreStatus) -> Gate:
    return Gate(GATE, True, "Restored", f"the masters restored {known.entries} entries from {known.location}")


def _under_way(known: RestoreStatus, observed: Observed) -> Gate:
    number = f" (attempt {known.attempt} of {ATTEMPTS})" if known.attempt > 1 else ""
    trouble = first_trouble(observed.role(names.MASTER))
    if trouble is not None:
        message = f"{_named(known)}: the masters can't restore {known.location} yet{number}: {trouble.message}"
        return Gate(GATE, False, trouble.reason, message)
    return waiting(GATE, f"the masters restore {known.location}{number}", "Restoring")


def _named(known: RestoreStatus) -> str:
    """Return the field and value of the spec that a restore is about."""
    field, value = named(known.backup, known.uri, known.location)
    return f"{field}: {value!r}"


def _again(known: RestoreStatus, step: str) -> Gate:
    message = f"{_mismatch(known)}. {step}, and attempt {known.attempt} of {ATTEMPTS} begins with empty journals"
    return Gate(GATE, False, "RestoringAgain", message)


def _mismatch(known: RestoreStatus) -> str:
    if known.entries is None or known.entries < 0:
        return "the leading master serves, and it hasn't restored the backup itself: a restore before it ended midway"
    wanted = "more than 0" if known.expected is None else str(known.expected)
    return f"the leading master restored {known.entries} entries from {known.location}, and {wanted} were expected"


def _gave_up(known: RestoreStatus, cluster: Cluster) -> Gate:
    claims = ", ".join(cluster.names.journal_claim(ordinal) for ordinal in range(cluster.members))
    message = (
        f"{_named(known)}: {_mismatch(known)}. The operator gave up after attempt {known.attempt} and stopped the "
        f"masters. Remedy: delete the AlluxioCluster and PVC {claims}, and create it with another backup, or with the "
        "right expectedEntries"
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
