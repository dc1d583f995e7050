"""Finds the blocks of workers that go, file by file as a listing yields them; pure.

A pod that answers as a master may send anything, so memory and every figure have bounds.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.alluxio.removal import Amount, Held, HeldBlock, HeldQuestion, VictimHolds
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.listing import LARGEST_SUM, LONGEST_HOST, LONGEST_PATH, MOST_HOSTS
from alluxio_operator.transport.printable import printable

MOST_COPIES: Final = 64
"""Hosts of a block that are named."""

HELD, UNPERSISTED, REPLICATED, PINNED, CACHED = range(5)
"""Kinds of sums, as in `VictimHolds`; the unsafe ones in the order in which they are copied."""


@dataclass(slots=True)
class _Sum:
    files: int = 0
    blocks: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        self.blocks += 1
        self.bytes += size

    def result(self) -> Amount:
        return Amount(self.files, self.blocks, min(self.bytes, LARGEST_SUM))


def _five() -> list[_Sum]:
    return [_Sum() for _ in range(5)]


@dataclass(slots=True)
class _Victim:
    sums: list[_Sum] = field(default_factory=_five)

    def result(self) -> VictimHolds:
        return VictimHolds(*(one.result() for one in self.sums))


class HeldSums:
    """What is found so far."""

    def __init__(self, question: HeldQuestion) -> None:
        self._question = question
        self._staying = len(question.staying)
        self._victims = {host: _Victim() for host in question.victims}
        self._unsafe, self._unlocated = _Sum(), _Sum()
        self._candidates = _Best(question.most)
        self._lost = _Best(question.most)
        self._kept = array("q")
        self._kept_complete = True
        self._listed: dict[str, int] = {}
        self._writing = self._entries = 0

    def add(self, file: messages.FileInfo) -> None:
        """Add a file or folder."""
        self._entries += 1
        if file.folder:
            return
        touched: set[tuple[str, int]] = set()
        unsafe = unlocated = False
        for block in file.blocks:
            size = max(block.info.length, 0)
            hosts = frozenset(one.address.host for one in block.info.locations)
            for host in hosts:
                self._list(host, size)
            gone = hosts & self._question.victims
            if not gone and not file.persisted and not hosts & self._question.staying:
                unlocated = True
                self._lose(file, block.info.block_id, size, hosts, is_known=True)
            if gone:
                kind = self._kind(file, hosts)
                self._add_held(gone, kind, size, touched)
                if not file.persisted or file.pinned or file.replication_min > 0:
                    self._keep(block.info.block_id)
                if kind in (UNPERSISTED, REPLICATED, PINNED):
                    unsafe = True
                    self._add_unsafe(file, block.info, kind, hosts)
        if not file.persisted:
            unlocated |= self._add_unknown(file)
        for host, kind in touched:
            self._victims[host].sums[kind].files += 1
        self._unsafe.files += unsafe
        self._unlocated.files += unlocated

    def result(
        self, started_ms: int, finished_ms: int, leader: str, received: int, seconds: float, *, superuser: bool
    ) -> Held:
        """Return what was found, of a listing from and to these times that took so many bytes and seconds."""
        return Held(
            started_ms=started_ms,
            finished_ms=finished_ms,
            leader=leader,
            superuser=superuser,
            victims={host: one.result() for host, one in self._victims.items()},
            unsafe=self._unsafe.result(),
            candidates=self._candidates.result(),
            complete=self._candidates.complete,
            kept_ids=self._kept,
            kept_complete=self._kept_complete,
            unlocated=self._unlocated.result(),
            unlocated_blocks=self._lost.result(),
            unlocated_complete=self._lost.complete,
            writing=self._writing,
            listed=self._listed,
            entries=self._entries,
            received=received,
            seconds=seconds,
        )

    def _kind(self, file: messages.FileInfo, hosts: frozenset[str]) -> int:
        """Return for what reason a block of a worker that goes is to be copied: HELD if for none."""
        copies = len(hosts & self._question.staying)
        if copies == 0 and not file.persisted:
            return UNPERSISTED
        if copies < min(file.replication_min, self._staying):
            return REPLICATED
        if copies == 0:
            return PINNED if file.pinned else CACHED
        return HELD

    def _keep(self, block_id: int) -> None:
        if len(self._kept) < self._question.most_ids:
            self._kept.append(block_id)
        else:
            self._kept_complete = False

    def _add_held(self, hosts: frozenset[str], kind: int, size: int, touched: set[tuple[str, int]]) -> None:
        for host in hosts:
            for one in {HELD, kind}:
                self._victims[host].sums[one].add(size)
                touched.add((host, one))

    def _add_unsafe(self, file: messages.FileInfo, info: messages.BlockInfo, kind: int, hosts: frozenset[str]) -> None:
        size = max(info.length, 0)
        self._unsafe.add(size)
        order = (-kind, size)
        if self._candidates.takes(order):
            self._candidates.add(order, _block(file, info.block_id, size, hosts, is_known=True))

    def _add_unknown(self, file: messages.FileInfo) -> bool:
        """Add the blocks of an unpersisted file that the leader has no record of; return True if they are lost.

        While a file is written, that is the block whose writer hasn't closed it.
        """
        found = False
        for block_id, size in _unknown(file):
            if not file.completed:
                self._writing += 1
                continue
            found = True
            self._lose(file, block_id, size, frozenset(), is_known=False)
        return found

    def _lose(
        self, file: messages.FileInfo, block_id: int, size: int, hosts: frozenset[str], *, is_known: bool
    ) -> None:
        self._unlocated.add(size)
        order = (block_id, 0)
        if block_id < self._question.unlocated_below and self._lost.takes(order):
            self._lost.add(order, _block(file, block_id, size, hosts, is_known=is_known))

    def _list(self, host: str, size: int) -> None:
        name = _name(host)
        if name in self._listed or len(self._listed) < MOST_HOSTS:
            self._listed[name] = min(self._listed.get(name, 0) + size, LARGEST_SUM)


def _block(file: messages.FileInfo, block_id: int, size: int, hosts: frozenset[str], *, is_known: bool) -> HeldBlock:
    return HeldBlock(
        block_id=block_id,
        length=size,
        path=printable(file.path[:LONGEST_PATH]),
        persisted=file.persisted,
        pinned=file.pinned,
        replication_min=max(file.replication_min, 0),
        replication_max=max(file.replication_max, -1),
        completed=file.completed,
        last_access_ms=file.last_access_ms,
        hosts=tuple(sorted(map(_name, hosts))[:MOST_COPIES]),
        is_known=is_known,
    )


def blocks_of(file: messages.FileInfo) -> tuple[HeldBlock, ...]:
    """Return all blocks of a file, also those that the leader has no record of and that aren't being written."""
    found = [
        _block(
            file,
            one.info.block_id,
            max(one.info.length, 0),
            frozenset(location.address.host for location in one.info.locations),
            is_known=True,
        )
        for one in file.blocks
    ]
    lost = [_block(file, block_id, size, frozenset(), is_known=False) for block_id, size in _unknown(file)]
    return (*found, *(lost if file.completed else ()))


def _unknown(file: messages.FileInfo) -> Iterator[tuple[int, int]]:
    """Yield the ids of the blocks that the leader has no record of, with the bytes that the file gives them."""
    known = {block.info.block_id for block in file.blocks}
    for number, block_id in enumerate(file.block_ids):
        if block_id not in known:
            yield block_id, min(max(file.length - number * file.block_size, 0), max(file.block_size, 0))


def _name(host: str) -> str:
    return printable(host[:LONGEST_HOST])


class _Best:
    """The blocks with the highest order, a number of them; `complete` is False once one was left out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[tuple[int, int], int, HeldBlock]] = []
        self._turn = 0
        self.complete = True

    def takes(self, order: tuple[int, int]) -> bool:
        """Return True if a block of this order would be kept."""
        if len(self._kept) < self._most:
            return True
        self.complete = False
        return bool(self._kept) and order > self._kept[0][0]

    def add(self, order: tuple[int, int], block: HeldBlock) -> None:
        self._turn += 1
        entry = (order, -self._turn, block)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heapreplace(self._kept, entry)

    def result(self) -> tuple[HeldBlock, ...]:
        return tuple(block for _, _, block in sorted(self._kept, key=lambda one: one[:2], reverse=True))
