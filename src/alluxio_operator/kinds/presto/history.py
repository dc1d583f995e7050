"""The last changes of a Presto: what each is, when it began, and when it ended; pure."""

from __future__ import annotations

from datetime import datetime

from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.api.status import Change
from alluxio_operator.engine.conditions import holds
from alluxio_operator.engine.history import begun, ended, kept
from alluxio_operator.kube.kinds import Object


def history_after(
    before: PrestoStatus, resource: Object, target: int, reason: str, *, ready: bool, now: datetime
) -> tuple[Change, ...]:
    """Return the history, with a change that begins now; `ready` ends the one that is under way."""
    generation = int(resource["metadata"]["generation"])
    changes = list(before.history)
    if not before.history and not holds(before.conditions, "Installed"):
        changes.append(begun("Installed", resource, "", now))
    elif before.observed_generation != generation:
        changes = ended(changes, now)
        changes.append(begun("Changed", resource, _what(before, target), now))
    elif before.workers.wanted != target and before.layer >= 3:
        changes = ended(changes, now)
        asked = f": {reason}" if reason else ""
        changes.append(begun("Scaled", resource, f"from {before.workers.wanted} to {target} workers{asked}", now))
    return kept(ended(changes, now) if ready else changes)


def _what(before: PrestoStatus, target: int) -> str:
    return f"from {before.workers.wanted} to {target} workers" if before.workers.wanted != target else ""
