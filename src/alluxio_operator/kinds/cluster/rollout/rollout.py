"""Decides which pods a rollout replaces next, so that the cluster keeps serving.

The StatefulSet controller replaces pods from the highest ordinal down. It knows neither quorum nor leader: with one
master down it deletes the next one. So the workloads have the strategy OnDelete, and the operator deletes the pods,
one step at a time:

1. masters, each only while all masters are healthy, the leader last;
2. the job master;
3. workers;
4. FUSE mounts, since each takes its open files with it.

The operator records each step in the status before it deletes the first pod. A step ends when Alluxio reports that the
role is healthy (`health`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from alluxio_operator.api.alluxiocluster_status import ReplacedPod, RolloutStatus
from alluxio_operator.api.upgrade import MaintenanceWindow, Upgrade
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.engine.schedule import Cron, Window
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH, Roles
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import NO_BACKUP, PreUpgradeBackup
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

GATE = "UpToDate"

TIMED_OUT = "StepTimedOut"

MAX_PODS_PER_STEP: Final = 100


_HELD: Final[Mapping[str, tuple[str, str]]] = {
    names.MASTER: ("HeldForQuorum", "the masters are"),
    names.JOB_MASTER: ("HeldForJobMaster", "the job master is"),
    names.WORKER: ("HeldForWorkers", "the workers are"),
    names.FUSE: ("HeldForMounts", "the mounts are"),
}
"""By role, the gate's reason while a rollout waits for it, and subject and verb of the message."""

_REMEDY: Final = "Revert the change, or fix the cause"


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """The step to record in the status, the pods to delete after that, and the gate.

    While `blocking`, the cluster isn't Ready. A step that waits for the user or for a window doesn't block.
    """

    status: RolloutStatus | None
    delete: tuple[Pod, ...]
    gate: Gate
    blocking: bool = True
    backup: PreUpgradeBackup | None = None
    """The backup before an upgrade, if this step waits for it or has just started after it."""
    requeue_at: datetime | None = None
    """When the step changes without an event."""
    needs_ufs_probe: bool = False
    """Whether the decision depends on a probe of the UFS that hasn't run yet."""
    needs_backups: bool = False
    """Whether the decision depends on the cluster's AlluxioBackups, which haven't been read yet."""
    announced: bool = False
    """Whether an event announces the end of what the step waits for."""

    @property
    def in_progress(self) -> bool:
        """Whether pods are being replaced: the operator polls until that ends."""
        return self.status is not None and not self.stopped and self.gate.reason != "Canary"

    @property
    def stopped(self) -> bool:
        """Whether the step waits for a user, or for a node that is lost: it disrupts nothing meanwhile."""
        return self.gate.reason in (TIMED_OUT, *(held_reason for held_reason, _ in _HELD.values()))


def next_rollout_step(
    roles: Roles, upgrade: Upgrade, now: datetime, backup: PreUpgradeBackup = NO_BACKUP
) -> RolloutStep:
    """Return the next step; only one runs at a time, across all roles.

    Masters that change their version wait for `backup`.
    """
    current = roles.observed.status.rollout
    rolling = upgrade.strategy == "RollingUpdate"
    if current is not None and rolling and (step := _continue(roles, current, upgrade, now)):
        return step
    begun = _begin(roles, upgrade, now, backup)
    if begun.status is None:
        return begun
    known = {"hash": roles.wanted[begun.status.role], "failed_before": _failed_before(roles, begun.delete)}
    return replace(begun, status=begun.status.model_copy(update=known))


def _failed_before(roles: Roles, pods: Sequence[Pod]) -> bool:
    """Return True if the spec was good before this generation, so that it isn't why these pods fail."""
    status, generation = roles.observed.status, roles.observed.generation
    rolls_back = status.rollback is not None and status.rollback.generation == generation
    good = status.last_good_spec
    was_good = good is not None and good.generation == generation - 1 and not rolls_back
    return was_good and not any(pod.ready for pod in pods)


