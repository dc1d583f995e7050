"""The restores of a cluster as its history has them: start, end, outcome, numbers, and who asked; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.api.status import Change
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.history import Outcome, begun
from alluxio_operator.kinds.cluster.restore import loss
from alluxio_operator.kinds.cluster.restore.in_place_step import DISRUPTIVE
from alluxio_operator.kube.kinds import Object

LONGEST = 256


@dataclass(frozen=True, slots=True)
class Restored:
    """One restore that has begun to change the cluster."""

    operation: str
    source: str
    message: str
    started: str
    ended: str | None = None
    outcome: Outcome | None = None
    by: str | None = None


def restores_of(status: ClusterStatus) -> tuple[Restored, ...]:
    """Return the restore with which the cluster began, and the last one in place."""
    found = []
    if status.restore is not None:
        found.append(_bootstrap(status.restore))
    if status.restore_in_place is not None and (one := _in_place(status.restore_in_place)) is not None:
        found.append(one)
    return tuple(found)


def with_restores(
    changes: Sequence[Change], restores: Iterable[Restored], resource: Object, now: datetime
) -> list[Change]:
    """Return the changes with the restores that begin or end now.

    A restore that has ended is never added: the history may have dropped it for newer changes.
    """
    known = {one.operation: one for one in restores}
    after = [_ended(one, known.get(one.from_ or ""), now) if _is_open(one) else one for one in changes]
    recorded = {one.from_ for one in changes if one.what == "Restored"}
    for one in known.values():
        if one.ended is None and one.operation not in recorded:
            change = begun("Restored", resource, one.message, now)
            update = {"from_": one.operation, "to": one.source[:253], "started": one.started}
            after.append(change.model_copy(update={**update, **({"by": one.by} if one.by else {})}))
    return after


def _is_open(one: Change) -> bool:
    return one.what == "Restored" and not one.ended


def _ended(change: Change, one: Restored | None, now: datetime) -> Change:
    if one is None:
        # Another request has taken the record's place in between.
        return change.model_copy(update={"ended": stamp(now), "outcome": "Superseded"})
    update = {"message": one.message[:LONGEST], "ended": one.ended, "outcome": one.outcome}
    return change.model_copy(update=update)


def _bootstrap(known: RestoreStatus) -> Restored:
    over: Outcome | None = {"Restored": "Succeeded", "Failed": "Failed"}.get(known.state)  # type: ignore[assignment]
    source = known.backup or known.uri or known.location
    return Restored(
        known.journal, source, _entries(known), known.since, known.since if over is not None else None, over
    )


def _in_place(known: RestoreInPlaceStatus) -> Restored | None:
    if known.restore is None:
        return None
    over: Outcome | None = None
    if known.state not in DISRUPTIVE:
        over = "Succeeded" if known.state == "Restored" else "Failed"
    message = f"{_entries(known.restore)}; {loss.in_short(known.loss)}"
    if over == "Failed":
        message = f"{known.state}: {known.message}"
    return Restored(
        known.operation,
        known.backup or known.uri or known.volume,
        message,
        known.confirmed or known.since,
        known.since if over is not None else None,
        over,
        known.confirmed_by,
    )


def _entries(known: RestoreStatus) -> str:
    wanted = "unknown" if known.expected is None else str(known.expected)
    return f"{known.entries or 0} of {wanted} entries restored, attempt {known.attempt}"
