"""Holds the replacement of masters while Alluxio writes a backup; pure.

A master that restarts ends the backup that it writes, or that it leads. So no step that replaces a ready master begins
before the backup is written; its check and its restore don't matter. An AlluxioBackup for its part begins only while no
operation acts that may restart masters (`kinds/backup/taking.py`). Each of the two records what it is about to do, then
looks for the other one, and then acts, so that at least one of them sees the other. If both do, the rollout gives way:
it has deleted nothing yet. A rollout that was held once goes before the next backup
(`kinds/backup/disruption.py`), so that many backups in a row don't hold it for hours. A failing master is replaced all
the same: it writes no backup, and the cluster needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.api.alluxiobackup import BackupSpec
from alluxio_operator.backups.request import HELD_FOR_BACKUP, is_acting
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import BackOff, waiting
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.rollout.rollout import GATE, RolloutStep
from alluxio_operator.kube.kinds import Object

HELD: Final = HELD_FOR_BACKUP

GRACE: Final = timedelta(minutes=5)
"""Time after its timeoutSeconds at which a backup that nothing ends doesn't hold masters any longer."""


@dataclass(frozen=True, slots=True)
class Writing:
    """An AlluxioBackup that a leading master is asked for, or writes."""

    name: str
    until: datetime
    """When it has failed, at the latest."""


def backups_being_written(backups: Iterable[Object], uid: str, now: datetime) -> tuple[Writing, ...]:
    """Return the backups of the cluster with a uid that a restart of a master would end."""
    found = []
    for one in backups:
        status = one.get("status") or {}
        run = status.get("run") or {}
        # One that the leader has refused, and that waits for its retry, may be what the change mends.
        if status.get("clusterUid") != uid or status.get("finished") or not is_acting(run, now):
            continue
        default = BackupSpec.model_fields["timeout_seconds"].default
        seconds = one.get("spec", {}).get("timeoutSeconds", default)
        began = status.get("started") or one["metadata"].get("creationTimestamp") or stamp(now)
        until = moment(began) + timedelta(seconds=seconds)
        if now <= until + GRACE:
            found.append(Writing(one["metadata"]["name"], until))
    return tuple(sorted(found, key=lambda one: one.name))


def guarded_by_backups(step: RolloutStep, writing: Sequence[Writing] | None) -> RolloutStep:
    """Return the step, or one that holds it; `writing` is None before the AlluxioBackups were read."""
    masters = [pod for pod in step.delete if pod.role == names.MASTER and pod.ready]
    if not masters or writing == ():
        return step
    listed = ", ".join(pod.name for pod in masters)
    if writing is None:
        gate = waiting(GATE, f"{listed} will be replaced once the operator has read the AlluxioBackups", HELD)
        return replace(step, status=None, delete=(), gate=gate, needs_backups=True)
    first = writing[0]
    message = (
        f"{listed} will be replaced once Alluxio has written AlluxioBackup {first.name}, which a restart of a master "
        f"would end; after {stamp(first.until)} the backup has failed. To replace the masters at once, delete the "
        "AlluxioBackup"
    )
    # Dropping a recorded step is safe: it has deleted nothing yet. Its timeout doesn't run meanwhile.
    gate = waiting(GATE, message, HELD, BackOff())
    return replace(step, status=None, delete=(), gate=gate)