def _begin(roles: Roles, upgrade: Upgrade, now: datetime, backup: PreUpgradeBackup) -> RolloutStep:
    """Return the step that begins now, if there is one."""
    outdated = {role: pods for role in roles.known if (pods := roles.outdated(role))}
    if not outdated:
        return RolloutStep(None, (), Gate(GATE, True, "UpToDate", "all pods run the current spec"))
    if upgrade.strategy != "RollingUpdate":
        listed = _listed(pod for pods in outdated.values() for pod in pods)
        message = f"{listed} run an older spec, and spec.upgrade.strategy is OnDelete: delete these pods to update them"
        return RolloutStep(None, (), waiting(GATE, message, "WaitingForDeletion"), blocking=False)
    held: RolloutStep | None = None
    for role in roles.known:
        pods = outdated.pop(role, ())
        expendable = [pod for pod in pods if roles.is_expendable(pod)]
        if not expendable and role == names.MASTER and (spare := roles.spare_master()):
            opens = closed_until(upgrade.maintenance_window, now)
            if opens is not None and spare.name in roles.quorum.leaders:
                return wait_for_window((spare,), opens)
            expendable = [spare]
        if expendable:
            if role == names.MASTER and backup.reason is not None:
                return RolloutStep(None, (), backup.gate(GATE), backup=backup)
            return _replace_expendable(expendable, upgrade, now)
        if reason := roles.unhealthy_reason(role):
            # Later roles depend on this one: if they fail, this role may be the cause.
            return _hold(role, (*pods, *chain.from_iterable(outdated.values())), reason)
        if pods:
            opens = closed_until(upgrade.maintenance_window, now)
            if opens is not None:
                return wait_for_window((*pods, *chain.from_iterable(outdated.values())), opens)
            if role == names.MASTER and backup.is_needed and (step := _held_by(backup, roles, pods, upgrade, now)):
                return step
            ready = [pod for pod in pods if pod.ready]
            if not ready:
                # They run: what they have in memory may be the only copy. Their role is healthy without them, so later
                # roles needn't wait for a node that may be dead.
                held = held or _hold(role, pods, f"{pods[0].name} runs and isn't ready")
                continue
            started = _start(role, ready, roles, upgrade, now)
            return replace(started, backup=backup) if role == names.MASTER and backup.is_needed else started
    if held is None:
        raise AssertionError("an outdated pod has a role")
    return held


def _replace_expendable(expendable: Sequence[Pod], upgrade: Upgrade, now: datetime) -> RolloutStep:
    """Return the step that replaces failing pods of a role; a maintenance window doesn't hold it up."""
    if expendable[0].role == names.MASTER:
        # Never two masters at once: what each of them has in its journal may be what the quorum needs.
        return _replace(expendable[:1], now)
    empty = [pod for pod in expendable if not _may_hold_data(pod)]
    return _replace(empty or expendable[: upgrade.max_unavailable], now)


def _may_hold_data(pod: Pod) -> bool:
    """Return True for a worker that has served: an emptyDir tier survives its container, and not its pod."""
    return pod.role == names.WORKER and pod.served


def _held_by(
    backup: PreUpgradeBackup, roles: Roles, outdated: Sequence[Pod], upgrade: Upgrade, now: datetime
) -> RolloutStep | None:
    """Return the step while masters can't change their version: workers are missing, or the backup isn't complete."""
    if reason := roles.unhealthy_reason(names.WORKER):
        if expendable := [pod for pod in roles.outdated(names.WORKER) if roles.is_expendable(pod)]:
            # The change may be the fix for these workers.
            return _replace_expendable(expendable, upgrade, now)
        return _hold(names.WORKER, outdated, reason)
    if backup.reason is None:
        return None
    return RolloutStep(None, (), backup.gate(GATE), backup=backup)


def may_delete(workload: Object | None, wanted: str | None) -> bool:
    """Return True if the controller would create the next pod from the current spec; `workload` is its live object."""
    if workload is None or "deletionTimestamp" in workload["metadata"]:
        return False
    template = workload["spec"]["template"]["metadata"].get("annotations", {})
    seen = workload.get("status", {}).get("observedGeneration", 0) >= workload["metadata"]["generation"]
    return seen and wanted is not None and template.get(CONFIG_HASH) == wanted


