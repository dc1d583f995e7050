"""View model of the data that single workers hold, from the status of a cluster. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.base import in_bytes
from alluxio_operator.plugin.view import Object, ago
from alluxio_operator.transport.printable import all_printable

SIZES: Final = ("unpersisted", "unpersistedOnRestart", "cachedOnce", "pinned")


@dataclass(frozen=True, slots=True)
class AtRiskView:
    """What is known. `rows` and `paths` are entries of the status with sizes in bytes and ages in seconds.

    `known`: the last listing succeeded. `above`: it found a worker above the limit.
    """

    cluster: str
    known: bool
    above: bool
    limit: str
    listed_ago: float | None
    total: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    other_workers: int
    paths: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the view for `-o json` and `-o yaml`."""
        return {
            "cluster": self.cluster,
            "known": self.known,
            "aboveLimit": self.above,
            "limitBytes": in_bytes(self.limit) if self.limit else None,
            "listedSecondsAgo": self.listed_ago,
            "total": self.total,
            "workers": list(self.rows),
            "otherWorkers": self.other_workers,
            "paths": list(self.paths),
            "notes": list(self.notes),
        }


def at_risk_view(resource: Object, now: datetime) -> AtRiskView:
    """Return the view of a cluster, with printable texts only."""
    resource = all_printable(resource)
    workers = resource["spec"].get("workers", {})
    status = resource.get("status", {}).get("atRisk") or {}
    limit, as_of, failing = str(workers.get("atRiskLimit") or ""), status.get("asOf"), status.get("failingSince")
    total = {**_row(status, now), "unavailableBytes": in_bytes(str(status.get("unavailable", "0")))} if as_of else {}
    return AtRiskView(
        cluster=resource["metadata"]["name"],
        known=bool(as_of) and not failing,
        above=bool(status.get("aboveSince")),
        limit=limit,
        listed_ago=ago(as_of, now) if as_of else None,
        total=total,
        rows=tuple({"name": one["name"], **_row(one, now)} for one in status.get("workers", ())),
        other_workers=int(status.get("otherWorkers", 0)),
        paths=tuple(_path(one, now) for one in status.get("paths", ())),
        notes=tuple(_notes(workers, status)),
    )


def _row(entry: Object, now: datetime) -> dict[str, Any]:
    sizes = {f"{name}Bytes": in_bytes(str(entry.get(name, "0"))) for name in SIZES}
    return {**sizes, **_files(entry, now)}


def _path(entry: Object, now: datetime) -> dict[str, Any]:
    return {"path": entry["path"], "unpersistedBytes": in_bytes(str(entry["unpersisted"])), **_files(entry, now)}


def _files(entry: Object, now: datetime) -> dict[str, Any]:
    oldest = entry.get("oldest")
    return {"files": int(entry.get("files", 0)), "oldestSeconds": ago(oldest, now) if oldest else None}


def _notes(workers: Object, status: Object) -> list[str]:
    notes: list[str] = []
    if workers.get("atRiskIntervalMinutes") == 0:
        return ["Nothing is known: spec.workers.atRiskIntervalMinutes is 0, so the operator lists nothing."]
    if failing := status.get("failingSince"):
        notes.append(f"Listings fail since {failing}: {status.get('message', '')}. The figures are older.")
    elif not status.get("asOf"):
        notes.append("Nothing is known: the operator hasn't listed Alluxio's namespace yet.")
    if above := status.get("aboveSince"):
        limit = workers.get("atRiskLimit", "its limit")
        notes.append(f"{status.get('worst', 'A worker')} is above spec.workers.atRiskLimit ({limit}) since {above}.")
    if in_bytes(str(status.get("unavailable", "0"))):
        notes.append(
            f"{status['unavailable']} of unpersisted data is on no worker that runs: lost, or back with its worker."
        )
    return notes
