"""Reads a claim as far as the size of its volume is concerned; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alluxio_operator.api.base import in_bytes
from alluxio_operator.kube.kinds import Object

LONGEST: Final = 300
"""Of a driver's words, which may hold a whole stack of causes."""

FAILED: Final = ("ControllerResizeFailed", "ControllerResizeInfeasible", "NodeResizeFailed", "NodeResizeInfeasible")
"""What status.allocatedResourceStatuses says of a growth that the driver gave up; it differs by Kubernetes' version."""

FAILURES: Final = ("ControllerResizeError", "NodeResizeError")
"""Conditions that carry the driver's words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim; sizes are in bytes."""

    name: str
    uid: str
    labels: Mapping[str, str]
    storage_class: str
    bound: bool
    requested: int
    capacity: int | None
    """What the volume has; None while there is none."""
    waits_for_node: bool = False
    """Whether the volume has grown, and its file system grows once it is mounted."""
    failure: str = ""
    """Why the driver can't let it grow."""


@dataclass(frozen=True, slots=True)
class FoundVolumes:
    """What a look at the volumes found: claims, and StatefulSets by name."""

    claims: tuple[Object, ...] = ()
    workloads: Mapping[str, Object] = field(default_factory=dict)


def parse_claim(obj: Object) -> Claim:
    """Return a claim that the API server sent."""
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
    )


def _failure(progress: str, conditions: Mapping[str, str]) -> str:
    if progress not in FAILED:
        # A driver that fails is asked again by the resizer; only what can't be done is told by it.
        return ""
    words = "; ".join(conditions[kind] for kind in FAILURES if conditions.get(kind))
    return (words or f"the claim's status says {progress}")[:LONGEST]


def _bytes(given: Any) -> int:
    return in_bytes(str(given))
