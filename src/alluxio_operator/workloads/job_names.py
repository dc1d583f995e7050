"""Names and labels of what a kind makes whose pods are those of Jobs, and not of workloads that last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from alluxio_operator.engine.children import MANAGED_BY, OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.engine.jobs import job_name


@dataclass(frozen=True, slots=True)
class JobNames:
    """Names and labels for the resource `owner` in `namespace`."""

    owner: str
    namespace: str

    KIND: ClassVar[str]
    APP: ClassVar[str]
    """Label app.kubernetes.io/name of the Jobs' pods."""
    ACCESS: ClassVar[str]
    """End of the NetworkPolicy's name."""

    def job(self, component: str) -> str:
        """Return the name of a Job, without the number of its attempt."""
        return job_name(f"{self.owner}-{component}", 0)

    @property
    def access(self) -> str:
        """The NetworkPolicy of the Jobs' pods."""
        return job_name(f"{self.owner}-{self.ACCESS}", 0)

    @property
    def instance_labels(self) -> Mapping[str, str]:
        """Labels of all pods of this resource's Jobs."""
        return {"app.kubernetes.io/name": self.APP, "app.kubernetes.io/instance": self.owner}

    @property
    def instance_selector(self) -> str:
        """Label selector for the pods of this resource's Jobs."""
        return ",".join(f"{key}={value}" for key, value in self.instance_labels.items())

    def labels(self, component: str) -> Mapping[str, str]:
        """Return the labels of an object."""
        return {
            **self.instance_labels,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": MANAGED_BY,
            OWNER_KIND_LABEL: self.KIND,
            OWNER_LABEL: self.owner,
        }
