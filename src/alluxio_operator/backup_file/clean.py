"""Writes a clean backup file: without mount credentials and jobs, with container ids that no stale block has.

What is changed is changed in its place. All other entries and fields stay byte for byte and in order, also those that
this version doesn't know: a secret in an entry of a newer Alluxio, or in an extended attribute, stays too.

A clean file has CLEAN_NAME in its gzip header. Its own clean form is the same file, byte for byte: the ids of a file
with that name are not raised again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from alluxio_operator.backup_file import count, output, rewrite, wire
from alluxio_operator.backup_file.stream import EntryReader, Limits

LEVEL: Final = 6
"""gzip's compression level, as Alluxio's."""

MOST_NAMED: Final = 16
"""Names of left out options in the result."""
LONGEST_NAME: Final = 64
"""Characters of such a name."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was left out of a clean file, and what it holds."""

    source: count.Summary
    """Of the file that it is a clean form of."""
    summary: count.Summary
    """Of the clean file."""
    dropped: int
    """Entries left out: the clean file has this many fewer."""
    options: int
    """Mount options, and passwords in URIs, left out."""
    option_names: tuple[str, ...] = ()
    """The first few of their names, sorted: they have to be given again after a restore."""

    def as_dict(self) -> dict[str, Any]:
        """Return what a Job reports: without the kinds, which are those of the source less the dropped ones."""
        summary = self.summary
        return {
            "sha256": summary.sha256,
            "size": summary.size,
            "expanded": summary.expanded,
            "entries": summary.entries,
            "next_block_container": summary.next_block_container,
            "dropped": self.dropped,
            "options": self.options,
            "option_names": list(self.option_names),
        }


def clean(
    source: BinaryIO, target: Path, limits: Limits | None = None, accept: Callable[[count.Summary], None] | None = None
) -> Cleaned:
    """Write the clean form of an open backup file to `target`, and return what it holds.

    The new file is on the disk, and has been read back, before it gets its name. BackupFileError if the source isn't a
    whole backup, or the target can't be written; a file that had the target's name before keeps it then. `accept` gets
    the summary of the source before the new file gets its name, and raises an error to prevent that.
    """
    cleaning = _Cleaning(EntryReader(source, limits))
    try:
        with output.replaced(target) as (file, partial):
            output.pack(file, cleaning.entries(), count.CLEAN_NAME, LEVEL)
            of_source = cleaning.counting.summary(cleaning.reader)
            if accept:
                accept(of_source)
            file.flush()
            os.fsync(file.fileno())
            with partial.open("rb") as written:
                summary = count.summarize(written, limits)
    except OSError as error:
        raise output.unwritable(f"the clean file {target}", cleaning.reader.size, error) from error
    names = sorted({name[:LONGEST_NAME] for name in cleaning.names})
    return Cleaned(of_source, summary, cleaning.dropped, cleaning.options, tuple(names[:MOST_NAMED]))


class _Cleaning:
    def __init__(self, reader: EntryReader) -> None:
        self.reader = reader
        self.counting = count.Counting()
        self.dropped = self.options = 0
        self.names: set[str] = set()

    def entries(self) -> Iterator[bytes]:
        for message in self.reader:
            count.add(self.counting, self.reader, message)
            kept = self._entry(message)
            if kept is None:
                self.dropped += 1
            else:
                yield kept
        count.complete(self.counting, self.reader)

    def _entry(self, message: bytes) -> bytes | None:
        margin = 0 if self.reader.gzip_name == count.CLEAN_NAME else rewrite.ID_MARGIN
        try:
            return rewrite.clean_entry(message, self._note, margin)
        except wire.MalformedError as error:
            raise count.damaged(message, self.reader, error) from error

    def _note(self, name: str) -> None:
        self.options += 1
        if len(self.names) < MOST_NAMED * 16:
            self.names.add("".join(one for one in name if one.isprintable()))
