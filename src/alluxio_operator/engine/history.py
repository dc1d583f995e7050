"""The last changes of a resource: kind of change, field manager, start and end; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from alluxio_operator.api.status import Change
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.kinds import Object

KEPT: Final = 10
"""Changes that a status keeps, at most."""
What = Literal["Installed", "Changed", "Scaled", "Restarted", "Upgraded", "RolledBack", "Restored", "Decommissioned"]
Outcome = Literal["Succeeded", "Failed", "Superseded"]
OWN_MANAGER: Final = "alluxio-operator"


def last_manager(resource: Object) -> str | None:
    """Return the field manager that last wrote the resource, except its status; None if unknown."""
    entries = [
        entry
        for entry in resource["metadata"].get("managedFields", ())
        if entry.get("subresource") != "status" and entry.get("manager") != OWN_MANAGER
    ]
    latest = max(entries, key=lambda entry: entry.get("time", ""), default=None)
    return latest and latest.get("manager")


def begun(what: What, resource: Object, message: str, now: datetime) -> Change:
    """Return a change that starts now."""
    return Change(
        what=what,
        started=stamp(now),
        generation=int(resource["metadata"]["generation"]),
        by=last_manager(resource),
        message=message if len(message) <= 256 else message[:253] + "...",
    )


def kept(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes to keep, in order: the installation, the last of each sort, and then the newest.

    Without this order, many edits in a row push out the installation and the last upgrade.
    """
    last_of_sort = {one.what: number for number, one in enumerate(changes)}
    numbers = sorted(
        range(len(changes)),
        key=lambda one: (changes[one].what == "Installed", one in last_of_sort.values(), one),
    )
    return tuple(changes[number] for number in sorted(numbers[-KEPT:]))


def ended(changes: Sequence[Change], now: datetime, outcome: Outcome = "Succeeded") -> list[Change]:
    """Return the changes; those that were in progress end now. A restore ends by its own record."""
    end = {"ended": stamp(now), "outcome": outcome}
    return [one if one.ended or one.what == "Restored" else one.model_copy(update=end) for one in changes]
