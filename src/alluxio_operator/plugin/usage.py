"""CPU and memory of a change, for the history of a cluster. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]


def rows(change: Object) -> list[tuple[str, str, str]]:
    """Return role, CPU and memory for each role; usage reads "at the start -> peak"."""
    return [
        (one["role"], _from_to(one, "cpu"), _from_to(one, "memory")) for one in change.get("usage", {}).get("roles", ())
    ]


def unavailable(changes: Iterable[Object]) -> list[str]:
    """Return a sentence for each reason why CPU and memory are missing, with the changes that lack them."""
    without: dict[str, list[str]] = {}
    for change in changes:
        if reason := change.get("usage", {}).get("unavailable"):
            without.setdefault(reason, []).append(change["started"])
    return [f"CPU and memory of {', '.join(began)} are unknown: {reason}" for reason, began in without.items()]


def _from_to(used: Object, what: str) -> str:
    before, peak = used.get(f"{what}Before", "?"), used.get(f"{what}Peak", "?")
    return f"{before} -> {peak}"
