"""Reads the AlluxioBackups and AlluxioDrills of a cluster."""

from __future__ import annotations

from alluxio_operator.api.alluxiobackup import CLUSTER_LABEL
from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.api.alluxiodrill import KIND as DRILL
from alluxio_operator.kinds.cluster.backup.in_use import backups_in_use
from alluxio_operator.kinds.cluster.backup.requested import FoundBackup
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object


def read_backups(kube: Kube, cluster: Names) -> tuple[Object, ...]:
    """Return all AlluxioBackups that name the cluster, also those of an earlier cluster with its name."""
    return _naming(kube, BACKUP, cluster)


def read_labelled_backups(kube: Kube, cluster: Names) -> tuple[Object, ...]:
    """Return the same, but for unscheduled ones that haven't ended, and have no label yet: the API server selects them.

    A namespace may have thousands of backups of other clusters.
    """
    return _naming(kube, BACKUP, cluster, f"{CLUSTER_LABEL}={cluster.cluster}")


def read_drills(kube: Kube, cluster: Names) -> tuple[Object, ...]:
    """Return all AlluxioDrills that name the cluster, also those of an earlier cluster with its name."""
    return _naming(kube, DRILL, cluster)


def read_backups_in_use(kube: Kube, namespace: str) -> frozenset[str]:
    """Return the names of the AlluxioBackups that a drill or a restore which hasn't ended names."""
    return backups_in_use(kube.list(KINDS[DRILL].path(namespace)), kube.list(KINDS[CLUSTER].path(namespace)))


def _naming(kube: Kube, kind: str, cluster: Names, selector: str = "") -> tuple[Object, ...]:
    found = kube.list(KINDS[kind].path(cluster.namespace), selector)
    return tuple(one for one in found if one.get("spec", {}).get("clusterRef", {}).get("name") == cluster.cluster)


def read_backup(kube: Kube, namespace: str, name: str) -> FoundBackup:
    """Return the AlluxioBackup with a name."""
    try:
        return FoundBackup(kube.get(KINDS[BACKUP].path(namespace, name)))
    except NotFound:
        return FoundBackup(None)
