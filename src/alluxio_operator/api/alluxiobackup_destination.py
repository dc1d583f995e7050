"""Where a backup is kept."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from alluxio_operator.api.base import Model, ObjectName, cel, rules

DEFAULT_FOLDER: Final = ".alluxio-backups"
"""Folder below the root mount."""

_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*|\.[A-Za-z0-9_-][A-Za-z0-9._-]*"
Folder = Annotated[str, Field(pattern=rf"^({_PART})(/({_PART}))*$", max_length=256)]
"""A relative path without `.` and `..`."""


class RootMountFolder(Model):
    """A folder of the storage below the cluster."""

    folder: Folder = Field(
        DEFAULT_FOLDER,
        description="Folder below the root mount. The operator adds a folder for the cluster, and in it one for this "
        "backup.",
    )


class VolumeFolder(Model):
    """A folder of a volume."""

    claim_name: ObjectName = Field(description="PVC in the same namespace. The operator never creates or deletes it.")
    folder: Folder | None = Field(
        None, description="Folder in the volume. Default: the top. The operator adds a folder for the cluster."
    )


class Destination(Model):
    """Where the backup is kept; exactly one field."""

    root_mount: RootMountFolder | None = Field(
        None,
        description="In the storage below the cluster, as Alluxio writes it. Mount options, and credentials among "
        "them, are in the file in clear.",
    )
    volume: VolumeFolder | None = Field(
        None,
        description="In a volume, without the options of mounts. Alluxio first writes the backup into the default "
        "folder of the root mount, where the operator deletes it afterwards.",
    )


DESTINATION_RULES: Final[dict[str, Any]] = {
    "Destination": rules(
        cel(
            "!has(self.rootMount) || !has(self.volume)",
            "a backup has one destination: give either destination.rootMount or destination.volume",
        )
    )
}
"""CEL rules by type."""
