"""What a user adds to the pods of a role: volumes, mounts and how pods are spread; and where that would meet ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.roles import Placement, Process, Volume
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.objects.tiers import SOCKET_FOLDER, TIER_FOLDER
from alluxio_operator.kinds.cluster.roles import processes

OWN_VOLUMES: Final = frozenset({"fuse", "hadoop", "journal", "logs", "permission", "scratch", "sockets", "ufs"})
"""Names of the operator's volumes, beside those of tiers (tier-...) and of configuration (...-conf, ...-site)."""

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
"""Where the operator's volumes are mounted, beside the root mount and the FUSE mount."""

SPREAD_OVER_NODES: Final = {
    "topologyKey": "kubernetes.io/hostname",
    "maxSkew": 1,
    "whenUnsatisfiable": "ScheduleAnyway",
}
"""Softly, since a worker on a node that has one already is better than none."""


def volumes_of(role: Placement) -> list[dict[str, Any]]:
    """Return a role's own volumes as the pod has them."""
    return [volume.model_dump(by_alias=True, mode="json", exclude_none=True) for volume in role.volumes]


def mounts_of(process: Process) -> list[dict[str, Any]]:
    """Return a process's own mounts as its container has them."""
    return [mount.model_dump(by_alias=True, mode="json", exclude_none=True) for mount in process.volume_mounts]


def spread_of(role: Placement, selector: Mapping[str, str], *, over_nodes: bool) -> list[dict[str, Any]]:
    """Return how the pods of a role are spread: as the user says, else `over_nodes` where that is possible."""
    given: Sequence[dict[str, Any]] = [
        constraint.model_dump(by_alias=True, mode="json", exclude_none=True)
        for constraint in role.topology_spread_constraints
    ]
    if not given and over_nodes:
        given = [dict(SPREAD_OVER_NODES)]
    # Kubernetes takes a missing selector for one that matches no pod, which is never meant.
    return [{"labelSelector": {"matchLabels": dict(selector)}, **constraint} for constraint in given]


def problems(spec: ClusterSpec) -> Iterable[Problem]:
    """Yield the volumes and mounts that meet the operator's own, and mounts of volumes that aren't there."""
    taken = (*OWN_MOUNTS, *([spec.root_mount.path] if spec.root_mount.path else []))
    for role, one in processes(spec).items():
        # A job worker is a container in the worker's pod.
        pod, path = (spec.workers, "spec.workers") if role == names.JOB_WORKER else (one.process, one.path)
        volumes: tuple[Volume, ...] = pod.volumes if isinstance(pod, Placement) else ()
        if path == one.path:
            yield from _named_as_ours(path, volumes)
        known = {volume.name for volume in volumes}
        for mount in one.process.volume_mounts:
            if mount.name not in known:
                yield Problem(
                    field=f"{one.path}.volumeMounts[{mount.mount_path}].name",
                    value=mount.name,
                    message="names no volume",
                    remedy=f"name one of {path}.volumes, or add it there",
                )
            met = next((other for other in taken if meet(mount.mount_path, other)), None)
            if met:
                yield Problem(
                    field=f"{one.path}.volumeMounts[{mount.mount_path}].mountPath",
                    value=mount.mount_path,
                    message=f"meets {met}, where the container has a volume of the operator",
                    remedy="choose a folder beside it",
                )


def _named_as_ours(path: str, volumes: Iterable[Volume]) -> Iterable[Problem]:
    for volume in volumes:
        if volume.name in OWN_VOLUMES or volume.name.startswith("tier-") or volume.name.endswith(("-conf", "-site")):
            yield Problem(
                field=f"{path}.volumes[{volume.name}].name",
                value=volume.name,
                message="is the name of one of the operator's own volumes",
                remedy="choose another name",
            )


def meet(one: str, other: str) -> bool:
    """Tell whether one of two folders is the other, or lies in it."""
    one, other = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return one.startswith(other) or other.startswith(one)
