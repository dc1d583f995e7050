"""What an object that the operator made says by itself: whom it belongs to, and what of it an owner has to know.

Pure: an event carries an object, and this tells whether anybody is to be woken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.api.base import GROUP
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.kinds import Object

MANAGED_BY: Final = "alluxio-operator"
"""Value of the label app.kubernetes.io/managed-by of everything that the operator makes."""
OWNER_KIND_LABEL: Final = f"{GROUP}/owner-kind"
OWNER_LABEL: Final = f"{GROUP}/owner"

_ROLLOUT: Final = (
    "observedGeneration",
    "replicas",
    "readyReplicas",
    "availableReplicas",
    "updatedReplicas",
    "currentRevision",
    "updateRevision",
    "currentNumberScheduled",
    "desiredNumberScheduled",
    "numberReady",
    "numberAvailable",
    "updatedNumberScheduled",
)
"""What a rollout's progress shows in; the rest of a workload's status changes without meaning anything here."""


@dataclass(frozen=True, slots=True)
class ChildKind:
    """A kind of child: whether its metadata tells enough, and what of an object is compared from event to event."""

    kind: str
    metadata_only: bool
    state_of: Callable[[Object], Hashable]


def owner_of(obj: Object) -> OwnerKey | None:
    """Return whose object it is, or None.

    The owner reference comes first, as a label is easier to lose; volumes that outlive their owner have no reference.
    """
    meta = obj["metadata"]
    for reference in meta.get("ownerReferences", ()):
        if reference["apiVersion"].startswith(f"{GROUP}/"):
            return OwnerKey(reference["kind"], meta["namespace"], reference["name"])
    labels: Mapping[str, str] = meta.get("labels", {})
    kind, name = labels.get(OWNER_KIND_LABEL), labels.get(OWNER_LABEL)
    return OwnerKey(kind, meta["namespace"], name) if kind and name else None


def version_of(obj: Object) -> str:
    """Return the version by which the operator tells its own write from somebody else's."""
    return f"{obj['metadata']['uid']}/{obj['metadata']['resourceVersion']}"


def _workload(obj: Object) -> Hashable:
    status: Mapping[str, Any] = obj.get("status", {})
    return (*_head(obj), *(status.get(name) for name in _ROLLOUT))


def _job(obj: Object) -> Hashable:
    status: Mapping[str, Any] = obj.get("status", {})
    held = tuple(c["type"] for c in status.get("conditions", ()) if c["status"] == "True")
    return (*_head(obj), *(status.get(name) for name in ("active", "succeeded", "failed")), held)


def _head(obj: Object) -> tuple[Hashable, ...]:
    meta = obj["metadata"]
    labels = tuple(sorted(meta.get("labels", {}).items()))
    owners = tuple(reference["uid"] for reference in meta.get("ownerReferences", ()))
    return (meta["uid"], meta.get("generation"), labels, owners, "deletionTimestamp" in meta)


_WORKLOADS = ("StatefulSet", "DaemonSet", "Deployment")
_WITHOUT_STATUS = ("ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim")
_HEAD_ONLY = ("PodDisruptionBudget",)

CHILD_KINDS: Final = (
    *(ChildKind(kind, metadata_only=False, state_of=_workload) for kind in _WORKLOADS),
    ChildKind("Job", metadata_only=False, state_of=_job),
    *(ChildKind(kind, metadata_only=True, state_of=version_of) for kind in _WITHOUT_STATUS),
    *(ChildKind(kind, metadata_only=True, state_of=_head) for kind in _HEAD_ONLY),
)
"""Every kind that is watched for its owners. Of objects whose status tells nothing only the metadata is asked for."""
