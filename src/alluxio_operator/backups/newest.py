"""Finds the newest verified backup of a cluster; pure."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.api.backups import VerifiedBackup
from alluxio_operator.kube.kinds import Object


def newest_verified(backups: Iterable[Object], uid: str) -> VerifiedBackup | None:
    """Return the newest verified backup of the cluster with a uid; None if it has none."""
    of_cluster = [one for one in backups if one.get("status", {}).get("clusterUid") == uid]
    # The files of one that is being removed may be gone.
    kept = [one for one in of_cluster if not one["status"].get("removing")]
    verified = [one for one in kept if one["status"].get("verified") and one["status"].get("started")]
    if not verified:
        return None
    newest = max(verified, key=lambda one: (str(one["status"]["started"]), str(one["metadata"]["name"])))
    status = newest["status"]
    file, restored = status.get("file") or {}, status.get("restored") or {}
    return VerifiedBackup(
        name=newest["metadata"]["name"],
        taken=status["started"],
        entries=int(file.get("entries", 0)),
        bytes=int(file.get("bytes", 0)),
        restore_seconds=int(restored.get("seconds", 0)),
    )
