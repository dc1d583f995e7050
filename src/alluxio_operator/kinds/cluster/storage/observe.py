"""Reads the PVCs of a cluster, and the StatefulSets of volumes that may have to expand."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.volumes import JOURNAL, LOGS, ROOT_MOUNT
from alluxio_operator.kinds.cluster import layers
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.storage.desired import DesiredVolume
from alluxio_operator.kinds.cluster.storage.pvc import VolumeObjects
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object


def read_claims(kube: Kube, cluster: Names, resource: Object, status: ClusterStatus) -> tuple[Object, ...]:
    """Return the PVCs of a cluster, and one that the spec names.

    A PVC on record that the list lacks is read by its name: its labels may be lost. The PVCs of tiers are too many.
    """
    path = KINDS["PersistentVolumeClaim"].path
    found = {one["metadata"]["name"]: one for one in kube.list(path(cluster.namespace), cluster.instance_selector)}
    known = {one.name for one in status.claims if one.volume in (JOURNAL, ROOT_MOUNT, LOGS)}
    known |= {one.name for one in status.inventory if one.kind == "PersistentVolumeClaim"}
    mount = (resource.get("spec") or {}).get("rootMount") or {}
    if given := (mount.get("volume") or {}).get("claimName"):
        known.add(given)
    for name in sorted(known - found.keys()):
        with contextlib.suppress(NotFound):
            found[name] = kube.get(path(cluster.namespace, name))
    return tuple(found.values())


def read_volumes(kube: Kube, cluster: Names, observed: Observed, desired: Sequence[DesiredVolume]) -> VolumeObjects:
    """Return the PVCs of a cluster, and the StatefulSets whose templates create them.

    A StatefulSet labels its PVCs with its own selector, not with the operator's owner labels.
    """
    claims = observed.claims or ()
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
