"""Decides how the number of masters changes on a living cluster: one member at a time, proven by the leader; pure.

The dangers, each seen in a run of 2.9.4 (decision 58):

- Two masters with empty journals, whose properties list three, elect each other and serve an empty namespace. So the
  next master starts only after the leader has confirmed the one before it.
- The journal of a former member may be of another history and win an election. So a Job moves it away before the
  master starts.
- A quorum of two needs both. So the leader removes the second one while it runs, and its pod stops only after the
  leader has confirmed the removal.
- A removed master adds itself again when it restarts. So its removal is repeated until its pod is gone.
- Clients that run since before know only the masters of before. So the lead goes back to the first one in the end.
- The leader hands the lead over only within the members that its own properties list. So the lead is handed over before
  the first removal. The new leader has the higher priority from then on, and takes the lead again after a failure.

Each state is recorded in one reconcile and takes effect in the next ones, by the counts of `masters.counts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer, QuorumInfo, Standby
from alluxio_operator.api.alluxiocluster_status import MembersChange
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import AT_WORK, BackOff, Gate, Severity, waiting
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, majority, member_problem
from alluxio_operator.kinds.cluster.observed import FORMER, JOURNAL_ANNOTATION, Observed
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod, first_trouble

GATE: Final = "MembersChanged"
FIELD: Final = "spec.masters.replicas"

TIMEOUT: Final = timedelta(minutes=10)
"""Time for one step; after it the operator reports what the step waits for, and goes on waiting."""
RETRY: Final = timedelta(minutes=2)
"""Time after which a master that runs and that the leader doesn't have is restarted: it asks to join once, at its
start. Also the time between two requests to hand the lead over."""
LEAD_WITHIN: Final = timedelta(hours=1)
"""Time in which the lead goes back to the first master; no change of members waits for it longer."""
POLL: Final = BackOff()
"""Neither the quorum's members nor a journal's index cause events."""
MAX_MEMBERS: Final = 5
REMEDY: Final = f"Fix the cause, or set {FIELD} back"


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
    release: tuple[Object, ...] = ()
    """PVCs of former members that are to be marked as such."""
    failed: tuple[Object, ...] = ()
    """Jobs that failed permanently; the operator deletes each and recreates it under its name."""
    needs_ufs_probe: bool = False


NOTHING: Final = MembershipStep(None)


def is_wanted(observed: Observed, replicas: int) -> bool:
    """Return True if the number of members changes, or is to change."""
    journal = observed.status.journal
    if journal is None or journal.state != "Initialized":
        return False
    return journal.change is not None or replicas not in (0, journal.members)


def next_membership_step(
    observed: Observed, cluster: Cluster, quorum: Quorum, now: datetime, *, busy: str = "", outdated: bool = False
) -> MembershipStep:
    """Return the next step; `busy` says what else changes masters, so that no change may begin.

    `outdated`: whether a master runs an older spec.
    """
    if not is_wanted(observed, cluster.spec.masters.replicas):
        return NOTHING
    return _Step(observed, cluster, quorum, now, outdated).next(busy)


@dataclass(frozen=True, slots=True)
class _Step:
    observed: Observed
    cluster: Cluster
    quorum: Quorum
    now: datetime
    outdated: bool

    @property
    def wanted(self) -> int:
        return self.cluster.spec.masters.replicas

    def next(self, busy: str) -> MembershipStep:
        journal = self.observed.status.journal
        assert journal is not None  # noqa: S101 (for the type: `is_wanted` has checked it)
        change = journal.change
        leads = change is not None and change.state == "Leading"
        if leads and self.wanted == 0:
            return MembershipStep(None, journal.members, in_progress=True)
        if change is None or (leads and change.to != self.wanted):
            return self._begin(journal.members, busy)
        if change.to != self.wanted:
            change = self._redirected(change)
        act = {
            "Preparing": self._prepare,
            "Joining": self._join,
            "Leading": self._lead,
            "Leaving": self._leave,
            "Stopping": self._stop,
        }[change.state]
        step = act(change)
        return step if leads else self._overdue(step)

    def _begin(self, members: int, busy: str) -> MembershipStep:
        """Begin the change if the quorum is healthy by its own word and by the leader's."""
        what = f"{FIELD} is {self.wanted} and the quorum has {members} masters"
        if reason := busy or self._unhealthy(members):
            message = f"{what}: the operator changes them once {reason}"
            return MembershipStep(None, gate=Gate(GATE, False, "Waiting", message, Severity.WARNING, POLL))
        trouble = self._ufs_trouble()
        if trouble is not None:
            gate = Gate(GATE, False, "UfsUnreachable", f"{what}: {trouble}", Severity.WARNING, POLL)
            return MembershipStep(None, gate=gate, needs_ufs_probe=not trouble)
        change = MembersChange(
            to=self.wanted,
            members=members,
            state="Preparing" if self.wanted > members else "Leaving",
            operation=f"m{int(self.now.timestamp()):x}",
            since=stamp(self.now),
        )
        return self._recorded(change, f"{what}: the operator changes them one at a time")

    def _ufs_trouble(self) -> str | None:
        """Return why the UFS forbids a start of a master; an empty text while it has to be probed."""
        if self.wanted < self.cluster.members or not self.cluster.spec.upgrade.wait_for_ufs:
            return None
        if self.observed.ufs is None:
            return ""
        if not self.observed.ufs.trouble:
            return None
        return f"a new master can start once the UFS answers: {self.observed.ufs.trouble}"

    def _prepare(self, change: MembersChange) -> MembershipStep:
        """Let a Job prepare the journal of the next master."""
        name, job = self._name(change.members), self.observed.joining_job
        if job is not None and state_of(job).phase is JobPhase.COMPLETE:
            joining = self._in_state(change, "Joining", index=None, retried=None)
            return self._recorded(joining, f"{name} starts with an empty journal")
        failed = (job,) if job is not None and state_of(job).phase is JobPhase.FAILED else ()
        trouble = first_trouble(self.observed.role(names.JOURNAL))
        said = f": {trouble.message}" if trouble else ""
        return replace(self._waits(change, f"a Job prepares the journal of {name}{said}"), failed=failed)

    def _join(self, change: MembersChange) -> MembershipStep:
        """Wait until the leader has the new member, and the member has the leader's journal."""
        ordinal, name = change.members, self._name(change.members)
        pod, info = self.observed.master_named(name), self.observed.quorum_info
        if pod is None or not pod.running:
            trouble = self.observed.pod_creation_failures.get(names.MASTER) or (
                pod.trouble.message if pod is not None and pod.trouble else "its pod doesn't run yet"
            )
            return self._waits(change, f"{name} is to join the quorum: {trouble}")
        if not isinstance(info, tuple):
            return self._waits(change, f"{name} is to join the quorum: {self._no_info()}")
        ordinals, leader = self._ordinals(info), self.quorum.leader or ""
        if ordinal not in ordinals:
            answers = isinstance(self.observed.answers.get(name), Standby)
            if answers and self.now - moment(change.retried or change.since) >= RETRY:
                again = change.model_copy(update={"retried": stamp(self.now)})
                step = self._waits(again, f"{name} runs, and the leader {leader} doesn't have it: it restarts")
                return replace(step, restart=pod)
            return self._waits(change, f"{name} starts, and asks the leader {leader} to join the quorum")
        index = change.index if change.index is not None else self.observed.indexes.get(leader)
        if index is None:
            return self._waits(change, f"{name} joins the quorum: the leader {leader} doesn't report its journal index")
        change = change.model_copy(update={"index": index})
        reached = self.observed.indexes.get(name, -1)
        if ordinals != tuple(range(ordinal + 1)) or not all(one.available for one in info):
            return self._waits(change, f"{name} joins the quorum: the leader {leader} has {self._listed(info)}")
        if reached < index or not self._follows(name):
            return self._waits(change, f"{name} catches up with the leader {leader}")
        return self._settled(change.model_copy(update={"members": ordinal + 1, "index": None, "retried": None}))

    def _lead(self, change: MembersChange) -> MembershipStep:
        """Give the lead back to the first master once the rollout has told every master of the others.

        Nothing waits for it: the rollout has its turn, and an hour later clients had time to restart.
        """
        first, leader, info = self._name(0), self.quorum.leader, self.observed.quorum_info
        overdue = self.now - moment(change.since) >= LEAD_WITHIN
        if (self.outdated or self._unhealthy(change.members)) and not overdue:
            return replace(
                self._waits(change, f"{first} is to lead once all masters run the current spec"), in_progress=False
            )
        if leader == first or overdue or not isinstance(info, tuple):
            return MembershipStep(None, change.members, self._gate(change, "the change is complete"), in_progress=True)
        step = replace(self._waits(change, f"{leader} is to hand the lead over to {first}"), in_progress=False)
        if change.retried is not None and self.now - moment(change.retried) < RETRY:
            return step
        return replace(step, change=change.model_copy(update={"retried": stamp(self.now)}), transfer=0)

    def _leave(self, change: MembersChange) -> MembershipStep:
        """Have the leader, which must stay, remove the last member."""
        ordinal, name, info = change.members - 1, self._name(change.members - 1), self.observed.quorum_info
        if not isinstance(info, tuple):
            return self._waits(change, f"{name} is to leave the quorum: {self._no_info()}")
        listed, leader = self._ordinals(info), self.quorum.leader
        if ordinal not in listed:
            if listed != tuple(range(ordinal)):
                return self._waits(change, f"the leader has {self._listed(info)}, and {name} isn't among them")
            return self._recorded(self._in_state(change, "Stopping", members=ordinal), f"{name} stops")
        if change.to > ordinal:
            # The spec was set back before the leader removed it.
            return self._settled(change)
        if leader != self._name(0) if change.to == 1 else leader == name:
            return self._move_lead(change, leader)
        others = [one for one in info if self._ordinal(one.host) != ordinal]
        away = [one.host for one in others if not one.available]
        if len(others) - len(away) < majority(len(info)) and len(info) > 2:
            return self._waits(change, f"{name} is to leave the quorum once the leader hears of {', '.join(away)}")
        if len(info) == 2 and not all(one.available for one in info):
            return self._waits(change, f"{name} is to leave the quorum of two, which needs both: {name} is away")
        return replace(self._waits(change, f"the leader {leader} removes {name} from the quorum"), remove=ordinal)

    def _move_lead(self, change: MembersChange, leader: str | None) -> MembershipStep:
        """Hand the lead over to the first master: before the first removal by request, later by its priority."""
        step = self._waits(change, f"another master is to take the lead from {leader}, before a master leaves")
        if change.retried is not None and self.now - moment(change.retried) < RETRY:
            return step
        again = change.model_copy(update={"retried": stamp(self.now)})
        journal = self.observed.status.journal
        if journal is not None and change.members == journal.members:
            # Recorded first: a leader accepts one request at a time.
            return replace(step, change=again, transfer=0)
        # The leader's properties list members that are gone, and a request would bring them back.
        pod = self.observed.master_named(leader)
        restarts = pod if leader == self._name(change.members - 1) and change.members > 2 else None
        return replace(step, change=again, restart=restarts)

    def _stop(self, change: MembersChange) -> MembershipStep:
        """Wait until the removed master is gone, and the leader still doesn't have it."""
        ordinal, name, info = change.members, self._name(change.members), self.observed.quorum_info
        pod = self.observed.master_named(name)
        if isinstance(info, tuple) and ordinal in self._ordinals(info):
            if pod is None and change.members == 1:
                # It has added itself again and is gone: two members need both. The leader will lose its lead.
                return self._recorded(self._in_state(change, "Leaving", members=ordinal + 1), f"{name} starts again")
            return replace(self._waits(change, f"the leader removes {name}, which has joined again"), remove=ordinal)
        if not isinstance(info, tuple):
            if pod is None and self.now - moment(change.since) >= RETRY:
                back = self._in_state(change, "Leaving", members=ordinal + 1)
                return self._recorded(back, f"no master leads since {name} stopped, so it starts again")
            return self._waits(change, f"{name} stops: {self._no_info()}")
        if pod is not None:
            return self._waits(change, f"{name} has left the quorum and stops")
        if unmarked := self._unmarked(change.members):
            listed = ", ".join(one["metadata"]["name"] for one in unmarked)
            return replace(
                self._waits(change, f"PVC {listed} keeps a journal that no cluster is to use"), release=unmarked
            )
        return self._settled(change)

    def _unmarked(self, members: int) -> tuple[Object, ...]:
        """Return the PVCs of former members that a later cluster would take for those of members."""
        former = {self.cluster.names.journal_claim(ordinal) for ordinal in range(members, MAX_MEMBERS)}
        return tuple(
            one
            for one in self.observed.claims or ()
            if one["metadata"]["name"] in former
            and "deletionTimestamp" not in one["metadata"]
            and one["metadata"].get("annotations", {}).get(JOURNAL_ANNOTATION, FORMER) != FORMER
        )

    def _redirected(self, change: MembersChange) -> MembersChange:
        """Return a change whose number of masters was edited: what has begun ends first."""
        change = change.model_copy(update={"to": self.wanted})
        if change.state == "Preparing" and self.wanted <= change.members:
            return self._in_state(change, "Stopping")
        if change.state == "Joining" and self.wanted <= change.members:
            # It may be a member by now.
            return self._in_state(change, "Leaving", members=change.members + 1, index=None, retried=None)
        return change

    def _settled(self, change: MembersChange) -> MembershipStep:
        """Return what follows now that the leader has confirmed the members of a change."""
        if change.members == change.to and change.state == "Joining":
            gate = self._gate(change, "all have joined", now=True)
            leading = self._in_state(change, "Leading", index=None, retried=None)
            return MembershipStep(leading, change.members, gate, in_progress=True)
        if change.members == change.to:
            # Closed: the rollout that tells the others of the new number begins with the next reconcile.
            gate = self._gate(change, "the change is complete", now=True)
            return MembershipStep(None, change.members, gate, in_progress=True)
        joins = change.to > change.members
        state, ordinal = ("Preparing", change.members) if joins else ("Leaving", change.members - 1)
        following = self._in_state(change, state, index=None)
        if joins and change.state != "Preparing":
            following = following.model_copy(update={"operation": f"m{int(self.now.timestamp()):x}"})
        return self._recorded(following, f"{self._name(ordinal)} is to {'join' if joins else 'leave'} the quorum next")

    def _in_state(self, change: MembersChange, state: str, **update: Any) -> MembersChange:
        return change.model_copy(update={"state": state, "since": stamp(self.now), **update})

    def _recorded(self, change: MembersChange, message: str) -> MembershipStep:
        """Return a step that only records a state; it takes effect in the next reconcile."""
        return MembershipStep(change, gate=self._gate(change, message, now=True), in_progress=True)

    def _waits(self, change: MembersChange, message: str) -> MembershipStep:
        return MembershipStep(change, gate=self._gate(change, message), in_progress=True)

    def _gate(self, change: MembersChange, message: str, *, now: bool = False) -> Gate:
        text = f"{change.members} of {change.to} masters: {message}"
        return waiting(GATE, text, change.state, AT_WORK if now else POLL)

    def _overdue(self, step: MembershipStep) -> MembershipStep:
        """Return the step with a warning if it takes too long."""
        change, gate = step.change, step.gate
        if change is None or gate is None or self.now - moment(change.since) < TIMEOUT:
            return step
        message = f"{gate.message}. This step began at {change.since}. {REMEDY}"
        return replace(step, gate=Gate(GATE, False, "StepTimedOut", message, Severity.BLOCKED, POLL))

    def _unhealthy(self, members: int) -> str:
        """Return what has to be so before a change begins; an empty text if it is."""
        away = [member_problem(one) for one in self.quorum.members if one.unavailable]
        if away:
            return f"all masters are healthy: {'; '.join(away)}"
        if len(self.quorum.leaders) != 1 or not isinstance(self.observed.master, MasterInfo):
            return "one master leads and serves"
        info = self.observed.quorum_info
        if not isinstance(info, tuple):
            return f"the leader tells who its members are: {self._no_info()}"
        if self._ordinals(info) != tuple(range(members)) or not all(one.available for one in info):
            return f"the leader has {members} members that it hears of: it has {self._listed(info)}"
        return ""

    def _no_info(self) -> str:
        info = self.observed.quorum_info
        return info.reason if isinstance(info, NoAnswer) else "no master leads"

    def _name(self, ordinal: int) -> str:
        return self.cluster.names.master(ordinal)

    def _follows(self, name: str) -> bool:
        answer = self.observed.answers.get(name)
        return isinstance(answer, Standby) and answer.follows.partition(".")[0] == self.quorum.leader

    def _ordinal(self, host: str) -> int:
        known = {self.cluster.names.master_host(ordinal): ordinal for ordinal in range(MAX_MEMBERS)}
        return known.get(host, -1)

    def _ordinals(self, info: QuorumInfo) -> tuple[int, ...]:
        """Return the ordinals of the leader's members in order; -1 for a host that isn't one of the cluster's."""
        return tuple(sorted(self._ordinal(one.host) for one in info))

    def _listed(self, info: Sequence[Any]) -> str:
        said = [f"{one.host.partition('.')[0]}{'' if one.available else ' (away)'}" for one in info]
        return ", ".join(said) or "no member"
