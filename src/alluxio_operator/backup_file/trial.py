"""Writes the form of a backup that a master restores as a test, without a way to change the storage below it.

A master that leads runs Alluxio's checker of the time to live at once. Its default action also deletes an expired file
in the UFS, and the mounts of a backup are those of the live cluster. Below a read-only mount Alluxio refuses that
(`MountTable.checkUnderWritableMountPoint` in `DefaultFileSystemMaster.delete` of 2.9.4), and doesn't clean up the UFS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from alluxio_operator.backup_file import count, output, rewrite, wire
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.stream import EntryReader, Limits

LEVEL: Final = 1
"""gzip's compression level: the file is read once, and never kept."""


def write_trial(source: BinaryIO, target: Path, sha256: str, limits: Limits | None = None) -> None:
    """Write the trial form of an open backup file to `target`, with as many entries, in the same order.

    `sha256` is that of the file when it was checked. BackupFileError if the source can't be read or has changed since,
    or the target can't be written; a file that had the target's name before keeps it then.
    """
    reader = EntryReader(source, limits)
    try:
        with output.replaced(target) as (file, _):
            output.pack(file, _entries(reader), "", LEVEL)
            if reader.sha256 != sha256:
                raise BackupFileError(
                    Reason.UNREADABLE,
                    f"the file was read with SHA-256 {sha256}, and then with {reader.sha256}",
                    remedy="check the volume, and that no other process writes the file",
                )
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise output.unwritable(f"the trial file {target}", reader.size, error) from error


def _entries(reader: EntryReader) -> Iterator[bytes]:
    for message in reader:
        try:
            yield rewrite.trial_entry(message)
        except wire.MalformedError as error:
            raise count.damaged(message, reader, error) from error
