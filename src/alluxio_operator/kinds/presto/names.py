"""Names and labels of the objects of one Presto.

Every suffix differs from those of an AlluxioCluster, so that both can have the same name in a namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.base import GROUP
from alluxio_operator.api.presto import KIND
from alluxio_operator.engine.children import MANAGED_BY, OWNER_KIND_LABEL, OWNER_LABEL

COORDINATOR: Final = "coordinator"
WORKER: Final = "worker"
CLIENT: Final = "client"
ENGINE: Final = f"{GROUP}/engine"
"""Annotation of a pod: the engine that it runs."""
ROLES: Final = (COORDINATOR, WORKER)


@dataclass(frozen=True, slots=True)
class Names:
    """Names and labels of everything that belongs to the Presto `presto` in `namespace`."""

    presto: str
    namespace: str

    @property
    def coordinator(self) -> str:
        """The coordinator's Deployment, and the Service by which workers find it."""
        return f"{self.presto}-coordinator"

    @property
    def workers(self) -> str:
        """The workers' Deployment."""
        return f"{self.presto}-prestoworker"

    @property
    def service(self) -> str:
        """The Service for clients, and the service account."""
        return f"{self.presto}-presto"

    def config(self, part: str) -> str:
        """Return the ConfigMap of a part of the configuration: jvm, node, config, catalogs, alluxio."""
        return f"{self.presto}-presto{part}"

    def host(self, service: str) -> str:
        """Return the host name of a Service, which resolves in every namespace."""
        return f"{service}.{self.namespace}.svc"

    def of(self, role: str) -> str:
        """Return the Deployment of a role."""
        return self.coordinator if role == COORDINATOR else self.workers

    def labels(self, component: str) -> Mapping[str, str]:
        """Return the labels of an object."""
        return {
            **self.selector(component),
            "app.kubernetes.io/managed-by": MANAGED_BY,
            **self.owner_labels,
        }

    @property
    def owner_labels(self) -> Mapping[str, str]:
        """Labels that name this Presto as the owner."""
        return {OWNER_KIND_LABEL: KIND, OWNER_LABEL: self.presto}

    def selector(self, component: str) -> Mapping[str, str]:
        """Return the labels that select the pods of a role; a Deployment can't change them later."""
        return {**self.instance_labels, "app.kubernetes.io/component": component}

    @property
    def instance_labels(self) -> Mapping[str, str]:
        """Labels of all pods of this Presto, by which its Deployments select them."""
        return {"app.kubernetes.io/name": "presto", "app.kubernetes.io/instance": self.presto}

    def access(self, role: str) -> str:
        """Return the NetworkPolicy of a role."""
        return f"{self.presto}-prestoaccess" if role == COORDINATOR else f"{self.presto}-prestoworkeraccess"

    @property
    def instance_selector(self) -> str:
        """Label selector for the pods of this Presto, by the labels that its Deployments select by."""
        return f"app.kubernetes.io/name=presto,app.kubernetes.io/instance={self.presto}"

    @property
    def owned_by_selector(self) -> str:
        """Label selector for everything that belongs to this Presto."""
        return f"{OWNER_KIND_LABEL}={KIND},{OWNER_LABEL}={self.presto}"
