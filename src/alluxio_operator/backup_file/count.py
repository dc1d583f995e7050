"""Counts what a backup file holds; the summary fits into a container's termination message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, BinaryIO, Final, Self

from alluxio_operator.backup_file import entry, wire
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.stream import EntryReader, Limits

CLEAN_NAME: Final = "alluxio-operator-clean-1"
"""Name in the gzip header of a clean file. Alluxio doesn't keep it, so no later backup inherits it."""

MOST_UNKNOWN: Final = 8
"""Unknown kinds that a summary lists; it counts further ones as UNKNOWN_OTHERS."""
UNKNOWN_OTHERS: Final = f"{entry.UNKNOWN}others"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a whole, undamaged backup file holds."""

    sha256: str
    size: int
    """Bytes of the file."""
    expanded: int
    """Bytes of its expanded stream."""
    entries: int
    """The number that Alluxio reports as `entryCount`, LastBackupEntriesCount and LastBackupRestoreCount."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Entries by kind; `unknown_N` for a kind that 2.9.4 doesn't have."""
    files: int = 0
    directories: int = 0
    """With the root."""
    mounts: int = 0
    """Without the root mount, which Alluxio doesn't journal."""
    blocks: int = 0
    largest_block_container: int = 0
    next_block_container: int = 0
    """The first container id that a restored master may hand out."""
    cluster_id: str = ""
    """Alluxio's own id of the cluster that wrote the backup; empty if it has none."""
    last_kind: str = ""
    """Kind of the last entry. Alluxio writes `cluster_info` last: a master with that id has restored everything."""
    clean: bool = False
    """True if this program left out mount credentials and raised the container ids."""

    @property
    def unrestorable(self) -> int:
        """Entries at which a restore by 2.9.4 ends, with the process, and leaves half a state (run on 2.9.4)."""
        return sum(self.kinds.get(kind, 0) for kind in entry.UNRESTORABLE) + sum(
            number for kind, number in self.kinds.items() if kind.startswith(entry.UNKNOWN)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for JSON: less than 2,000 bytes."""
        return asdict(self)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the summary in JSON of any version: unknown fields don't count, missing ones are empty."""
        known = {one.name for one in fields(cls)}
        required = {"sha256": "", "size": 0, "expanded": 0, "entries": 0}
        return cls(**{**required, **{name: value for name, value in given.items() if name in known}})


class Counting:
    """Counts entries one by one."""

    def __init__(self) -> None:
        self.kinds: Counter[int] = Counter()
        self.largest_container = 0
        self.next_container = 0
        self.cluster_id = ""
        self.last = 0

    def add(self, message: bytes) -> int:
        """Count an entry, and return the number of its kind; MalformedError if it is none."""
        kind, start, end = entry.kind_of(message)
        self.kinds[kind] += 1
        self.last = kind
        if kind == entry.BLOCK_INFO:
            block = wire.value_of(message[start:end], 1)
            self.largest_container = max(self.largest_container, block >> entry.BLOCK_ID_SEQUENCE_BITS)
        elif kind == entry.INODE_FILE:
            # A file without blocks has the id of its container, too.
            file = wire.value_of(message[start:end], 1)
            self.largest_container = max(self.largest_container, file >> entry.BLOCK_ID_SEQUENCE_BITS)
        elif kind == entry.BLOCK_CONTAINER_ID_GENERATOR:
            self.next_container = max(self.next_container, wire.value_of(message[start:end], 1))
        elif kind == entry.CLUSTER_INFO:
            self.cluster_id = _printable(wire.bytes_of(message[start:end], 1) or b"")
        return kind

    def summary(self, reader: EntryReader) -> Summary:
        """Return the summary of a reader that has come to the end."""
        return Summary(
            sha256=reader.sha256,
            size=reader.size,
            expanded=reader.expanded,
            entries=reader.entries,
            kinds=_named(self.kinds),
            files=self.kinds[entry.INODE_FILE],
            directories=self.kinds[entry.INODE_DIRECTORY],
            mounts=self.kinds[entry.ADD_MOUNT_POINT],
            blocks=self.kinds[entry.BLOCK_INFO],
            largest_block_container=self.largest_container,
            next_block_container=self.next_container,
            cluster_id=self.cluster_id,
            last_kind=entry.name(self.last),
            clean=reader.gzip_name == CLEAN_NAME,
        )


def summarize(file: BinaryIO, limits: Limits | None = None) -> Summary:
    """Read a backup file to its end and return what it holds; BackupFileError if it isn't a whole backup."""
    reader, counting = EntryReader(file, limits), Counting()
    for message in reader:
        add(counting, reader, message)
    complete(counting, reader)
    return counting.summary(reader)


def add(counting: Counting, reader: EntryReader, message: bytes) -> int:
    """Count an entry of a reader, and return the number of its kind; BackupFileError if it is none."""
    try:
        return counting.add(message)
    except wire.MalformedError as error:
        raise damaged(message, reader, error) from error


def damaged(message: bytes, reader: EntryReader, error: wire.MalformedError) -> BackupFileError:
    """Return the error of bytes that are no entry."""
    if reader.entries == 0:
        return not_a_backup(f"its content is no journal entry: {error}")
    return BackupFileError(Reason.CORRUPT, f"an entry of {len(message)} bytes is damaged: {error}", reader.position)


def complete(counting: Counting, reader: EntryReader) -> None:
    """Raise BackupFileError if the file lacks what every backup has.

    A backup is the state of a master: it has the generator of container ids and the root directory, in a new cluster
    also. A master whose restore has failed backs up the state that it has before it ends, with a marker: that file has
    the generator, and no directory (run on 2.9.4).
    """
    for kind, name in _IN_EVERY_BACKUP.items():
        if not counting.kinds[kind]:
            raise not_a_backup(f"none of its {reader.entries} entries is {name}, which every backup has")


_IN_EVERY_BACKUP: Final = {
    entry.BLOCK_CONTAINER_ID_GENERATOR: "the generator of container ids",
    entry.INODE_DIRECTORY: "the root directory",
}


def not_a_backup(problem: str) -> BackupFileError:
    """Return the error of a file that something else wrote."""
    return BackupFileError(
        Reason.NOT_A_BACKUP,
        f"the file is no backup of Alluxio's journal: {problem}",
        remedy="name a file alluxio-backup-DATE-MS.gz that Alluxio wrote",
    )


def _named(kinds: Counter[int]) -> dict[str, int]:
    named = {entry.name(number): kinds[number] for number in sorted(kinds) if number == 0 or number in entry.KINDS}
    unknown = sorted(number for number in kinds if number and number not in entry.KINDS)
    named |= {entry.name(number): kinds[number] for number in unknown[:MOST_UNKNOWN]}
    if others := sum(kinds[number] for number in unknown[MOST_UNKNOWN:]):
        named[UNKNOWN_OTHERS] = others
    return named


def _printable(text: bytes) -> str:
    return "".join(one for one in text[:64].decode(errors="replace") if one.isprintable())
