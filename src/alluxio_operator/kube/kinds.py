"""The kinds of objects that the operator handles and where the API server keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.api.status import InventoryItem


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `has_generation` tells whether the server counts changes of its spec."""

    api_version: str
    kind: str
    plural: str
    has_generation: bool = True

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """Return the path of an object, or of the namespace's collection without a name."""
        root = f"/api/{self.api_version}" if "/" not in self.api_version else f"/apis/{self.api_version}"
        parts = [root, "namespaces", namespace, self.plural] if namespace else [root, self.plural]
        return "/".join([*parts, *(part for part in (name, subresource) if part)])


KINDS: Final[Mapping[str, Kind]] = {
    kind.kind: kind
    for kind in (
        Kind(API_VERSION, "AlluxioCluster", "alluxioclusters"),
        Kind(API_VERSION, "Presto", "prestos"),
        Kind("v1", "ConfigMap", "configmaps", has_generation=False),
        Kind("v1", "Event", "events", has_generation=False),
        Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims", has_generation=False),
        Kind("v1", "Pod", "pods", has_generation=False),
        Kind("v1", "Service", "services", has_generation=False),
        Kind("v1", "ServiceAccount", "serviceaccounts", has_generation=False),
        Kind("apps/v1", "ControllerRevision", "controllerrevisions", has_generation=False),
        Kind("apps/v1", "DaemonSet", "daemonsets"),
        Kind("apps/v1", "Deployment", "deployments"),
        Kind("apps/v1", "StatefulSet", "statefulsets"),
        Kind("batch/v1", "Job", "jobs"),
        Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    )
}

Object = Mapping[str, Any]
"""A Kubernetes object as the API server sends it."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Names an object in an owner's namespace."""

    kind: str
    name: str

    @classmethod
    def of(cls, obj: Object) -> Ref:
        """Return the name of an object."""
        return cls(obj["kind"], obj["metadata"]["name"])

    @property
    def item(self) -> InventoryItem:
        """The entry of the inventory for this object."""
        return InventoryItem(api_version=KINDS[self.kind].api_version, kind=self.kind, name=self.name)
