"""A mistake in a spec, described so that the user knows what to change."""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.transport.printable import printable
from alluxio_operator.transport.sensitive import may_be_shown


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a spec: the field, its value, what is wrong with it, and the remedy.

    Its text, which reaches status and Events, omits a value that may be a secret.
    """

    field: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        value = f' "{printable(self.value)}"' if self.value and may_be_shown(self.field, self.value) else ""
        return f"{self.field}{value} {self.message}; {self.remedy}"
