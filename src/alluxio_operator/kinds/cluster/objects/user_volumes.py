"""Finds user volumes and mounts that conflict with the operator's own, or that refer to no volume."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.roles import Placement, Volume
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.objects.tiers import SOCKET_FOLDER, TIER_FOLDER
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.workloads.user_volumes import meet

OWN_VOLUMES: Final = frozenset({"fuse", "hadoop", "journal", "logs", "permission", "scratch", "sockets", "ufs"})
"""Names of the operator's volumes, except those of tiers (tier-...) and of configuration (...-conf, ...-site)."""

OWN_MOUNTS: Final = (
    "/etc/alluxio",
    "/etc/hadoop",
    "/journal",
    "/opt/alluxio/conf",
    "/opt/alluxio/logs",
    "/opt/alluxio/metastore",
    "/tmp",  # noqa: S108 (a mount, not a file)
    SOCKET_FOLDER,
    TIER_FOLDER,
)
"""Paths of the operator's mounts, except the root mount and the FUSE mount."""


def problems(spec: ClusterSpec) -> Iterable[Problem]:
    """Yield the volumes and mounts that conflict with the operator's own, and mounts of unknown volumes."""
    reserved = (*OWN_MOUNTS, *([spec.root_mount.path] if spec.root_mount.path else []))
    for role, one in processes(spec).items():
        # A job worker is a container of the worker's pod.
        pod, path = (spec.workers, "spec.workers") if role == names.JOB_WORKER else (one.process, one.path)
        volumes: tuple[Volume, ...] = pod.volumes if isinstance(pod, Placement) else ()
        if path == one.path:
            yield from _reserved_names(path, volumes)
        known = {volume.name for volume in volumes}
        for mount in one.process.volume_mounts:
            if mount.name not in known:
                yield Problem(
                    field=f"{one.path}.volumeMounts[{mount.mount_path}].name",
                    value=mount.name,
                    message="names no volume",
                    remedy=f"use the name of one of {path}.volumes, or add the volume there",
                )
            conflict = next((other for other in reserved if meet(mount.mount_path, other)), None)
            if conflict:
                yield Problem(
                    field=f"{one.path}.volumeMounts[{mount.mount_path}].mountPath",
                    value=mount.mount_path,
                    message=f"overlaps {conflict}, where the container has a volume of the operator",
                    remedy="choose a path outside of it",
                )


def _reserved_names(path: str, volumes: Iterable[Volume]) -> Iterable[Problem]:
    for volume in volumes:
        if volume.name in OWN_VOLUMES or volume.name.startswith("tier-") or volume.name.endswith(("-conf", "-site")):
            yield Problem(
                field=f"{path}.volumes[{volume.name}].name",
                value=volume.name,
                message="is the name of one of the operator's own volumes",
                remedy="choose another name",
            )
