"""Computes the values for the templates: the Jobs, their configuration, and their NetworkPolicy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import javaproperties

from alluxio_operator.api.alluxiobackup import KIND, BackupRun
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.status import JobRun
from alluxio_operator.backup_file.result import REFUSED
from alluxio_operator.engine.jobs import job_spec
from alluxio_operator.engine.ownership import owner_reference
from alluxio_operator.kinds.backup import policies
from alluxio_operator.kinds.backup.names import REMOVE, VERIFY
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.validate import Backup
from alluxio_operator.kinds.cluster.clients import client_config_map, image_of, pod_selector, spec_of
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.memory import METASPACE, MI, OVERHEAD, Division, accepted
from alluxio_operator.workloads.own_jobs import (
    CHECK_MEMORY,
    FETCH_HEAP,
    FETCH_MEMORY,
    bucket_arguments,
    images,
    keys,
    pod_of,
    port_of,
    resources_of,
)

WORK: Final = "/work"
"""Folder that the containers of a pod share."""
VOLUME: Final = "/backups"
"""Mount path of the volume that keeps the backup."""

DEFAULT_HEAP: Final = 512 * MI

WORK_BASE: Final = 256 * MI
WORK_PER_ENTRY: Final = 1024
"""Bytes on the node's disk that a pod requests: for logs, and for each journal entry.

An entry is in the fetched file, in the copy that is restored, in the bucket's copy, and in the journal and the
metastore of the master that restores it.
"""
WORK_LIMIT: Final = (4 * 1024 * MI, 4)
"""Most bytes of the shared folder: at least so many, and so many times the request. More ends the pod."""
DEFAULT_DIRECT: Final = 64 * MI

MASTER_PROPERTIES: Final[Mapping[str, str]] = {
    "alluxio.master.hostname": "localhost",
    "alluxio.master.embedded.journal.addresses": "localhost:19200",
    "alluxio.master.journal.type": "EMBEDDED",
    "alluxio.master.journal.folder": f"{WORK}/journal",
    # A restore that fails would make it write a backup of nothing, with a marker of a complete one (run on 2.9.4).
    "alluxio.master.journal.backup.when.corrupted": "false",
    "alluxio.master.journal.sync.root.after.init.from.backup": "false",
    "alluxio.master.metastore.dir": f"{WORK}/metastore",
    # Empty: Alluxio doesn't journal the root mount, so the restored master has no access to the cluster's storage.
    "alluxio.master.mount.table.root.ufs": f"{WORK}/root",
    "alluxio.master.startup.block.integrity.check.enabled": "false",
    "alluxio.master.update.check.enabled": "false",
    # No worker will come.
    "alluxio.master.worker.connect.wait.time": "1s",
    "alluxio.web.ui.enabled": "false",
}
"""Properties of the master that restores a backup as a test; read in the property list of 2.9.4."""


def context_of(
    backup: Backup, observed: Observed, run: BackupRun | None, job: JobRun | None, *, removes: bool
) -> dict[str, Any]:
    """Return the values for all templates; `job` is the Job to render, or None."""
    names = backup.names
    cluster = observed.cluster or (_lost_cluster(backup) if removes else None)
    shared: dict[str, Any] = {
        "name": names.owner,
        "namespace": names.namespace,
        "owner": owner_reference(KIND, observed.resource["metadata"]["name"], observed.resource["metadata"]["uid"]),
        "labels": {component: dict(names.labels(component)) for component in (VERIFY, REMOVE)},
        "jobs": [],
        "access": None,
    }
    if job is None or cluster is None or (run is None and not removes):
        return shared
    spec = spec_of(cluster)
    bucket = backup.spec.destination.s3
    component = REMOVE if removes else VERIFY
    policy = policies.REMOVAL if removes else policies.VERIFICATION
    return {
        **shared,
        **_images(cluster, spec, observed),
        "access": {
            "name": names.access,
            "pods": dict(names.instance_labels),
            "cluster": dict(pod_selector(cluster)),
            "port": port_of(bucket.endpoint) if bucket else None,
            "identity": bucket is not None and bucket.credentials is None,
        },
        "jobs": [
            {
                "name": job.name,
                "component": component,
                "spec": job_spec(policy),
                "pod": pod_of(spec.masters, names.labels(component)),
                "restores": not removes and backup.spec.verify == "Restore",
                "resources": _resources(cluster, spec, run.entries if run is not None else 0),
                "workLimit": str(_work_limit(run.entries if run is not None else 0)),
                "volume": _volume(backup, observed),
                "bucket": _bucket(backup, observed),
                **(_fetched(backup, observed, run, cluster) if run is not None and not removes else {}),
            }
        ],
        "refused": REFUSED,
    }


def _lost_cluster(backup: Backup) -> Object:
    """Return a cluster of defaults: the files of a backup also go after its cluster is gone."""
    meta = {"name": "default", "namespace": backup.names.namespace}
    return {"metadata": meta, "spec": {"rootMount": {}}}


def _images(cluster: Object, spec: ClusterSpec, observed: Observed) -> dict[str, Any]:
    shared = images(image_of(cluster), observed.image, spec.security, cluster["metadata"]["name"])
    # The version that wrote the file has to be able to read it: before an upgrade, that of the way back.
    return {**shared, "image": observed.status.image or shared["image"]}


def _resources(cluster: Object, spec: ClusterSpec, entries: int) -> dict[str, Any]:
    """Return the resources of each container: the CPU of a master, memory by what each does, and room on the disk.

    The container that fetches the file requests the room for all: a pod requests the most of its init containers, for
    as long as it runs.
    """
    memory = {"fetch": FETCH_MEMORY, "check": CHECK_MEMORY, "master": _memory(cluster).limit}
    resources = {name: resources_of(spec.masters, count) for name, count in memory.items()}
    resources["fetch"]["requests"]["ephemeral-storage"] = str(_work(entries))
    return resources


def _work(entries: int) -> int:
    return WORK_BASE + entries * WORK_PER_ENTRY


def _work_limit(entries: int) -> int:
    least, times = WORK_LIMIT
    return max(least, times * _work(entries))


def _memory(cluster: Object) -> Division:
    """Return the memory of the master that restores: that of the cluster's masters, since it holds the same names."""
    known = accepted(cluster).get("master")
    heap, direct = (known.heap, known.direct) if known else (DEFAULT_HEAP, DEFAULT_DIRECT)
    overhead = known.overhead if known else OVERHEAD
    limit = known.limit if known else heap + direct + overhead
    return Division("master", heap, direct, overhead, 0, limit, limit)


