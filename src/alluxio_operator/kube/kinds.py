"""The kinds of objects that the operator handles and where the API server keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.api.discovery import descriptions
from alluxio_operator.api.status import InventoryItem
from alluxio_operator.kube.errors import NotFound

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}")


def is_name(text: str) -> bool:
    """Return True if an object can have this name.

    Users write names that the API server doesn't check, such as those in owner references. A name with slashes and
    dots would lead a call to an object of another namespace, and one with a question mark to another call.
    """
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `has_generation` if the API server counts changes of its spec."""

    api_version: str
    kind: str
    plural: str
    has_generation: bool = True

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """Return the path of an object, or of the namespace's collection without a name.

        Raise NotFound for a name that no object can have.
        """
        for text in (namespace, name):
            if text and not is_name(text):
                raise NotFound(f"{self.kind} {text[:253]!r}", 404, "no object can have this name")
        root = f"/api/{self.api_version}" if "/" not in self.api_version else f"/apis/{self.api_version}"
        parts = [root, "namespaces", namespace, self.plural] if namespace else [root, self.plural]
        return "/".join([*parts, *(part for part in (name, subresource) if part)])


OF_KUBERNETES: Final[Mapping[str, Kind]] = {
    kind.kind: kind
    for kind in (
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
        Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
        Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    )
}


class _Kinds(Mapping[str, Kind]):
    """Kinds of Kubernetes, and then the operator's own, which are looked up at each call: see `api.discovery`."""

    def __getitem__(self, name: str) -> Kind:
        known = OF_KUBERNETES.get(name)
        if known is not None:
            return known
        own = descriptions()[name]
        return Kind(API_VERSION, own.kind, own.plural)

    def __iter__(self) -> Iterator[str]:
        yield from OF_KUBERNETES
        yield from descriptions()

    def __len__(self) -> int:
        return len(OF_KUBERNETES) + len(descriptions())


KINDS: Final[Mapping[str, Kind]] = _Kinds()

Object = Mapping[str, Any]
"""A Kubernetes object as the API server sends it."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """The name of an object in its owner's namespace."""

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
