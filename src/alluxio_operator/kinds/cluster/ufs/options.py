"""How Alluxio reaches what lies below its root: mount options, credentials that only pods ever see, Hadoop's files.

The operator reads no Secret. What is in one comes into a container as an environment variable by `secretKeyRef`: for S3
that is what its client looks for, anything else is written into a file in memory by an init container.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.ufs import DataKey, RootMount
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names

ROOT_OPTION: Final = "alluxio.master.mount.table.root.option."
"""What begins so in a master's site file is an option of the root mount. Masters read it at each start, as the root is
never written into the journal; workers ask their master for it (run on 2.9.4)."""

ROLES: Final = frozenset({names.MASTER, names.WORKER, names.JOB_WORKER})
"""The processes that open the UFS; a job master only plans what its workers do."""

HADOOP_FOLDER: Final = "/etc/hadoop"
HADOOP_FILES: Final = ("core-site.xml", "hdfs-site.xml")

ACCESS_KEY_ID: Final = "AWS_ACCESS_KEY_ID"
SECRET_ACCESS_KEY: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 (the name of a variable)
HADOOP_USER: Final = "HADOOP_USER_NAME"


def options(mount: RootMount) -> Mapping[str, str]:
    """Return the options of the root mount that are no secret, by their own names."""
    return {**_from_fields(mount), **mount.options}


def site_properties(mount: RootMount) -> dict[str, str]:
    """Return the properties by which a master mounts its root."""
    return {
        "alluxio.master.mount.table.root.ufs": mount.uri,
        **{f"{ROOT_OPTION}{name}": value for name, value in options(mount).items()},
    }


def _from_fields(mount: RootMount) -> dict[str, str]:
    found: dict[str, str] = {}
    if mount.s3:
        if mount.s3.endpoint:
            found["alluxio.underfs.s3.endpoint"] = mount.s3.endpoint
            # Its default asks the bucket for its owner at each listing, which few compatible services answer.
            if "alluxio.underfs.s3.inherit.acl" not in mount.options:
                found["alluxio.underfs.s3.inherit.acl"] = "false"
        if mount.s3.region:
            found["alluxio.underfs.s3.region"] = mount.s3.region
            # With an endpoint the client looks here and nowhere else.
            found["alluxio.underfs.s3.endpoint.region"] = mount.s3.region
        if mount.s3.path_style:
            found["alluxio.underfs.s3.disable.dns.buckets"] = "true"
    if mount.hdfs and mount.hdfs.config_from:
        found["alluxio.underfs.hdfs.configuration"] = ":".join(f"{HADOOP_FOLDER}/{name}" for name in HADOOP_FILES)
    return found


def environment(mount: RootMount, role: str) -> list[dict[str, Any]]:
    """Return the variables with which a process of `role` reaches the UFS."""
    found: list[dict[str, Any]] = []
    if role not in ROLES:
        return found
    if mount.s3 and mount.s3.credentials:
        given = mount.s3.credentials
        found.append(_variable(ACCESS_KEY_ID, "secretKeyRef", given.secret_name, given.access_key_id_key))
        found.append(_variable(SECRET_ACCESS_KEY, "secretKeyRef", given.secret_name, given.secret_access_key_key))
    if mount.hdfs and mount.hdfs.user:
        found.append({"name": HADOOP_USER, "value": mount.hdfs.user})
    return found


def secret_options(mount: RootMount, role: str) -> list[dict[str, Any]]:
    """Return the variables of the init container that writes them, each with its property; for masters alone."""
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

    By variables and not as a volume: for a variable the kubelet says which object or key is missing, and goes on as
    soon as it is there; a volume keeps a pod waiting without a word in its status.
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
    """Yield the options that contradict fields of their own."""
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
        message="is said by a field of its own already",
        remedy="remove it, or what spec.rootMount.s3 or spec.rootMount.hdfs says of it",
    )
