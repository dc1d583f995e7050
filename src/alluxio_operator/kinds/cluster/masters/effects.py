"""Effects on the quorum of the journal: calls to the leading master."""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """The removal of a member from the quorum, by its host and the port of its journal."""

    leader: Pod
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class TransferLead:
    """A request to the leader to hand the lead over to a member."""

    leader: Pod
    host: str
    port: int
