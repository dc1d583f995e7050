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


def unpersisted_in(files: Iterable[messages.FileInfo], since_ms: int) -> UnpersistedFiles:
    """Return the files that no UFS has and that were created or changed since a time."""
    count = size = 0
    paths: list[str] = []
    workers: dict[str, tuple[int, int]] = {}
    for file in files:
        changed = max(file.created_ms, file.modified_ms)
        if file.folder or file.persisted or changed < since_ms:
            continue
        count += 1
        size = _sum(size, file.length)
        if len(paths) < MOST_PATHS:
            paths.append(printable(file.path[:LONGEST_PATH]))
        held: dict[str, int] = {}
        for block in file.blocks:
            for host in {location.address.host[:LONGEST_HOST] for location in block.info.locations}:
                held[host] = _sum(held.get(host, 0), block.info.length)
        for host, blocks in held.items():
            known = host if host in workers or len(workers) < MOST_HOSTS else OTHERS
            before = workers.get(known, (0, 0))
            workers[known] = (before[0] + 1, _sum(before[1], blocks))
    return UnpersistedFiles(count, size, {printable(host): held for host, held in workers.items()}, tuple(paths))


def _sum(before: int, more: int) -> int:
    return min(before + max(more, 0), LARGEST_SUM)
