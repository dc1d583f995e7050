"""Names, labels and paths of one drill."""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.alluxiocluster import LONGEST_NAME
from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.kube.text import digest
from alluxio_operator.workloads.job_names import JobNames

PREPARE: Final = "prepare"
READ: Final = "read"
"""Components: the Job that writes the copy to restore, and the one that reads files."""

COPY: Final = "restore.gz"
"""File in the volume of the copy."""


class Names(JobNames):
    """Names and labels for the AlluxioDrill `owner` in `namespace`."""

    __slots__ = ()

    KIND = KIND
    APP = "alluxio-drill"
    ACCESS = "drillaccess"

    def throw_away(self, cluster: str, uid: str) -> str:
        """Return the name of the throw-away AlluxioCluster; `uid` is the drill's.

        The name begins with that of the cluster, so that a cloud's trust in service accounts can have a pattern.
        """
        tail = f"-drill-{digest(uid)[:6]}"
        return f"{cluster[: LONGEST_NAME - len(tail)].rstrip('-')}{tail}"


def copy_claim(throw_away: str) -> str:
    """Return the name of the PVC with the copy to restore."""
    return f"{throw_away}-copy"
