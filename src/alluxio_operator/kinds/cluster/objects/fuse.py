"""Where FUSE mounts are, on the nodes and in their pods."""

from __future__ import annotations

from typing import Any

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.kinds.cluster.names import Names


def mount_path(spec: ClusterSpec, cluster: Names) -> str:
    """Return where the name space is mounted on each node."""
    return spec.fuse.mount_path or f"/mnt/alluxio/{cluster.namespace}/{cluster.cluster}/fuse"


def fuse_values(spec: ClusterSpec, cluster: Names) -> dict[str, Any]:
    """Return what the template of the FUSE pods places."""
    path = mount_path(spec, cluster)
    return {
        "enabled": spec.fuse.enabled,
        "mountPath": path,
        # Pods share the folder above: a mount made anew on the folder itself is seen by nobody who has that mounted.
        "folder": path.rsplit("/", 1)[0],
        "alluxioPath": spec.fuse.alluxio_path,
        "options": ",".join(spec.fuse.options),
    }
