"""Reads the Events that explain what holds the pods of a Presto up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alluxio_operator.engine.look import Look
from alluxio_operator.kinds.presto import layers, names
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.roles import PATHS, volume_fields
from alluxio_operator.kinds.presto.validate import Presto
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.pod_creation import Expected, is_waiting, pod_creation_failures
from alluxio_operator.workloads.stuck_pods import with_volume_troubles


def with_events(look: Look, presto: Presto, observed: Observed) -> Observed:
    """Return the observation with what Events report about pods; unchanged while the Presto may need a moment only."""
    if not is_waiting(observed.status.conditions, look.now):
        return observed
    failures = pod_creation_failures(look.kube, look.key.namespace, _deployments(observed), observed.pods, PATHS.get)
    pods = with_volume_troubles(look.kube, look.key.namespace, observed.pods, look.now, volume_fields(presto.spec))
    return replace(observed, pods=pods, pod_creation_failures=failures)


def _deployments(observed: Observed) -> Iterable[Expected]:
    before, meta = observed.status, observed.resource["metadata"]
    own = names.Names(meta["name"], meta["namespace"])
    if before.layer >= layers.COORDINATOR:
        yield Expected(names.COORDINATOR, Ref("Deployment", own.coordinator), 1)
    if before.layer >= layers.WORKERS:
        yield Expected(names.WORKER, Ref("Deployment", own.workers), before.workers.wanted)
