"""Reads a Presto: the resource, its pods, the AlluxioCluster that it refers to, and what its servers report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alluxio_operator.api.lenient import read_status
from alluxio_operator.api.presto import KIND
from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.presto.cache.observe import cluster_of
from alluxio_operator.kinds.presto.names import ROLES, Names
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.roles import FIELDS
from alluxio_operator.kinds.presto.servers.answers import PrestoServers
from alluxio_operator.kinds.presto.servers.observe import ask_coordinator, ask_processors
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.explanations import explained
from alluxio_operator.workloads.pods import belongs_to, parse_pod
from alluxio_operator.workloads.shared_claims import read_shared_claims


def observe(kube: Kube, servers: PrestoServers, key: OwnerKey, deadline: Deadline) -> Observed | None:
    """Return one observation of a Presto; None when the resource is gone."""
    try:
        resource = kube.get(KINDS[KIND].path(key.namespace, key.name))
    except NotFound:
        return None
    names = Names(key.name, key.namespace)
    workloads = [names.of(role) for role in ROLES]
    found = kube.list(KINDS["Pod"].path(key.namespace), names.instance_selector)
    pods = tuple(explained(parse_pod(pod), FIELDS) for pod in found if belongs_to(pod, names.owner_labels, workloads))
    by_processors = _in_spec(resource, "autoscaling", "load", "cpuPercent") is not None
    cluster = _in_spec(resource, "alluxio", "clusterRef", "name")
    return Observed(
        resource=resource,
        status=read_status(PrestoStatus, resource).status,
        pods=pods,
        shared_claims=read_shared_claims(kube, key.namespace, pods),
        coordinator=ask_coordinator(servers, pods, deadline),
        processors=ask_processors(servers, pods, deadline) if by_processors else None,
        cluster=cluster_of(kube, key.namespace, cluster) if isinstance(cluster, str) else None,
    )


def _in_spec(resource: Object, *path: str) -> Any:
    # The raw spec: nothing has validated it yet.
    node: Any = resource.get("spec", {})
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
