"""Writes a packed file beside its final name, so that a file of that name is always a whole one."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from alluxio_operator.backup_file import wire
from alluxio_operator.backup_file.errors import BackupFileError, Reason

BUFFER: Final = 256 * 1024
"""Bytes that are compressed at once."""

PARTIAL: Final = ".partial"
"""Suffix of the file while it is written; its name begins with a dot."""


@contextlib.contextmanager
def replaced(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Open a file that gets the target's name at the end, if no exception is raised until then."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*{PARTIAL}"):
        # Of a run that was killed. One that still runs fails at its end, which is better than two that write one file.
        left.unlink(missing_ok=True)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        with partial.open("xb") as file:
            yield file, partial
        partial.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        partial.unlink(missing_ok=True)


def pack(file: IO[bytes], messages: Iterable[bytes], name: str, level: int) -> None:
    """Write a backup of these entries, with a name in its gzip header and gzip's compression level."""
    packed = gzip.GzipFile(name, "wb", level, file, mtime=0)
    # GzipFile compresses each write by itself, which is slow for entries of 50 bytes.
    with packed, io.BufferedWriter(packed, BUFFER) as out:
        for message in messages:
            out.write(wire.delimited(message))


def unwritable(file: str, size: int, error: OSError) -> BackupFileError:
    """Return the error of a file that can't be written; `size` is the bytes of the one that it is made of."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return BackupFileError(
        Reason.NO_SPACE if full else Reason.UNWRITABLE,
        f"{file} can't be written: {error.strerror or error}",
        remedy=f"free as much space as the backup has, {size} bytes or more, or expand the volume"
        if full
        else "check that the process may write into the folder: its owner, the pod's group, a read-only volume",
    )
