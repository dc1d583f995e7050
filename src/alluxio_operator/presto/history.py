"""The last changes of a Presto: what was asked for, since when, and when it was done; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from alluxio_operator.api.presto_status import Change, PrestoStatus
from alluxio_operator.kube.kinds import Object
from alluxio_operator.pipeline.conditions import holds, stamp

KEPT: Final = 10
OWN_MANAGER: Final = "alluxio-operator"


def history_after(
    before: PrestoStatus, resource: Object, target: int, reason: str, *, ready: bool, now: datetime
) -> tuple[Change, ...]:
    """Return the history with what begins now and what is done now."""
    generation = int(resource["metadata"]["generation"])
    changes = list(before.history)
    if not before.history and not holds(before.conditions, "Installed"):
        changes.append(_begun("Installed", resource, "", now))
    elif before.observed_generation != generation:
        changes = _ended(changes, now)
        changes.append(_begun("Changed", resource, _what(before, target), now))
    elif before.workers.wanted != target and before.layer >= 3:
        changes = _ended(changes, now)
        asked = f": {reason}" if reason else ""
        changes.append(_begun("Scaled", resource, f"from {before.workers.wanted} to {target} workers{asked}", now))
    return tuple((_ended(changes, now) if ready else changes)[-KEPT:])


def last_manager(resource: Object) -> str | None:
    """Return who last wrote anything but the status."""
    entries = [
        entry
        for entry in resource["metadata"].get("managedFields", ())
        if entry.get("subresource") != "status" and entry.get("manager") != OWN_MANAGER
    ]
    latest = max(entries, key=lambda entry: entry.get("time", ""), default=None)
    return latest and latest.get("manager")


def _what(before: PrestoStatus, target: int) -> str:
    return f"from {before.workers.wanted} to {target} workers" if before.workers.wanted != target else ""


def _begun(what: Literal["Installed", "Changed", "Scaled"], resource: Object, message: str, now: datetime) -> Change:
    return Change(
        what=what,
        started=stamp(now),
        generation=int(resource["metadata"]["generation"]),
        by=last_manager(resource),
        message=message[:256],
    )


def _ended(changes: Sequence[Change], now: datetime) -> list[Change]:
    return [one if one.ended else one.model_copy(update={"ended": stamp(now)}) for one in changes]
