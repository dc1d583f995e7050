"""What a change cost, as the history of a cluster shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]


def rows(change: Object) -> list[tuple[str, str, str]]:
    """Return role, CPU and memory: what was used when the change began, and the most meanwhile."""
    return [
        (one["role"], _from_to(one, "cpu"), _from_to(one, "memory")) for one in change.get("usage", {}).get("roles", ())
    ]


def unavailable(changes: Iterable[Object]) -> list[str]:
    """Return why CPU and memory are missing, each reason once, with the changes that miss them."""
    without: dict[str, list[str]] = {}
    for change in changes:
        if reason := change.get("usage", {}).get("unavailable"):
            without.setdefault(reason, []).append(change["started"])
    return [f"CPU and memory of {', '.join(began)} aren't known: {reason}" for reason, began in without.items()]


def _from_to(used: Object, what: str) -> str:
    before, peak = used.get(f"{what}Before", "?"), used.get(f"{what}Peak", "?")
    return f"{before} -> {peak}"
