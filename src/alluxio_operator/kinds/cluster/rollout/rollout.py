"""Decides which pods are replaced next, so that every pod comes to run what the spec says and the cluster serves on.

Kubernetes replaces pods from the highest number down and knows nothing of a quorum or of a leader: with one master
down it takes the next one away. So its workloads have the strategy OnDelete, and pods are deleted here, a step at a
time: masters, of which all have to be well before one goes and whose leader goes last; then the job master; then
workers; then the FUSE mounts, each of which takes open files with it. Each step is on record before its first pod is
deleted, and ends when the role is well again, by Alluxio's own word.

What tells an outdated pod from others is the hash of what the spec means for it. A template whose text changes, as with
another version of the operator, replaces nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import ReplacedPod, RolloutStatus
from alluxio_operator.api.base import GROUP
from alluxio_operator.api.upgrade import MaintenanceWindow, Upgrade
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.engine.schedule import Cron, Window
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, what_is_amiss
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import BACKING_UP, NOTHING, PreUpgradeBackup
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod, first_trouble

GATE = "UpToDate"
CONFIG_HASH: Final = f"{GROUP}/config-hash"
"""Annotation of a pod: what the spec meant for it when it was made."""

ORDER: Final = (names.MASTER, names.JOB_MASTER, names.WORKER, names.FUSE)
"""Masters of either version serve workers of either, so Alluxio wants masters first; clients of both come last."""

TIMED_OUT = "StepTimedOut"
_HOLDS: Final = {
    names.MASTER: ("HeldForQuorum", "the masters are"),
    names.JOB_MASTER: ("HeldForJobMaster", "the job master is"),
    names.WORKER: ("HeldForWorkers", "the workers are"),
    names.FUSE: ("HeldForMounts", "the mounts are"),
}
_MISSING: Final = {
    names.WORKER: "{ready} of {wanted} workers are registered and ready",
    names.FUSE: "the mount answers on {ready} of {wanted} nodes",
}

MOST: Final = 100
"""Pods of a step."""


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """What the status is to say of it, the pods to delete once it does, and how it stands.

    While `blocking`, the cluster isn't as the spec says, and is going to be without anybody's doing.
    """

    status: RolloutStatus | None
    delete: tuple[Pod, ...]
    gate: Gate
    blocking: bool = True
    backup: PreUpgradeBackup | None = None
    """What is to be done before the first master of another version, where that is what is waited for or was."""
    next_look: datetime | None = None
    """When something is going to change without any event."""
    asks_ufs: bool = False
    """Whether it can't be told before the storage below was asked."""

    @property
    def under_way(self) -> bool:
        """Whether something is being replaced, and it is looked at all the time until that is done."""
        at_work = self.status is not None or self.gate.reason == BACKING_UP
        return at_work and self.gate.reason not in (TIMED_OUT, "Canary")


@dataclass(frozen=True, slots=True)
class Roles:
    """All that a step is decided by: `wanted` is the hash of each role, `counts` how many workers and mounts there are
    to be.
    """

    observed: Observed
    quorum: Quorum
    wanted: Mapping[str, str]
    counts: Mapping[str, int]

    @property
    def known(self) -> tuple[str, ...]:
        """The roles whose pods are replaced here, in their order."""
        return tuple(role for role in ORDER if role in self.wanted)

    def outdated(self, role: str) -> tuple[Pod, ...]:
        """Return the pods of a role that were made for something else than what the spec says now."""
        return tuple(pod for pod in self.observed.role(role) if not pod.deleted and not self.is_current(pod))

    def is_current(self, pod: Pod) -> bool:
        """Tell whether a pod runs what the spec says; one that says nothing of it isn't judged."""
        return pod.annotations.get(CONFIG_HASH) in (None, self.wanted.get(pod.role))

    def fails(self, pod: Pod) -> bool:
        """Tell whether a pod is of no use as it is, so that nothing is lost by replacing it.

        A master that only doesn't answer may be one that the quorum counts on: Kubernetes has to find it unready, too.
        """
        if pod.ready:
            return False
        if pod.role != names.MASTER:
            return True
        return all(member.role == "Down" for member in self.quorum.members if member.name == pod.name)

    def unwell(self, role: str) -> str | None:
        """Return what keeps a role from being whole; None when it is."""
        pods = self.observed.role(role)
        if role == names.MASTER:
            return self._unwell_masters(pods)
        if role == names.JOB_MASTER:
            return None if self.observed.job_master_serves else _trouble(pods) or "the job master doesn't answer"
        ready, wanted = sum(pod.ready for pod in pods), self.counts.get(role, 0)
        if ready >= wanted:
            return None
        return _trouble(pods) or _MISSING[role].format(ready=ready, wanted=wanted)

    def _unwell_masters(self, pods: Sequence[Pod]) -> str | None:
        if len(self.quorum.claims) > 1:
            return f"{' and '.join(self.quorum.claims)} say that they lead"
        missed = [what_is_amiss(member) for member in self.quorum.members if member.missed]
        if missed:
            return "; ".join(missed)
        unready = [pod.name for pod in pods if not pod.ready]
        if unready:
            return f"{unready[0]} isn't ready"
        return None if isinstance(self.observed.master, MasterInfo) else self.observed.master.reason


