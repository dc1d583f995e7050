"""Computes the values for the templates: the Jobs, their NetworkPolicy, and the PVC of the copy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from alluxio_operator.api.alluxiobackup import BackupSpec
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.api.base import in_binary, in_bytes
from alluxio_operator.api.status import JobRun
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.backup_file.result import REFUSED
from alluxio_operator.engine.jobs import job_spec
from alluxio_operator.engine.ownership import owner_reference
from alluxio_operator.kinds.cluster.clients import (
    client_config_map,
    first_addresses,
    image_of,
    leader_address,
    pod_selector,
    spec_of,
)
from alluxio_operator.kinds.drill import restoring
from alluxio_operator.kinds.drill.names import COPY, PREPARE, READ, copy_claim
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kinds.drill.validate import Drill
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.memory import METASPACE, MI
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
"""Folder of a pod for the fetched file."""
SOURCE: Final = "/source"
"""Mount path of the volume that has the backup."""
TARGET: Final = "/copy"
"""Mount path of the volume for the copy."""

READ_MEMORY: Final = 384 * MI
READ_PER_FILE: Final = 4 * 1024
"""Of the program that lists and reads: 10,000 files of a list come at once, and each file of the sample is kept."""
SMALLEST_COPY: Final = 64 * MI

WORK_BASE: Final = 256 * MI
WORK_TIMES: Final = 4
"""Room on the node's disk: for logs, and several times the file, which is fetched and written in its clean form."""
WORK_LIMIT: Final = (4 * 1024 * MI, 4)
"""Most bytes of that folder: at least so many, and so many times the request. More ends the pod."""

S3: Final = "s3"

NOWHERE: Final[Mapping[str, Any]] = {
    "claim": None, "alluxio": None, "bucket": None, "file": "", "port": None, "identity": False
}  # fmt: skip
"""A source of the copy before it is known: in a PVC, below a folder of Alluxio, or in a bucket."""


def context_of(
    drill: Drill, observed: Observed, *, prepare: JobRun | None = None, read: JobRun | None = None
) -> dict[str, Any]:
    """Return the values for all templates; `prepare` or `read` is the Job to render, if any."""
    names, cluster, own = drill.names, observed.cluster, observed.own
    shared: dict[str, Any] = {
        "name": names.owner,
        "namespace": names.namespace,
        "owner": owner_reference(KIND, observed.resource["metadata"]["name"], observed.resource["metadata"]["uid"]),
        "labels": {component: dict(names.labels(component)) for component in (PREPARE, READ)},
        "access": None,
        "copy": None,
        "prepare": None,
        "read": None,
        "refused": REFUSED,
    }
    run = prepare or read
    if run is None or cluster is None or own is None:
        return shared
    spec = spec_of(cluster)
    backup = observed.backup(observed.status.backup)
    component = PREPARE if prepare is not None else READ
    job: dict[str, Any] = {
        "name": run.name,
        "component": component,
        "spec": job_spec(restoring.policy(drill)),
        # A rehearsal must not evict pods of production.
        "pod": {**pod_of(spec.masters, names.labels(component)), "priorityClassName": None},
    }
    source = _source(backup, spec, cluster) if prepare is not None and backup is not None else None
    ports = _ports(source, spec.root_mount, reads=read is not None)
    return {
        **shared,
        # Not the cluster's spec, which may name an image that doesn't exist.
        **images(image_of(own), observed.image, spec.security, cluster["metadata"]["name"]),
        "access": {
            "name": names.access,
            "pods": dict(names.instance_labels),
            "clusters": [dict(pod_selector(one)) for one in (cluster, own)],
            **ports,
        },
        "copy": _copy(own, spec, backup) if backup is not None else None,
        "prepare": {**job, **_prepared(spec, source, backup)} if source is not None and backup is not None else None,
        "read": {**job, **_read(drill, spec, cluster, own)} if read is not None else None,
    }


