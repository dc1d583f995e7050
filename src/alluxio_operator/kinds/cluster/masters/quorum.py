"""Tells from the answers of all masters which of them leads, which follow, and whether they are a quorum.

Each master speaks for itself: a leader that is cut off from the others goes on for a while to say that it leads. So
the followers' word, whom they follow, decides between two that say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from alluxio_operator.alluxio.answers import Answer, MasterInfo, NoAnswer, Standby
from alluxio_operator.engine.gate import Gate, Severity
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pods import JOURNAL_MISSING, Pod, Trouble

GATE = "QuorumHealthy"

Role = Literal["Leader", "Standby", "Down"]


@dataclass(frozen=True, slots=True)
class Member:
    """One master: its pod, the part that it has, and what is to be said of it."""

    name: str
    role: Role
    said: str = ""
    astray: bool = False
    """It runs and doesn't follow the one that leads: a leader takes seconds to find a pod with a new address."""

    @property
    def missed(self) -> bool:
        """Whether the others have to do without it."""
        return self.role == "Down" or self.astray


@dataclass(frozen=True, slots=True)
class Quorum:
    """All masters of a cluster. `claims` are the pods that say that they lead: one, if all is well."""

    members: tuple[Member, ...]
    leader: str | None
    claims: tuple[str, ...]

    @property
    def taking_part(self) -> int:
        """Number of masters that lead or follow; while none leads, of those that run."""
        return sum(not member.missed for member in self.members)


def majority(members: int) -> int:
    """Return how many members decide: 1 of 1, 2 of 3, 3 of 5."""
    return members // 2 + 1


def claims_of(answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """Return the masters that say that they lead, the one whom most others follow first."""
    # The host that is followed begins with the name of its pod.
    followed = Counter(answer.follows.partition(".")[0] for answer in answers.values() if isinstance(answer, Standby))
    claims = [name for name, answer in answers.items() if _claims(answer)]
    return tuple(sorted(claims, key=lambda name: (-followed[name], name)))


def word_of_the_leader(answers: Mapping[str, Answer]) -> MasterInfo | NoAnswer:
    """Return what the leading master says, or why none does."""
    if claims := claims_of(answers):
        leading = answers[claims[0]]
        assert not isinstance(leading, Standby)  # noqa: S101 (for the type: a standby doesn't claim to lead)
        return leading
    if any(isinstance(answer, Standby) for answer in answers.values()):
        return NoAnswer("no master leads")
    refusals = [answer for answer in answers.values() if isinstance(answer, NoAnswer)]
    return refusals[-1] if refusals else NoAnswer("no master has an address yet")


def quorum_of(observed: Observed, members: int) -> Quorum:
    """Return all `members` masters of a cluster as they are."""
    pods = {pod.name: pod for pod in observed.role(names.MASTER)}
    claims = claims_of(observed.answers)
    found = []
    for ordinal in range(members):
        name = observed.names.master(ordinal)
        found.append(_member(name, pods.get(name), observed.answers.get(name), claims))
    return Quorum(tuple(found), claims[0] if claims else None, claims)


def quorum_healthy(quorum: Quorum, lost: Trouble | None, *, installed: bool) -> Gate:
    """Open when one master leads and all others follow; a cluster serves with a majority of them.

    `lost` tells of a master that lost its journal.
    """
    members, taking_part = len(quorum.members), quorum.taking_part
    if len(quorum.claims) > 1:
        both = " and ".join(quorum.claims)
        return Gate(GATE, False, "SeveralLeaders", f"{both} say that they lead: one of them is cut off from the others")
    if taking_part == members and quorum.leader:
        return Gate(GATE, True, "Healthy", f"{taking_part} of {members} masters, led by {quorum.leader}")
    missed = [member for member in quorum.members if member.missed]
    reason = "Waiting" if not installed else "MemberDown" if missed else "NoLeader"
    led = f"led by {quorum.leader}" if quorum.leader else "and none leads"
    told = "".join(f"; {what_is_amiss(member)}" for member in missed)
    if lost:
        reason, told = lost.reason, f"{told}; {lost.message}"
    severity = Severity.PROGRESS if reason == "Waiting" else Severity.WARNING
    return Gate(GATE, False, reason, f"{taking_part} of {members} masters, {led}{told}", severity)


def what_is_amiss(member: Member) -> str:
    """Say why the others have to do without a member."""
    return f"{member.name} is down: {member.said}" if member.role == "Down" else f"{member.name}: {member.said}"


def without_journal(observed: Observed) -> tuple[Pod, ...]:
    """Return the masters' pods that say that their journal isn't there."""
    return tuple(
        pod for pod in observed.role(names.MASTER) if pod.trouble is not None and pod.trouble.reason == JOURNAL_MISSING
    )


def _claims(answer: Answer) -> bool:
    return isinstance(answer, MasterInfo) or (isinstance(answer, NoAnswer) and answer.leads)


def _member(name: str, pod: Pod | None, answer: Answer | None, claims: tuple[str, ...]) -> Member:
    if pod is None:
        return Member(name, "Down", "there is no pod")
    if isinstance(answer, MasterInfo):
        return Member(name, "Leader")
    if isinstance(answer, NoAnswer) and answer.leads:
        return Member(name, "Leader", answer.reason)
    if isinstance(answer, Standby):
        followed = answer.follows.partition(".")[0]
        if not followed:
            return Member(name, "Standby", "it knows of no leader", astray=bool(claims))
        astray = bool(claims) and followed not in claims
        return Member(name, "Standby", f"it follows {followed}, which doesn't lead" if astray else "", astray)
    if pod.trouble:
        return Member(name, "Down", pod.trouble.message.removeprefix(f"pod {name}").lstrip(",: "))
    return Member(name, "Down", answer.reason if answer else "its pod doesn't run yet")
