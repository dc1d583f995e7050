"""What can be wrong with a backup file: a closed list of reasons, each with position and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a backup file is refused; the words are part of the Job's result and of conditions."""

    EMPTY = "Empty"
    """It has no byte. Alluxio leaves such a file when it stops as the backup starts."""
    NOT_A_BACKUP = "NotABackup"
    """It isn't gzip, or what it holds isn't the state of a master."""
    TRUNCATED = "Truncated"
    """It ends early: in the gzip stream, before its checksum, or in an entry."""
    CORRUPT = "Corrupt"
    """Its bytes changed: gzip's checksum, its structure or an entry is damaged."""
    SEVERAL_MEMBERS = "SeveralMembers"
    """More than one gzip member. Alluxio reads the first one only, without an error."""
    TRAILING_BYTES = "TrailingBytes"
    """Bytes that aren't gzip follow the gzip member."""
    IDS_EXHAUSTED = "IdsExhausted"
    """Its container ids are too near to their end to be raised."""
    ENTRY_TOO_LARGE = "EntryTooLarge"
    EXPANDS_TOO_FAR = "ExpandsTooFar"
    COUNT_MISMATCH = "CountMismatch"
    """It has another number of entries than Alluxio reported."""
    NOT_RESTORED = "NotRestored"
    """A master that restored it ended."""
    ACCESS_DENIED = "AccessDenied"
    """The bucket refuses the keys."""
    NO_BUCKET = "NoBucket"
    NOT_STORED = "NotStored"
    """The bucket doesn't answer, or not as S3 does."""
    STORED_DIFFERS = "StoredDiffers"
    """The bucket returns other bytes than it was given."""
    NO_MARKER = "NoMarker"
    """Alluxio's own marker of a complete backup is missing."""
    MISSING = "Missing"
    """The file doesn't exist."""
    UNREADABLE = "Unreadable"
    """The storage failed, or the process may not read the file."""
    NO_SPACE = "NoSpace"
    """The clean file doesn't fit."""
    UNWRITABLE = "Unwritable"
    """The clean file can't be written."""
    INTERNAL = "Internal"
    """An error of this program."""


RETRIED: Final = frozenset(
    {
        Reason.ACCESS_DENIED,
        Reason.INTERNAL,
        Reason.MISSING,
        Reason.NO_BUCKET,
        Reason.NO_SPACE,
        Reason.NOT_STORED,
        Reason.UNREADABLE,
        Reason.UNWRITABLE,
    }
)
"""Reasons that another try may overcome; the others are properties of the file."""

TAKE_ANOTHER: Final = "take another backup; don't restore this file"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands in a file."""

    entry: int = 0
    """Number of whole entries before it."""
    expanded: int = 0
    """Byte of the expanded stream at which the next entry begins."""
    compressed: int = 0
    """Bytes of the file that the reader has read; it reads ahead by a block."""

    def __str__(self) -> str:
        return f"after {self.entry} whole entries, at byte {self.expanded} of the expanded stream"


class BackupFileError(Exception):
    """A backup file that can't be used, or can't be written."""

    def __init__(
        self, reason: Reason, problem: str, position: Position | None = None, remedy: str = TAKE_ANOTHER
    ) -> None:
        self.reason = reason
        self.problem = problem
        self.position = position
        self.remedy = remedy
        where = f" ({position})" if position is not None else ""
        super().__init__(f"{problem}{where}. Remedy: {remedy}")
