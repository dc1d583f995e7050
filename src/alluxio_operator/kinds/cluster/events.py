"""Reads the Events that explain what holds the pods of a cluster up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alluxio_operator.engine.applied import WORKLOADS
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.engine.look import Look
from alluxio_operator.kinds.cluster import layers, names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.roles import path_of
from alluxio_operator.kinds.cluster.storage.fields import volume_fields
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.pod_creation import Expected, is_waiting, pod_creation_failures
from alluxio_operator.workloads.stuck_pods import with_volume_troubles


def with_events(look: Look, cluster: Cluster, observed: Observed) -> Observed:
    """Return the observation with what Events report about pods; unchanged while the cluster may need a moment only."""
    if not is_waiting(observed.status.conditions, look.now):
        return observed
    failures = pod_creation_failures(
        look.kube,
        look.key.namespace,
        (*_journal_jobs(observed), *_workloads(cluster, observed)),
        observed.pods,
        path_of,
    )
    volumes = volume_fields(cluster, observed)
    pods = with_volume_troubles(look.kube, look.key.namespace, observed.pods, look.now, volumes)
    return replace(observed, pods=pods, pod_creation_failures=failures)


def _journal_jobs(observed: Observed) -> Iterable[Expected]:
    for jobs in (observed.journal_jobs, observed.in_place_jobs, observed.emptying_jobs):
        for job in jobs.values():
            if state_of(job).phase is not JobPhase.COMPLETE:
                yield Expected(names.JOURNAL, Ref("Job", job["metadata"]["name"]), len(jobs))


def _workloads(cluster: Cluster, observed: Observed) -> Iterable[Expected]:
    before, spec = observed.status, cluster.spec
    roles = {cluster.names.of(role): role for role in names.ROLES}
    wanted = {
        names.MASTER: spec.masters.replicas,
        # The nodes of a DaemonSet are known from the last reconcile.
        names.WORKER: spec.workers.count if spec.workers.workload == "StatefulSet" else before.workers.wanted or 1,
        names.PROXY: spec.proxy.replicas,
        names.FUSE: (before.fuse.wanted if before.fuse else 0) or 1,
    }
    for item in before.inventory:
        role = roles.get(item.name)
        due = layers.SERVICES if role == names.FUSE else layers.WORKLOADS
        if role is not None and item.kind in WORKLOADS and before.layer >= due:
            yield Expected(role, Ref(item.kind, item.name), wanted.get(role, 1))