def _volume(backup: Backup, observed: Observed) -> dict[str, Any] | None:
    volume = backup.spec.destination.volume
    if volume is None:
        return None
    return {
        "claim": volume.claim_name,
        "folder": f"{VOLUME}/{backup.exported_folder(observed.status.cluster_uid)}",
        "file": backup.exported_file,
        "path": VOLUME,
    }


def _bucket(backup: Backup, observed: Observed) -> dict[str, Any] | None:
    bucket = backup.spec.destination.s3
    if bucket is None:
        return None
    key = f"{backup.exported_folder(observed.status.cluster_uid)}/{backup.exported_file}"
    arguments = bucket_arguments(bucket.bucket, bucket.region, bucket.endpoint, path_style=bucket.path_style)
    return {
        "arguments": ["--key", key, *arguments],
        "file": f"{WORK}/{backup.exported_file}",
        "port": port_of(bucket.endpoint),
        "env": keys(bucket.credentials),
    }


def _fetched(backup: Backup, observed: Observed, run: BackupRun, cluster: Object) -> dict[str, Any]:
    file = PurePosixPath(run.uri).name
    volume, bucket = _volume(backup, observed), _bucket(backup, observed)
    clean = f"{volume['folder']}/{volume['file']}" if volume else bucket["file"] if bucket else ""
    # Through the mounts of the kept file, the master could delete expired files in the storage of the live cluster.
    trial = f"{WORK}/trial.gz" if backup.spec.verify == "Restore" else ""
    properties = {**MASTER_PROPERTIES, "alluxio.master.journal.init.from.backup": trial}
    return {
        "clientConfigMap": client_config_map(cluster["metadata"]["name"]),
        "clientOptions": f"-Xmx{FETCH_HEAP} -XX:MaxMetaspaceSize={METASPACE} -XX:+UseSerialGC",
        "folder": f"/{backup.folder(observed.status.cluster_uid)}",
        "file": f"{WORK}/in/{file}",
        "clean": clean,
        "trial": trial,
        "entries": run.entries,
        "work": WORK,
        "masterOptions": " ".join((*_memory(cluster).jvm_flags, "-Dalluxio.logger.type=Console")),
        "siteProperties": javaproperties.dumps(properties, timestamp=False),
    }
