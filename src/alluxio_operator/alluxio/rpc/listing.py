"""Sums up what a listing says about data that only workers have; pure.

A pod that answers as a master may send anything, so time, memory and every figure have bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from google.protobuf.message import DecodeError

from alluxio_operator.alluxio.answers import UnpersistedFiles
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.backup_file.wire import BYTES, MalformedError, fields
from alluxio_operator.transport.printable import printable

MOST_PATHS: Final = 20
LONGEST_PATH: Final = 512
LONGEST_HOST: Final = 253

MOST_HOSTS: Final = 1000
OTHERS: Final = "other workers"
"""Stands for the workers beyond that number."""

LARGEST_FILE: Final = 2 * 1024 * 1024
"""Bytes about one file with its blocks. Parsed, they are up to 30 MiB."""

LARGEST_SUM: Final = 2**63 - 1
"""Kubernetes has no larger numbers."""

INFOS: Final = messages.ListStatusAnswer.DESCRIPTOR.fields_by_name["infos"].number


class UnreadableError(Exception):
    """A listing that the operator doesn't read to its end."""


def files_in(parts: Iterable[bytes], is_late: Callable[[], bool]) -> Iterator[messages.FileInfo]:
    """Yield the files of a listing's messages, one parsed at a time: 8 MiB of empty ones are 640 MiB when parsed."""
    try:
        for part in parts:
            for number, kind, _, start, end in fields(part):
                if is_late():
                    raise UnreadableError("no answer in time")
                if (number, kind) != (INFOS, BYTES):
                    continue
                if end - start > LARGEST_FILE:
                    raise UnreadableError("its listing has a file with too many blocks")
                yield messages.FileInfo.FromString(part[start:end])
    except (MalformedError, DecodeError) as error:
        raise UnreadableError("its listing can't be read") from error


class Unpersisted:
    """Counts the files that no UFS has and that were created or changed since a time."""

    def __init__(self, since_ms: int) -> None:
        self._since_ms = since_ms
        self._count = self._size = 0
        self._paths: list[str] = []
        self._workers: dict[str, tuple[int, int]] = {}
        self.seen = 0
        """Entries of the listing so far."""

    def add(self, file: messages.FileInfo) -> None:
        """Count one entry of a listing."""
        self.seen += 1
        changed = max(file.created_ms, file.modified_ms)
        if file.folder or file.persisted or changed < self._since_ms:
            return
        self._count += 1
        self._size = _sum(self._size, file.length)
        if len(self._paths) < MOST_PATHS:
            self._paths.append(printable(file.path[:LONGEST_PATH]))
        held: dict[str, int] = {}
        for block in file.blocks:
            for host in {location.address.host[:LONGEST_HOST] for location in block.info.locations}:
                held[host] = _sum(held.get(host, 0), block.info.length)
        workers = self._workers
        for host, blocks in held.items():
            known = host if host in workers or len(workers) < MOST_HOSTS else OTHERS
            before = workers.get(known, (0, 0))
            workers[known] = (before[0] + 1, _sum(before[1], blocks))

    def found(self, incomplete: str = "") -> UnpersistedFiles:
        """Return the figures so far; `incomplete` is why the listing ended early."""
        workers = {printable(host): held for host, held in self._workers.items()}
        return UnpersistedFiles(self._count, self._size, workers, tuple(self._paths), incomplete)


def _sum(before: int, more: int) -> int:
    return min(before + max(more, 0), LARGEST_SUM)
