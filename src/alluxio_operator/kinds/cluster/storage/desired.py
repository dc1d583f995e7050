"""Derives the desired volumes from the size fields of a spec; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.base import in_bytes
from alluxio_operator.api.volumes import JOURNAL, LOGS, ROOT_MOUNT, tier_name
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.storage.pvc import Claim


@dataclass(frozen=True, slots=True)
class DesiredVolume:
    """The volumes whose size one field of the spec sets."""

    name: str
    field: str
    """Path of the size in the spec."""
    size: str
    claim: str
    """Name of the PVC; for the PVCs of a StatefulSet, without the ordinal."""
    selector: Mapping[str, str]
    """Labels that identify a PVC as managed by the operator."""
    workload: str | None = None
    """The StatefulSet whose template creates the PVCs."""
    quota: str | None = None
    """The tier's quota in the spec; None for other volumes."""

    @property
    def bytes(self) -> int:
        """The size in bytes."""
        return in_bytes(self.size)

    def includes(self, claim: Claim) -> bool:
        """Return True if a PVC, by its name, is one of these volumes."""
        if self.workload is None:
            return claim.name == self.claim
        return claim.name.startswith(self.claim) and claim.name.removeprefix(self.claim).isdecimal()

    def manages(self, claim: Claim) -> bool:
        """Return True if the operator or its StatefulSet created the PVC."""
        return self.selector.items() <= claim.labels.items()

    def expands_when_mounted(self, claim: Claim, mounted: Collection[str]) -> bool:
        """Return True if the file system only waits for a pod: of a worker or master that was scaled down."""
        pod = f"{self.workload}-{claim.name.removeprefix(self.claim)}"
        return claim.waits_for_node and self.workload is not None and pod not in mounted


def desired_volumes(spec: ClusterSpec, cluster: Names) -> tuple[DesiredVolume, ...]:
    """Return the volumes of a cluster that outlive pods and that the operator creates."""
    masters, logs, mount = spec.masters.journal.storage, spec.log_server.storage, spec.root_mount.volume
    volumes = [
        DesiredVolume(
            JOURNAL,
            "spec.masters.journal.storage.size",
            masters.size,
            cluster.journal_claim(0).removesuffix("0"),
            cluster.selector(names.MASTER),
            cluster.of(names.MASTER),
        ),
        *(_tiers(spec, cluster) if spec.workers.workload == "StatefulSet" else ()),
    ]
    if spec.log_server.enabled:
        selector = cluster.selector(names.LOG_SERVER)
        volumes.append(DesiredVolume(LOGS, "spec.logServer.storage.size", logs.size, cluster.of("logs"), selector))
    if mount is not None and mount.size is not None:
        selector = cluster.selector("ufs")
        volumes.append(DesiredVolume(ROOT_MOUNT, "spec.rootMount.volume.size", mount.size, cluster.of("ufs"), selector))
    return tuple(volumes)


def _tiers(spec: ClusterSpec, cluster: Names) -> list[DesiredVolume]:
    workers = cluster.of(names.WORKER)
    return [
        DesiredVolume(
            name=tier_name(tier.name),
            field=f"spec.workers.tiers[{tier.name}].storage.claim.size",
            size=tier.storage.claim.size,
            claim=f"{tier_name(tier.name)}-{workers}-",
            selector=cluster.selector(names.WORKER),
            workload=workers,
            quota=tier.quota,
        )
        for tier in spec.workers.tiers
        if tier.storage.claim
    ]
