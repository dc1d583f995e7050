"""Sums up what a listing says about data that only workers have; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.alluxio.answers import UnpersistedFiles
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.transport.printable import printable

MOST_PATHS: Final = 20


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
        size += file.length
        if len(paths) < MOST_PATHS:
            paths.append(printable(file.path))
        held: dict[str, int] = {}
        for block in file.blocks:
            for host in {location.address.host for location in block.info.locations}:
                held[host] = held.get(host, 0) + block.info.length
        for host, blocks in held.items():
            before = workers.get(host, (0, 0))
            workers[host] = (before[0] + 1, before[1] + blocks)
    return UnpersistedFiles(count, size, workers, tuple(paths))
