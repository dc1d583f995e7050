"""Operations that bring every pod to the current spec, and roll back a change that fails; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.engine.conditions import holds, moment
from alluxio_operator.engine.gate import BackOff
from alluxio_operator.engine.operation import Answer, Operation, When
from alluxio_operator.engine.requeue import PROGRESS, back_off, poll
from alluxio_operator.kinds.cluster.rollout import pre_upgrade, rollback
from alluxio_operator.kinds.cluster.rollout.effects import KeepSpec, ReplacePod
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import PreUpgradeBackup
from alluxio_operator.kinds.cluster.rollout.rollout import GATE, RolloutStep
from alluxio_operator.kinds.cluster.view import View

POLL_SECONDS: Final = 1.0
"""Requeue delay after a backup or a rollback has begun."""
MAX_REQUEUE_SECONDS: Final = 3600.0
"""Longest requeue delay, however far away the moment is: the clock may be set meanwhile."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the pre-upgrade backup, the rollout's next step, a rollback, and the last good spec."""
    step = view.rollout
    if step.backup is not None and step.backup.status is not None:
        yield _pre_upgrade(view, step.backup)
    else:
        yield _record_of_backup(view)
    yield _rollout(view, step)
    yield _rollback(view, step)
    yield _last_good_spec(view)


def _pre_upgrade(view: View, backup: PreUpgradeBackup) -> Operation:
    known = backup.status
    fields = {"upgrade_backup": known}

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [refusal] = answers
        if known is None:
            return operation
        after = pre_upgrade.after_creation(known, str(refusal or ""), view.now)
        delay = pre_upgrade.RETRY_REFUSED.seconds if refusal else POLL_SECONDS
        return replace(operation, status={"upgrade_backup": after}, requeue_after=delay)

    effects = (backup.create,) if backup.create is not None else ()
    # On record before it exists, and gone from the record only after the operator has seen that it is gone.
    return Operation("pre-upgrade backup", status=fields, intent=fields, effects=effects, conclude=conclude)


def _record_of_backup(view: View) -> Operation:
    before = view.observed.status.upgrade_backup
    after = pre_upgrade.record_apart_from_steps(view.observed, view.cluster)
    return Operation("pre-upgrade backup", status={} if after == before else {"upgrade_backup": after})


def _rollout(view: View, step: RolloutStep) -> Operation:
    gate = rollback.reported_gate(step.gate, view.observed)
    names = view.cluster.names
    disrupts = step.status is not None and not step.stopped

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        # Without a deletion, the step waits for the controller of its workload, or for a right.
        return operation if any(answers) else replace(operation, requeue_after=_seconds_for_event(view))

    return Operation(
        "rollout",
        status={"rollout": step.status, "restarts": dict(view.cluster.restarts)},
        intent={"rollout": step.status} if step.status else {},
        effects=tuple(
            ReplacePod(pod, names.of(pod.role), view.hashes.get(pod.role, ""), view.now) for pod in step.delete
        ),
        gate=gate,
        blocking=step.blocking and gate.reason != rollback.REASON,
        disruption=_disruption(view) if disrupts else None,
        requeue_after=_seconds_until_look(view, step),
        conclude=conclude,
    )


def _seconds_until_look(view: View, step: RolloutStep) -> float | None:
    """Return the requeue delay; while pods are being replaced, a change in Alluxio's answers causes no event."""
    if step.status is None or not step.in_progress:
        return _seconds_until(step.requeue_at, view.now)
    return _seconds_for_event(view) if step.announced else poll(moment(step.status.since), view.now)


def _seconds_for_event(view: View) -> float:
    """Return the requeue delay while a step waits for a controller, whose progress causes events.

    The delay grows with the time of the whole rollout, since such a step may begin again and again.
    """
    conditions = view.observed.status.conditions
    return PROGRESS.least if holds(conditions, GATE) else back_off(BackOff(since=GATE), conditions, view.now)


def _disruption(view: View) -> str:
    return "rollout" if view.observed.good_spec is None else "rollback"


def _rollback(view: View, step: RolloutStep) -> Operation:
    before = view.observed.status.rollback
    after = rollback.next_rollback(view.observed, step, view.cluster.spec.upgrade, view.now)
    starts = after is not None and after != before
    return Operation("rollback", status={"rollback": after}, requeue_after=POLL_SECONDS if starts else None)


def _last_good_spec(view: View) -> Operation:
    before = view.observed.status.last_good_spec
    name = "last good spec"
    if before is not None and before.generation == view.observed.generation:
        return Operation(name)
    good = rollback.good_spec(view.observed.resource)

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        # Without its revision, a rollback couldn't return to this spec.
        [kept] = answers
        return replace(operation, status={"last_good_spec": good}) if kept else operation

    return Operation(name, effects=(KeepSpec(good),), when=When.ONCE_READY, conclude=conclude)


def _seconds_until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else min(max(1.0, (moment - now).total_seconds()), MAX_REQUEUE_SECONDS)
