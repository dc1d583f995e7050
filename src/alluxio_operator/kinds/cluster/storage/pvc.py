"""Parses the size, progress and failure of a PVC; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.base import GROUP, in_bytes
from alluxio_operator.kube.kinds import Object

MAX_MESSAGE: Final = 300
"""Characters of a driver's message, which may contain a whole stack trace."""

FAILED: Final = ("ControllerResizeFailed", "ControllerResizeInfeasible", "NodeResizeFailed", "NodeResizeInfeasible")
"""Values of status.allocatedResourceStatuses after a failed expansion; they depend on the version of Kubernetes."""

FAILURES: Final = ("ControllerResizeError", "NodeResizeError")
"""Conditions whose message comes from the driver."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A PVC; sizes are in bytes."""

    name: str
    uid: str
    labels: Mapping[str, str]
    storage_class: str
    bound: bool
    requested: int
    capacity: int | None
    """Size of the volume; None while the PVC is unbound."""
    waits_for_node: bool = False
    """Whether the volume is larger already, and the node has yet to expand its file system."""
    failure: str = ""
    """Why the driver can't expand the volume."""
    persistent_volume: str = ""
    """Name of the PersistentVolume; empty before it is bound."""
    created: datetime | None = None
    terminating: bool = False
    lost: bool = False
    """Whether its PersistentVolume was deleted."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    leaving: bool = False
    """Whether its owner is an earlier resource, with which the garbage collector deletes it."""


@dataclass(frozen=True, slots=True)
class VolumeObjects:
    """The PVCs of a cluster as the API server has them, and their StatefulSets by name."""

    claims: tuple[Object, ...] = ()
    workloads: Mapping[str, Object] = field(default_factory=dict)


def is_leaving(claim: Object, uid: str) -> bool:
    """Return True if a PVC is being deleted, or the garbage collector is about to: its owner is an earlier resource.

    `uid` is that of the resource of the same name that exists now.
    """
    return "deletionTimestamp" in claim["metadata"] or _has_earlier_owner(claim, uid)


def _has_earlier_owner(claim: Object, uid: str) -> bool:
    references = claim["metadata"].get("ownerReferences", ())
    owners = [one["uid"] for one in references if one["apiVersion"].startswith(f"{GROUP}/")]
    return bool(owners) and uid not in owners


def parse_claim(obj: Object, owner: str = "") -> Claim:
    """Return a PVC from the API server's object; `owner` is the uid of the resource that exists now."""
    meta, spec, status = obj["metadata"], obj.get("spec", {}), obj.get("status", {})
    capacity = status.get("capacity", {}).get("storage")
    conditions: Mapping[str, str] = {
        one["type"]: one.get("message", "") for one in status.get("conditions", ()) if one.get("status") == "True"
    }
    progress = status.get("allocatedResourceStatuses", {}).get("storage", "")
    return Claim(
        name=meta["name"],
        uid=meta.get("uid", ""),
        labels=meta.get("labels", {}),
        storage_class=spec.get("storageClassName", ""),
        bound=status.get("phase") == "Bound",
        requested=_bytes(spec.get("resources", {}).get("requests", {}).get("storage", 0)),
        capacity=None if capacity is None else _bytes(capacity),
        waits_for_node="FileSystemResizePending" in conditions or progress == "NodeResizePending",
        failure=_failure(progress, conditions),
        persistent_volume=spec.get("volumeName", ""),
        created=datetime.fromisoformat(meta["creationTimestamp"]) if "creationTimestamp" in meta else None,
        terminating="deletionTimestamp" in meta,
        lost=status.get("phase") == "Lost",
        annotations=meta.get("annotations", {}),
        leaving=_has_earlier_owner(obj, owner),
    )


def _failure(progress: str, conditions: Mapping[str, str]) -> str:
    if progress not in FAILED:
        # The resizer retries other errors, so only a final failure counts.
        return ""
    messages = "; ".join(conditions[kind] for kind in FAILURES if conditions.get(kind))
    return (messages or f"the status of the PVC is {progress}")[:MAX_MESSAGE]


def _bytes(given: Any) -> int:
    return in_bytes(str(given))
