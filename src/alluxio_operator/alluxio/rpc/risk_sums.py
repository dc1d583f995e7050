"""Sums up what single workers hold, file by file as a listing yields them; pure.

A pod that answers as a master may send anything, so memory and every figure have bounds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alluxio_operator.alluxio.at_risk import AtRisk, Holders, PathRisk, WorkerRisk
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.listing import LARGEST_SUM, LONGEST_PATH
from alluxio_operator.transport.printable import printable

MOST_PATHS: Final = 16
"""Paths that the result names."""
PATH_PARTS: Final = 3
"""Parts of such a path at most, such as /warehouse/sales/orders."""


@dataclass(slots=True)
class _Sum:
    unpersisted: int = 0
    on_restart: int = 0
    cached_once: int = 0
    pinned: int = 0
    files: int = 0
    oldest_ms: int | None = None

    def add_file(self, changed_ms: int) -> None:
        self.files += 1
        self.oldest_ms = changed_ms if self.oldest_ms is None else min(self.oldest_ms, changed_ms)

    def result(self) -> WorkerRisk:
        return WorkerRisk(
            unpersisted=min(self.unpersisted, LARGEST_SUM),
            on_restart=min(self.on_restart, LARGEST_SUM),
            cached_once=min(self.cached_once, LARGEST_SUM),
            pinned=min(self.pinned, LARGEST_SUM),
            files=self.files,
            oldest_ms=self.oldest_ms,
        )


class RiskSums:
    """The sums so far. `now_ms` is the time of the listing: a file from the future counts as new."""

    def __init__(self, holders: Holders, now_ms: int) -> None:
        self._holders = holders
        self._now_ms = now_ms
        self._total = _Sum()
        self._workers = {name: _Sum() for name in holders.workers.values()}
        self._paths = _LargestPaths()
        self._unavailable = self._unavailable_files = self._incomplete = self._entries = 0

    def add(self, file: messages.FileInfo) -> None:
        """Add a file or folder."""
        self._entries += 1
        if file.folder:
            return
        self._incomplete += not file.completed
        changed = min(max(file.created_ms, file.modified_ms, 0), self._now_ms)
        alone = known = 0
        touched: set[str] = set()
        for block in file.blocks:
            size = max(block.info.length, 0)
            known += size
            held = self._held(block.info.locations)
            if len(held) == 1:
                [(worker, lasting)] = held.items()
                self._add_block(worker, size, file, lasting=lasting)
                if not file.persisted and size:
                    alone += size
                    touched.add(worker)
            elif not held and not file.persisted:
                self._unavailable += size
        if file.persisted:
            return
        # Alluxio has forgotten blocks of a file whose workers are gone for long, but not its length.
        forgotten = max(file.length - known, 0) if file.completed else 0
        self._unavailable += forgotten
        self._unavailable_files += bool(forgotten) or any(self._is_gone(block) for block in file.blocks)
        for worker in touched:
            self._workers[worker].add_file(changed)
        if alone:
            self._total.add_file(changed)
            self._paths.add(file.path, alone, changed)

    def result(self, received: int, seconds: float) -> AtRisk:
        """Return the sums, of a listing that took so many bytes and seconds."""
        return AtRisk(
            self._total.result(),
            {name: one.result() for name, one in self._workers.items()},
            self._paths.result(),
            min(self._unavailable, LARGEST_SUM),
            self._unavailable_files,
            self._incomplete,
            self._entries,
            received,
            seconds,
        )

    def _held(self, locations: Iterable[messages.BlockLocation]) -> dict[str, bool]:
        """Return the workers that hold a block, and whether it outlives the worker's pod.

        The leader keeps a worker that has ended for some minutes. A location without a pod is no copy.
        """
        found: dict[str, bool] = {}
        for one in locations:
            worker = self._holders.workers.get(one.address.host)
            if worker is not None:
                found[worker] = one.tier in self._holders.lasting
        return found

    def _is_gone(self, block: messages.FileBlock) -> bool:
        return block.info.length > 0 and not self._held(block.info.locations)

    def _add_block(self, worker: str, size: int, file: messages.FileInfo, *, lasting: bool) -> None:
        for one in (self._workers[worker], self._total):
            if file.persisted:
                one.cached_once += size
            else:
                one.unpersisted += size
                one.on_restart += 0 if lasting else size
            one.pinned += size if file.pinned else 0


class _LargestPaths:
    """The folders with the most bytes, exact in a listing in Alluxio's order: a folder before what it holds.

    It keeps the sums of the open folders only, and the largest of those that the listing has left.
    """

    def __init__(self) -> None:
        self._open: list[tuple[str, _Sum]] = []
        self._largest: list[tuple[int, int, PathRisk]] = []
        self._turn = 0

    def add(self, path: str, size: int, changed_ms: int) -> None:
        folder = _folder_of(path)
        while self._open and not _is_below(folder, self._open[-1][0]):
            self._close()
        if not self._open or self._open[-1][0] != folder:
            self._open.append((folder, _Sum()))
        one = self._open[-1][1]
        one.unpersisted += size
        one.add_file(changed_ms)

    def result(self) -> tuple[PathRisk, ...]:
        while self._open:
            self._close()
        return tuple(one for _, _, one in sorted(self._largest, key=lambda entry: entry[:2], reverse=True))

    def _close(self) -> None:
        path, one = self._open.pop()
        size = min(one.unpersisted, LARGEST_SUM)
        self._turn += 1
        entry = (size, -self._turn, PathRisk(path, size, one.files, one.oldest_ms))
        if len(self._largest) < MOST_PATHS:
            heapq.heappush(self._largest, entry)
        else:
            heapq.heappushpop(self._largest, entry)


def _folder_of(path: str) -> str:
    """Return the folder of a file, with its first parts only."""
    parts = path[:LONGEST_PATH].split("/")[1:-1][:PATH_PARTS]
    return printable("/" + "/".join(parts))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.removesuffix("/") + "/")
