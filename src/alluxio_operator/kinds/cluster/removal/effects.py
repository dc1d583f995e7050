"""Effects of a removal: calls to workers that stay and to the leading master."""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class BlockCopy:
    """The copy of one block from the worker that goes to one that stays; addresses are those of pods."""

    block_id: int
    length: int
    source: tuple[str, int]
    target: tuple[str, int]
    target_host: str
    """Host under which the leader knows the target."""


@dataclass(frozen=True, slots=True)
class CopyBlocks:
    """Copies to begin in the background, for the removal with an identifier."""

    operation: str
    copies: tuple[BlockCopy, ...]


@dataclass(frozen=True, slots=True)
class Decommission:
    """A request to the leader to decommission a worker, by its host and web port."""

    leader: Pod
    host: str
    web_port: int
