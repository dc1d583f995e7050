"""Decides the steps by which the last master leaves the quorum; pure.

The dangers, each seen in a run of 2.9.4 (decision 58):

- A quorum of two needs both. So the leader removes the second one while it runs, and its pod stops only after the
  leader has confirmed the removal.
- A removed master adds itself again when it restarts. So its removal is repeated until its pod is gone.
- Any member may lead, also the one that leaves. The leader removes itself then, and the others elect the next one. It
  isn't asked to hand the lead over: for that it would set the members to those in its own properties.
"""

from __future__ import annotations

from dataclasses import replace

from alluxio_operator.alluxio.answers import QuorumInfo
from alluxio_operator.api.alluxiocluster_status import MembersChange
from alluxio_operator.kinds.cluster.masters.member_step import MAX_MEMBERS, MembershipStep, Situation, listed
from alluxio_operator.kinds.cluster.observed import FORMER, JOURNAL_ANNOTATION
from alluxio_operator.kube.kinds import Object


def leave(now: Situation, change: MembersChange) -> MembershipStep:
    """Have the leader remove the last member, which may be itself."""
    ordinal, name, info = change.members - 1, now.name(change.members - 1), now.info
    if info is None:
        return now.waits(change, f"{name} is to leave the quorum: {now.no_info}")
    ordinals = now.ordinals(info)
    if ordinal not in ordinals:
        if ordinals != tuple(range(ordinal)):
            return now.waits(change, f"the leader has {listed(info)}, and {name} isn't among them")
        return now.recorded(now.in_state(change, "Stopping", members=ordinal), f"{name} stops")
    if change.to > ordinal:
        # The spec was set back before the leader removed it. It may not have the whole journal yet.
        joins = now.in_state(change, "Joining", members=ordinal)
        return now.recorded(joins, f"{name} stays in the quorum once it has the leader's journal")
    if len(now.quorum.leaders) != 1:
        claims = " and ".join(now.quorum.leaders)
        return now.waits(change, f"{name} is to leave the quorum, and {claims} report that they lead")
    return _remove(now, change, max(ordinals), info)


def _remove(now: Situation, change: MembersChange, ordinal: int, info: QuorumInfo) -> MembershipStep:
    """Have the leader remove a member once majorities with it and without it can agree, and no backup is written."""
    name, leader = now.name(ordinal), now.quorum.leader
    if not now.can_remove(ordinal):
        both = ", and a quorum of two needs both" if len(info) == 2 else ""
        return now.waits(change, f"{name} is to leave the quorum{both}: the leader {leader} has {listed(info)}")
    if held := now.held_by_backups(change, f"{name} is to leave the quorum"):
        return held
    return replace(now.waits(change, f"the leader {leader} removes {name} from the quorum"), remove=ordinal)


def stop(now: Situation, change: MembersChange) -> MembershipStep:
    """Wait until the removed master is gone, and the leader still doesn't have it."""
    ordinal, name, info = change.members, now.name(change.members), now.info
    pod = now.observed.master_named(name)
    if info is not None and ordinal in now.ordinals(info):
        if pod is None and not now.can_remove(ordinal):
            # It has added itself again and is gone: the others are no majority with it. The leader will lose its lead.
            return now.recorded(now.in_state(change, "Leaving", members=ordinal + 1), f"{name} starts again")
        return replace(now.waits(change, f"the leader removes {name}, which has joined again"), remove=ordinal)
    if info is None:
        if pod is None and now.is_due(None, change.since):
            back = now.in_state(change, "Leaving", members=ordinal + 1)
            return now.recorded(back, f"no master leads since {name} stopped, so it starts again")
        return now.waits(change, f"{name} stops: {now.no_info}")
    if pod is not None:
        return now.waits(change, f"{name} has left the quorum and stops")
    if marked := unmarked(now, change.members):
        named = ", ".join(one["metadata"]["name"] for one in marked)
        return replace(now.waits(change, f"PVC {named} keeps a journal that no cluster is to use"), release=marked)
    return now.settled(change)


def unmarked(now: Situation, members: int) -> tuple[Object, ...]:
    """Return the PVCs of former members that a later cluster would take for those of members."""
    former = {now.cluster.names.journal_claim(ordinal) for ordinal in range(members, MAX_MEMBERS)}
    return tuple(
        one
        for one in now.observed.claims or ()
        if one["metadata"]["name"] in former
        and "deletionTimestamp" not in one["metadata"]
        and one["metadata"].get("annotations", {}).get(JOURNAL_ANNOTATION, FORMER) != FORMER
    )
