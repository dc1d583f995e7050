"""Judges a file from three sides: the backup's record, its bytes through the restored cluster, and the UFS; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alluxio_operator.read_back.sample import Record

_HASH: Final = re.compile(r"(?:^|\s)CONTENT_HASH\|(\S+)")
_LOCAL: Final = re.compile(r"\(len:(\d+),[ _]*modtime:(\d+)\)")
"""The content hash of a file in a volume (`UnderFileSystemUtils.approximateContentHash` of 2.9.4)."""
UNKNOWN: Final = ("", "_")
"""Content hashes that say nothing (`Fingerprint` of 2.9.4)."""


class Verdict(StrEnum):
    """What a comparison found."""

    MATCHED = "matched"
    """The bytes through the restored cluster are those in the UFS, and the UFS's file is the one in the backup."""
    CHANGED = "changed"
    """The cluster itself has deleted or replaced the file since the backup."""
    MISSING = "missing"
    """The UFS lacks the file, and the cluster still lists it as in the backup."""
    DIFFERENT = "different"
    """The UFS has another file, and the cluster still lists the one in the backup."""
    UNREADABLE = "unreadable"
    """The UFS has the file, and the restored cluster can't read it."""
    UNSURE = "unsure"
    """One of these three, and the cluster didn't answer whether it has changed the file."""


FAILURES: Final = frozenset({Verdict.MISSING, Verdict.DIFFERENT, Verdict.UNREADABLE})
"""Verdicts before the live cluster is asked."""
FAULTS: Final = FAILURES | {Verdict.UNSURE}
"""Verdicts that fail a drill."""


@dataclass(frozen=True, slots=True)
class Through:
    """What was read through the restored cluster: a digest of the bytes, or an error."""

    digest: str = ""
    error: str = ""
    absent: bool = False
    """Whether the error says that the UFS has no such file."""


@dataclass(frozen=True, slots=True)
class Direct:
    """What the UFS itself has: size, mark of the version, and a digest of the same bytes."""

    size: int
    mark: str
    digest: str


def content_hash(fingerprint: str) -> str:
    """Return the content hash in Alluxio's fingerprint of a file in the UFS; an empty text if it has none."""
    found = _HASH.search(fingerprint)
    said = found[1].strip() if found else ""
    return "" if said in UNKNOWN else said


def local_mark(size: int, modified_ms: int) -> str:
    """Return the content hash of a file in a volume."""
    return f"(len:{size},_modtime:{modified_ms})"


def same_mark(recorded: str, found: str) -> bool:
    """Return True if a file in the UFS is the recorded one, as far as both marks tell."""
    if not recorded or not found:
        return True
    one, other = _LOCAL.fullmatch(recorded), _LOCAL.fullmatch(found)
    if one and other:
        # Java 8 reports whole seconds.
        times = int(one[2]), int(other[2])
        same_time = times[0] == times[1] or (times[0] % 1000 == 0 and times[0] // 1000 == times[1] // 1000)
        return one[1] == other[1] and same_time
    return recorded.strip('"') == found.strip('"')


def has_changed(record: Record, live: Record | None) -> bool:
    """Return True if the cluster knows another file of that name than the backup does, or none."""
    return live is None or (live.file_id, live.length, content_hash(live.fingerprint)) != (
        record.file_id,
        record.length,
        content_hash(record.fingerprint),
    )


def suspicion(record: Record, through: Through, direct: Direct | None, *, independent: bool) -> Verdict:
    """Return the verdict if the cluster has not changed the file since the backup.

    `direct` is None if the UFS has no such file. Without an `independent` look at the UFS, only the restored cluster's
    answer counts.
    """
    if not independent:
        if not through.error:
            return Verdict.MATCHED
        return Verdict.MISSING if through.absent else Verdict.UNREADABLE
    if direct is None:
        return Verdict.MISSING
    if direct.size != record.length or not same_mark(content_hash(record.fingerprint), direct.mark):
        return Verdict.DIFFERENT
    if through.error:
        return Verdict.UNREADABLE
    return Verdict.MATCHED if through.digest == direct.digest else Verdict.DIFFERENT
