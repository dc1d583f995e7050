"""The result of a check: JSON for a container's termination message, which the kubelet cuts if it is long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from alluxio_operator.backup_file.clean import Cleaned
from alluxio_operator.backup_file.count import Summary
from alluxio_operator.backup_file.errors import RETRIED, BackupFileError, Reason

LONGEST: Final = 1_500
"""Bytes of the JSON. The kubelet cuts a termination message after 4,096 bytes, or after 12 KiB divided by the number
of containers of the pod: the Job has up to five, and a service mesh adds up to three."""
LONGEST_MESSAGE: Final = 512

OK: Final = 0
RETRY: Final = 1
"""Exit code for trouble that another try may overcome; 2 is a wrong command line."""
REFUSED: Final = 3
"""Exit code for a file that is no whole backup: another try finds the same."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found: a summary, or a reason with a message for users, and the summary if the file was readable."""

    reason: str = ""
    """A word of Reason, or of a newer version; empty if the backup is whole and as expected."""
    message: str = ""
    summary: Summary | None = None
    cleaned: Mapping[str, Any] | None = None
    """`Cleaned.as_dict()` if a clean file was written."""

    @property
    def ok(self) -> bool:
        """True if the backup is whole and as expected."""
        return not self.reason

    @property
    def exit_code(self) -> int:
        """The exit code of the Job's container."""
        if self.ok:
            return OK
        return RETRY if self.reason in RETRIED else REFUSED

    @classmethod
    def of_success(cls, found: Summary | Cleaned) -> Self:
        """Return the result of a whole backup, with what its clean file lacks if one was written."""
        if isinstance(found, Cleaned):
            return cls(summary=found.source, cleaned=found.as_dict())
        return cls(summary=found)

    @classmethod
    def of_error(cls, error: BackupFileError, summary: Summary | None = None) -> Self:
        """Return the result of a backup that is refused."""
        return cls(str(error.reason), str(error)[:LONGEST_MESSAGE], summary)

    def as_json(self) -> str:
        """Return the result as one line of JSON, of at most LONGEST bytes."""
        shown: dict[str, Any] = {"ok": self.ok, "reason": self.reason, "message": self.message}
        if self.summary:
            shown["summary"] = self.summary.as_dict()
        if self.cleaned is not None:
            shown["clean"] = dict(self.cleaned)
        text = _line(shown)
        if len(text) > LONGEST and "clean" in shown:
            shown["clean"]["option_names"] = []
            text = _line(shown)
        if len(text) > LONGEST and "summary" in shown:
            shown["summary"]["kinds"] = {}
            text = _line(shown)
        while len(text) > LONGEST and shown["message"]:
            # A character beyond ASCII takes up to 12 bytes.
            shown["message"] = shown["message"][: len(shown["message"]) // 2]
            text = _line(shown)
        return text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the result in a termination message; reason Internal if it isn't one, such as one cut short."""
        try:
            given = json.loads(text)
            summary, cleaned = given.get("summary"), given.get("clean")
            reason = str(given["reason"]) or ("" if given["ok"] is True else str(Reason.INTERNAL))
            return cls(reason, str(given["message"]), Summary.of(summary) if summary else None, cleaned)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(str(Reason.INTERNAL), "the Job's result is no JSON of this program; see the log of its pod")


def _line(shown: Mapping[str, Any]) -> str:
    # ASCII only: its length in characters is its length in bytes.
    return json.dumps(shown, separators=(",", ":"))
