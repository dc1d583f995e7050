"""Writes the form of a backup that a cluster restores in place: byte for byte, with a higher number for new blocks.

A restored master would give the numbers of blocks again that it gave after the backup, and a worker that still holds
such a block would serve its old bytes for a new file. Credentials of mounts stay: the file doesn't leave the cluster.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from alluxio_operator.backup_file import count, output, rewrite, wire
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.stream import EntryReader, Limits

LEVEL: Final = 1
"""gzip's compression level: the file is read once, and never kept."""


def write_renumbered(
    source: BinaryIO,
    target: Path,
    container: int,
    *,
    sha256: str = "",
    entries: int | None = None,
    free: int = 0,
    limits: Limits | None = None,
) -> None:
    """Write an open backup file with `container` as the next number of a block's container.

    `sha256` and `entries` are those of the file when it was checked; an empty text or None if unknown. `free` is the
    number of bytes that the target's volume has to have. BackupFileError if that isn't so, or if the file can't be
    read; a file that had the target's name before keeps it then.
    """
    reader = EntryReader(source, limits)
    try:
        available = shutil.disk_usage(target.parent).free
        if available < free:
            raise BackupFileError(
                Reason.NO_SPACE,
                f"the volume of {target.parent} has {available} free bytes, and the restore needs {free}",
                remedy="expand spec.masters.journal.storage.size, or remove folders raft-before-* there that you don't "
                "need any more",
            )
        with output.replaced(target) as (file, _):
            output.pack(file, _entries(reader, container), "", LEVEL)
            if (sha256 and reader.sha256 != sha256) or (entries is not None and reader.entries != entries):
                raise BackupFileError(
                    Reason.UNREADABLE,
                    f"the file has {reader.entries} entries and SHA-256 {reader.sha256}, and had {entries} and "
                    f"{sha256} when it was checked",
                    remedy="check the volume, and that no other process writes the file",
                )
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise output.unwritable(f"the copy {target}", reader.size, error) from error


def _entries(reader: EntryReader, container: int) -> Iterator[bytes]:
    for message in reader:
        try:
            yield rewrite.renumbered_entry(message, container)
        except wire.MalformedError as error:
            raise count.damaged(message, reader, error) from error
