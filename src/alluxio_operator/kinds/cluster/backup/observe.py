"""Reads the AlluxioBackups of a cluster."""

from __future__ import annotations

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS, Object


def read_backups(kube: Kube, cluster: Names) -> tuple[Object, ...]:
    """Return all AlluxioBackups that name the cluster, also those of an earlier cluster with its name."""
    found = kube.list(KINDS[KIND].path(cluster.namespace))
    return tuple(one for one in found if one.get("spec", {}).get("clusterRef", {}).get("name") == cluster.cluster)
