"""Names, labels and paths of one backup."""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.workloads.job_names import JobNames

VERIFY: Final = "verify"
REMOVE: Final = "remove"
"""Components: the Job that reads and restores the file, and the one that deletes it from a volume."""


class Names(JobNames):
    """Names and labels for the AlluxioBackup `owner` in `namespace`."""

    __slots__ = ()

    KIND = KIND
    APP = "alluxio-backup"
    ACCESS = "backupaccess"


def folder_of_cluster(cluster: str, uid: str) -> str:
    """Return the folder of a cluster's backups.

    Alluxio's daily backup deletes every file of its name pattern in its own folder, and so would another cluster's.
    """
    return f"{cluster}-{uid[:8]}"
