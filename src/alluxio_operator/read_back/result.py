"""The result of a drill's reading: JSON for a container's termination message, which the kubelet cuts if it is long."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Self

LONGEST: Final = 3_000
"""Bytes of the JSON. The kubelet cuts a termination message after 4,096 bytes."""
EXAMPLES: Final = 4
"""Files that didn't match and are named."""
LONGEST_PATH: Final = 160
LONGEST_MESSAGE: Final = 300

OK: Final = 0
RETRY: Final = 1
REFUSED: Final = 3
"""Exit codes: read to the end, whatever it found; trouble that another try may overcome; 2 is a wrong command line."""

COUNTS: Final = (
    "listed", "sampled", "matched", "changed", "missing", "different", "unreadable", "unsure", "only_in_alluxio",
    "other_mounts", "non_empty", "partly", "bytes", "first_read_ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What a reading found, or why there is none (`message`)."""

    listed: int = 0
    sampled: int = 0
    matched: int = 0
    changed: int = 0
    missing: int = 0
    different: int = 0
    unreadable: int = 0
    unsure: int = 0
    """Files that don't match, and of which the live cluster doesn't say whether it has changed them."""
    only_in_alluxio: int = 0
    other_mounts: int = 0
    non_empty: int = 0
    """Listed files of the root mount that the UFS should have, with at least one byte."""
    partly: int = 0
    """Files of which only the beginning was read."""
    bytes: int = 0
    """Bytes of the files that matched, as far as they were read."""
    first_read_ms: int = 0
    """Unix time at which the restored cluster had served the first file, or the whole list if there is no file."""
    compared: str = ""
    """With what: Volume, S3, or Length if nothing but the restored cluster was asked."""
    live: bool = False
    """Whether the live cluster answered for all that don't match, which tells a change from a loss."""
    examples: tuple[str, ...] = ()
    message: str = ""
    ok: bool = True

    def as_json(self) -> str:
        """Return the result as one line of JSON, of at most LONGEST bytes."""
        shown: dict[str, Any] = {name: getattr(self, name) for name in COUNTS}
        shown |= {"compared": self.compared, "live": self.live, "ok": self.ok}
        shown["message"] = self.message[:LONGEST_MESSAGE]
        examples = [one[:LONGEST_PATH] for one in self.examples[:EXAMPLES]]
        while True:
            text = json.dumps({**shown, "examples": examples}, separators=(",", ":"))
            if len(text) <= LONGEST:
                return text
            # A character beyond ASCII takes up to 12 bytes.
            shown["message"] = shown["message"][: len(shown["message"]) // 2]
            examples = examples[:-1]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the result in a termination message; None if it is none, such as one cut short."""
        try:
            given = json.loads(text)
            counts = {name: int(given[name]) for name in COUNTS}
            examples = tuple(str(one) for one in given["examples"])
            return cls(
                **counts, compared=str(given["compared"]), live=given["live"] is True, examples=examples,
                message=str(given["message"]), ok=given["ok"] is True,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError):
            return None
