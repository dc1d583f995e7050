"""Decides about the Job that reads files through the throw-away cluster, and what its result means; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.alluxiodrill import DrillFiles
from alluxio_operator.api.status import JobRun
from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.jobs import LONGEST_MESSAGE, next_job_step
from alluxio_operator.kinds.drill.choosing import Refusal
from alluxio_operator.kinds.drill.names import READ
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kinds.drill.restoring import OVER, after_loss, policy, trouble_of
from alluxio_operator.kinds.drill.validate import Drill
from alluxio_operator.read_back.result import Result
from alluxio_operator.transport.printable import printable
from alluxio_operator.workloads.own_jobs import image_unknown

GATE: Final = "FilesRead"

LONGEST_EXAMPLE: Final = 256


@dataclass(frozen=True, slots=True)
class Reading:
    """The gate, the fields to record, the Job to render, and why the drill has failed, if it has."""

    gate: Gate
    fields: Mapping[str, Any] = field(default_factory=dict)
    job: JobRun | None = None
    failure: Refusal | None = None
    done: bool = False


def next_reading(drill: Drill, observed: Observed, now: datetime) -> Reading:
    """Return the next step of the reading."""
    status, seen, base, jobs = observed.status, observed.read, drill.names.job(READ), policy(drill)
    if not observed.image and (status.read is None or seen.job is None):
        return Reading(image_unknown(GATE))
    result = Result.parse(seen.results.get(READ, ""))
    said = printable(result.message)[:LONGEST_MESSAGE] if result is not None and not result.ok else ""
    trouble = trouble_of(seen, observed.pod_creation_failures.get(READ), said)
    step = next_job_step(GATE, base, status.read, seen.job, jobs, now, trouble)
    run = step.run
    if run.state == "Failed" and jobs.gives_up(run.attempt, run.reason):
        refusal = Refusal("NotRead", f"the files can't be read: {said or run.message}")
        return Reading(OVER, failure=refusal)
    if run.state != "Completed":
        return Reading(step.gate, {"read": run}, run if step.rendered else None)
    if result is None or not result.ok:
        again = after_loss(GATE, base, run, jobs, now, "NotRead")
        return Reading(again.gate, {"read": again.run}, again.run if again.rendered else None, again.failure)
    return _judged(observed, run, result)


def _judged(observed: Observed, run: JobRun, result: Result) -> Reading:
    started = observed.status.started
    assert started is not None  # noqa: S101 (for the type: a drill that reads has begun)
    # The clock is that of the pod's node.
    rto = max(round(result.first_read_ms / 1000 - moment(started).timestamp()), 0)
    files = DrillFiles(
        listed=result.listed,
        sampled=result.sampled,
        matched=result.matched,
        changed=result.changed,
        missing=result.missing,
        different=result.different,
        unreadable=result.unreadable,
        unsure=result.unsure,
        only_in_alluxio=result.only_in_alluxio,
        other_mounts=result.other_mounts,
        non_empty=result.non_empty,
        partly=result.partly,
        bytes=result.bytes,
        # A newer program may know another word.
        compared_with=result.compared,
        live=result.live,
    )
    examples = tuple(printable(one)[:LONGEST_EXAMPLE] for one in result.examples)
    fields = {"read": run, "files": files, "rto_seconds": rto, "examples": examples}
    if refusal := verdict(files, examples):
        return Reading(OVER, fields, failure=refusal, done=True)
    return Reading(Gate(GATE, True, "Matched", in_words(files)), fields, done=True)


def verdict(files: DrillFiles, examples: tuple[str, ...]) -> Refusal | None:
    """Return why the files fail a drill; None if they pass."""
    listed = f": {', '.join(examples)}" if examples else ""
    if files.missing:
        what = f"{files.missing} of {files.sampled} files aren't in the UFS any more, and the cluster lists them"
        return Refusal("FilesMissing", f"{what}{listed}")
    if files.different:
        what = f"{files.different} of {files.sampled} files have another version in the UFS than the cluster knows"
        return Refusal("FilesDifferent", f"{what}{listed}")
    if files.unreadable:
        what = f"{files.unreadable} of {files.sampled} files are in the UFS and can't be read through the cluster"
        return Refusal("FilesUnreadable", f"{what} that restored the backup{listed}")
    if files.unsure:
        what = f"{files.unsure} of {files.sampled} files don't match, and the cluster didn't answer whether it has"
        remedy = "Remedy: create another drill once the cluster answers"
        return Refusal("FilesUnsure", f"{what} changed them{listed}. {remedy}")
    if not files.sampled:
        what = f"no file was read: of {files.listed} files in the backup, none is persisted in the root mount"
        return Refusal("NothingRead", f"{what}. Remedy: rehearse with a backup that has such files")
    if not files.matched:
        what = f"all {files.sampled} files of the sample have changed since the backup, so nothing is proven"
        return Refusal("NothingMatched", f"{what}. Remedy: take a newer backup, or read more files (spec.sample.files)")
    if files.non_empty and not files.bytes:
        what = f"no byte was read, although the restored cluster lists {files.non_empty} files that have some"
        return Refusal("NothingRead", f"{what}. Remedy: read more files (spec.sample.files)")
    return None


def in_words(files: DrillFiles) -> str:
    """Return what was read in one sentence."""
    changed = f", {files.changed} have changed since the backup" if files.changed else ""
    only = f", {files.only_in_alluxio} listed files were never persisted" if files.only_in_alluxio else ""
    with_what = {"Volume": "those in the volume", "S3": "those in the bucket"}.get(
        files.compared_with, "the recorded length"
    )
    return f"{files.matched} of {files.sampled} files equal {with_what}{changed}{only}"
