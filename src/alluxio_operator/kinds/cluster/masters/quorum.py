"""Derives the quorum from the answers of all masters: which one leads, which follow, which are down.

Each master answers for itself. A leader that is cut off from the others keeps reporting for a while that it leads. If
two masters report that, the one that more standbys follow is the leader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from alluxio_operator.alluxio.answers import Answer, MasterInfo, NoAnswer, Standby
from alluxio_operator.engine.gate import Gate, Severity
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.termination_message import JOURNAL_MISSING

GATE = "QuorumHealthy"

MAX_MASTERS: Final = 5

Role = Literal["Leader", "Standby", "Down"]


@dataclass(frozen=True, slots=True)
class Member:
    """One master: its pod, its role, and its problem if it has one."""

    name: str
    role: Role
    problem: str = ""
    detached: bool = False
    """It runs but doesn't follow the leader: a leader takes seconds to find a pod with a new address."""

    @property
    def unavailable(self) -> bool:
        """Whether the quorum can't count on it."""
        return self.role == "Down" or self.detached


@dataclass(frozen=True, slots=True)
class Quorum:
    """All masters of a cluster. `leaders` are the pods that report that they lead: a healthy quorum has one."""

    members: tuple[Member, ...]
    leader: str | None
    leaders: tuple[str, ...]

    @property
    def available(self) -> int:
        """Number of masters that lead or follow; without a leader, number of masters that run."""
        return sum(not member.unavailable for member in self.members)


def majority(members: int) -> int:
    """Return the size of a majority: 1 of 1, 2 of 3, 3 of 5."""
    return members // 2 + 1


def leaders_of(answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """Return the masters that report that they lead, first the one that most standbys follow."""
    # A standby reports its leader's host name, which begins with the name of the leader's pod.
    followers = Counter(answer.follows.partition(".")[0] for answer in answers.values() if isinstance(answer, Standby))
    leaders = [name for name, answer in answers.items() if _is_leader(answer)]
    return tuple(sorted(leaders, key=lambda name: (-followers[name], name)))


def leader_answer(answers: Mapping[str, Answer]) -> MasterInfo | NoAnswer:
    """Return the leader's answer, or why there is none."""
    if leaders := leaders_of(answers):
        answer = answers[leaders[0]]
        assert not isinstance(answer, Standby)  # noqa: S101 (for the type: a standby doesn't report that it leads)
        return answer
    if any(isinstance(answer, Standby) for answer in answers.values()):
        return NoAnswer("no master leads")
    failures = [answer for answer in answers.values() if isinstance(answer, NoAnswer)]
    return failures[-1] if failures else NoAnswer("no master has an address yet")


def leader_pod(observed: Observed) -> Pod | None:
    """Return the pod of the master that leads: of several, the one that most standbys follow."""
    return observed.master_named(next(iter(leaders_of(observed.answers)), None))


def serving_leader(observed: Observed) -> Pod | None:
    """Return the pod of the master that leads and serves."""
    return leader_pod(observed) if isinstance(observed.master, MasterInfo) else None


def quorum_of(observed: Observed, members: int) -> Quorum:
    """Return all `members` masters of a cluster, including those without a pod."""
    pods = {pod.name: pod for pod in observed.role(names.MASTER)}
    leaders = leaders_of(observed.answers)
    refused = observed.pod_creation_failures.get(names.MASTER)
    masters = []
    for ordinal in range(members):
        name = observed.names.master(ordinal)
        masters.append(_member(name, pods.get(name), observed.answers.get(name), leaders, refused))
    return Quorum(tuple(masters), leaders[0] if leaders else None, leaders)


def quorum_healthy(
    quorum: Quorum, lost: Trouble | None, *, installed: bool, replaced: frozenset[str] = frozenset()
) -> Gate:
    """Open when one master leads and all others follow; a cluster serves with a majority of them.

    `lost` describes a master that lost its journal. `replaced` are the masters that a planned step replaces: their
    absence, and the election after it, are no trouble. A step that takes too long is reported by the rollout.
    """
    members, available = len(quorum.members), quorum.available
    if len(quorum.leaders) > 1:
        both = " and ".join(quorum.leaders)
        message = f"{both} both report that they lead: one of them is cut off from the others"
        return Gate(GATE, False, "SeveralLeaders", message)
    if available == members and quorum.leader:
        return Gate(GATE, True, "Healthy", f"{available} of {members} masters, led by {quorum.leader}")
    unavailable = [member for member in quorum.members if member.unavailable]
    reason = "Waiting" if not installed else "MemberDown" if unavailable else "NoLeader"
    leader = f"led by {quorum.leader}" if quorum.leader else "no leader"
    problems = "".join(f"; {member_problem(member)}" for member in unavailable)
    if lost:
        reason, problems = lost.reason, f"{problems}; {lost.message}"
    planned = bool(replaced) and not lost and {member.name for member in unavailable} <= replaced
    severity = Severity.PROGRESS if reason == "Waiting" or planned else Severity.WARNING
    return Gate(GATE, False, reason, f"{available} of {members} masters, {leader}{problems}", severity)


def member_problem(member: Member) -> str:
    """Return why the quorum can't count on a member, with its name."""
    return f"{member.name} is down: {member.problem}" if member.role == "Down" else f"{member.name}: {member.problem}"


def without_journal(observed: Observed) -> tuple[Pod, ...]:
    """Return the members' pods that report a missing journal; one that isn't a member (yet, or any more) needs none."""
    journal = observed.status.journal
    count = MAX_MASTERS if journal is None else journal.change.members if journal.change else journal.members
    own = {observed.names.master(ordinal) for ordinal in range(count)}
    return tuple(
        pod
        for pod in observed.role(names.MASTER)
        if pod.trouble is not None and pod.trouble.reason == JOURNAL_MISSING and pod.name in own
    )


def _is_leader(answer: Answer) -> bool:
    return isinstance(answer, MasterInfo) or (isinstance(answer, NoAnswer) and answer.leads)


def _member(name: str, pod: Pod | None, answer: Answer | None, leaders: tuple[str, ...], refused: str | None) -> Member:
    if pod is None:
        return Member(name, "Down", refused or "its pod doesn't exist")
    if isinstance(answer, MasterInfo):
        return Member(name, "Leader")
    if isinstance(answer, NoAnswer) and answer.leads:
        return Member(name, "Leader", answer.reason)
    if isinstance(answer, Standby):
        followed = answer.follows.partition(".")[0]
        if not followed:
            return Member(name, "Standby", "it knows of no leader", detached=bool(leaders))
        detached = bool(leaders) and followed not in leaders
        return Member(name, "Standby", f"it follows {followed}, which doesn't lead" if detached else "", detached)
    if pod.trouble:
        return Member(name, "Down", pod.trouble.message.removeprefix(f"pod {name}").lstrip(",: "))
    return Member(name, "Down", answer.reason if answer else "its pod doesn't run yet")
