"""Decides about the throw-away cluster: created, given the copy to restore, started, restored, serving; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.api.status import JobRun
from alluxio_operator.backup_file.result import Result
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate, waiting
from alluxio_operator.engine.jobs import LONGEST_MESSAGE, JobPolicy, next_job_step
from alluxio_operator.kinds.drill.choosing import Refusal
from alluxio_operator.kinds.drill.names import PREPARE
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kinds.drill.validate import Drill
from alluxio_operator.kube.kinds import Object
from alluxio_operator.transport.printable import printable
from alluxio_operator.workloads.own_jobs import image_unknown
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import first_trouble
from alluxio_operator.workloads.seen_job import SeenJob

GATE: Final = "BackupRestored"

CHECK, FETCH = "check", "fetch"
"""Containers of the Job that writes the copy."""

RESULT_LOST: Final = "ResultLost"
"""Reason of a Job that completed, while its pod was gone before the operator read the result."""

OVER: Final = Gate(GATE, False, "Failed", "")
"""Stands in for the gate of a step that has failed."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """The gate, the fields to record, and what to do: at most one of `create`, `starts`, `failure`."""

    gate: Gate
    fields: Mapping[str, Any] = field(default_factory=dict)
    create: bool = False
    starts: bool = False
    job: JobRun | None = None
    """The Job to render."""
    failure: Refusal | None = None
    done: bool = False
    """Whether the throw-away cluster serves what was restored."""


def policy(drill: Drill) -> JobPolicy:
    """Return how often a Job is tried: the drill's own time is what limits it."""
    return JobPolicy(
        deadline=timedelta(seconds=drill.spec.timeout_seconds), attempts=3, stays=timedelta(hours=1),
        pause=timedelta(seconds=10),
    )  # fmt: skip


def next_restoring(drill: Drill, observed: Observed, now: datetime) -> Restoring:
    """Return the next step until the throw-away cluster serves."""
    status, own = observed.status, observed.own
    if observed.throw_away is not None and own is None:
        message = (
            f"AlluxioCluster {status.throw_away} exists and isn't this drill's. Remedy: delete it, or create another "
            "AlluxioDrill"
        )
        return _failed("NameTaken", message)
    if own is None:
        if status.throw_away_uid:
            return _failed("ThrowAwayGone", f"another client has deleted AlluxioCluster {status.throw_away}")
        if observed.backup(status.backup) is None:
            return _backup_gone(status.backup)
        # On record before it is created: a replica that has lost the Lease fails at the record.
        fields = {"claimed": status.claimed or stamp(now)}
        gate = waiting(GATE, f"AlluxioCluster {status.throw_away} is created", "Creating")
        return Restoring(gate, fields, create=True)
    if "deletionTimestamp" in own["metadata"]:
        return _failed("ThrowAwayGone", f"another client deletes AlluxioCluster {status.throw_away}")
    if not status.throw_away_uid:
        # On record before anything names it as its owner.
        fields = {"throw_away_uid": own["metadata"]["uid"]}
        return Restoring(waiting(GATE, "the copy to restore is about to be made", "Preparing"), fields)
    if status.entries is None:
        return _prepare(drill, observed, now)
    return _watch(observed, own)


def trouble_of(seen: SeenJob, refused: str | None, said: str = "") -> Trouble | None:
    """Return why a Job's pods don't run or have failed; `said` is the message of a container's own result."""
    if refused:
        return Trouble("PodsRefused", refused)
    trouble = first_trouble(seen.pods)
    return Trouble(trouble.reason, said) if trouble is not None and said else trouble


@dataclass(frozen=True, slots=True)
class Lost:
    """The next try of a Job whose result is gone, with its run to record; or the failure."""

    gate: Gate
    run: JobRun
    rendered: bool = False
    failure: Refusal | None = None


def after_loss(gate: str, base: str, run: JobRun, jobs: JobPolicy, now: datetime, reason: str) -> Lost:
    """Return what follows on a Job that completed without a result; `reason` is that of the failure."""
    message = f"Job {run.name} completed, and its pod is gone before the operator read the result"
    failed = run.model_copy(update={"state": "Failed", "since": stamp(now), "reason": RESULT_LOST, "message": message})
    if jobs.gives_up(run.attempt, RESULT_LOST):
        return Lost(OVER, failed, failure=Refusal(reason, message))
    step = next_job_step(gate, base, failed, None, jobs, now)
    return Lost(step.gate, step.run, step.rendered)


