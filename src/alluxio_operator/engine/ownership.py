"""How an object says whose it is: the labels by which the operator finds it, and the reference by which it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.children import MANAGED_BY, OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.kube.kinds import Object


def owner_reference(kind: str, name: str, uid: str, api_version: str = API_VERSION) -> dict[str, Any]:
    """Return the owner reference of an object that the API server deletes with a resource."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        # A deletion in the foreground waits for no child.
        "blockOwnerDeletion": False,
    }


def owned_metadata(resource: Object, name: str) -> dict[str, Any]:
    """Return the metadata of an object that belongs to a resource; the API server deletes it with the resource."""
    meta = resource["metadata"]
    return {
        "name": name,
        "namespace": meta["namespace"],
        "labels": {
            "app.kubernetes.io/name": resource["kind"].lower(),
            "app.kubernetes.io/instance": meta["name"],
            "app.kubernetes.io/managed-by": MANAGED_BY,
            OWNER_KIND_LABEL: resource["kind"],
            OWNER_LABEL: meta["name"],
        },
        "ownerReferences": [owner_reference(resource["kind"], meta["name"], meta["uid"], resource["apiVersion"])],
    }


def has_labels(live: Object, labels: Mapping[str, str]) -> bool:
    """Return True if an object carries all of these labels."""
    present: Mapping[str, str] = live["metadata"].get("labels", {})
    return labels.items() <= present.items()


def controller_of(live: Object) -> Mapping[str, Any] | None:
    """Return the controller reference of an object."""
    references: Iterable[Mapping[str, Any]] = live["metadata"].get("ownerReferences", ())
    return next((one for one in references if one.get("controller")), None)


def controller_uid(live: Object) -> str | None:
    """Return the uid of an object's controller."""
    controller = controller_of(live)
    return None if controller is None else controller["uid"]
