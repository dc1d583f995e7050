"""Looks at volumes whose size is to change."""

from __future__ import annotations

from collections.abc import Sequence

from alluxio_operator.kinds.cluster import layers
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.storage.desired import DesiredVolume
from alluxio_operator.kinds.cluster.storage.pvc import FoundVolumes
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object


def volumes(kube: Kube, cluster: Names, observed: Observed, desired: Sequence[DesiredVolume]) -> FoundVolumes:
    """Return the claims of a cluster, and the StatefulSets that have templates of them.

    A StatefulSet labels the claims that it makes with its own selector, and with nothing that names the owner.
    """
    claims = observed.claims
    if claims is None:
        claims = tuple(kube.list(KINDS["PersistentVolumeClaim"].path(cluster.namespace), cluster.instance_selector))
    named = sorted({volume.workload for volume in desired if volume.workload})
    if observed.status.layer < layers.WORKLOADS:
        named = []
    found = {name: _read(kube, cluster.namespace, name) for name in named}
    return FoundVolumes(claims, {name: obj for name, obj in found.items() if obj is not None})


def _read(kube: Kube, namespace: str, name: str) -> Object | None:
    try:
        return kube.get(KINDS["StatefulSet"].path(namespace, name))
    except NotFound:
        return None
