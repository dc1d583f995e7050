"""Decides about the Job that reads the file before a restore in place, while the cluster still serves; pure.

It finds a file that is missing, truncated or changed before anything stops, and tells the next number of a block in it.
A file that only Alluxio can read isn't checked: its AlluxioBackup was, and the masters' count proves it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.api.status import JobRun
from alluxio_operator.backup_file.result import Result
from alluxio_operator.backup_file.rewrite import ID_MARGIN, LAST_CONTAINER
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate, blocked
from alluxio_operator.engine.jobs import LONGEST_MESSAGE, JobPolicy, next_job_step
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE, Source
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.transport.printable import printable
from alluxio_operator.workloads.pods import first_trouble

POLICY: Final = JobPolicy(deadline=timedelta(hours=1), attempts=2, stays=timedelta(hours=1))

CONTAINER: Final = "check"

UNCOUNTED_MARGIN: Final = 2**36
"""Numbers of blocks that are skipped without a backup of now, which would have the next one: 69 billion.

That is more than a cluster gives in 50 years at 40 new files in a second, and more than 60 clean files have skipped
since the backup (`ID_MARGIN`). 15 such restores use the numbers up.
"""

Checked = tuple[RestoreInPlaceStatus, Gate | None, bool]
"""The record, the closed gate or None once the file was read, and whether the Job is rendered."""


def check_job(own: Names, operation: str) -> str:
    """Return the name that the attempts of the Job derive from."""
    return own.journal_job(f"{operation}v", 0)


def next_check(
    known: RestoreInPlaceStatus, source: Source, observed: Observed, cluster: Cluster, now: datetime
) -> Checked:
    """Return the next step of the check."""
    if not source.claim or (known.check is not None and known.check.state == "Completed" and known.expanded_bytes):
        return known, None, False
    if not observed.own_image:
        message = (
            "the operator doesn't know its own image, which the Job runs: set the variable ALLUXIO_OPERATOR_IMAGE of "
            "its Deployment, or let it read its own pod"
        )
        return known, blocked(IN_PLACE.gate, "ImageUnknown", message), False
    result = Result.parse(observed.check_result) if observed.check_result else None
    trouble = first_trouble(observed.check_pods)
    step = next_job_step(
        IN_PLACE.gate, check_job(cluster.names, known.operation), known.check, observed.check_job, POLICY, now, trouble
    )
    run = step.run
    if run.state == "Completed":
        return _read(known, run, result, source, now)
    after = known.model_copy(update={"check": run})
    if result is not None and not result.ok and run.state == "Failed" and POLICY.gives_up(run.attempt, run.reason):
        return after, _refused(result.reason, result.message), False
    return after, step.gate, step.rendered


def _read(known: RestoreInPlaceStatus, run: JobRun, result: Result | None, source: Source, now: datetime) -> Checked:
    found = result.summary if result is not None and result.ok else None
    if found is None:
        message = f"Job {run.name} completed, and its pod is gone before the operator read the result"
        update = {"state": "Failed", "since": stamp(now), "reason": "ResultLost", "message": message[:LONGEST_MESSAGE]}
        lost = run.model_copy(update=update)
        return known.model_copy(update={"check": lost}), Gate(IN_PLACE.gate, False, "ResultLost", message), False
    if source.sha256 and found.sha256 != source.sha256:
        said = f"the checksum of {source.location} is {found.sha256}, and its AlluxioBackup has {source.sha256}"
        return known.model_copy(update={"check": run}), _refused("RestoreSourceDamaged", said), False
    margin = UNCOUNTED_MARGIN if known.without_safety_backup else ID_MARGIN
    following = max(found.next_block_container, found.largest_block_container + 1, known.next_container) + margin
    if following > LAST_CONTAINER:
        said = (
            f"the next number of a block can't be raised to {following}: these numbers have 40 bits. Restore the "
            "backup into a new AlluxioCluster (spec.bootstrap.restore), whose workers begin with empty tiers"
        )
        return known.model_copy(update={"check": run}), _refused("IdsExhausted", said), False
    read = {"check": run, "sha256": found.sha256, "next_container": following, "expanded_bytes": max(1, found.expanded)}
    return known.model_copy(update=read), None, True


def _refused(reason: str, said: str) -> Gate:
    message = f"{IN_PLACE.field}: {printable(said)}. Nothing has changed. Remedy: {IN_PLACE.remedy}"
    return blocked(IN_PLACE.gate, reason if reason.isalnum() else "Failed", message)
