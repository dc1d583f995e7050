"""Chooses the files to read: the same ones for the same names and seed, spread over the whole namespace; pure."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

ROOT_MOUNT: Final = 1
"""Alluxio's number of the root mount (`IdUtils.ROOT_MOUNT_ID` of 2.9.4)."""
PERSISTED: Final = "PERSISTED"
"""Persistence state of a file that the UFS has."""
OWN_FOLDER: Final = "/.alluxio"
"""Begin of the names at the top of the namespace that aren't users' data, such as the folder of backups."""


@dataclass(frozen=True, slots=True)
class Record:
    """A file as a master knows it."""

    path: str
    file_id: int
    length: int
    ufs_path: str = ""
    block_size: int = 0
    block_ids: tuple[int, ...] = ()
    mount_id: int = ROOT_MOUNT
    complete: bool = True
    state: str = PERSISTED
    fingerprint: str = ""

    @property
    def is_persisted(self) -> bool:
        """Whether the UFS should have it."""
        return self.complete and self.state == PERSISTED


@dataclass(frozen=True, slots=True)
class Share:
    """A file to read, and how many of its bytes from its beginning."""

    record: Record
    bytes: int

    @property
    def is_whole(self) -> bool:
        """Whether the whole file is read."""
        return self.bytes == self.record.length


@dataclass(slots=True)
class Sample:
    """Counts all files, and keeps `size` of them: those whose names, with the seed, have the smallest digests."""

    size: int
    seed: str
    listed: int = 0
    non_empty: int = 0
    """Files of the root mount that the UFS should have, with at least one byte."""
    only_in_alluxio: int = 0
    other_mounts: int = 0
    _kept: list[tuple[int, Record]] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Take note of a file. A file that no storage has yet, or that another mount has, is counted only."""
        if record.path.startswith(OWN_FOLDER):
            return
        self.listed += 1
        if record.mount_id != ROOT_MOUNT:
            self.other_mounts += 1
        elif not record.is_persisted:
            self.only_in_alluxio += 1
        else:
            self.non_empty += record.length > 0
            rank = -int.from_bytes(hashlib.sha256(f"{self.seed}\0{record.path}".encode()).digest()[:8])
            if len(self._kept) < self.size:
                heapq.heappush(self._kept, (rank, record))
            elif rank > self._kept[0][0]:
                heapq.heapreplace(self._kept, (rank, record))

    def shares(self, budget: int) -> tuple[Share, ...]:
        """Return what to read of each file, of all together at most `budget` bytes; small files are read whole."""
        return divided(sorted((record for _, record in self._kept), key=lambda one: (one.length, one.path)), budget)


def divided(records: Sequence[Record], budget: int) -> tuple[Share, ...]:
    """Return the share of each file: what smaller files leave goes to larger ones. `records` go from small to large.

    A file that has bytes and for which none is left has no share: no answer would prove anything.
    """
    shares = []
    for number, record in enumerate(records):
        share = min(record.length, budget // (len(records) - number))
        if share or not record.length:
            shares.append(Share(record, share))
        budget -= share
    return tuple(shares)


def blocks(record: Record, count: int) -> Iterable[tuple[int, int, int, int]]:
    """Yield for each block of the first `count` bytes: id, offset in the file, length, and bytes to read."""
    for number, block in enumerate(record.block_ids):
        offset = number * record.block_size
        if offset >= count:
            return
        length = min(record.block_size, record.length - offset)
        yield block, offset, length, min(length, count - offset)
