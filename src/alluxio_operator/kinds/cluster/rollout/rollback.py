"""Decides when a change that fails is taken back, and which spec is followed then; pure.

The spec is its owner's and is never written: a rollback is a line in the status that says which generation is not
followed and what is in its place. So it ends with the next edit, whoever makes it, and a tool that applies the same
spec over and over again doesn't start the failure anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, GoodSpec, RollbackStatus
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate, blocked
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout import rollout
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.kube.text import digest

COMPONENT: Final = "spec"
"""What the ControllerRevisions of a cluster's specs are labelled and named by."""
REASON: Final = "RolledBack"
MISSING: Final = "RevisionMissing"

KEPT_FIELDS: Final = (
    ("paused",),
    ("upgrade",),
    ("deletionPolicy",),
    ("masters", "replicas"),
    ("workers", "replicas"),
    ("proxy", "replicas"),
)
"""Fields of the spec that no pod is restarted for: they are followed as they are written, also after a rollback."""


def good_spec(resource: Object) -> GoodSpec:
    """Return what a status says of the resource's spec when it is a good one."""
    meta = resource["metadata"]
    name = Names(meta["name"], meta["namespace"]).of(f"{COMPONENT}-{digest(resource['spec'])}")
    return GoodSpec(revision=name, generation=meta["generation"])


def revision_of(resource: Object, good: GoodSpec, cluster: Names) -> Object:
    """Return the ControllerRevision of the resource's spec."""
    return {
        "apiVersion": KINDS["ControllerRevision"].api_version,
        "kind": "ControllerRevision",
        "metadata": {
            "name": good.revision,
            "namespace": cluster.namespace,
            "labels": dict(cluster.labels(COMPONENT)),
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": KIND,
                    "name": cluster.cluster,
                    "uid": resource["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "data": {"spec": resource["spec"]},
        "revision": good.generation,
    }


def active(resource: Object, status: ClusterStatus) -> RollbackStatus | None:
    """Return the rollback that the resource's spec is under; None once there is another spec."""
    rollback = status.rollback
    return rollback if rollback and rollback.generation == resource["metadata"]["generation"] else None


def followed(observed: Observed) -> Object:
    """Return the resource with the spec that is followed: its own, or the last good one after a rollback."""
    if observed.good_spec is None or active(observed.resource, observed.status) is None:
        return observed.resource
    spec: Any = observed.good_spec
    for path in KEPT_FIELDS:
        spec = _with(spec, path, observed.resource["spec"])
    return {**observed.resource, "spec": spec}


def next_rollback(observed: Observed, gate: Gate, upgrade: Upgrade, now: datetime) -> RollbackStatus | None:
    """Return the rollback that is under way or begins now; `gate` is what the roll says of the pods."""
    under_way = active(observed.resource, observed.status)
    if under_way or gate.reason != rollout.TIMED_OUT or not upgrade.auto_rollback:
        return under_way
    good = observed.status.last_good_spec
    if good is None or good.revision == good_spec(observed.resource).revision:
        # There is nothing else to go back to: what fails is what was good before, or it is the first spec.
        return None
    return RollbackStatus(generation=observed.generation, to=good, since=stamp(now), message=gate.message[:1024])


def instead_of(gate: Gate, observed: Observed) -> Gate:
    """Return what is said of the pods: of a roll that is done after a rollback, that the spec asks for more."""
    rollback = active(observed.resource, observed.status)
    if rollback is None:
        return gate
    if observed.good_spec is None:
        said = (
            f"the spec of generation {rollback.generation} failed ({rollback.message}), and the one of generation "
            f"{rollback.to.generation} can't be followed: ControllerRevision {rollback.to.revision} is gone. "
            "Change the spec to one that works"
        )
        return blocked(rollout.GATE, MISSING, said[:4096])
    if not gate.passed:
        return gate
    said = (
        f"the spec of generation {rollback.generation} failed ({rollback.message}). The one of generation "
        f"{rollback.to.generation} is followed in its place until the spec is changed; ControllerRevision "
        f"{rollback.to.revision} holds it"
    )
    return Gate(rollout.GATE, False, REASON, said[:4096])


def _with(spec: Mapping[str, Any], path: tuple[str, ...], source: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a spec with the value of one field as another has it, or without it."""
    first, *rest = path
    if rest:
        inner = _with(spec.get(first) or {}, tuple(rest), source.get(first) or {})
        return {**spec, first: inner} if inner or first in spec else spec
    without = {key: value for key, value in spec.items() if key != first}
    return {**without, first: source[first]} if first in source else without
