"""Reads the owner of a managed object from it, and the state whose change wakes the owner; pure.

The hooks' filters say the same in jq (`alluxio_operator.engine.child_filters`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.engine.child_filters import (
    EVERY_VERSION,
    GROUP,
    KINDS,
    MANAGED_BY,
    OF_JOB,
    OF_METADATA,
    OF_WORKLOAD,
    OWNER_KIND_LABEL,
    OWNER_LABEL,
    PODS,
    ROLLOUT,
)
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.kinds import Object, is_name

__all__ = ["CHILD_KINDS", "MANAGED_BY", "OWNER_KIND_LABEL", "OWNER_LABEL", "ChildKind", "owner_of", "version_of"]


@dataclass(frozen=True, slots=True)
class ChildKind:
    """A kind of child. Events compare what `state_of` returns; `metadata_only` if metadata suffices for that."""

    kind: str
    metadata_only: bool
    state_of: Callable[[Object], Hashable]


def owner_of(obj: Object) -> OwnerKey | None:
    """Return the owner of an object; None without one, or with a name that no resource can have.

    The owner reference comes before the labels, which are easier to lose. PVCs that outlive their owner have labels
    only.
    """
    meta = obj["metadata"]
    for reference in meta.get("ownerReferences", ()):
        if reference["apiVersion"].startswith(f"{GROUP}/"):
            if not is_name(reference["name"]):
                return None
            return OwnerKey(reference["kind"], meta["namespace"], reference["name"])
    labels: Mapping[str, str] = meta.get("labels", {})
    kind, name = labels.get(OWNER_KIND_LABEL), labels.get(OWNER_LABEL)
    return OwnerKey(kind, meta["namespace"], name) if kind and name and is_name(name) else None


def version_of(obj: Object) -> str:
    """Return the version that identifies one write of an object, so that the operator recognises its own."""
    return f"{obj['metadata']['uid']}/{obj['metadata']['resourceVersion']}"


def _workload(obj: Object) -> Hashable:
    status: Mapping[str, Any] = obj.get("status", {})
    return (*_head(obj), *(status.get(name) for name in ROLLOUT))


def _job(obj: Object) -> Hashable:
    status: Mapping[str, Any] = obj.get("status", {})
    held = tuple(c["type"] for c in status.get("conditions", ()) if c["status"] == "True")
    return (*_head(obj), *(status.get(name) for name in PODS), held)


def _head(obj: Object) -> tuple[Hashable, ...]:
    meta = obj["metadata"]
    labels = tuple(sorted(meta.get("labels", {}).items()))
    owners = tuple(reference["uid"] for reference in meta.get("ownerReferences", ()))
    return (meta["uid"], meta.get("generation"), labels, owners, "deletionTimestamp" in meta)


_STATES: Final[Mapping[str, Callable[[Object], Hashable]]] = {
    OF_WORKLOAD: _workload,
    OF_JOB: _job,
    OF_METADATA: _head,
    EVERY_VERSION: version_of,
}

CHILD_KINDS: Final = tuple(
    ChildKind(kind, metadata_only=state in (OF_METADATA, EVERY_VERSION), state_of=_STATES[state])
    for _, kind, state in KINDS
)
"""Every kind that is watched for its owners; for kinds whose status doesn't matter, only metadata is requested."""
