"""Decides whether another version of the operator may take over: not in the midst of a rolling change.

The conditions Progressing and Installed of every resource decide. An installation doesn't count: any version goes on
with it from its status, and one that can't go on, for want of a Secret say, would hold up the version that can.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from alluxio_operator.engine.work import OwnerKey

NAMED = 3
"""Resources that a verdict names; it counts the rest."""


class Condition(Protocol):
    """The part of a condition that matters here."""

    @property
    def type(self) -> str:
        """What it is about."""
        ...

    @property
    def status(self) -> str:
        """True, False or Unknown."""
        ...


Note = Callable[[OwnerKey, Iterable[Condition]], None]
"""Takes the present conditions of a resource; none for a resource that is gone."""


def unnoted(key: OwnerKey, conditions: Iterable[Condition]) -> None:
    """Take no note: for a reconciler whose changes hold up no upgrade."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a new version may take over; `reason` is one word for programs, `message` a sentence for people."""

    upgradeable: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class _Read:
    type: str
    status: str


def changes(conditions: Iterable[Condition]) -> bool:
    """Return True if an installed resource is in the midst of a change, which has to end first."""
    true = {one.type for one in conditions if one.status == "True"}
    return {"Installed", "Progressing"} <= true


def verdict(changing: Iterable[OwnerKey]) -> Verdict:
    """Return the verdict while these resources change."""
    names = [f"{key.kind} {key.namespace}/{key.name}" for key in sorted(changing)]
    if not names:
        return Verdict(True, "AtRest", "no resource is being changed")
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return Verdict(False, "ChangeUnderWay", f"being changed: {', '.join(names[:NAMED])}{more}")


class ChangesUnderWay:
    """The resources that change, as far as this replica knows; safe to use from several threads."""

    def __init__(self) -> None:
        self._changing: set[OwnerKey] = set()
        self._lock = threading.Lock()

    def note(self, key: OwnerKey, conditions: Iterable[Condition]) -> None:
        """Take the present conditions of a resource; none for a resource that is gone."""
        with self._lock:
            if changes(conditions):
                self._changing.add(key)
            else:
                self._changing.discard(key)

    def note_read(self, key: OwnerKey, resource: Mapping[str, Any]) -> None:
        """Take the conditions of a resource as the API server has it."""
        found = resource.get("status", {}).get("conditions", ())
        self.note(key, [_Read(one["type"], one["status"]) for one in found])

    def verdict(self) -> Verdict:
        """Return the present verdict."""
        with self._lock:
            return verdict(self._changing)
