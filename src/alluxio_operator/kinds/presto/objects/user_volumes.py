"""Finds conflicts between the user's volumes and mounts and those of the operator; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.clients import SOCKET_FOLDER
from alluxio_operator.kinds.presto.objects import folders
from alluxio_operator.workloads.user_volumes import meet

OWN_VOLUMES: Final = frozenset(
    {"conf", "catalogs", "plain-catalogs", "alluxio", "alluxio-client", "data", "tmp", "sockets"}
)
OWN_MOUNTS: Final = (
    folders.ALLUXIO,
    folders.CATALOGS,
    folders.CLIENT,
    folders.PLAIN_CATALOGS,
    folders.CONF,
    folders.DATA,
    SOCKET_FOLDER,
    "/tmp",  # noqa: S108 (a mount, not a file)
)


def problems(spec: PrestoSpec) -> Iterable[Problem]:
    """Yield volumes and mounts that conflict with the operator's, and mounts of volumes that don't exist."""
    for path, role in (("spec.coordinator", spec.coordinator), ("spec.workers", spec.workers)):
        known = {volume.name for volume in role.volumes}
        for name in sorted(known & OWN_VOLUMES):
            yield Problem(
                f"{path}.volumes[{name}].name",
                name,
                "is the name of a volume of the operator",
                "choose another name",
            )
        for mount in role.volume_mounts:
            if mount.name not in known:
                yield Problem(
                    f"{path}.volumeMounts[{mount.mount_path}].name",
                    mount.name,
                    "is the name of no volume",
                    f"name one of {path}.volumes, or add it there",
                )
            met = next((other for other in OWN_MOUNTS if meet(mount.mount_path, other)), None)
            if met:
                yield Problem(
                    f"{path}.volumeMounts[{mount.mount_path}].mountPath",
                    mount.mount_path,
                    f"overlaps {met}, where the operator mounts a volume",
                    f"choose a folder outside of {met}",
                )
