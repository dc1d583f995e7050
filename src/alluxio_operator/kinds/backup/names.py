"""Names, labels and paths of one backup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.engine.children import MANAGED_BY, OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.engine.jobs import job_name

VERIFY: Final = "verify"
REMOVE: Final = "remove"
"""Components: the Job that reads and restores the file, and the one that deletes it from a volume."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names and labels for the AlluxioBackup `backup` in `namespace`."""

    backup: str
    namespace: str

    def job(self, component: str) -> str:
        """Return the name of a Job, without the number of its attempt."""
        return job_name(f"{self.backup}-{component}", 0)

    @property
    def access(self) -> str:
        """The NetworkPolicy of the Jobs' pods."""
        return job_name(f"{self.backup}-backupaccess", 0)

    @property
    def instance_labels(self) -> Mapping[str, str]:
        """Labels of all pods of this backup."""
        return {"app.kubernetes.io/name": "alluxio-backup", "app.kubernetes.io/instance": self.backup}

    @property
    def instance_selector(self) -> str:
        """Label selector for the pods of this backup."""
        return ",".join(f"{key}={value}" for key, value in self.instance_labels.items())

    def labels(self, component: str) -> Mapping[str, str]:
        """Return the labels of an object."""
        return {
            **self.instance_labels,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": MANAGED_BY,
            OWNER_KIND_LABEL: KIND,
            OWNER_LABEL: self.backup,
        }


def folder_of_cluster(cluster: str, uid: str) -> str:
    """Return the folder of a cluster's backups.

    Alluxio's daily backup deletes every file of its name pattern in its own folder, and so would another cluster's.
    """
    return f"{cluster}-{uid[:8]}"
