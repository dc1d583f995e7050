"""Derives how Alluxio reaches the UFS of the root mount: mount options, credentials, Hadoop's configuration files.

The operator reads no Secret. A container gets the content of a Secret as an environment variable by `secretKeyRef`. The
S3 client reads such variables; for everything else, an init container writes them into a file in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.ufs import DataKey, RootMount
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names

ROOT_OPTION: Final = "alluxio.master.mount.table.root.option."
"""Prefix of the root mount's options in a master's site file.

Masters read the options at each start, since the root mount is never in the journal. Workers get them from their master
(run on 2.9.4).
"""

READ_ONLY: Final = "alluxio.master.mount.table.root.readonly"
"""Property with which masters reject every write below the root, also of files that stay in Alluxio (run on 2.9.4)."""

ROLES: Final = frozenset({names.MASTER, names.WORKER, names.JOB_WORKER})
"""The processes that open the UFS; a job master only plans the work of job workers."""

HADOOP_FOLDER: Final = "/etc/hadoop"
HADOOP_FILES: Final = ("core-site.xml", "hdfs-site.xml")

ACCESS_KEY_ID: Final = "AWS_ACCESS_KEY_ID"
SECRET_ACCESS_KEY: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 (the name of a variable)
HADOOP_USER: Final = "HADOOP_USER_NAME"


def options(mount: RootMount) -> Mapping[str, str]:
    """Return the options of the root mount that aren't secret, by name."""
    return {**_from_fields(mount), **mount.options}


def site_properties(mount: RootMount) -> dict[str, str]:
    """Return the properties with which a master mounts its root."""
    return {
        "alluxio.master.mount.table.root.ufs": mount.uri,
        **({READ_ONLY: "true"} if mount.read_only else {}),
        **{f"{ROOT_OPTION}{name}": value for name, value in options(mount).items()},
    }


def _from_fields(mount: RootMount) -> dict[str, str]:
    values: dict[str, str] = {}
    if mount.s3:
        if mount.s3.endpoint:
            values["alluxio.underfs.s3.endpoint"] = mount.s3.endpoint
            # By default, each listing asks for the bucket's owner, which few S3-compatible services answer.
            if "alluxio.underfs.s3.inherit.acl" not in mount.options:
                values["alluxio.underfs.s3.inherit.acl"] = "false"
        if mount.s3.region:
            values["alluxio.underfs.s3.region"] = mount.s3.region
            # With an endpoint, the client reads the region only from here.
            values["alluxio.underfs.s3.endpoint.region"] = mount.s3.region
        if mount.s3.path_style:
            values["alluxio.underfs.s3.disable.dns.buckets"] = "true"
    if mount.hdfs and mount.hdfs.config_from:
        values["alluxio.underfs.hdfs.configuration"] = ":".join(f"{HADOOP_FOLDER}/{name}" for name in HADOOP_FILES)
    return values


def environment(mount: RootMount, role: str) -> list[dict[str, Any]]:
    """Return the variables with which a process of `role` reaches the UFS."""
    entries: list[dict[str, Any]] = []
    if role not in ROLES:
        return entries
    if mount.s3 and mount.s3.credentials:
        given = mount.s3.credentials
        entries.append(_variable(ACCESS_KEY_ID, "secretKeyRef", given.secret_name, given.access_key_id_key))
        entries.append(_variable(SECRET_ACCESS_KEY, "secretKeyRef", given.secret_name, given.secret_access_key_key))
    if mount.hdfs and mount.hdfs.user:
        entries.append({"name": HADOOP_USER, "value": mount.hdfs.user})
    return entries


def secret_options(mount: RootMount, role: str) -> list[dict[str, Any]]:
    """Return the variables for the init container that writes the site file, each with its property; masters only."""
    if role != names.MASTER:
        return []
    return [
        {
            "property": f"{ROOT_OPTION}{option.name}",
            "variable": _variable(
                f"OPTION_{number}", "secretKeyRef", option.secret_key_ref.name, option.secret_key_ref.key
            ),
        }
        for number, option in enumerate(mount.options_from, start=1)
    ]


def hadoop_files(mount: RootMount, role: str) -> list[dict[str, Any]]:
    """Return Hadoop's files, each with the variable of the init container that writes it.

    Variables are better than a volume here: for a variable, the kubelet reports in the pod's status which object or key
    is missing, and starts the pod as soon as it exists. With a volume, the pod waits and its status gives no reason.
    """
    if role not in ROLES or mount.hdfs is None or mount.hdfs.config_from is None:
        return []
    source = mount.hdfs.config_from
    kind = "secretKeyRef" if source.secret_name else "configMapKeyRef"
    name = source.secret_name or source.config_map_name or ""
    return [
        {"file": file, "variable": _variable(f"FILE_{number}", kind, name, file)}
        for number, file in enumerate(HADOOP_FILES, start=1)
    ]


def _variable(name: str, kind: str, source: str, key: DataKey) -> dict[str, Any]:
    return {"name": name, "valueFrom": {kind: {"name": source, "key": key}}}


def variables(mount: RootMount) -> frozenset[str]:
    """Return the names of the variables that the operator sets for this mount."""
    return frozenset(variable["name"] for role in ROLES for variable in environment(mount, role))


def problems(spec: ClusterSpec) -> Iterable[Problem]:
    """Yield the options that duplicate another field of the root mount."""
    mount = spec.root_mount
    from_fields = set(_from_fields(mount))
    if mount.s3 and mount.s3.credentials:
        from_fields |= {"s3a.accessKeyId", "s3a.secretKey"}
    for name in sorted(from_fields & mount.options.keys()):
        yield _twice(f"spec.rootMount.options[{name}]", mount.options[name])
    for name in sorted(from_fields & {option.name for option in mount.options_from}):
        yield _twice(f"spec.rootMount.optionsFrom[{name}]", "")


def _twice(field: str, value: str) -> Problem:
    return Problem(
        field=field,
        value=value,
        message="duplicates a field of spec.rootMount.s3 or spec.rootMount.hdfs",
        remedy="remove one of the two",
    )
