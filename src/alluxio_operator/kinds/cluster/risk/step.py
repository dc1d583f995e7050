"""Turns the last listing into the status and a gate; pure.

A leader's answer is never taken for more than it is: without a listing nothing is known, an older one keeps its time,
and a listing that failed is reported as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, PathRisk, WorkerRisk
from alluxio_operator.api.alluxiocluster import Workers
from alluxio_operator.api.at_risk import AtRiskStatus, PathAtRisk, WorkerAtRisk
from alluxio_operator.api.base import in_bytes
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate, Severity, waiting
from alluxio_operator.engine.reading import Reading
from alluxio_operator.kinds.cluster.risk.rounding import rounded_count, rounded_size, rounded_time

GATE: Final = "AtRiskWithinLimit"
FIELD: Final = "spec.workers.atRiskLimit"
STAYS: Final = timedelta(minutes=10)
"""A worker is above the limit once two listings that far apart, and all in between, found it there."""
RENEWED: Final = timedelta(hours=6)
"""Age at which the time of unchanged figures is renewed."""
STALE: Final = timedelta(hours=1)
"""Time for which listings may fail before the condition reports it; longer if the interval is."""
MOST_ROWS: Final = 16
LONGEST_MESSAGE: Final = 256
POLLED_BELOW: Final = 300.0
"""Seconds between two reconciles of a cluster at rest. A shorter interval asks for reconciles of its own."""

Listing = Reading[AtRisk | NoAnswer]


@dataclass(frozen=True, slots=True)
class RiskStep:
    """The status field, the gate if the spec has a limit, and the seconds until the next look if it comes early."""

    status: AtRiskStatus | None
    gate: Gate | None = None
    requeue_after: float | None = None


def next_risk_step(before: AtRiskStatus | None, workers: Workers, listing: Listing | None, now: datetime) -> RiskStep:
    """Return the status after a look at the last listing; None for `listing` if the operator lists nothing."""
    every = timedelta(minutes=workers.at_risk_interval_minutes)
    if not every:
        return RiskStep(None, _off() if workers.at_risk_limit else None)
    known = before or AtRiskStatus()
    after = _after(known, listing, workers.at_risk_limit) if listing is not None else known
    gate = _gate(after, workers.at_risk_limit, max(STALE, 4 * every), now) if workers.at_risk_limit else None
    early = every.total_seconds() if every.total_seconds() < POLLED_BELOW else None
    return RiskStep(after if after != AtRiskStatus() else before, gate, early)


def _after(before: AtRiskStatus, listing: Listing, limit: str | None) -> AtRiskStatus:
    if listing.value is None and listing.failing_since is None:
        # The operator has restarted: what it knew before still holds.
        return before
    after = before
    if isinstance(listing.value, AtRisk) and listing.at is not None:
        after = _figures(before, listing.value, listing.at, limit)
    failed = listing.failed
    if listing.failing_since is None:
        return after.model_copy(update={"failing_since": None, "message": ""})
    if after.failing_since is not None:
        # The first reason stays: others may change with each attempt.
        return after
    reason = failed.reason if isinstance(failed, NoAnswer) else "the operator failed: see its log"
    failing = {"failing_since": stamp(listing.failing_since), "message": reason[:LONGEST_MESSAGE]}
    return after.model_copy(update=failing)


def _figures(before: AtRiskStatus, found: AtRisk, at: datetime, limit: str | None) -> AtRiskStatus:
    worst = max(found.workers.items(), key=lambda one: (one[1].unpersisted, one[0]), default=("", WorkerRisk()))
    above_since = None
    if limit is not None and worst[1].unpersisted > in_bytes(limit):
        above_since = before.above_since or stamp(at)
    rows = _largest(found.workers)
    after = AtRiskStatus(
        as_of=before.as_of,
        **_fields(found.total),
        unavailable=rounded_size(found.unavailable),
        workers=tuple(WorkerAtRisk(name=name, **_fields(found.workers[name])) for name in sorted(rows[:MOST_ROWS])),
        other_workers=rounded_count(max(len(rows) - MOST_ROWS, 0)),
        paths=tuple(_paths(found.paths)),
        worst=worst[0] if worst[1].unpersisted else "",
        above_since=above_since,
        failing_since=before.failing_since,
        message=before.message,
    )
    if after == before and before.as_of is not None and not _is_due(before, at):
        return before
    return after.model_copy(update={"as_of": stamp(at)})


def _is_due(before: AtRiskStatus, at: datetime) -> bool:
    """Return True if a listing that found nothing new is worth a write: the last is old, or figures stay too high."""
    if before.as_of is None or at - moment(before.as_of) >= RENEWED:
        return True
    return not _stays_above(before, moment(before.as_of)) and _stays_above(before, at)


def _stays_above(status: AtRiskStatus, at: datetime) -> bool:
    return status.above_since is not None and at - moment(status.above_since) >= STAYS


def _fields(one: WorkerRisk) -> Mapping[str, str | int | None]:
    return {
        "unpersisted": rounded_size(one.unpersisted),
        "unpersisted_on_restart": rounded_size(one.on_restart),
        "cached_once": rounded_size(one.cached_once),
        "pinned": rounded_size(one.pinned),
        "files": rounded_count(one.files),
        "oldest": rounded_time(one.oldest_ms),
    }


def _largest(workers: Mapping[str, WorkerRisk]) -> list[str]:
    """Return the workers that hold something alone, with the most first."""
    some = [name for name, one in workers.items() if one.unpersisted or one.cached_once]
    return sorted(some, key=lambda name: (-workers[name].unpersisted, -workers[name].cached_once, name))


def _paths(found: Iterable[PathRisk]) -> Iterable[PathAtRisk]:
    known: dict[str, PathRisk] = {}
    for one in found:
        # A listing out of order may have a folder twice.
        known.setdefault(one.path, one)
    for path in sorted(known)[:MOST_ROWS]:
        one = known[path]
        size, files = rounded_size(one.unpersisted), rounded_count(one.files)
        yield PathAtRisk(path=path, unpersisted=size, files=files, oldest=rounded_time(one.oldest_ms))


def _off() -> Gate:
    message = (
        f"{FIELD} has no effect while spec.workers.atRiskIntervalMinutes is 0: the operator lists nothing. Set an "
        "interval, or remove the limit"
    )
    return Gate(GATE, False, "NotListed", message, Severity.INFO)


def _gate(status: AtRiskStatus, limit: str, stale: timedelta, now: datetime) -> Gate:
    if status.failing_since is not None and now - moment(status.failing_since) >= stale:
        message = (
            f"the operator can't list Alluxio's namespace since {status.failing_since}: {status.message}. What workers "
            "have alone isn't known. See condition MastersServing and the log of the leading master"
        )
        return Gate(GATE, False, "ListingFailed", message, Severity.WARNING)
    if status.as_of is None or now - moment(status.as_of) > RENEWED + stale:
        since = f"since {status.as_of}" if status.as_of else "yet"
        message = f"the operator hasn't listed Alluxio's namespace {since}: what workers have alone isn't known"
        return waiting(GATE, message, "NotListed")
    if not _stays_above(status, moment(status.as_of)):
        return Gate(GATE, True, "WithinLimit", f"no worker stays above {FIELD} ({limit})")
    worst = next((one for one in status.workers if one.name == status.worst), None)
    has = f"{worst.name} alone has {worst.unpersisted} that no UFS has" if worst else "a worker is above it"
    oldest = f", the oldest since {worst.oldest}" if worst and worst.oldest else ""
    message = (
        f"{has}{oldest}; {FIELD} is {limit}, exceeded since {status.above_since}. This data is lost with the worker. "
        "Persist the folders in status.atRisk.paths with alluxio fs persist, let clients write with CACHE_THROUGH or "
        "ASYNC_THROUGH, or raise the limit"
    )
    return Gate(GATE, False, "AboveLimit", message, Severity.WARNING)
