"""Operations of the schedules; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.engine.effects import Patch
from alluxio_operator.engine.operation import Answer, Operation
from alluxio_operator.engine.requeue import seconds
from alluxio_operator.kinds.cluster.backup.effects import CreateBackup
from alluxio_operator.kinds.cluster.backup.schedules import REMOVED_AFTER, Expired, SchedulesStep
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref


def operations(view: View) -> Iterable[Operation]:
    """Yield the backups to create, and those to remove."""
    step = view.schedules
    if step.status is None:
        if view.observed.status.backups is not None and not view.cluster.spec.backup.schedules:
            yield Operation("scheduled backups", status={"backups": None})
        return
    yield _create(view, step)
    if step.remove:
        yield Operation("removal of backups", effects=tuple(map(_remove, step.remove)))


def _create(view: View, step: SchedulesStep) -> Operation:
    waits = (seconds(one, view.observed.status.conditions, view.now) for one in step.requeue)
    soonest = min((one for one in waits if one is not None), default=None)
    operation = Operation(
        "scheduled backups",
        status={"backups": step.status},
        effects=tuple(map(CreateBackup, step.create)),
        gate=step.gate,
        requeue_after=soonest,
    )

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        refused = next((str(one) for one in answers if one), "")
        if not refused:
            return operation
        # The moment doesn't count: the next reconcile creates the backup.
        gate = replace(operation.gate, passed=False, reason="Refused", message=refused) if operation.gate else None
        before = view.observed.status.backups
        return replace(operation, status={"backups": before} if before else {}, gate=gate, requeue_after=30.0)

    return replace(operation, conclude=conclude)


def _remove(expired: Expired) -> Patch:
    # The backup's own reconcile deletes its files first.
    patch = {"metadata": {"uid": expired.uid}, "spec": {"ttlSecondsAfterFinished": REMOVED_AFTER}}
    return Patch(Ref(KIND, expired.name), patch, "remove it after the rules of spec.backup.retention")
