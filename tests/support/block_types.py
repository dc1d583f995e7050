"""The parts of the model of `blocks`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Copy:
    """A block on a worker; `content` is the id of the block whose bytes these are, 0 for those of another cluster."""

    length: int
    content: int


@dataclass(slots=True)
class Worker:
    """A worker's process with its store; sizes in bytes.

    `temporary` are blocks that are being written, `unreported` those that are committed here and not at the leader.
    `cut_off`: its heartbeats don't reach the leader. `late` is the time
    before which it doesn't register. `stranger`: it belongs to another cluster, at the address of a former worker.
    """

    host: str
    capacity: int
    lasting: bool = False
    blocks: dict[int, Copy] = field(default_factory=dict)
    temporary: dict[int, int] = field(default_factory=dict)
    unreported: set[int] = field(default_factory=set)
    alive: bool = True
    returns: bool = False
    incarnation: int = 1
    cut_off: bool = False
    late: float = 0.0
    stranger: bool = False

    @property
    def used(self) -> int:
        """Bytes of committed and of temporary blocks, as the worker reports them."""
        return sum(one.length for one in self.blocks.values()) + sum(self.temporary.values())

    @property
    def free(self) -> int:
        """Bytes that no block takes."""
        return self.capacity - self.used


@dataclass(slots=True)
class File:
    """A file with its blocks' ids; blocks that aren't in `Cluster.lengths` aren't committed yet."""

    path: str
    ids: list[int] = field(default_factory=list)
    persisted: bool = False
    pinned: bool = False
    replication_min: int = 0
    replication_max: int = -1
    completed: bool = True
    is_marked_lost: bool = False
    expires: float | None = None
    block_size: int = 64


@dataclass(slots=True)
class Registration:
    """What the leader knows of a worker."""

    state: str
    heard: float
    incarnation: int
    started: float
    capacity: int = 0
    used: int = 0
    blocks: set[int] = field(default_factory=set)
