"""A step of a change of the number of masters, and what it is decided by; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer, QuorumInfo, Standby
from alluxio_operator.api.alluxiocluster_status import MembersChange
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import AT_WORK, BackOff, Gate, waiting
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, majority, member_problem
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout.backup_guard import Writing
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

GATE: Final = "MembersChanged"
FIELD: Final = "spec.masters.replicas"
MAX_MEMBERS: Final = 5

TIMEOUT: Final = timedelta(minutes=10)
"""Time for one step; after it the operator reports what the step waits for, and goes on waiting."""
RETRY: Final = timedelta(minutes=2)
"""Time after which a master that runs and that the leader doesn't have is restarted: it asks to join once, at its
start. Also the time between two requests to hand the lead over."""
POLL: Final = BackOff()
"""Neither the quorum's members nor a journal's index cause events."""


@dataclass(frozen=True, slots=True)
class MembershipStep:
    """The change to record, the number of members once it is complete, and what to do about a recorded one."""

    change: MembersChange | None
    members: int | None = None
    """Number of members to record when the change ends; None to keep the known one."""
    gate: Gate | None = None
    in_progress: bool = False
    """Whether the change disturbs the masters, so that no other operation may."""
    remove: int | None = None
    """Ordinal of the member that the leader is to remove now."""
    transfer: int | None = None
    """Ordinal of the member to which the leader is to hand over now."""
    restart: Pod | None = None
    """A master's pod to delete; its successor runs the current spec."""
    release: tuple[Object, ...] = ()
    """PVCs of former members that are to be marked as such."""
    failed: tuple[Object, ...] = ()
    """Jobs that failed permanently; the operator deletes each and recreates it under its name."""
    needs_ufs_probe: bool = False
    needs_backups: bool = False
    """Whether the decision depends on the cluster's AlluxioBackups, which haven't been read yet."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the steps of a change are decided by."""

    observed: Observed
    cluster: Cluster
    quorum: Quorum
    now: datetime
    outdated: tuple[Pod, ...] = ()
    """Masters' pods that run an older spec."""
    expendable: tuple[Pod, ...] = ()
    """Those of them that fail, so that deleting one loses nothing."""
    writing: tuple[Writing, ...] | None = None
    """Backups that Alluxio writes now; None before they were read."""

    @property
    def wanted(self) -> int:
        """Number of masters in the spec."""
        return self.cluster.spec.masters.replicas

    @property
    def info(self) -> QuorumInfo | None:
        """Members as the leader has them; None without an answer."""
        info = self.observed.quorum_info
        return info if isinstance(info, tuple) else None

    @property
    def no_info(self) -> str:
        """Why the leader's members aren't known."""
        info = self.observed.quorum_info
        return info.reason if isinstance(info, NoAnswer) else "no master leads"

    def name(self, ordinal: int) -> str:
        """Return the name of a master."""
        return self.cluster.names.master(ordinal)

    def ordinal(self, host: str) -> int:
        """Return the ordinal of a member by its host; -1 for one that isn't a master of the cluster."""
        known = {self.cluster.names.master_host(ordinal): ordinal for ordinal in range(MAX_MEMBERS)}
        return known.get(host, -1)

    def ordinals(self, info: QuorumInfo) -> tuple[int, ...]:
        """Return the ordinals of the leader's members in order."""
        return tuple(sorted(self.ordinal(one.host) for one in info))

    def leads(self, ordinal: int) -> bool:
        """Return True if a master leads and serves."""
        name = self.name(ordinal)
        return self.quorum.leader == name and isinstance(self.observed.answers.get(name), MasterInfo)

    def follows(self, ordinal: int) -> bool:
        """Return True if a master follows the one that leads."""
        answer = self.observed.answers.get(self.name(ordinal))
        return isinstance(answer, Standby) and answer.follows.partition(".")[0] == self.quorum.leader

    def unhealthy(self, members: int) -> str:
        """Return what has to be so before a quorum of `members` changes; an empty text if it is."""
        away = [member_problem(one) for one in self.quorum.members if one.unavailable]
        if away:
            return f"all masters are healthy: {'; '.join(away)}"
        if len(self.quorum.leaders) != 1 or not isinstance(self.observed.master, MasterInfo):
            return "one master leads and serves"
        if self.info is None:
            return f"the leader tells who its members are: {self.no_info}"
        if self.ordinals(self.info) != tuple(range(members)) or not all(one.available for one in self.info):
            return f"the leader has {members} members that it hears of: it has {listed(self.info)}"
        return ""

    def can_remove(self, ordinal: int) -> bool:
        """Return True if majorities, with the member and without it, hear of the leader: both have to agree."""
        info = self.info or ()
        others = [one for one in info if self.ordinal(one.host) != ordinal]
        return all(sum(one.available for one in part) >= majority(len(part)) for part in (info, others))

    def held_by_backup(self) -> str:
        """Return the backup that Alluxio writes, which a change of its masters could end; empty if there is none."""
        first = next(iter(self.writing or ()), None)
        return "" if first is None else f"Alluxio has written AlluxioBackup {first.name}"

    def is_due(self, retried: str | None, since: str) -> bool:
        """Return True if a request may be repeated, or made for the first time long enough after `since`."""
        return self.now - moment(retried or since) >= RETRY

    # --- steps -----------------------------------------------------------------------------------------------------

    def held_by_backups(self, change: MembersChange, what: str) -> MembershipStep | None:
        """Return the step that waits until no backup is written, and first until they are read; None without one."""
        if self.writing is None:
            step = self.waits(change, f"{what} once the operator has read the AlluxioBackups")
            return replace(step, needs_backups=True)
        if reason := self.held_by_backup():
            return self.waits(change, f"{what} once {reason}")
        return None

    def in_state(self, change: MembersChange, state: str, **update: Any) -> MembersChange:
        """Return the change in another state, from now on."""
        known = {"state": state, "since": stamp(self.now), "index": None, "retried": None}
        return change.model_copy(update={**known, **update})

    def recorded(self, change: MembersChange, message: str) -> MembershipStep:
        """Return a step that only records a state; it takes effect in the next reconcile."""
        return MembershipStep(change, gate=gate_of(change, message, now=True), in_progress=True)

    def waits(self, change: MembersChange, message: str) -> MembershipStep:
        """Return a step that waits."""
        return MembershipStep(change, gate=gate_of(change, message), in_progress=True)

    def settled(self, change: MembersChange) -> MembershipStep:
        """Return what follows now that the leader has confirmed the members of a change."""
        if change.members == change.to and change.state == "Joining":
            gate = gate_of(change, "all have joined", now=True)
            return MembershipStep(self.in_state(change, "Leading"), change.members, gate, in_progress=True)
        if change.members == change.to:
            # Closed: the rollout that tells the others of the new number begins with the next reconcile.
            gate = gate_of(change, "the change is complete", now=True)
            return MembershipStep(None, change.members, gate, in_progress=True)
        if change.to < change.members:
            leaving = self.in_state(change, "Leaving")
            return self.recorded(leaving, f"{self.name(change.members - 1)} is to leave the quorum next")
        return self.prepared_anew(change, f"{self.name(change.members)} is to join the quorum next")

    def prepared_anew(self, change: MembersChange, message: str) -> MembershipStep:
        """Return the step that prepares the next master's journal under an operation of its own."""
        return self.recorded(self.in_state(change, "Preparing", operation=operation_at(self.now)), message)


def operation_at(now: datetime) -> str:
    """Return an identifier that sorts after all earlier ones: the Job's script compares them."""
    return f"m{int(now.timestamp()):x}"


def gate_of(change: MembersChange, message: str, *, now: bool = False) -> Gate:
    """Return the closed gate of a change."""
    text = f"{change.members} of {change.to} masters: {message}"
    return waiting(GATE, text, change.state, AT_WORK if now else POLL)


def listed(info: Sequence[Any]) -> str:
    """Return the leader's members in words."""
    said = [f"{one.host.partition('.')[0]}{'' if one.available else ' (away)'}" for one in info]
    return ", ".join(said) or "no member"


def is_overdue(change: MembersChange, now: datetime) -> bool:
    """Return True if a step of a change takes too long."""
    return change.state != "Leading" and now - moment(change.since) >= TIMEOUT
