"""Decides the steps by which one more master joins the quorum, and by which the first one leads again; pure.

The dangers, each seen in a run of 2.9.4 (decision 58):

- Two masters with empty journals, whose properties list three, elect each other and serve an empty namespace. So the
  next master starts only after the leader has confirmed the one before it.
- The journal of a former member may be of another history and win an election. So a Job moves it away before the
  master starts, and the master's init container starts it with no other journal than the one that this Job made.
- The new master may take the lead as soon as it is a member. So no step expects another one to lead.
- Clients that run since before know only the masters of before. So the lead goes back to the first one in the end.
- A leader hands the lead over by setting the members to those in its own properties. So it is asked only while it
  reports that these are the members.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo, Standby
from alluxio_operator.api.alluxiocluster_status import MembersChange
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.member_step import MembershipStep, Situation, gate_of, listed
from alluxio_operator.workloads.pods import first_trouble
from alluxio_operator.workloads.termination_message import JOURNAL_MISSING, NOT_A_MEMBER

LEAD_WITHIN: Final = timedelta(hours=1)
"""Time in which the lead goes back to the first master; no change of members waits for it longer."""


def prepare(now: Situation, change: MembersChange) -> MembershipStep:
    """Let a Job prepare the journal of the next master; then start it, if the quorum is healthy."""
    name, job = now.name(change.members), now.observed.joining_job
    if job is None or state_of(job).phase is not JobPhase.COMPLETE:
        failed = (job,) if job is not None and state_of(job).phase is JobPhase.FAILED else ()
        trouble = first_trouble(now.observed.role(names.JOURNAL))
        said = f": {trouble.message}" if trouble else ""
        return replace(now.waits(change, f"a Job prepares the journal of {name}{said}"), failed=failed)
    if reason := now.unhealthy(change.members):
        return now.waits(change, f"{name} starts once {reason}")
    if held := now.held_by_backups(change, f"{name} starts"):
        return held
    return now.recorded(now.in_state(change, "Joining"), f"{name} starts with an empty journal")


def join(now: Situation, change: MembersChange) -> MembershipStep:
    """Wait until the leader has the new member, and the member has the leader's journal, or leads itself."""
    ordinal, name, info = change.members, now.name(change.members), now.info
    pod, leader = now.observed.master_named(name), now.quorum.leader or ""
    has_it = info is not None and ordinal in now.ordinals(info)
    if pod is not None and pod.trouble is not None and pod.trouble.reason in (JOURNAL_MISSING, NOT_A_MEMBER):
        if has_it:
            # It may be a member. With another volume it has to become one again.
            leaves = now.in_state(change, "Leaving", members=ordinal + 1)
            return now.recorded(leaves, f"{name} has another volume: it leaves the quorum before it joins again")
        if info is not None:
            return now.prepared_anew(change, f"{name} has another volume, which a Job prepares")
    if pod is not None and pod in now.outdated and not pod.deleted and info is not None and not has_it:
        # Not a member yet. It may fail by the spec that it runs, and no rollout begins during a change.
        return replace(now.waits(change, f"{name} is replaced, so that it runs the current spec"), restart=pod)
    if pod is None or not pod.running:
        trouble = now.observed.pod_creation_failures.get(names.MASTER) or (
            pod.trouble.message if pod is not None and pod.trouble else "its pod doesn't run yet"
        )
        return now.waits(change, f"{name} is to join the quorum: {trouble}")
    if info is None:
        return now.waits(change, f"{name} is to join the quorum: {now.no_info}")
    if not has_it:
        answers = isinstance(now.observed.answers.get(name), Standby)
        if answers and now.is_due(change.retried, change.since):
            again = change.model_copy(update={"retried": stamp(now.now)})
            step = now.waits(again, f"{name} runs, and the leader {leader} doesn't have it: it restarts")
            return replace(step, restart=pod)
        return now.waits(change, f"{name} starts, and asks the leader {leader} to join the quorum")
    if len(now.quorum.leaders) != 1:
        return now.waits(
            change, f"{name} joins the quorum, and {' and '.join(now.quorum.leaders)} report that they lead"
        )
    if now.ordinals(info) != tuple(range(ordinal + 1)) or not all(one.available for one in info):
        return now.waits(change, f"{name} joins the quorum: the leader {leader} has {listed(info)}")
    joined = change.model_copy(update={"members": ordinal + 1, "index": None, "retried": None})
    if now.leads(ordinal):
        # Its vote and that of others made it the leader, so it has all that was acknowledged.
        return now.settled(joined)
    index = change.index if change.index is not None else now.observed.indexes.get(leader)
    if index is None:
        return now.waits(change, f"{name} joins the quorum: the leader {leader} doesn't report its journal index")
    change = change.model_copy(update={"index": index})
    if now.observed.indexes.get(name, -1) < index or not now.follows(ordinal):
        return now.waits(change, f"{name} catches up with the leader {leader}")
    return now.settled(joined)


def lead(now: Situation, change: MembersChange) -> MembershipStep:
    """Give the lead back to the first master once the rollout has told every master of the others.

    Nothing waits for it: the rollout has its turn, and an hour later clients had time to restart.
    """
    first, leader = now.name(0), now.quorum.leader
    overdue = now.now - moment(change.since) >= LEAD_WITHIN
    if (now.outdated or now.unhealthy(change.members)) and not overdue:
        message = f"{first} is to lead once all masters run the current spec"
        return replace(now.waits(change, message), in_progress=False)
    if leader == first or overdue:
        return MembershipStep(None, change.members, gate_of(change, "the change is complete"), in_progress=True)
    step = replace(now.waits(change, f"{leader} is to hand the lead over to {first}"), in_progress=False)
    if change.retried is not None and not now.is_due(change.retried, change.since):
        return step
    answer = now.observed.answers.get(leader or "")
    known = answer.members if isinstance(answer, MasterInfo) else ()
    if set(known) != {now.cluster.names.master_host(ordinal) for ordinal in range(change.members)}:
        # It has read its properties while another number was wanted.
        message = f"{leader} leads, and its properties list other masters than the quorum's: delete its pod"
        return replace(now.waits(change, message), in_progress=False)
    if now.writing is None:
        return replace(step, needs_backups=True)
    if reason := now.held_by_backup():
        return replace(now.waits(change, f"{first} is to lead once {reason}"), in_progress=False)
    return replace(step, change=change.model_copy(update={"retried": stamp(now.now)}), transfer=0)