def next_step(roles: Roles, upgrade: Upgrade, now: datetime, guard: PreUpgradeBackup = NOTHING) -> RolloutStep:
    """Return the next step; only one is under way at a time, whatever the role.

    `guard` is what a master of another version waits for.
    """
    begun = roles.observed.status.rollout
    rolling = upgrade.strategy == "RollingUpdate"
    if begun is not None and rolling and (step := _go_on(roles, begun, upgrade, now)):
        return step
    outdated = {role: pods for role in roles.known if (pods := roles.outdated(role))}
    if not outdated:
        return RolloutStep(None, (), Gate(GATE, True, "UpToDate", "every pod runs what the spec says"))
    if not rolling:
        listed = _listed(pod for pods in outdated.values() for pod in pods)
        said = f"spec.upgrade.strategy is OnDelete: {listed} run what the spec said before, until somebody deletes them"
        return RolloutStep(None, (), waiting(GATE, said, "WaitingForDeletion"), blocking=False)
    for role in roles.known:
        pods = outdated.pop(role, ())
        if failing := [pod for pod in pods if roles.fails(pod)]:
            return _replace(failing, now)
        if reason := roles.unwell(role):
            # Of the roles behind it nobody can tell whether they fail by themselves or for want of this one.
            return _hold(role, (*pods, *chain.from_iterable(outdated.values())), reason)
        if pods:
            opens = closed_until(upgrade.maintenance_window, now)
            if opens is not None:
                return wait_for_window((*pods, *chain.from_iterable(outdated.values())), opens)
            if role == names.MASTER and guard.status and (held := _held_by(guard, roles, pods, now)):
                return held
            begun_now = _begin(role, pods, roles, upgrade, now)
            return replace(begun_now, backup=guard) if role == names.MASTER and guard.status else begun_now
    raise AssertionError("an outdated pod has a role")


def _held_by(guard: PreUpgradeBackup, roles: Roles, outdated: Sequence[Pod], now: datetime) -> RolloutStep | None:
    """Return why masters can't change their version yet: a worker is missing, or the backup isn't there."""
    if reason := roles.unwell(names.WORKER):
        if failing := [pod for pod in roles.outdated(names.WORKER) if roles.fails(pod)]:
            # The change may be what heals them.
            return _replace(failing, now)
        return _hold(names.WORKER, outdated, reason)
    if guard.reason is None:
        return None
    return RolloutStep(None, (), guard.gate(GATE), backup=guard)


def may_delete(workload: Object | None, wanted: str | None) -> bool:
    """Tell whether a controller makes its next pod by what the spec says; `workload` is as the server has it."""
    if workload is None or "deletionTimestamp" in workload["metadata"]:
        return False
    template = workload["spec"]["template"]["metadata"].get("annotations", {})
    seen = workload.get("status", {}).get("observedGeneration", 0) >= workload["metadata"]["generation"]
    return seen and wanted is not None and template.get(CONFIG_HASH) == wanted


