"""A gate: what has to hold before the next layer of objects is applied, or before the whole is well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: open when `passed`; becomes a condition of the same type."""

    type: str
    passed: bool
    reason: str
    message: str
