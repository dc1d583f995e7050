"""Gates of the volume expansion, with the remedy where a user has to act; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from alluxio_operator.api.base import in_binary
from alluxio_operator.engine.gate import After, BackOff, Gate, Severity
from alluxio_operator.kinds.cluster.storage.desired import DesiredVolume
from alluxio_operator.kinds.cluster.storage.pvc import Claim

GATE: Final = "VolumesExpanded"
EXPANDING: Final = "Expanding"
RETRY: Final = After(60.0)
"""A change of a storage class or a quota causes no event."""
EXPANDED: Final = Gate(GATE, True, "Expanded", "every volume has the size in the spec")


def claim_gate(volume: DesiredVolume, claim: Claim, mounted: Collection[str]) -> Gate | None:
    """Return the gate of a PVC that is smaller than desired, else None; `mounted` are the names of the pods."""
    size = in_binary(claim.requested if claim.capacity is None else claim.capacity)
    if claim.requested < volume.bytes and not volume.manages(claim):
        message = (
            f"PVC {claim.name} has {size}, {volume.field} is {volume.size}. The PVC lacks the operator's labels: "
            "expand it by hand"
        )
        return Gate(GATE, False, "NotManaged", message, requeue=RETRY)
    if claim.requested < volume.bytes:
        message = f"PVC {claim.name} expands from {size} to {volume.size}"
        return _expanding(message if claim.bound else f"{message} once it is bound")
    if claim.capacity is None or claim.capacity >= volume.bytes or volume.expands_when_mounted(claim, mounted):
        return None
    if claim.failure:
        message = (
            f"PVC {claim.name} has {size}, and its driver can't expand it to {in_binary(claim.requested)}: "
            f"{claim.failure}. Fix the cause, or set {volume.field} back to {size}; see docs/storage.md for other "
            "remedies"
        )
        return Gate(GATE, False, "ResizeFailed", message, requeue=RETRY)
    resizing = ": the node expands its file system" if claim.waits_for_node else ""
    return _expanding(f"PVC {claim.name} expands from {size} to {volume.size}{resizing}")


def _expanding(message: str) -> Gate:
    # The progress of a resize causes no event.
    return Gate(GATE, False, EXPANDING, message, Severity.PROGRESS, BackOff())


def refused_gate(volume: DesiredVolume, claim: Claim, answer: str) -> Gate:
    """Return the gate of a PVC whose expansion the API server refused with this answer."""
    size = in_binary(claim.requested)
    problem = f"PVC {claim.name} has {size} and can't expand to {volume.size}: "
    revert = f"or set {volume.field} back to {size}; see docs/storage.md for other remedies"
    if "must support resize" in answer:
        storage_class = f"storage class {claim.storage_class}" if claim.storage_class else "its storage class"
        cause = f"{storage_class} doesn't allow it. If its driver can expand, set allowVolumeExpansion there, {revert}"
        return Gate(GATE, False, "ClassCannotExpand", problem + cause, requeue=RETRY)
    reason = "QuotaExceeded" if "exceeded quota" in answer else "ExpansionRefused"
    return Gate(GATE, False, reason, f"{problem}{answer}. Fix the cause, {revert}", requeue=RETRY)


def recreating_gate(name: str) -> Gate:
    """Return the gate while a StatefulSet is being recreated."""
    return _expanding(f"recreating StatefulSet {name} for its new volume size; its pods keep running")


def worst(gates: Iterable[Gate]) -> Gate:
    """Return the gate to report, one that needs a user first, with the number of the other gates."""
    closed = sorted((gate for gate in gates if not gate.passed), key=lambda gate: gate.reason == EXPANDING)
    if not closed:
        return EXPANDED
    more = f"; and {len(closed) - 1} more" if len(closed) > 1 else ""
    return replace(closed[0], message=closed[0].message + more)
