"""Reads the AlluxioBackups of a cluster."""

from __future__ import annotations

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.kinds.cluster.backup.requested import FoundBackup
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object


def read_backups(kube: Kube, cluster: Names) -> tuple[Object, ...]:
    """Return all AlluxioBackups that name the cluster, also those of an earlier cluster with its name."""
    found = kube.list(KINDS[KIND].path(cluster.namespace))
    return tuple(one for one in found if one.get("spec", {}).get("clusterRef", {}).get("name") == cluster.cluster)


def read_backup(kube: Kube, namespace: str, name: str) -> FoundBackup:
    """Return the AlluxioBackup with a name."""
    try:
        return FoundBackup(kube.get(KINDS[KIND].path(namespace, name)))
    except NotFound:
        return FoundBackup(None)