def _go_on(roles: Roles, begun: RolloutStatus, upgrade: Upgrade, now: datetime) -> RolloutStep | None:
    """Return what a step that has begun still needs; None when it is done, or others have to be replaced first."""
    pods = {pod.uid: pod for pod in roles.observed.role(begun.role)}
    left = [pods[one.uid] for one in begun.pods if one.uid in pods]
    replaced = ", ".join(one.name for one in begun.pods)
    # Asked for once more if need be: the operator may have ended between the record and the deed. One that runs what
    # the spec says by now is left alone.
    again = tuple(pod for pod in left if not pod.deleted and not roles.is_current(pod))
    late = (now - moment(begun.since)).total_seconds() >= upgrade.step_timeout_seconds
    if again and not late:
        return RolloutStep(begun, again, waiting(GATE, f"{replaced}: to run what the spec says", "Replacing"))
    reason = f"{left[0].name} is ending" if any(pod.deleted for pod in left) else roles.unwell(begun.role)
    if reason is None:
        return _soak(begun, upgrade, now)
    if any(roles.fails(pod) for pod in roles.outdated(begun.role)):
        # The spec has changed again, and what doesn't run isn't waited for.
        return None
    if late:
        said = (
            f"{replaced} was replaced at {begun.since}, and {upgrade.step_timeout_seconds} s later: {reason}. "
            "Nothing else is replaced. Take the change back, or put right what keeps it from running"
        )
        return RolloutStep(begun, (), blocked(GATE, TIMED_OUT, said))
    return RolloutStep(
        begun, (), waiting(GATE, f"{replaced} was replaced; waits until it is well: {reason}", "Replacing")
    )


def _soak(begun: RolloutStatus, upgrade: Upgrade, now: datetime) -> RolloutStep | None:
    """Return what a step waits for whose pods are well: only the one of a canary for anything."""
    until = moment(begun.since) + timedelta(seconds=upgrade.canary_seconds)
    if not begun.canary or now >= until:
        return None
    said = f"{begun.pods[0].name} is the first worker of the change and well; the others follow at {stamp(until)}"
    return RolloutStep(begun, (), waiting(GATE, said, "Canary"), next_look=until)


def _begin(role: str, outdated: Sequence[Pod], roles: Roles, upgrade: Upgrade, now: datetime) -> RolloutStep:
    """Begin a step with pods of a role that is well."""
    if role == names.MASTER:
        followers = [pod for pod in outdated if pod.name != roles.quorum.leader]
        return _replace([max(followers, key=lambda pod: pod.name)] if followers else outdated[:1], now)
    if role == names.JOB_MASTER:
        return _replace(outdated[:1], now)
    first_of_all = upgrade.canary_seconds > 0 and not any(roles.is_current(pod) for pod in roles.observed.role(role))
    if role == names.WORKER and first_of_all and len(outdated) > 1:
        return _replace(outdated[:1], now, canary=True)
    return _replace(outdated[: upgrade.max_unavailable], now)


def closed_until(window: MaintenanceWindow | None, now: datetime) -> datetime | None:
    """Return when a window opens next; None while it is open, or there is none."""
    if window is None:
        return None
    opens = Cron(window.start, window.time_zone)
    if Window(opens, timedelta(minutes=window.duration_minutes)).is_open(now):
        return None
    return opens.following(now)


def wait_for_window(pods: Sequence[Pod], opens: datetime) -> RolloutStep:
    """Return a step that only says until when pods wait."""
    said = f"{_listed(pods)} will be replaced in the maintenance window that opens at {stamp(opens)}"
    return RolloutStep(None, (), waiting(GATE, said, "WaitingForWindow"), blocking=False, next_look=opens)


def _replace(pods: Sequence[Pod], now: datetime, *, canary: bool = False) -> RolloutStep:
    pods = [pod for pod in pods if pod.role == pods[0].role][:MOST]
    record = tuple(ReplacedPod(name=pod.name, uid=pod.uid) for pod in pods)
    begun = RolloutStatus(role=pods[0].role, pods=record, since=stamp(now), canary=canary)
    said = f"{_listed(pods)}: to run what the spec says"
    return RolloutStep(begun, tuple(pods), waiting(GATE, said, "Replacing"))


def _hold(needed: str, outdated: Sequence[Pod], reason: str) -> RolloutStep:
    word, who = _HOLDS[needed]
    return RolloutStep(
        None, (), Gate(GATE, False, word, f"{_listed(outdated)} will be replaced once {who} well: {reason}")
    )


def _trouble(pods: Iterable[Pod]) -> str | None:
    trouble = first_trouble(pods)
    return trouble.message if trouble else None


def _listed(pods: Iterable[Pod]) -> str:
    listed = [pod.name for pod in pods]
    more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
    return ", ".join(listed[:6]) + more
