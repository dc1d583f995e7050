"""Chooses the backup of a drill, or says why none can be rehearsed; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from alluxio_operator.backups.newest import newest_verified
from alluxio_operator.engine.parsing import from_pydantic
from alluxio_operator.kinds.cluster.clients import spec_of
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kinds.drill.validate import Drill
from alluxio_operator.kube.kinds import Object


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a drill can't go on: one word for programs, and a sentence with a remedy."""

    reason: str
    message: str


def cluster_problem(drill: Drill, observed: Observed) -> Refusal | None:
    """Return why the cluster can't have a drill; None if it can."""
    cluster, name = observed.cluster, drill.cluster
    if cluster is None:
        message = f"spec.clusterRef: there is no AlluxioCluster {name!r} in this namespace. Remedy: correct the name"
        return Refusal("ClusterMissing", message)
    if "deletionTimestamp" in cluster["metadata"]:
        return Refusal("ClusterMissing", f"AlluxioCluster {name} is being deleted")
    known = observed.status.cluster_uid
    if known and known != cluster["metadata"]["uid"]:
        return Refusal("ClusterMissing", f"AlluxioCluster {name} was deleted and created again since the drill began")
    try:
        spec_of(cluster)
    except ValidationError as error:
        problems = "; ".join(map(str, from_pydantic(error, "alluxiocluster")))
        return Refusal("ClusterInvalid", f"the spec of AlluxioCluster {name} can't be followed: {problems}")
    return None


def chosen_backup(drill: Drill, observed: Observed) -> Object | Refusal:
    """Return the backup to restore."""
    assert observed.cluster is not None  # noqa: S101 (for the type: cluster_problem comes first)
    uid, name = observed.cluster["metadata"]["uid"], drill.spec.backup_name
    if name is None:
        newest = newest_verified(observed.backups, uid)
        found = observed.backup(newest.name) if newest is not None else None
        if found is None:
            message = (
                f"AlluxioCluster {drill.cluster} has no verified backup: it could not be recovered. Remedy: take one "
                "with verify: Restore, or give the cluster a schedule in spec.backup"
            )
            return Refusal("NoVerifiedBackup", message)
        return found
    found = observed.backup(name)
    if found is None:
        message = f"spec.backupName: {name!r}: AlluxioCluster {drill.cluster} has no such backup. Remedy: {_LISTED}"
        return Refusal("BackupMissing", message)
    status: Mapping[str, Any] = found.get("status", {})
    if status.get("clusterUid") != uid:
        message = f"spec.backupName: {name!r} is of an earlier AlluxioCluster {drill.cluster}. Remedy: {_LISTED}"
        return Refusal("BackupMissing", message)
    if status.get("removing"):
        return Refusal("BackupMissing", f"spec.backupName: {name!r}: its files are being deleted. Remedy: {_LISTED}")
    if not status.get("verified") or not status.get("file") or not status.get("started"):
        message = f"spec.backupName: {name!r} was never restored as a test. Remedy: {_LISTED} with VERIFIED true"
        return Refusal("BackupUnverified", message)
    return found


_LISTED = "choose one that `kubectl get alluxiobackups` lists"
