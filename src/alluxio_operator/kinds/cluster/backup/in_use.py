"""Finds the AlluxioBackups that a drill or a restore which hasn't ended names, so that no rule removes them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from alluxio_operator.kube.kinds import Object

RESTORED: Final = "Restored"
IN_PLACE_ENDED: Final = frozenset({RESTORED, "WentBack", "Cancelled"})
"""States of a restore in place that needs its backup no longer. One that failed may still be repeated."""


def backups_in_use(drills: Iterable[Object], clusters: Iterable[Object]) -> frozenset[str]:
    """Return the names of the backups that drills and clusters of a namespace still need."""
    of_drills = (name for one in drills for name in _of_drill(one))
    of_clusters = (name for one in clusters for name in _of_cluster(one))
    return frozenset(name for name in (*of_drills, *of_clusters) if name)


def _of_drill(drill: Object) -> Iterable[str]:
    spec, status = _part(drill, "spec"), _part(drill, "status")
    if status.get("finished") or status.get("phase") == "Invalid":
        return
    yield str(spec.get("backupName") or "")
    yield str(status.get("backup") or "")


def _of_cluster(cluster: Object) -> Iterable[str]:
    spec, status = _part(cluster, "spec"), _part(cluster, "status")
    if _part(status, "journal").get("state") != "Initialized" and _part(status, "restore").get("state") != RESTORED:
        yield str(_part(_part(spec, "bootstrap"), "restore").get("backupName") or "")
    known = _part(status, "restoreInPlace")
    wanted = str(_part(spec, "restoreInPlace").get("backupName") or "")
    ended = known.get("state") in IN_PLACE_ENDED
    if known and not ended:
        yield str(known.get("backup") or "")
    if not (ended and known.get("backup") == wanted):
        yield wanted


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = of.get(name) or {}
    return found
