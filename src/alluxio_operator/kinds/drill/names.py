"""Names, labels and paths of one drill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.alluxiocluster import LONGEST_NAME
from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.engine.children import MANAGED_BY, OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.engine.jobs import job_name
from alluxio_operator.kube.text import digest

PREPARE: Final = "prepare"
READ: Final = "read"
"""Components: the Job that writes the copy to restore, and the one that reads files."""

APP: Final = "alluxio-drill"
"""Label app.kubernetes.io/name of the Jobs' pods."""
COPY: Final = "restore.gz"
"""File in the volume of the copy."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names and labels for the AlluxioDrill `drill` in `namespace`."""

    drill: str
    namespace: str

    def throw_away(self, cluster: str, uid: str) -> str:
        """Return the name of the throw-away AlluxioCluster; `uid` is the drill's.

        The name begins with that of the cluster, so that a cloud's trust in service accounts can have a pattern.
        """
        tail = f"-drill-{digest(uid)[:6]}"
        return f"{cluster[: LONGEST_NAME - len(tail)].rstrip('-')}{tail}"

    def job(self, component: str) -> str:
        """Return the name of a Job, without the number of its attempt."""
        return job_name(f"{self.drill}-{component}", 0)

    @property
    def access(self) -> str:
        """The NetworkPolicy of the Jobs' pods."""
        return job_name(f"{self.drill}-drillaccess", 0)

    @property
    def instance_labels(self) -> Mapping[str, str]:
        """Labels of all pods of this drill's Jobs."""
        return {"app.kubernetes.io/name": APP, "app.kubernetes.io/instance": self.drill}

    @property
    def instance_selector(self) -> str:
        """Label selector for the pods of this drill's Jobs."""
        return ",".join(f"{key}={value}" for key, value in self.instance_labels.items())

    def labels(self, component: str) -> Mapping[str, str]:
        """Return the labels of an object."""
        return {
            **self.instance_labels,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": MANAGED_BY,
            OWNER_KIND_LABEL: KIND,
            OWNER_LABEL: self.drill,
        }


def copy_claim(throw_away: str) -> str:
    """Return the name of the PVC with the copy to restore."""
    return f"{throw_away}-copy"
