"""Decides when a failed change rolls back, and which spec the cluster follows then; pure.

The operator never writes the spec, which belongs to the user. It records a rollback in the status: the generation that
failed, and the revision that the cluster follows instead. So any edit of the spec ends the rollback. A tool that keeps
applying the failed spec doesn't end it, since the generation stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, GoodSpec, RollbackStatus
from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate, blocked
from alluxio_operator.engine.ownership import owner_reference
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout import rollout
from alluxio_operator.kinds.cluster.rollout.grow_only import with_grown
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.kube.text import digest

COMPONENT: Final = "spec"
"""Component label, and part of the name, of the ControllerRevisions that keep a cluster's specs."""
REASON: Final = "RolledBack"
MISSING: Final = "RevisionMissing"

KEPT_FIELDS: Final = (
    ("paused",),
    ("upgrade",),
    ("deletionPolicy",),
    ("restoreInPlace",),
    ("masters", "replicas"),
    ("workers", "replicas"),
    ("proxy", "replicas"),
)
"""Fields of the spec that restart no pod: they always come from the resource, also during a rollback."""


def good_spec(resource: Object) -> GoodSpec:
    """Return the status entry for the resource's spec as the last good one."""
    meta = resource["metadata"]
    name = Names(meta["name"], meta["namespace"]).of(f"{COMPONENT}-{digest(resource['spec'])}")
    return GoodSpec(revision=name, generation=meta["generation"])


def revision_of(resource: Object, good: GoodSpec, cluster: Names) -> Object:
    """Return the ControllerRevision that keeps the resource's spec."""
    return {
        "apiVersion": KINDS["ControllerRevision"].api_version,
        "kind": "ControllerRevision",
        "metadata": {
            "name": good.revision,
            "namespace": cluster.namespace,
            "labels": dict(cluster.labels(COMPONENT)),
            "ownerReferences": [owner_reference(KIND, cluster.cluster, resource["metadata"]["uid"])],
        },
        "data": {"spec": resource["spec"]},
        "revision": good.generation,
    }


def active(resource: Object, status: ClusterStatus) -> RollbackStatus | None:
    """Return the rollback of the resource's current generation; None if there is none, or the spec has changed."""
    rollback = status.rollback
    return rollback if rollback and rollback.generation == resource["metadata"]["generation"] else None


def with_effective_spec(observed: Observed) -> Object:
    """Return the resource with the spec that the cluster follows: its own, or the last good one during a rollback."""
    if observed.good_spec is None or active(observed.resource, observed.status) is None:
        return observed.resource
    spec: Any = with_grown(observed.good_spec, observed.resource["spec"])
    for path in KEPT_FIELDS:
        spec = _with_field(spec, path, observed.resource["spec"])
    return {**observed.resource, "spec": spec}


def next_rollback(observed: Observed, step: RolloutStep, upgrade: Upgrade, now: datetime) -> RollbackStatus | None:
    """Return the rollback that is active or starts now; `step` is the rollout's."""
    current, gate = active(observed.resource, observed.status), step.gate
    if current or gate.reason != rollout.TIMED_OUT or not upgrade.auto_rollback:
        return current
    if step.status is not None and step.status.failed_before:
        return current
    good = observed.status.last_good_spec
    if good is None or good.revision == good_spec(observed.resource).revision:
        # There is no other spec to return to: the first spec failed, or the last good one fails now.
        return None
    return RollbackStatus(generation=observed.generation, to=good, since=stamp(now), message=gate.message[:1024])


def reported_gate(gate: Gate, observed: Observed) -> Gate:
    """Return the rollout's gate; once the pods run the last good spec, one that reports the failed generation."""
    rollback = active(observed.resource, observed.status)
    if rollback is None:
        return gate
    if observed.good_spec is None:
        message = (
            f"generation {rollback.generation} of the spec failed ({rollback.message}). The operator can't roll back "
            f"to generation {rollback.to.generation}, since ControllerRevision {rollback.to.revision} was deleted. "
            "Correct the spec"
        )
        return blocked(rollout.GATE, MISSING, message[:4096])
    if not gate.passed:
        return gate
    message = (
        f"generation {rollback.generation} of the spec failed ({rollback.message}). The pods run generation "
        f"{rollback.to.generation}, kept in ControllerRevision {rollback.to.revision}. Correct the spec to end the "
        "rollback"
    )
    return Gate(rollout.GATE, False, REASON, message[:4096])


def _with_field(spec: Mapping[str, Any], path: tuple[str, ...], source: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a spec with one field set as in `source`, or removed if `source` lacks it."""
    first, *rest = path
    if rest:
        inner = _with_field(spec.get(first) or {}, tuple(rest), source.get(first) or {})
        return {**spec, first: inner} if inner or first in spec else spec
    without = {key: value for key, value in spec.items() if key != first}
    return {**without, first: source[first]} if first in source else without
