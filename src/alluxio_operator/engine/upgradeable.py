"""Whether the operator may be replaced by another version now: not while a cluster is in the midst of a rolling change.

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
"""Resources that a verdict names; the rest is counted."""


class Condition(Protocol):
    """What matters here of a condition."""

    @property
    def type(self) -> str:
        """What it is about."""
        ...

    @property
    def status(self) -> str:
        """True, False or Unknown."""
        ...


Note = Callable[[OwnerKey, Iterable[Condition]], None]
"""Takes what the status of a resource says now; nothing of one that is gone."""


def unnoted(key: OwnerKey, conditions: Iterable[Condition]) -> None:
    """Take no note: for a reconciler on whose changes no upgrade waits."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a new version may take over, with a word for programs and a sentence for people."""

    upgradeable: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class _Read:
    type: str
    status: str


def changes(conditions: Iterable[Condition]) -> bool:
    """Tell whether a resource that is installed is in the midst of a change, which has to end first."""
    true = {one.type for one in conditions if one.status == "True"}
    return {"Installed", "Progressing"} <= true


def verdict(changing: Iterable[OwnerKey]) -> Verdict:
    """Return the verdict while these resources are being changed."""
    names = [f"{key.kind} {key.namespace}/{key.name}" for key in sorted(changing)]
    if not names:
        return Verdict(True, "AtRest", "no resource is being changed")
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return Verdict(False, "ChangeUnderWay", f"being changed: {', '.join(names[:NAMED])}{more}")


class ChangesUnderWay:
    """The resources that are being changed, as far as this replica knows; asked and told from several threads."""

    def __init__(self) -> None:
        self._changing: set[OwnerKey] = set()
        self._lock = threading.Lock()

    def note(self, key: OwnerKey, conditions: Iterable[Condition]) -> None:
        """Take what the status of a resource says now; nothing of one that is gone."""
        with self._lock:
            if changes(conditions):
                self._changing.add(key)
            else:
                self._changing.discard(key)

    def note_read(self, key: OwnerKey, resource: Mapping[str, Any]) -> None:
        """Take what a resource says that was read from the API server."""
        found = resource.get("status", {}).get("conditions", ())
        self.note(key, [_Read(one["type"], one["status"]) for one in found])

    def verdict(self) -> Verdict:
        """Return the verdict of this moment."""
        with self._lock:
            return verdict(self._changing)
