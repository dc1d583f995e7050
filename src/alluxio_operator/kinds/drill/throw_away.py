"""Derives the throw-away cluster of a drill from the cluster: as similar as a restore needs, and unable to write; pure.

What keeps it from writing, in the order of strength:

1. The root mount is read-only: in pods' volume mounts, and in Alluxio, which refuses every write and delete below it.
2. The copy that it restores has read-only mounts without credentials, and no jobs (`backup_file.rewrite`).
3. It has no job service: nothing persists, copies, replicates or loads.
4. The checkers of its master, which run at once when it leads, run only once (`QUIET`).
5. After a restore that fails, its master writes no backup. That would pass the mount by: it goes straight to the UFS.

Read in the sources of 2.9.4: InodeTtlChecker, PersistenceScheduler, PersistenceChecker, UfsCleaner,
ObjectUnderFileSystem (no breadcrumbs below a read-only mount), the emergency backup of the master.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.children import MANAGED_BY
from alluxio_operator.engine.ownership import owner_reference
from alluxio_operator.kinds.drill.names import COPY, Names, copy_claim

RARELY: Final = "20d"
"""Interval that no drill reaches. Alluxio keeps some intervals in 31 bits of milliseconds, which is 24 days."""

QUIET: Final[Mapping[str, str]] = {
    # If something wrote a backup all the same: of a volume, this is a folder of the pod, and never one of the cluster.
    "alluxio.master.backup.directory": "/tmp/alluxio-drill-backups",  # noqa: S108 (a path in Alluxio's container)
    "alluxio.master.daily.backup.enabled": "false",
    "alluxio.master.journal.backup.when.corrupted": "false",
    # The names in the backup are what is to be compared with the UFS. A synchronisation would drop those it lacks.
    "alluxio.master.journal.sync.root.after.init.from.backup": "false",
    "alluxio.master.lost.worker.file.detection.interval": RARELY,
    "alluxio.master.periodic.block.integrity.check.interval": RARELY,
    "alluxio.master.persistence.checker.interval": RARELY,
    "alluxio.master.persistence.scheduler.interval": RARELY,
    "alluxio.master.replication.check.interval": RARELY,
    "alluxio.master.startup.block.integrity.check.enabled": "false",
    "alluxio.master.ttl.checker.interval": RARELY,
    "alluxio.master.ufs.active.sync.initial.sync.enabled": "false",
    "alluxio.master.ufs.active.sync.interval": RARELY,
    "alluxio.underfs.cleanup.enabled": "false",
    "alluxio.underfs.object.store.breadcrumbs.enabled": "false",
    "alluxio.user.file.metadata.sync.interval": "-1",
}
"""Properties of the throw-away cluster: nothing is synchronised with the UFS, and nothing is done there."""

DROPPED: Final = (
    "alluxio.job.",
    "alluxio.master.backup.",
    "alluxio.master.journal.init.",
    "alluxio.worker.tieredstore.",
)
"""Prefixes of properties of the cluster that the throw-away cluster doesn't take over."""

CACHE: Final = "64Mi"
"""Tier of the one worker. Files are read past the cache."""

JVM: Final[Mapping[str, str]] = {"heap": "256Mi", "directMemory": "128Mi"}
"""Memory of that worker: its reader holds some megabytes at a time."""

# Without podLabels: a Service of a user that selects by them would send clients of the cluster here. Without
# priorityClassName: a rehearsal must not evict pods of production.
_PLACEMENT: Final = ("nodeSelector", "tolerations", "podAnnotations")
_OF_USERS: Final = ("env", "volumes", "volumeMounts")
_SCRATCH: Final = ("emptyDir", "ephemeral")
"""Volumes of a pod that hold no data of others."""


