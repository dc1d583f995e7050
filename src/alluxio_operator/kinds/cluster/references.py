"""Whether the Secrets and ConfigMaps are there that a spec refers to and that others make.

The operator may not read Secrets. The kubelet may, and says in a pod's status what it lacks; it tries again by itself,
so a pod goes on within seconds after what was missing has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.engine.conditions import holds
from alluxio_operator.engine.gate import Gate, waiting
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.workloads.missing import Missing

GATE: Final = "ReferencesResolved"


@dataclass(frozen=True, slots=True)
class Reference:
    """A Secret or ConfigMap that is needed, and the field that says so."""

    kind: str
    name: str
    field: str


def references(spec: ClusterSpec) -> Iterable[Reference]:
    """Yield what the pods can't start without."""
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


def references_resolved(spec: ClusterSpec, observed: Observed) -> Gate | None:
    """Open when no pod lacks what the spec refers to; None when it refers to nothing."""
    wanted = tuple(references(spec))
    if not wanted:
        return None
    for missing in (pod.trouble.missing for pod in observed.pods if pod.trouble):
        found = missing and _reference_to(missing, wanted)
        if missing and found:
            remedy = "add the key" if missing.key else f"create it in namespace {observed.names.namespace}"
            return Gate(
                GATE,
                False,
                missing.reason,
                f"{missing}, but {found.field} refers to it: {remedy}; the pods that wait for it go on by themselves",
            )
    # A master's containers have started, so that all was there for them; afterwards the kubelet's silence is enough.
    if any(pod.running for pod in observed.role(names.MASTER)) or holds(observed.status.conditions, GATE):
        return Gate(GATE, True, "Resolved", "no pod lacks a Secret or ConfigMap")
    return waiting(GATE, "known once a master's pod has started")


def _reference_to(missing: Missing, wanted: Iterable[Reference]) -> Reference | None:
    return next((one for one in wanted if (one.kind, one.name) == (missing.kind, missing.name)), None)
