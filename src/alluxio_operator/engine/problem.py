"""A mistake in a spec, described so that the user knows what to change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a spec: the field, its value, what is wrong with it, and the remedy."""

    field: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        value = f' "{self.value}"' if self.value else ""
        return f"{self.field}{value} {self.message}; {self.remedy}"
