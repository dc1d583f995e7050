"""How many masters a cluster has, while their number may be changing; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

LEADS: Final = "Leading"
"""State in which all have joined: nothing depends on it but who leads."""
JOINS: Final = ("Preparing", "Joining")
"""States of a change in which one more master is about to become a member."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of masters; each begins with ordinal 0. Without a change all are equal, or `replicas` is 0."""

    members: int
    """Members of the quorum, as the leader confirmed them last; also while masters are scaled to zero."""
    settled: int
    """Members before a change: other roles and clients know these until the change is complete."""
    addressed: int
    """Members that masters know by their properties: the larger number, so that a new one finds itself there."""
    claims: int
    """Journals' PVCs that the operator creates."""
    replicas: int
    """Pods of the masters' StatefulSet."""
    joins: str = ""
    """Operation whose Job has prepared the journal of the master that joins: it may start with no other journal."""
    needs_all: bool = False
    """Whether the quorum may need each of its masters, so that none may be evicted."""

    @property
    def to_adopt(self) -> int:
        """Number of masters with which a later cluster can serve the journals.

        One of several members can't lead alone, and the members of a change that isn't complete can lead with those
        that are to come.
        """
        return self.addressed if self.members > 1 else self.members


def counts_of(journal: Mapping[str, Any] | None, replicas: int) -> Counts:
    """Return the counts of a cluster by the raw record of its journal, and spec.masters.replicas."""
    if journal is None:
        return Counts(replicas, replicas, replicas, replicas, replicas)
    settled = int(journal.get("members", 1))
    raw = journal.get("change")
    if raw is None:
        return Counts(settled, settled, settled, settled, settled if replicas else 0)
    members, state = int(raw["members"]), raw["state"]
    joins = state == "Joining"
    return Counts(
        members=members,
        settled=settled,
        addressed=max(settled, int(raw["to"]), members),
        claims=members + (state in JOINS),
        replicas=members + joins if replicas or state != LEADS else 0,
        joins=str(raw["operation"]) if joins else "",
        # A Job doesn't change the quorum; one of two members is always needed.
        needs_all=state != LEADS and (state != "Preparing" or members == 2),
    )
