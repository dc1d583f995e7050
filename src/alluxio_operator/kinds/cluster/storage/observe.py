"""Reads the PVCs and StatefulSets of volumes that may have to expand."""

from __future__ import annotations

from collections.abc import Sequence

from alluxio_operator.kinds.cluster import layers
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.storage.desired import DesiredVolume
from alluxio_operator.kinds.cluster.storage.pvc import VolumeObjects
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object


def read_volumes(kube: Kube, cluster: Names, observed: Observed, desired: Sequence[DesiredVolume]) -> VolumeObjects:
    """Return the PVCs of a cluster, and the StatefulSets whose templates create them.

    A StatefulSet labels its PVCs with its own selector, not with the operator's owner labels.
    """
    claims = observed.claims
    if claims is None:
        claims = tuple(kube.list(KINDS["PersistentVolumeClaim"].path(cluster.namespace), cluster.instance_selector))
    workloads = sorted({volume.workload for volume in desired if volume.workload})
    if observed.status.layer < layers.WORKLOADS:
        workloads = []
    live = {name: _read(kube, cluster.namespace, name) for name in workloads}
    return VolumeObjects(claims, {name: obj for name, obj in live.items() if obj is not None})


def _read(kube: Kube, namespace: str, name: str) -> Object | None:
    try:
        return kube.get(KINDS["StatefulSet"].path(namespace, name))
    except NotFound:
        return None
