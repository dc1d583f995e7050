"""Finds Secrets and ConfigMaps that a spec refers to and that don't exist.

The operator may not read Secrets. The kubelet may, and reports a missing one in the pod's status. It retries
automatically, so a pod starts within seconds after the missing object is created.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.roles import Placement
from alluxio_operator.engine.conditions import holds
from alluxio_operator.engine.gate import Gate, waiting
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.workloads.missing import Missing
from alluxio_operator.workloads.user_volumes import references_of

GATE: Final = "ReferencesResolved"


@dataclass(frozen=True, slots=True)
class Reference:
    """A Secret or ConfigMap that the pods need, and the field that refers to it."""

    kind: str
    name: str
    field: str


def references(spec: ClusterSpec) -> Iterable[Reference]:
    """Yield the Secrets and ConfigMaps that the pods need to start."""
    mount = spec.root_mount
    if mount.s3 and mount.s3.credentials:
        yield Reference("Secret", mount.s3.credentials.secret_name, "spec.rootMount.s3.credentials")
    for option in mount.options_from:
        yield Reference("Secret", option.secret_key_ref.name, f"spec.rootMount.optionsFrom[{option.name}]")
    if mount.hdfs and mount.hdfs.config_from:
        source = mount.hdfs.config_from
        for kind, name in (("ConfigMap", source.config_map_name), ("Secret", source.secret_name)):
            if name:
                yield Reference(kind, name, "spec.rootMount.hdfs.configFrom")
    for one in processes(spec).values():
        for variable in one.process.env:
            given = variable.value_from
            secret, config = (given.secret_key_ref, given.config_map_key_ref) if given else (None, None)
            for kind, selector in (("Secret", secret), ("ConfigMap", config)):
                if selector and not selector.optional:
                    yield Reference(kind, selector.name, f"{one.path}.env[{variable.name}]")
        if isinstance(one.process, Placement):
            for kind, name, volume in references_of(one.process):
                yield Reference(kind, name, f"{one.path}.volumes[{volume}]")


def references_resolved(spec: ClusterSpec, observed: Observed) -> Gate | None:
    """Open when no pod lacks an object that the spec refers to; None if the spec refers to none."""
    wanted = tuple(references(spec))
    if not wanted:
        return None
    for missing in (pod.trouble.missing for pod in observed.pods if pod.trouble):
        reference = missing and _reference_to(missing, wanted)
        if missing and reference:
            remedy = "add the key" if missing.key else f"create it in namespace {observed.names.namespace}"
            message = f"{missing}, but {reference.field} refers to it: {remedy}, and the waiting pods start"
            return Gate(GATE, False, missing.reason, message)
    # Once a master's containers run, they had every object. From then on, a pod's status reports what it lacks.
    if any(pod.running for pod in observed.role(names.MASTER)) or holds(observed.status.conditions, GATE):
        return Gate(GATE, True, "Resolved", "no pod lacks a Secret or ConfigMap")
    return waiting(GATE, "a master's pod has to start first")


def _reference_to(missing: Missing, wanted: Iterable[Reference]) -> Reference | None:
    return next((one for one in wanted if (one.kind, one.name) == (missing.kind, missing.name)), None)
