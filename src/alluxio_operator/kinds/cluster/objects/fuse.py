"""Paths and options of the FUSE mounts."""

from __future__ import annotations

from typing import Any

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.kinds.cluster.names import Names


def mount_path(spec: ClusterSpec, cluster: Names) -> str:
    """Return the path of the mount on each node."""
    return spec.fuse.mount_path or f"/mnt/alluxio/{cluster.namespace}/{cluster.cluster}/fuse"


def fuse_values(spec: ClusterSpec, cluster: Names) -> dict[str, Any]:
    """Return the values for the template of the FUSE pods."""
    path = mount_path(spec, cluster)
    return {
        "enabled": spec.fuse.enabled,
        "mountPath": path,
        # Share the parent folder: a pod that mounts the mount point itself doesn't see a mount that is recreated.
        "folder": path.rsplit("/", 1)[0],
        "alluxioPath": spec.fuse.alluxio_path,
        "options": ",".join(spec.fuse.options),
    }