def _copy(own: Object, spec: ClusterSpec, backup: Object) -> dict[str, Any]:
    """Return the PVC of the copy. The throw-away cluster owns it, so that it goes with it."""
    # The copy has gzip's lowest level, and the file its default; and a file system has its own needs.
    needed = max(2 * int(backup["status"]["file"]["bytes"]) + SMALLEST_COPY, SMALLEST_COPY)
    return {
        "name": copy_claim(own["metadata"]["name"]),
        "owner": owner_reference(CLUSTER, own["metadata"]["name"], own["metadata"]["uid"]),
        "size": in_binary(-(-needed // MI) * MI),
        "storageClass": spec.masters.journal.storage.storage_class_name,
    }


def _source(backup: Object, spec: ClusterSpec, cluster: Object) -> dict[str, Any]:
    """Return where the file is: in a volume, in a bucket, or in a storage that only Alluxio reads."""
    destination = BackupSpec.model_validate(backup["spec"]).destination
    location, mount = str(backup["status"]["file"]["location"]), spec.root_mount
    if destination.volume is not None:
        claim, _, below = location.partition(":")
        return {**NOWHERE, "claim": claim, "file": f"{SOURCE}/{below}"}
    if destination.s3 is not None:
        given = destination.s3
        arguments = bucket_arguments(given.bucket, given.region, given.endpoint, path_style=given.path_style)
        key = urlsplit(location).path.lstrip("/")
        return _in_bucket(key, arguments, given.endpoint, keys(given.credentials), identity=given.credentials is None)
    path = PurePosixPath(urlsplit(location).path)
    if mount.path is not None and mount.volume is not None:
        claim = mount.volume.claim_name or f"{cluster['metadata']['name']}-ufs"
        return {**NOWHERE, "claim": claim, "file": f"{SOURCE}/{path.relative_to(mount.path)}"}
    if readable := bucket_of(mount):
        arguments, env = readable
        endpoint = mount.s3.endpoint if mount.s3 else None
        return _in_bucket(str(path).lstrip("/"), arguments, endpoint, env, identity=not env)
    inside = path.relative_to(urlsplit(mount.uri).path or "/")
    return {**NOWHERE, "alluxio": f"/{inside.parent}", "file": f"{WORK}/in/{path.name}"}


def _in_bucket(
    key: str, arguments: list[str], endpoint: str | None, env: list[dict[str, Any]], *, identity: bool
) -> dict[str, Any]:
    return {
        **NOWHERE,
        "bucket": {"arguments": ["--key", key, *arguments], "env": env},
        "file": f"{WORK}/backup.gz",
        "port": port_of(endpoint),
        "identity": identity,
    }


def bucket_of(mount: RootMount) -> tuple[list[str], list[dict[str, Any]]] | None:
    """Return arguments and variables with which the bucket of a root mount is read without Alluxio; None if it can't.

    Options in Secrets, and those of Alluxio's own client, may be what gives access.
    """
    if not mount.uri.startswith(f"{S3}://") or mount.options_from:
        return None
    given = mount.s3
    bucket = urlsplit(mount.uri).netloc
    if given is None or not (given.endpoint or given.region):
        # Alluxio's client finds the region of a bucket of AWS.
        return None
    arguments = bucket_arguments(bucket, given.region, given.endpoint, path_style=given.path_style)
    return arguments, keys(given.credentials)


def _ports(source: Mapping[str, Any] | None, mount: RootMount, *, reads: bool) -> dict[str, Any]:
    if source is not None:
        return {"port": source["port"], "identity": source["identity"]}
    readable = bucket_of(mount) if reads else None
    if readable is None:
        return {"port": None, "identity": False}
    return {"port": port_of(mount.s3.endpoint if mount.s3 else None), "identity": not readable[1]}


def _prepared(spec: ClusterSpec, source: Mapping[str, Any], backup: Object) -> dict[str, Any]:
    cluster, file = str(backup["spec"]["clusterRef"]["name"]), backup["status"]["file"]
    work, (least, times) = WORK_BASE + WORK_TIMES * int(file["bytes"]), WORK_LIMIT
    check = resources_of(spec.masters, CHECK_MEMORY)
    check["requests"]["ephemeral-storage"] = str(work)
    return {
        "source": source,
        "workLimit": str(max(least, times * work)),
        "sourceMount": SOURCE,
        "work": WORK,
        "target": TARGET,
        "copyFile": f"{TARGET}/{COPY}",
        "clean": f"{WORK}/clean.gz",
        "entries": int(file["entries"]),
        "folder": source["alluxio"],
        "clientConfigMap": client_config_map(cluster),
        "clientOptions": f"-Xmx{FETCH_HEAP} -XX:MaxMetaspaceSize={METASPACE} -XX:+UseSerialGC",
        "resources": {
            "fetch": resources_of(spec.masters, FETCH_MEMORY),
            "check": check,
        },
    }


def _read(drill: Drill, spec: ClusterSpec, cluster: Object, own: Object) -> dict[str, Any]:
    mount, sample = spec.root_mount, drill.spec.sample
    master, worker = first_addresses(own)
    live = leader_address(cluster)
    readable = bucket_of(mount)
    arguments = [
        *("--master", master, "--worker", worker),
        *(("--live", live) if live else ()),
        *("--files", str(sample.files), "--bytes", str(in_bytes(sample.bytes))),
        *("--seed", drill.uid, "--seconds", str(drill.spec.timeout_seconds)),
        *(("--volume",) if mount.path is not None else ()),
        *(readable[0] if readable else ()),
    ]
    volume = mount.volume
    claim = volume and (volume.claim_name or f"{cluster['metadata']['name']}-ufs")
    return {
        "arguments": arguments,
        "env": readable[1] if readable else [],
        "claim": claim,
        "path": mount.path,
        "resources": {"check": resources_of(spec.masters, READ_MEMORY + sample.files * READ_PER_FILE)},
    }
