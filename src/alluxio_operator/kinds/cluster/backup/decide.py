"""Operations of the schedules of backups and drills; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.api.alluxiodrill import KIND as DRILL
from alluxio_operator.engine.effects import Create, Delete, Patch
from alluxio_operator.engine.operation import Answer, Operation
from alluxio_operator.engine.requeue import seconds
from alluxio_operator.kinds.cluster.backup.schedules import REMOVED_AFTER
from alluxio_operator.kinds.cluster.backup.step import Expired, ScheduleStep
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref


@dataclass(frozen=True, slots=True)
class Retire:
    """The patch that removes a backup; only while no drill or restore that hasn't ended names the backup."""

    patch: Patch
    why: str
    """The text of its Event."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the backups and drills to create, and those to remove."""
    spec, before = view.cluster.spec.backup, view.observed.status
    step, drills = view.schedules, view.drills
    if step.status is not None:
        yield _create(view, "scheduled backups", "backups", step)
        if step.remove:
            yield Operation("removal of backups", effects=tuple(map(_remove, step.remove)))
    elif before.backups is not None and not spec.schedules:
        yield Operation("scheduled backups", status={"backups": None})
    if drills.status is not None:
        yield _create(view, "scheduled drills", "drills", drills)
        if drills.remove:
            gone = tuple(Delete(Ref(DRILL, one.name), one.uid) for one in drills.remove)
            yield Operation("removal of drills", effects=gone)
    elif before.drills is not None and spec.drill is None:
        yield Operation("scheduled drills", status={"drills": None})


def _create(view: View, name: str, field: str, step: ScheduleStep[Any]) -> Operation:
    waits = (seconds(one, view.observed.status.conditions, view.now) for one in step.requeue)
    soonest = min((one for one in waits if one is not None), default=None)
    operation = Operation(
        name,
        status={field: step.status},
        effects=tuple(map(Create, step.create)),
        gate=step.gate,
        requeue_after=soonest,
    )

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        refused = next((str(one) for one in answers if one), "")
        if not refused:
            return operation
        # The moment doesn't count: the next reconcile creates it.
        gate = replace(operation.gate, passed=False, reason="Refused", message=refused) if operation.gate else None
        before = getattr(view.observed.status, field)
        return replace(operation, status={field: before} if before else {}, gate=gate, requeue_after=30.0)

    return replace(operation, conclude=conclude)


def _remove(expired: Expired) -> Retire:
    # The backup's own reconcile deletes its files first.
    patch = {"metadata": {"uid": expired.uid}, "spec": {"ttlSecondsAfterFinished": REMOVED_AFTER}}
    return Retire(
        Patch(Ref(KIND, expired.name), patch, "remove it after the rules of spec.backup.retention"), expired.why
    )
