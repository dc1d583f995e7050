"""Finds conflicts between the user's volumes and mounts and those of the operator; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.api.roles import Role
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.clients import SOCKET_FOLDER
from alluxio_operator.kinds.presto.objects import folders
from alluxio_operator.workloads.user_volumes import meet

CLIENT_VOLUME: Final = "alluxio-client"
OWN_VOLUMES: Final = frozenset({"conf", "catalogs", "plain-catalogs", "alluxio", "data", "tmp", "sockets"})
OWN_MOUNTS: Final = (
    folders.ALLUXIO,
    folders.CATALOGS,
    folders.PLAIN_CATALOGS,
    folders.CONF,
    folders.DATA,
    SOCKET_FOLDER,
    "/tmp",  # noqa: S108 (a mount, not a file)
)


def problems(spec: PrestoSpec) -> Iterable[Problem]:
    """Yield volumes and mounts that conflict with the operator's, and mounts of volumes that don't exist."""
    yield from _conflicts(spec, OWN_VOLUMES, OWN_MOUNTS)
    for path, role in _roles(spec):
        known = {volume.name for volume in role.volumes}
        for mount in role.volume_mounts:
            if mount.name not in known:
                yield Problem(
                    f"{path}.volumeMounts[{mount.mount_path}].name",
                    mount.name,
                    "is the name of no volume",
                    f"name one of {path}.volumes, or add it there",
                )


def client_problems(spec: PrestoSpec) -> Iterable[Problem]:
    """Yield conflicts with the volume of Alluxio's client.

    Earlier versions had no such volume. A Presto that they accepted keeps its own volume, and the client of its image.
    """
    return _conflicts(spec, frozenset({CLIENT_VOLUME}), (folders.CLIENT,))


def _conflicts(spec: PrestoSpec, volumes: frozenset[str], mounts: Iterable[str]) -> Iterable[Problem]:
    for path, role in _roles(spec):
        for name in sorted({volume.name for volume in role.volumes} & volumes):
            yield Problem(
                f"{path}.volumes[{name}].name",
                name,
                "is the name of a volume of the operator",
                "choose another name",
            )
        for mount in role.volume_mounts:
            met = next((other for other in mounts if meet(mount.mount_path, other)), None)
            if met:
                yield Problem(
                    f"{path}.volumeMounts[{mount.mount_path}].mountPath",
                    mount.mount_path,
                    f"overlaps {met}, where the operator mounts a volume",
                    f"choose a folder outside of {met}",
                )


def _roles(spec: PrestoSpec) -> tuple[tuple[str, Role], ...]:
    return ("spec.coordinator", spec.coordinator), ("spec.workers", spec.workers)