def manifest(
    live: ClusterSpec, cluster: str, drill: Mapping[str, Any], names: Names, throw_away: str
) -> Mapping[str, Any]:
    """Return the throw-away AlluxioCluster, paused: the operator makes nothing of it until the copy is there."""
    meta = drill["metadata"]
    return {
        "apiVersion": API_VERSION,
        "kind": "AlluxioCluster",
        "metadata": {
            "name": throw_away,
            "namespace": names.namespace,
            # Not those of a child: nothing renders it again, and its own reconciler repairs what it makes.
            "labels": {"app.kubernetes.io/part-of": "alluxio-drill", "app.kubernetes.io/created-by": MANAGED_BY},
            "annotations": {"alluxio-operator.io/drill": f"throw-away cluster of AlluxioDrill {meta['name']}"},
            "ownerReferences": [owner_reference(KIND, meta["name"], meta["uid"])],
        },
        "spec": spec_of(live, cluster, names, throw_away),
    }


def spec_of(live: ClusterSpec, cluster: str, names: Names, throw_away: str) -> Mapping[str, Any]:
    """Return the spec of the throw-away cluster."""
    dumped: dict[str, Any] = live.model_dump(by_alias=True, mode="json", exclude_none=True)
    masters, workers = dumped["masters"], dumped["workers"]
    return {
        "version": dumped["version"],
        "image": dumped["image"],
        "rootMount": _root_mount(dumped["rootMount"], cluster),
        "properties": _properties(dumped["properties"]),
        "masters": {
            **_role(masters),
            "replicas": 1,
            "ports": masters["ports"],
            "jvm": _jvm(masters["jvm"]),
            "resources": masters["resources"],
            "journal": masters["journal"],
        },
        "workers": {
            **_role(workers),
            "workload": "StatefulSet",
            "replicas": 1,
            "ports": workers["ports"],
            "jvm": dict(JVM),
            # A quota of the namespace may demand it of every pod. The memory follows from the values here.
            "resources": _cpu(workers["resources"]),
            "tiers": [{"name": "MEM", "medium": "MEM", "quota": CACHE}],
        },
        "jobService": {"enabled": False},
        "logServer": {"enabled": False},
        "serviceAccountAnnotations": dumped["serviceAccountAnnotations"],
        "security": dumped["security"],
        "upgrade": {"waitForUfs": live.upgrade.wait_for_ufs},
        "access": {"enabled": True, "from": [{"podSelector": {"matchLabels": dict(names.instance_labels)}}]},
        "bootstrap": {"restore": {"volume": {"claimName": copy_claim(throw_away), "path": COPY}}},
        "deletionPolicy": "Delete",
        "paused": True,
    }


def _root_mount(mount: Mapping[str, Any], cluster: str) -> Mapping[str, Any]:
    volume = mount.get("volume")
    # Of a PVC that the operator made for the cluster, too: the throw-away cluster makes none.
    claimed = {"volume": {"claimName": volume.get("claimName") or f"{cluster}-ufs"}} if volume else {}
    return {**mount, **claimed, "readOnly": True}


def _properties(given: Mapping[str, str]) -> Mapping[str, str]:
    return {**{key: value for key, value in given.items() if not key.startswith(DROPPED)}, **QUIET}


def _role(role: Mapping[str, Any]) -> dict[str, Any]:
    """Return what pods need to be placed and to reach the UFS. Users' volumes can't be written."""
    scratch = {one["name"] for one in role["volumes"] if any(kind in one for kind in _SCRATCH)}
    kept = {key: role[key] for key in (*_PLACEMENT, *_OF_USERS) if key in role}
    mounts = [one if one["name"] in scratch else {**one, "readOnly": True} for one in role["volumeMounts"]]
    return {**kept, "volumeMounts": mounts, "properties": _properties(role["properties"])}


def _cpu(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        kind: {"cpu": amounts["cpu"]}
        for kind in ("requests", "limits")
        if (amounts := given.get(kind)) and amounts.get("cpu")
    }


def _jvm(given: Mapping[str, Any]) -> Mapping[str, Any]:
    # Such an option would win over every properties file.
    options = [one for one in given["options"] if not one.startswith("-Dalluxio.")]
    return {**given, "options": options}
