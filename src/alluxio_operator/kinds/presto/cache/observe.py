"""Reads the AlluxioCluster that a Presto refers to, and the configuration that it publishes for clients."""

from __future__ import annotations

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kinds.cluster.clients import client_config_map
from alluxio_operator.kinds.presto.cache.connection import ClusterView
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object


def cluster_of(kube: Kube, namespace: str, name: str) -> ClusterView:
    """Return the cluster of that name, as far as it exists."""
    cluster = _get(kube, KIND, namespace, name)
    client = _get(kube, "ConfigMap", namespace, client_config_map(name)) if cluster is not None else None
    return ClusterView(cluster, client)


def _get(kube: Kube, kind: str, namespace: str, name: str) -> Object | None:
    try:
        return kube.get(KINDS[kind].path(namespace, name))
    except NotFound:
        return None
