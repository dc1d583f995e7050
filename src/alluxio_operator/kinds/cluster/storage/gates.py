"""How the growth of volumes stands, with what helps where a person is needed; pure."""

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
ASK_AGAIN: Final = After(60.0)
"""No event announces that a class or a quota was changed."""
EXPANDED: Final = Gate(GATE, True, "Expanded", "every volume is as large as the spec says")


def standing(volume: DesiredVolume, claim: Claim, mounted: Collection[str]) -> Gate | None:
    """Return how a claim stands that isn't as large as is wanted; `mounted` are the names of the pods."""
    had = in_binary(claim.requested if claim.capacity is None else claim.capacity)
    if claim.requested < volume.bytes and not volume.is_ours(claim):
        said = (
            f"claim {claim.name} has {had}, and {volume.field} is {volume.size}; it lacks the operator's labels and is "
            "left alone: grow it yourself"
        )
        return Gate(GATE, False, "NotManaged", said, requeue=ASK_AGAIN)
    if claim.requested < volume.bytes:
        said = f"claim {claim.name} grows from {had} to {volume.size}"
        return _expanding(said if claim.bound else f"{said} once it is bound")
    if claim.capacity is None or claim.capacity >= volume.bytes or volume.grows_when_mounted(claim, mounted):
        return None
    if claim.failure:
        said = (
            f"claim {claim.name} has {had} and its driver can't make it {in_binary(claim.requested)}: {claim.failure}. "
            f"Put right what the driver names, or set {volume.field} back to {had}; docs/storage.md has further ways "
            "out"
        )
        return Gate(GATE, False, "ResizeFailed", said, requeue=ASK_AGAIN)
    waits = ": its file system grows on its node" if claim.waits_for_node else ""
    return _expanding(f"claim {claim.name} grows from {had} to {volume.size}{waits}")


def _expanding(message: str) -> Gate:
    # No event announces the progress of a resize.
    return Gate(GATE, False, EXPANDING, message, Severity.PROGRESS, BackOff())


def refusal(volume: DesiredVolume, claim: Claim, answer: str) -> Gate:
    """Return how a claim stands whose growth the API server refused with this answer."""
    had = in_binary(claim.requested)
    said = f"claim {claim.name} has {had} and can't grow to {volume.size}: "
    back = f"or set {volume.field} back to {had}; docs/storage.md has further ways out"
    if "must support resize" in answer:
        kind = f"storage class {claim.storage_class}" if claim.storage_class else "its storage class"
        remedy = f"{kind} doesn't allow it. Set allowVolumeExpansion there if its driver can, {back}"
        return Gate(GATE, False, "ClassCannotExpand", said + remedy, requeue=ASK_AGAIN)
    reason = "QuotaExceeded" if "exceeded quota" in answer else "ExpansionRefused"
    return Gate(GATE, False, reason, f"{said}{answer}. Put that right, {back}", requeue=ASK_AGAIN)


def recreated(name: str) -> Gate:
    """Return how it stands while a StatefulSet is made anew."""
    return _expanding(f"StatefulSet {name} is recreated for its claims' size; its pods run on")


def worst(gates: Iterable[Gate]) -> Gate:
    """Return the gate to show: what needs a person comes first, and the others are counted."""
    closed = sorted((gate for gate in gates if not gate.passed), key=lambda gate: gate.reason == EXPANDING)
    if not closed:
        return EXPANDED
    more = f"; and {len(closed) - 1} more" if len(closed) > 1 else ""
    return replace(closed[0], message=closed[0].message + more)
