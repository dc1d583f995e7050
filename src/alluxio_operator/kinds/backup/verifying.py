"""Decides about the Job that reads the file from beginning to end, restores it, and hands its result over; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alluxio_operator.api.alluxiobackup import BackupFile, BackupRun, RestoreProof
from alluxio_operator.api.status import JobRun
from alluxio_operator.backup_file.prove import Proof
from alluxio_operator.backup_file.result import Result
from alluxio_operator.engine import jobs
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate, blocked
from alluxio_operator.engine.jobs import next_job_step
from alluxio_operator.kinds.backup import turns
from alluxio_operator.kinds.backup.names import VERIFY
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.policies import VERIFICATION
from alluxio_operator.kinds.backup.validate import Backup
from alluxio_operator.transport.printable import printable
from alluxio_operator.workloads.own_jobs import image_unknown
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import first_trouble, has_begun

GATE: Final = "BackupVerified"

CHECK, STORE, PROVE = "check", "store", "prove"
"""Containers that end with a result."""

LONGEST_REASON: Final = 64

RESULT_LOST: Final = "ResultLost"
"""Reason of a Job that completed, while its pod was gone before the operator read the result."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """The Job to record and to render, its results once it has ended, and the gate; `failure` ends the backup."""

    run: JobRun | None
    rendered: bool
    gate: Gate
    file: BackupFile | None = None
    restored: RestoreProof | None = None
    failure: str = ""
    unread: bool = False
    """Whether the decision depends on the other backups of the namespace, which haven't been read yet."""


def next_verifying(backup: Backup, observed: Observed, taken: BackupRun, now: datetime) -> Verifying:
    """Return the next step of the verification of a backup that Alluxio has written."""
    before = observed.status
    if before.file is not None:
        return Verifying(before.job, False, _verified(before.file, before.restored), before.file, before.restored)
    ended = observed.job is not None and jobs.state_of(observed.job).phase is jobs.JobPhase.COMPLETE
    if observed.cluster is None and before.finished is None and not ended:
        message = (
            f"AlluxioCluster {backup.cluster} was deleted before the backup was verified. Alluxio's own file is "
            f"{taken.uri}, with {taken.entries} entries: bootstrap.restore.uri restores it"
        )
        return Verifying(before.job, False, blocked(GATE, "ClusterMissing", message), failure=message)
    base = backup.names.job(VERIFY)
    if not observed.image and (before.job is None or observed.job is None):
        return Verifying(before.job, False, image_unknown(GATE))
    if before.job is None:
        if observed.neighbours is None:
            return Verifying(None, False, turns.reading(GATE), unread=True)
        # The order needs the moment at which this one was written, also if the status doesn't have it yet.
        own = {**observed.resource, "status": {"run": {"since": taken.since}}}
        held = turns.wait_for_turn(GATE, own, observed.neighbours, observed.most_jobs, verifies=True)
        if held is not None:
            return Verifying(None, False, held)
    step = next_job_step(
        GATE, base, before.job, observed.job, VERIFICATION, now, _trouble(observed), started=has_begun(observed.pods)
    )
    run = step.run
    if run.state == "Completed":
        file, restored = _results(backup, observed, taken, now)
        if file is None or (backup.spec.verify == "Restore" and restored is None):
            return _lost(backup, run, now)
        # The Job stays rendered until its result is on record.
        return Verifying(run, True, _verified(file, restored), file, restored)
    if run.state == "Failed" and VERIFICATION.gives_up(run.attempt, run.reason):
        said = _reported_failure(observed) or run.message
        return Verifying(run, False, blocked(GATE, _reason(observed) or run.reason or "Failed", said), failure=said)
    return Verifying(run, step.rendered, step.gate)


def _lost(backup: Backup, run: JobRun, now: datetime) -> Verifying:
    message = f"Job {run.name} completed, and its pod is gone before the operator read the result"
    failed = run.model_copy(update={"state": "Failed", "since": stamp(now), "reason": RESULT_LOST, "message": message})
    if VERIFICATION.gives_up(run.attempt, RESULT_LOST):
        return Verifying(failed, False, blocked(GATE, RESULT_LOST, message), failure=message)
    step = next_job_step(GATE, backup.names.job(VERIFY), failed, None, VERIFICATION, now)
    return Verifying(step.run, step.rendered, step.gate)


def _verified(file: BackupFile, restored: RestoreProof | None) -> Gate:
    if restored is None:
        return Gate(GATE, True, "Checked", f"the file is whole: {file.entries} entries in {file.bytes} bytes")
    message = (
        f"a master restored {restored.entries} entries and served {restored.inodes} files and directories after "
        f"{restored.seconds} s"
    )
    return Gate(GATE, True, "Restored", message)


def _trouble(observed: Observed) -> Trouble | None:
    if failure := observed.pod_creation_failures.get(VERIFY):
        return Trouble("PodsRefused", failure)
    trouble = first_trouble(observed.pods)
    if trouble is None:
        return None
    said = _reported_failure(observed)
    return Trouble(_reason(observed) or trouble.reason, said) if said else trouble


def _results(
    backup: Backup, observed: Observed, taken: BackupRun, now: datetime
) -> tuple[BackupFile | None, RestoreProof | None]:
    checked = Result.parse(observed.results.get(CHECK, ""))
    found = checked.summary
    if found is None or not checked.ok or found.entries != taken.entries:
        # Another number is that of another file, such as one of a status that was lost.
        return None, None
    file = BackupFile(
        location=_location(backup, observed, taken),
        sha256=found.sha256,
        bytes=found.size,
        entries=found.entries,
        next_container=max(found.next_block_container, found.largest_block_container + 1),
        files=found.files,
        directories=found.directories,
        mounts=found.mounts,
    )
    if backup.is_exported and checked.cleaned is not None:
        cleaned = {"sha256": checked.cleaned["sha256"], "bytes": checked.cleaned["size"], "clean": True}
        file = file.model_copy(update={**cleaned, "entries": checked.cleaned["entries"]})
    proven = Proof.parse(observed.results.get(PROVE, ""))
    if proven is None:
        return file, None
    return file, RestoreProof(entries=proven.entries, inodes=proven.inodes, seconds=proven.seconds, at=stamp(now))


def _location(backup: Backup, observed: Observed, taken: BackupRun) -> str:
    volume, bucket = backup.spec.destination.volume, backup.spec.destination.s3
    path = f"{backup.exported_folder(observed.status.cluster_uid)}/{backup.exported_file}"
    if volume is not None:
        return f"{volume.claim_name}:{path}"
    return f"s3://{bucket.bucket}/{path}" if bucket is not None else taken.uri


def _refusal(observed: Observed) -> Result | None:
    """Return the result of the container that refused the file; None if none did."""
    for container in (CHECK, STORE, PROVE):
        if said := observed.results.get(container):
            result = Result.parse(said)
            if not result.ok:
                return result
    return None


def _reported_failure(observed: Observed) -> str:
    refusal = _refusal(observed)
    return printable(refusal.message)[: jobs.LONGEST_MESSAGE] if refusal else ""


def _reason(observed: Observed) -> str:
    refusal = _refusal(observed)
    return refusal.reason if refusal and refusal.reason.isalnum() and len(refusal.reason) <= LONGEST_REASON else ""
