"""Gates: what has to hold before the next layer of objects is applied, and how that is said in the status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.presto import names
from alluxio_operator.kinds.presto.objects.catalogs import secrets_of
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto
from alluxio_operator.workloads.pods import Pod, first_trouble

REFERENCES: Final = "ReferencesResolved"


def coordinator_serving(observed: Observed) -> Gate:
    """Open when the coordinator says that it has started; its port is open long before."""
    if not isinstance(observed.coordinator, NoAnswer):
        return Gate("CoordinatorServing", True, "Serving", "the coordinator serves")
    said = f"the coordinator doesn't serve yet: {observed.coordinator.reason}"
    return _closed("CoordinatorServing", observed.role(names.COORDINATOR), said)


def workers_active(observed: Observed, wanted: int) -> Gate:
    """Open when the coordinator hands work to as many workers as are wanted."""
    if isinstance(observed.coordinator, NoAnswer):
        return Gate("WorkersActive", False, "CoordinatorNotServing", "workers can't be counted without a coordinator")
    active = observed.coordinator.active_workers
    if wanted == 0:
        return Gate("WorkersActive", True, "ScaledToZero", "no workers are wanted now: queries wait for the first one")
    if active >= wanted:
        return Gate("WorkersActive", True, "Active", f"{min(active, wanted)} of {wanted} workers are active")
    workers = [pod for pod in observed.role(names.WORKER) if not pod.ready]
    return _closed("WorkersActive", workers, f"{active} of {wanted} workers are active")


def references_resolved(presto: Presto, observed: Observed) -> Gate | None:
    """Open when no pod lacks what the spec refers to; None when it refers to nothing."""
    wanted = dict(_references(presto))
    if not wanted:
        return None
    for missing in (pod.trouble.missing for pod in observed.pods if pod.trouble):
        field = missing and wanted.get((missing.kind, missing.name))
        if missing and field:
            remedy = "add the key" if missing.key else f"create it in namespace {presto.names.namespace}"
            said = f"{missing}, but {field} refers to it: {remedy}; the pods that wait for it go on by themselves"
            return Gate(REFERENCES, False, missing.reason, said)
    if any(pod.running for pod in observed.role(names.COORDINATOR)):
        return Gate(REFERENCES, True, "Resolved", "no pod lacks a Secret or ConfigMap")
    return Gate(REFERENCES, False, "Waiting", "known once the coordinator's pod has started")


def _references(presto: Presto) -> Iterable[tuple[tuple[str, str], str]]:
    for name, field in secrets_of(presto.spec.catalogs).items():
        yield ("Secret", name), field
    for path, role in (("spec.coordinator", presto.spec.coordinator), ("spec.workers", presto.spec.workers)):
        for variable in role.env:
            given = variable.value_from
            secret, config = (given.secret_key_ref, given.config_map_key_ref) if given else (None, None)
            for kind, selector in (("Secret", secret), ("ConfigMap", config)):
                if selector and not selector.optional:
                    yield (kind, selector.name), f"{path}.env[{variable.name}]"


def _closed(kind: str, pods: Iterable[Pod], otherwise: str) -> Gate:
    trouble = first_trouble(pods)
    if trouble:
        return Gate(kind, False, trouble.reason, trouble.message)
    return Gate(kind, False, "Waiting", otherwise)