def _continue(roles: Roles, current: RolloutStatus, upgrade: Upgrade, now: datetime) -> RolloutStep | None:
    """Return the recorded step as it is now; None when it is complete, or other pods have to be replaced first."""
    if current.role not in roles.known or not roles.counts.get(current.role, 1):
        # The role was disabled or scaled to zero: no replacement will come.
        return None
    pods = {pod.uid: pod for pod in roles.observed.role(current.role)}
    remaining = [pods[one.uid] for one in current.pods if one.uid in pods]
    replaced = ", ".join(one.name for one in current.pods)
    intact = len(remaining) == len(current.pods) and not any(pod.deleted for pod in remaining)
    if not _is_ending(roles, current, remaining) and any(
        not roles.is_current(pod) for pod in roles.successors(current)
    ):
        # The spec has changed since: whether pods of a spec that nothing follows start says nothing of the new one.
        return None
    if current.hash not in ("", roles.wanted[current.role]):
        if intact:
            return None
        # What comes now runs the new spec, which has the whole time.
        current = current.model_copy(update={"hash": roles.wanted[current.role], "since": stamp(now)})
    # Retry: we may have crashed after recording, before deleting. A pod that runs the current spec by now stays.
    retry = tuple(pod for pod in remaining if not pod.deleted and not roles.is_current(pod))
    current = _without_terminations(current, roles, remaining, upgrade, now)
    timed_out = (now - moment(current.since)).total_seconds() >= upgrade.step_timeout_seconds
    if intact:
        # Nothing is deleted yet, so the step can still be given up: the user has reverted the change, the deletion was
        # refused for too long, or another pod of the role has failed since.
        healthy = not any(roles.is_expendable(pod) or pod == roles.spare_master() for pod in remaining)
        if timed_out or not retry or (healthy and roles.unhealthy_reason(current.role)):
            return None
    if retry and not timed_out:
        return RolloutStep(current, retry, _replacing(replaced))
    reason = _step_problem(roles, current, remaining)
    if reason is None:
        return _await_canary(current, upgrade, now)
    overdue = next((pod for pod in remaining if roles.is_overdue(pod)), None)
    if overdue and current.role in (names.MASTER, names.JOB_MASTER):
        return _hold_for_termination(current, overdue)
    expendable = [pod for pod in roles.outdated(current.role) if roles.is_expendable(pod)]
    # Others wait for a canary on purpose, and workers that have served wait for the step: only a spec that has changed
    # since ends it.
    expendable = [
        pod
        for pod in expendable
        if not (current.canary or _may_hold_data(pod)) or pod.created is None or pod.created >= moment(current.since)
    ]
    if expendable:
        # The spec has changed since: don't wait for pods of a spec that doesn't run.
        return None
    if _waits_for_journal(roles, current):
        message = f"the replacement of {replaced} waits for the masters' journal: {reason}"
        return RolloutStep(current, (), Gate(GATE, False, _HELD[names.MASTER][0], message))
    if timed_out:
        remedy = "It failed before the change, too: fix the cause" if current.failed_before else _REMEDY
        message = (
            f"the replacement of {replaced} began at {current.since} and isn't complete after "
            f"{upgrade.step_timeout_seconds} s: {reason}. The rollout has stopped. {remedy}"
        )
        return RolloutStep(current, (), blocked(GATE, TIMED_OUT, message))
    message = f"the replacement of {replaced} isn't complete yet: {reason}"
    ending = _is_ending(roles, current, remaining)
    return RolloutStep(current, (), waiting(GATE, message, "Replacing"), announced=ending)


def _step_problem(roles: Roles, current: RolloutStatus, remaining: Sequence[Pod]) -> str | None:
    if current.role in (names.WORKER, names.FUSE):
        return roles.replacement_problem(current)
    if any(pod.deleted for pod in remaining):
        return f"{remaining[0].name} is terminating"
    return roles.masters_problem(current) if current.role == names.MASTER else roles.unhealthy_reason(current.role)


def _without_terminations(
    current: RolloutStatus, roles: Roles, remaining: Sequence[Pod], upgrade: Upgrade, now: datetime
) -> RolloutStatus:
    """Return the record of a step, whose time doesn't run out while an old pod is in its termination.

    Nor does it while masters wait for their journal. The new spec has no part in either, so it must not end in a
    rollback. Half of the time is always left for the replacement. The record changes that seldom, since each change is
    a write.
    """
    elapsed = (now - moment(current.since)).total_seconds()
    waits = _is_ending(roles, current, remaining) or _waits_for_journal(roles, current)
    if not waits or elapsed < upgrade.step_timeout_seconds / 2:
        return current
    return current.model_copy(update={"since": stamp(now)})


