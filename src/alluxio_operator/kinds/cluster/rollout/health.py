"""Health of the roles whose pods a rollout replaces; pure.

Each pod carries a hash of the spec, as far as it concerns the pod. A pod with another hash is outdated. So a template
whose text changes with the version of the operator replaces no pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import RolloutStatus
from alluxio_operator.engine.kept_template import CONFIG_HASH as CONFIG_HASH
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, majority, member_problem, without_journal
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pods import MAX_START, Pod, first_trouble, is_starting

ORDER: Final = (names.MASTER, names.JOB_MASTER, names.WORKER, names.FUSE)
"""Masters of either version serve workers of either, so Alluxio wants masters first; clients of both come last."""

FAILING_FOR: Final = timedelta(seconds=20)
"""A pod has to fail for so long before it counts as expendable: an image may just be on its way."""
STUCK_AFTER: Final = timedelta(seconds=60)
"""Beyond its grace period; a kubelet that lives has removed a pod long before."""
TOLERATED_SHARE: Final = 10
"""One of so many workers or mounts may be missing when a step begins. A fleet of fewer has to be whole."""

_MISSING: Final[Mapping[str, str]] = {
    names.WORKER: "{ready} of {wanted} workers are registered and ready",
    names.FUSE: "the mount answers on {ready} of {wanted} nodes",
}
"""By role with a count, the message when too few of its pods are ready."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Input of a rollout step: `wanted` is the hash of each role, `counts` the wanted number of workers and mounts."""

    observed: Observed
    quorum: Quorum
    wanted: Mapping[str, str]
    counts: Mapping[str, int]
    now: datetime
    daemonsets: frozenset[str] = frozenset()
    """Roles that a DaemonSet runs: the replacement of a pod has another name and the same node."""

    @property
    def known(self) -> tuple[str, ...]:
        """The roles whose pods the operator replaces, in order."""
        return tuple(role for role in ORDER if role in self.wanted)

    def outdated(self, role: str) -> tuple[Pod, ...]:
        """Return the pods of a role that run an older spec."""
        return tuple(pod for pod in self.observed.role(role) if not pod.deleted and not self.is_current(pod))

    def is_current(self, pod: Pod) -> bool:
        """Return True if a pod runs the current spec, or has no hash to compare."""
        return pod.annotations.get(CONFIG_HASH) in (None, self.wanted.get(pod.role))

    def is_expendable(self, pod: Pod) -> bool:
        """Return True if deleting the pod loses nothing: it has been failing for a while.

        A pod that is only unready may run behind a cut network, with the only copy of data in its memory. A master that
        answers counts in the quorum, whatever its pod looks like.
        """
        since = pod.changed or pod.created
        # A job master keeps nothing. One that runs and never gets ready may have probes that its spec makes fail.
        stuck = pod.role == names.JOB_MASTER and not pod.served and since and self.now - since >= MAX_START
        if pod.ready or not (pod.failing or stuck) or (since is not None and self.now - since < FAILING_FOR):
            return False
        if is_starting(pod, self.now):
            # Edits in a row would otherwise kill a lone master for each of them, and it would never serve.
            return False
        if pod.role != names.MASTER:
            return True
        if self.journals_missing or pod in self.without_journal:
            # No spec brings a journal back. The pod that waits for it is the one that may rejoin.
            return False
        return all(member.role == "Down" for member in self.quorum.members if member.name == pod.name)

    @property
    def without_journal(self) -> tuple[Pod, ...]:
        """The masters that wait for their journal."""
        return without_journal(self.observed)

    @property
    def journals_missing(self) -> bool:
        """Whether so many masters wait for their journal that the others can't be a quorum."""
        members = len(self.quorum.members)
        return members - len(self.without_journal) < majority(members)

    def spare_master(self) -> Pod | None:
        """Return an outdated master that answers and never gets ready, if the quorum is healthy without it.

        Its probes may fail by its spec alone, so only a newer spec makes it ready. One that doesn't answer may run
        behind a cut network, unless it never served. A lone master that never served has no quorum to keep.
        """
        unready = [pod for pod in self.observed.role(names.MASTER) if not pod.ready]
        if len(unready) != 1 or unready[0].deleted or self.is_current(unready[0]):
            return None
        [pod] = unready
        since = pod.changed or pod.created
        if not pod.running or since is None or self.now - since < MAX_START or is_starting(pod, self.now):
            return None
        if len(self.quorum.members) == 1:
            return None if pod.served else pod
        down = [member.name for member in self.quorum.members if member.unavailable]
        if set(down) - {pod.name} or (down and pod.served):
            return None
        # A quorum has 3 or 5 members: all but one are a majority.
        return pod if len(self.quorum.leaders) == 1 else None

    def successors(self, step: RolloutStatus) -> tuple[Pod, ...]:
        """Return the pods that have taken the places of those that a step replaces."""
        uids, names_, nodes = ({getattr(one, key) for one in step.pods} for key in ("uid", "name", "node"))
        by_node = step.role in self.daemonsets
        return tuple(
            pod
            for pod in self.observed.role(step.role)
            if pod.uid not in uids
            and not pod.deleted
            and (pod.name in names_ or (by_node and pod.node and pod.node in nodes))
        )

    def replacement_problem(self, step: RolloutStatus) -> str | None:
        """Return why the replacements of a step aren't ready; None when they are.

        Only its own pods count: a node that dies elsewhere has nothing to do with the change. A pod that is stuck in
        its termination, on a node that is lost, holds up nothing either: it has no replacement before it is gone. A pod
        that isn't deleted yet has no replacement: a later step replaces it.
        """
        pods = [pod for pod in self.observed.role(step.role) if not pod.deleted]
        wanted = self.counts.get(step.role, 0)
        uids = {one.uid for one in step.pods}
        remaining = [pod for pod in self.observed.role(step.role) if pod.uid in uids]
        if not remaining and sum(pod.ready for pod in pods) >= wanted:
            return None
        new = [pod for pod in pods if pod.uid not in uids]
        for one in step.pods:
            if self._is_stuck(one.name) or self._is_scaled_in(step.role, one.name):
                continue
            if terminating := next((pod for pod in remaining if pod.uid == one.uid), None):
                if terminating.deleted:
                    return f"{terminating.name} is terminating"
                continue
            found = [pod for pod in new if pod.name == one.name]
            if not found and step.role in self.daemonsets:
                found = [pod for pod in new if one.node and pod.node == one.node]
            if not found and step.role in self.daemonsets and len(pods) >= wanted:
                # Its node is gone, so no replacement will come.
                continue
            if not found:
                return f"{one.name} has no replacement yet"
            if not found[0].ready:
                return found[0].trouble.message if found[0].trouble else f"{found[0].name} isn't ready"
        return None

    def _is_scaled_in(self, role: str, name: str) -> bool:
        ordinal = name.rpartition("-")[2]
        return role not in self.daemonsets and ordinal.isdecimal() and int(ordinal) >= self.counts.get(role, 0)

    def _is_stuck(self, name: str) -> bool:
        found = next((pod for pod in self.observed.pods if pod.name == name), None)
        return found is not None and self.is_overdue(found)

    def unhealthy_reason(self, role: str) -> str | None:
        """Return why a role is unhealthy; None if it is healthy."""
        pods = self.observed.role(role)
        if role == names.MASTER:
            return self._masters_unhealthy_reason(pods)
        if role == names.JOB_MASTER:
            return None if self.observed.job_master_serves else _trouble(pods) or "the job master doesn't answer"
        ready, wanted = sum(pod.ready for pod in pods), self.counts.get(role, 0)
        # In a large fleet some node is always away: it mustn't hold up every change.
        if ready >= wanted - wanted // TOLERATED_SHARE:
            return None
        return _trouble(pods) or _MISSING[role].format(ready=ready, wanted=wanted)

    def masters_problem(self, step: RolloutStatus) -> str | None:
        """Return why the masters that a step replaced aren't healthy; None when they are.

        A master that the step didn't replace is no fault of the change: the next step waits for it.
        """
        own = {one.name for one in step.pods}
        for member in self.quorum.members:
            if member.name in own and member.unavailable:
                return member_problem(member)
        pods = self.observed.role(names.MASTER)
        unready = [pod for pod in pods if not pod.ready]
        if mine := next((pod for pod in unready if pod.name in own), None):
            return f"{mine.name} isn't ready"
        if unready or any(member.unavailable for member in self.quorum.members):
            return None
        return self._masters_unhealthy_reason(pods)

    def is_overdue(self, pod: Pod) -> bool:
        """Return True if a pod is in its termination for longer than a kubelet that lives takes."""
        return pod.deletion is not None and self.now - pod.deletion > STUCK_AFTER

    def _masters_unhealthy_reason(self, pods: Sequence[Pod]) -> str | None:
        if len(self.quorum.leaders) > 1:
            return f"{' and '.join(self.quorum.leaders)} both report that they lead"
        problems = [member_problem(member) for member in self.quorum.members if member.unavailable]
        if problems:
            return "; ".join(problems)
        unready = [pod.name for pod in pods if not pod.ready]
        if unready:
            return f"{unready[0]} isn't ready"
        return None if isinstance(self.observed.master, MasterInfo) else self.observed.master.reason


def _trouble(pods: Iterable[Pod]) -> str | None:
    trouble = first_trouble(pods)
    return trouble.message if trouble else None
