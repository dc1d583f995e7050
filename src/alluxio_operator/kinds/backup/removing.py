"""Decides when the files of a backup go; pure.

Alluxio itself deletes files of the root mount, since only it has access to every kind of storage. A Job deletes those
in a volume or a bucket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.api.status import JobRun
from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.gate import At, Gate, Requeue
from alluxio_operator.engine.jobs import is_of, next_job_step
from alluxio_operator.kinds.backup import turns
from alluxio_operator.kinds.backup.names import REMOVE
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.policies import REMOVAL
from alluxio_operator.kinds.backup.validate import Backup
from alluxio_operator.workloads.own_jobs import image_unknown
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import first_trouble, has_begun

GATE: Final = "FilesRemoved"


@dataclass(frozen=True, slots=True)
class Removing:
    """Whether the files go now, the Job that deletes them in a volume, and whether the resource goes after them."""

    due: bool = False
    run: JobRun | None = None
    rendered: bool = False
    through_alluxio: bool = False
    resource: bool = False
    gate: Gate | None = None
    requeue: Requeue | None = None
    unread: bool = False
    """Whether the decision depends on the other backups of the namespace, which haven't been read yet."""


def next_removing(backup: Backup, observed: Observed, now: datetime) -> Removing:
    """Return what to remove from a backup that has finished."""
    status, ttl = observed.status, backup.spec.ttl_seconds_after_finished
    if status.finished is None:
        return Removing()
    if not status.removing:
        if ttl is None:
            return Removing()
        due = moment(status.finished) + timedelta(seconds=ttl)
        if now < due:
            return Removing(requeue=At(due))
    if not backup.is_exported:
        return Removing(due=True, through_alluxio=True)
    base = backup.names.job(REMOVE)
    begun = status.job is not None and is_of(status.job, base)
    if not observed.image and not begun:
        return Removing(due=True, run=status.job, gate=image_unknown(GATE))
    trouble = first_trouble(observed.pods)
    if failure := observed.pod_creation_failures.get(REMOVE):
        trouble = Trouble("PodsRefused", failure)
    step = next_job_step(GATE, base, status.job, observed.job, REMOVAL, now, trouble, started=has_begun(observed.pods))
    # Each attempt queues: one that can't succeed mustn't keep its turn.
    if status.job is None or step.run.name != status.job.name:
        if observed.neighbours is None:
            return Removing(due=True, run=status.job, gate=turns.reading(GATE), unread=True)
        held = turns.wait_for_turn(GATE, observed.resource, observed.neighbours, observed.most_jobs, verifies=False)
        if held is not None:
            return Removing(due=True, run=status.job, gate=held)
    done = step.run.state == "Completed"
    return Removing(due=True, run=step.run, rendered=step.rendered, resource=done, gate=step.gate)
