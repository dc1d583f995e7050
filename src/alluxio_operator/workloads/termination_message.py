"""A container's termination message: a reason that a script of the operator puts first, or a process's first error.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alluxio_operator.transport.printable import printable

JOURNAL_MISSING = "JournalMissing"
"""First word of the termination message of the journal check if the journal is missing."""

CLIENT_MISSING = "AlluxioClientMissing"
"""The same of the init container that copies Alluxio's client, if its image has none."""

NOT_A_MEMBER: Final = "NotAMember"
"""The same of a master that isn't a member of the quorum, and that no Job has prepared to become one."""

RESTORE_REFUSED: Final = ("JournalHasData", "RestoreSourceMissing", "RestoreSourceDamaged", "NoSpace", "Unwritable")
"""The same of a journal's Job that doesn't prepare the restore of a backup."""

REASONS: Final = (JOURNAL_MISSING, NOT_A_MEMBER, CLIENT_MISSING, *RESTORE_REFUSED)
"""Reasons that a termination message begins with."""


def gist(text: str) -> str:
    """Return the first error in a process's last output: an exception with its cause, else a line.

    What follows the first error is often its consequence, such as a refused connection to a server that couldn't
    start. The result has at most 300 characters.
    """
    blocks = tuple(_blocks(printable(text)))
    chosen = next((found for block in blocks if block.is_error and (found := _said(block))), "")
    # A trace without its first lines says nothing of its level; one below a warning is better than a last line.
    chosen = chosen or next((found for block in blocks if (found := _exception(block))), "")
    if not chosen:
        lines = [line for block in blocks for line in (block.head, *block.lines) if line]
        # The start of a long trace is cut off, and the log lines of a shutdown don't explain its cause.
        rest = [line for line in lines if not _UNINFORMATIVE.search(line)] or lines
        chosen = rest[-1] if rest else ""
    return chosen if len(chosen) <= 300 else chosen[:297] + "..."


@dataclass(frozen=True, slots=True)
class _Block:
    """A line of a log with its level, and the lines that follow without one, such as a trace; `head` may be empty."""

    level: str
    message: str
    head: str
    lines: tuple[str, ...]

    @property
    def is_error(self) -> bool:
        """Whether it reports an error; a block without a level does if it has an exception."""
        return self.level in ("ERROR", "FATAL", "SEVERE") or (not self.level and bool(_exception(self)))


def _blocks(text: str) -> Iterable[_Block]:
    """Split an output: a block ends where the next log line begins."""
    head, lines = "", []
    for line in [*(one.strip() for one in text.splitlines()), None]:
        if line is not None and not _LOGGED.match(line):
            lines.append(line)
            continue
        if head or lines:
            found = _LOGGED.match(head)
            level, message = (found["level"], found["message"]) if found else ("", "")
            yield _Block(level, message.rpartition("\t")[2].strip(), head, tuple(one for one in lines if one))
        head, lines = line or "", []


def _said(block: _Block) -> str:
    # Guice and Airlift number their errors below a line that says only that there are some.
    numbered = next((line[3:].removeprefix("Error: ") for line in block.lines if line.startswith("1) ")), "")
    return numbered or _exception(block) or block.message


def _exception(block: _Block) -> str:
    # An exception has its own line, with more detail than the ERROR line above it.
    found = [line for line in block.lines if "Exception" in line.split(" ", 1)[0] or line.startswith("Error:")]
    causes = [line.removeprefix("Caused by: ") for line in block.lines if line.startswith("Caused by: ")]
    chosen = found[0] if found else causes[-1] if causes else ""
    if found and causes and _message(causes[-1]).casefold() not in chosen.casefold():
        return f"{chosen[:140]}; caused by {causes[-1]}"
    return chosen


_LOGGED = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\S+\s+(?P<level>[A-Z]+)\b\s*"
    r"(?:\[[^\]]*\](?:\([^)]*\))?\s+-\s|\S+\s+-\s)?(?P<message>.*)"
)
"""A line of Alluxio's log, or of Presto's and Trino's, whose message follows the last tab."""

_UNINFORMATIVE = re.compile(r"^at |^\S*\)$|^\.\.\. \d+ more$|^\d{4}-\d\d-\d\d \S+ INFO ")


def _message(exception: str) -> str:
    return exception.partition(": ")[2] or exception