def _prepare(drill: Drill, observed: Observed, now: datetime) -> Restoring:
    status, seen, base, jobs = observed.status, observed.prepare, drill.names.job(PREPARE), policy(drill)
    backup = observed.backup(status.backup)
    if backup is None:
        return _backup_gone(status.backup)
    if not observed.image and (status.prepare is None or seen.job is None):
        return Restoring(image_unknown(GATE))
    said = _said(seen)
    trouble = trouble_of(seen, observed.pod_creation_failures.get(PREPARE), said)
    step = next_job_step(GATE, base, status.prepare, seen.job, jobs, now, trouble)
    run = step.run
    if run.state == "Failed" and jobs.gives_up(run.attempt, run.reason):
        return _failed("NotPrepared", f"the copy to restore can't be made: {said or run.message}")
    if run.state != "Completed":
        return Restoring(step.gate, {"prepare": run}, job=run if step.rendered else None)
    checked = Result.parse(seen.results.get(CHECK, ""))
    if checked.summary is None or checked.cleaned is None or not checked.ok:
        again = after_loss(GATE, base, run, jobs, now, "NotPrepared")
        job = again.run if again.rendered else None
        return Restoring(again.gate, {"prepare": again.run}, job=job, failure=again.failure)
    if checked.summary.sha256 != backup["status"]["file"]["sha256"]:
        message = (
            f"the file of AlluxioBackup {status.backup} has another checksum than when it was verified: "
            f"{checked.summary.sha256}"
        )
        return _failed("BackupDamaged", message)
    fields = {"prepare": run, "entries": int(checked.cleaned["entries"])}
    return Restoring(waiting(GATE, "the masters are about to restore the copy", "Restoring"), fields)


def _watch(observed: Observed, own: Object) -> Restoring:
    status, name = observed.status, observed.status.throw_away
    found: Mapping[str, Any] = own.get("status", {})
    restore: Mapping[str, Any] = found.get("restore") or {}
    said = printable(str(found.get("summary") or "it was just created"))[:LONGEST_MESSAGE]
    if own["spec"].get("paused"):
        return Restoring(waiting(GATE, f"AlluxioCluster {name} is about to start", "Restoring"), starts=True)
    if found.get("phase") == "Invalid":
        return _failed("ThrowAwayInvalid", f"AlluxioCluster {name}: {said}")
    if restore.get("state") == "Failed":
        return _failed("RestoreFailed", f"AlluxioCluster {name}: {said}")
    if restore.get("state") != "Restored":
        return Restoring(waiting(GATE, f"AlluxioCluster {name}: {said}", "Restoring"))
    if restore.get("entries") != status.entries:
        message = f"the masters restored {restore.get('entries')} entries, and the copy has {status.entries}"
        return _failed("CountMismatch", message)
    assert status.started is not None  # noqa: S101 (for the type: a drill that restores has begun)
    seconds = round((moment(str(restore["since"])) - moment(status.started)).total_seconds())
    fields = {"restore_seconds": max(seconds, 0)}
    ready = {one["type"]: one["status"] for one in found.get("conditions", ())}
    if ready.get("Ready") != "True":
        return Restoring(waiting(GATE, f"AlluxioCluster {name}: {said}", "Starting"), fields)
    message = f"the throw-away cluster restored {status.entries} entries after {fields['restore_seconds']} s"
    return Restoring(Gate(GATE, True, "Restored", message), fields, done=True)


def _said(seen: SeenJob) -> str:
    for container in (FETCH, CHECK):
        if text := seen.results.get(container):
            result = Result.parse(text)
            # Alluxio's command line leaves the end of its log.
            said = result.message if result.reason != "Internal" or container == CHECK else text
            if not result.ok:
                return printable(said)[:LONGEST_MESSAGE]
    return ""


def _backup_gone(name: str) -> Restoring:
    return _failed("BackupMissing", f"AlluxioBackup {name} was deleted before its file was copied")


def _failed(reason: str, message: str) -> Restoring:
    return Restoring(OVER, failure=Refusal(reason, message))
