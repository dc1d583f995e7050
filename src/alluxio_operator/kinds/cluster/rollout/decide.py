"""What is done to bring every pod to what the spec says, and to go back where that fails; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from alluxio_operator.api.alluxiocluster_status import GoodSpec
from alluxio_operator.engine.operation import Answer, Operation, When
from alluxio_operator.kinds.cluster.rollout import pre_upgrade, rollback
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import PreUpgradeBackup, StartBackup
from alluxio_operator.kinds.cluster.rollout.rollout import TIMED_OUT, RolloutStep
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.workloads.pods import Pod

AT_WORK: Final = 1.0
"""Seconds between two looks while pods are being replaced: Alluxio's answers cause no event."""
LONGEST_WAIT: Final = 3600.0
"""Seconds: a moment that is far away is looked for again, since a clock may be set meanwhile."""


@dataclass(frozen=True, slots=True)
class ReplacePod:
    """The deletion of a pod, whose controller makes one by the spec once its template carries `config_hash`."""

    pod: Pod
    workload: str
    config_hash: str


@dataclass(frozen=True, slots=True)
class KeepSpec:
    """The resource's spec, to be kept in a ControllerRevision."""

    spec: GoodSpec


def operations(view: View) -> Iterable[Operation]:
    """Yield the backup before an upgrade, the rollout's next step, a rollback, and the spec to go back to."""
    step = view.rollout
    if step.backup is not None and step.backup.status is not None:
        yield _pre_upgrade(view, step.backup)
    yield _rollout(view, step)
    yield _rollback(view, step)
    yield _last_good_spec(view)


def _pre_upgrade(view: View, backup: PreUpgradeBackup) -> Operation:
    known = backup.status
    leader = view.observed.master_named(view.quorum.leader)

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [answer] = answers
        return replace(operation, status={"upgrade_backup": pre_upgrade.begun(known, answer)}) if known else operation

    return Operation(
        "pre-upgrade backup",
        status={"upgrade_backup": known},
        intent={"upgrade_backup": known},
        effects=(StartBackup(leader, pre_upgrade.directory(view.cluster.spec)),) if backup.begin and leader else (),
        conclude=conclude,
    )


def _rollout(view: View, step: RolloutStep) -> Operation:
    gate = rollback.instead_of(step.gate, view.observed)
    made = view.cluster.names
    acts = step.status is not None and step.gate.reason != TIMED_OUT
    return Operation(
        "rollout",
        status={"rollout": step.status, "restarts": dict(view.cluster.restarts)},
        intent={"rollout": step.status} if step.status else {},
        effects=tuple(ReplacePod(pod, made.of(pod.role), view.hashes.get(pod.role, "")) for pod in step.delete),
        gate=gate,
        blocking=step.blocking and gate.reason != rollback.REASON,
        disruption=_kind(view) if acts else None,
        requeue_after=AT_WORK if step.under_way else _seconds_until(step.next_look, view.now),
    )


def _kind(view: View) -> str:
    return "rollout" if view.observed.good_spec is None else "rollback"


def _rollback(view: View, step: RolloutStep) -> Operation:
    before = view.observed.status.rollback
    after = rollback.next_rollback(view.observed, step.gate, view.cluster.spec.upgrade, view.now)
    begins = after is not None and after != before
    return Operation("rollback", status={"rollback": after}, requeue_after=AT_WORK if begins else None)


def _last_good_spec(view: View) -> Operation:
    before = view.observed.status.last_good_spec
    name = "last good spec"
    if before is not None and before.generation == view.observed.generation:
        return Operation(name)
    good = rollback.good_spec(view.observed.resource)

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        # A spec that couldn't be kept is none to go back to.
        [kept] = answers
        return replace(operation, status={"last_good_spec": good}) if kept else operation

    return Operation(name, effects=(KeepSpec(good),), when=When.ONCE_READY, conclude=conclude)


def _seconds_until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else min(max(1.0, (moment - now).total_seconds()), LONGEST_WAIT)
