"""Parses a resource into a typed backup, or into all problems of its spec; pure."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from alluxio_operator.api.alluxiobackup import BackupSpec
from alluxio_operator.api.alluxiobackup_destination import DEFAULT_FOLDER
from alluxio_operator.engine.parsing import from_pydantic
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.backup.names import Names, folder_of_cluster
from alluxio_operator.kube.kinds import Object


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup with a valid spec."""

    names: Names
    uid: str
    generation: int
    spec: BackupSpec

    @property
    def cluster(self) -> str:
        """Name of the AlluxioCluster."""
        return self.spec.cluster_ref.name

    @property
    def is_exported(self) -> bool:
        """Whether the backup is kept elsewhere, so that the root mount only holds it for a while."""
        return self.spec.destination.volume is not None or self.spec.destination.s3 is not None

    @property
    def _own(self) -> str:
        """Name that no other backup has: one that was deleted and created again leaves the first one's files alone."""
        return f"{self.names.owner}-{self.uid[:8]}"

    def folder(self, cluster_uid: str) -> str:
        """Return the folder below the root mount into which Alluxio writes."""
        root = self.spec.destination.root_mount
        top = root.folder if root is not None else DEFAULT_FOLDER
        return f"{top}/{folder_of_cluster(self.cluster, cluster_uid)}/{self._own}"

    def exported_folder(self, cluster_uid: str) -> str:
        """Return the folder in the volume or bucket for the backups of the cluster."""
        destination = self.spec.destination.volume or self.spec.destination.s3
        own = folder_of_cluster(self.cluster, cluster_uid)
        return own if destination is None or destination.folder is None else f"{destination.folder}/{own}"

    @property
    def exported_file(self) -> str:
        """Name of the file there."""
        return f"{self._own}.gz"


def validate(resource: Object) -> Backup | tuple[Problem, ...]:
    """Return the backup, or all its problems."""
    meta = resource["metadata"]
    try:
        spec = BackupSpec.model_validate(resource.get("spec", {}))
    except ValidationError as error:
        return tuple(from_pydantic(error, "alluxiobackup"))
    return Backup(Names(meta["name"], meta["namespace"]), meta["uid"], meta["generation"], spec)
