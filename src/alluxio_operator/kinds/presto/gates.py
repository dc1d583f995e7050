"""Gates: what has to hold before the next layer of objects is applied, and how the status reports it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.gate import After, Gate, blocked, waiting
from alluxio_operator.kinds.presto import names
from alluxio_operator.kinds.presto.objects.catalogs import secrets_of
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto
from alluxio_operator.workloads.pods import Pod, first_trouble
from alluxio_operator.workloads.termination_message import CLIENT_MISSING
from alluxio_operator.workloads.user_volumes import references_of

CONFIGURATION_APPLIED: Final = "ConfigurationApplied"
COORDINATOR_SERVING: Final = "CoordinatorServing"
WORKERS_ACTIVE: Final = "WorkersActive"
REFERENCES_RESOLVED: Final = "ReferencesResolved"
SERVICES_PUBLISHED: Final = "ServicesPublished"

POLL: Final = After(15.0)
"""Between two looks at a coordinator that serves: no event reports its queries, or the state of the cache."""


def coordinator_serving(observed: Observed) -> Gate:
    """Open when the coordinator reports that it has started; its port is open long before."""
    if not isinstance(observed.coordinator, NoAnswer):
        return Gate(COORDINATOR_SERVING, True, "Serving", "the coordinator serves", requeue=POLL)
    said = f"the coordinator doesn't serve yet: {observed.coordinator.reason}"
    refused = observed.pod_creation_failures.get(names.COORDINATOR)
    return _closed(COORDINATOR_SERVING, observed.role(names.COORDINATOR), said, refused)


def workers_active(observed: Observed, wanted: int) -> Gate:
    """Open when the coordinator hands work to as many workers as are wanted."""
    if isinstance(observed.coordinator, NoAnswer):
        said = "only a coordinator that serves counts its workers; see condition CoordinatorServing"
        return waiting(WORKERS_ACTIVE, said, "CoordinatorNotServing")
    active = observed.coordinator.active_workers
    if wanted == 0:
        said = "no workers are wanted now, and queries wait for the first one"
        return Gate(WORKERS_ACTIVE, True, "ScaledToZero", said)
    if active >= wanted:
        return Gate(WORKERS_ACTIVE, True, "Active", f"{min(active, wanted)} of {wanted} workers are active")
    unready = [pod for pod in observed.role(names.WORKER) if not pod.ready]
    refused = observed.pod_creation_failures.get(names.WORKER)
    return _closed(WORKERS_ACTIVE, unready, f"{active} of {wanted} workers are active", refused)


def references_resolved(presto: Presto, observed: Observed) -> Gate | None:
    """Open when no pod lacks a Secret or ConfigMap that the spec refers to; None if the spec refers to none."""
    wanted = dict(_references(presto))
    if not wanted:
        return None
    for missing in (pod.trouble.missing for pod in observed.pods if pod.trouble):
        field = missing and wanted.get((missing.kind, missing.name))
        if missing and field:
            remedy = "add the key" if missing.key else f"create it in namespace {presto.names.namespace}"
            said = f"{missing}, but {field} refers to it: {remedy}, and the waiting pods start"
            return Gate(REFERENCES_RESOLVED, False, missing.reason, said)
    if any(pod.running for pod in observed.role(names.COORDINATOR)):
        return Gate(REFERENCES_RESOLVED, True, "Resolved", "no pod lacks a Secret or ConfigMap")
    return waiting(REFERENCES_RESOLVED, "the coordinator's pod has to start first")


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
        for named, name, volume in references_of(role):
            yield (named, name), f"{path}.volumes[{volume}]"


def _closed(gate: str, pods: Iterable[Pod], otherwise: str, refused: str | None) -> Gate:
    if refused:
        return Gate(gate, False, "PodsRefused", refused)
    trouble = first_trouble(pods)
    if trouble is None:
        return waiting(gate, otherwise)
    # Only another spec, or another image, helps a container that ends again and again.
    if trouble.looping or trouble.reason == CLIENT_MISSING:
        return blocked(gate, trouble.reason, trouble.message)
    return Gate(gate, False, trouble.reason, trouble.message)