def _is_ending(roles: Roles, current: RolloutStatus, remaining: Sequence[Pod]) -> bool:
    """Return True while an old pod of a step is in its termination.

    A worker or mount that is stuck on a lost node doesn't count: others of its step needn't wait for it, and their
    trouble is that of the new spec.
    """
    named = current.role in (names.MASTER, names.JOB_MASTER)
    return any(pod.deleted and (named or not roles.is_overdue(pod)) for pod in remaining)


def _waits_for_journal(roles: Roles, current: RolloutStatus) -> bool:
    """Return True while a master of a step waits for its journal, or none can lead since too many do."""
    own = {one.name for one in current.pods}
    lost = roles.journals_missing or any(pod.name in own for pod in roles.without_journal)
    return current.role == names.MASTER and lost


def _hold_for_termination(current: RolloutStatus, pod: Pod) -> RolloutStep:
    """Return the step while a pod, whose name its replacement needs, outlives its termination on a lost node."""
    node = f" on node {pod.node}" if pod.node else ""
    since = f" since {stamp(pod.deletion)}" if pod.deletion else ""
    message = (
        f"{pod.name}{node} should have ended{since} and is still terminating, so its replacement can't start. Bring "
        f"the node back. If it is lost for good, remove the pod: kubectl delete pod {pod.name} --grace-period=0 --force"
    )
    return RolloutStep(current, (), Gate(GATE, False, _HELD[current.role][0], message))


def _await_canary(current: RolloutStatus, upgrade: Upgrade, now: datetime) -> RolloutStep | None:
    """Return the step while its healthy canary runs alone; None for any other step, or when that time is over."""
    until = moment(current.since) + timedelta(seconds=upgrade.canary_seconds)
    if not current.canary or now >= until:
        return None
    message = f"the canary {current.pods[0].name} is healthy; the rollout continues at {stamp(until)}"
    return RolloutStep(current, (), waiting(GATE, message, "Canary"), requeue_at=until)


def _start(role: str, outdated: Sequence[Pod], roles: Roles, upgrade: Upgrade, now: datetime) -> RolloutStep:
    """Return the first step for a healthy role."""
    if role == names.MASTER:
        standbys = [pod for pod in outdated if pod.name != roles.quorum.leader]
        return _replace([max(standbys, key=lambda pod: pod.name)] if standbys else outdated[:1], now)
    if role == names.JOB_MASTER:
        return _replace(outdated[:1], now)
    is_first = upgrade.canary_seconds > 0 and not any(roles.is_current(pod) for pod in roles.observed.role(role))
    if role == names.WORKER and is_first and len(outdated) > 1:
        return _replace(outdated[:1], now, canary=True)
    return _replace(outdated[: upgrade.max_unavailable], now)


def closed_until(window: MaintenanceWindow | None, now: datetime) -> datetime | None:
    """Return when a window opens next; None while it is open, or if the spec has none."""
    if window is None:
        return None
    opens = Cron(window.start, window.time_zone)
    if Window(opens, timedelta(minutes=window.duration_minutes)).is_open(now):
        return None
    return opens.following(now)


def wait_for_window(pods: Sequence[Pod], opens: datetime) -> RolloutStep:
    """Return a step that deletes nothing and reports until when the pods wait."""
    message = f"{_listed(pods)} will be replaced in the maintenance window that opens at {stamp(opens)}"
    return RolloutStep(None, (), waiting(GATE, message, "WaitingForWindow"), blocking=False, requeue_at=opens)


def _replace(pods: Sequence[Pod], now: datetime, *, canary: bool = False) -> RolloutStep:
    pods = [pod for pod in pods if pod.role == pods[0].role][:MAX_PODS_PER_STEP]
    record = tuple(ReplacedPod(name=pod.name, uid=pod.uid, node=pod.node) for pod in pods)
    status = RolloutStatus(role=pods[0].role, pods=record, since=stamp(now), canary=canary)
    return RolloutStep(status, tuple(pods), _replacing(_listed(pods)))


def _replacing(listed: str) -> Gate:
    return waiting(GATE, f"replacing {listed}, so that it runs the current spec", "Replacing")


def _hold(needed: str, outdated: Sequence[Pod], reason: str) -> RolloutStep:
    held_reason, needed_pods = _HELD[needed]
    message = f"{_listed(outdated)} will be replaced once {needed_pods} healthy: {reason}"
    return RolloutStep(None, (), Gate(GATE, False, held_reason, message))


def _listed(pods: Iterable[Pod]) -> str:
    listed = [pod.name for pod in pods]
    more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
    return ", ".join(listed[:6]) + more
