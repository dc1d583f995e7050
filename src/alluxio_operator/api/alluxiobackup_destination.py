"""Where a backup is kept."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from alluxio_operator.api.base import Model, ObjectName, cel, rules
from alluxio_operator.api.ufs import Endpoint, Region, S3Credentials

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


class S3Bucket(Model):
    """A folder of a bucket."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]+[a-z0-9]$", max_length=63)] = Field(
        description="Name of the bucket. The operator never creates or deletes it."
    )
    folder: Folder | None = Field(
        None, description="Folder in the bucket. Default: the top. The operator adds a folder for the cluster."
    )
    endpoint: Endpoint | None = Field(
        None, description="Address of the service, such as http://minio:9000. Default: AWS."
    )
    region: Region | None = Field(None, description="Region of the bucket. Default: us-east-1.")
    path_style: bool = Field(
        False, description="Use path-style requests: the bucket is in the path, not in the host name."
    )
    credentials: S3Credentials | None = Field(
        None,
        description="Access keys. Default: the identity of the cluster's pods, such as an annotated service account.",
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
    s3: S3Bucket | None = Field(
        None,
        description="In a bucket, without the options of mounts. As with a volume, Alluxio's own file is deleted.",
    )


DESTINATION_RULES: Final[dict[str, Any]] = {
    "Destination": rules(
        cel(
            "(has(self.rootMount) ? 1 : 0) + (has(self.volume) ? 1 : 0) + (has(self.s3) ? 1 : 0) <= 1",
            "a backup has one destination: give only one of destination.rootMount, destination.volume and "
            "destination.s3",
        )
    )
}
"""CEL rules by type."""
