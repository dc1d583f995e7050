"""Which volumes a spec asks for, by the fields that give their sizes; pure."""

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
    """The volumes that are made by one size in the spec."""

    name: str
    field: str
    """Where in the spec that size is."""
    size: str
    claim: str
    """Name of the claim; of a StatefulSet's claims without the ordinal."""
    selector: Mapping[str, str]
    """Labels without which a claim isn't the operator's."""
    workload: str | None = None
    """The StatefulSet that has a template of the claims."""
    quota: str | None = None
    """Of a tier: what the spec gives."""

    @property
    def bytes(self) -> int:
        """The size in bytes."""
        return in_bytes(self.size)

    def is_of(self, claim: Claim) -> bool:
        """Tell by its name whether a claim is one of these volumes."""
        if self.workload is None:
            return claim.name == self.claim
        return claim.name.startswith(self.claim) and claim.name.removeprefix(self.claim).isdecimal()

    def is_ours(self, claim: Claim) -> bool:
        """Tell whether the operator, or a StatefulSet of its, made a claim of such a name."""
        return self.selector.items() <= claim.labels.items()

    def grows_when_mounted(self, claim: Claim, mounted: Collection[str]) -> bool:
        """Tell whether only a pod is missing: of a worker that was scaled away, or of a master that was stopped."""
        pod = f"{self.workload}-{claim.name.removeprefix(self.claim)}"
        return claim.waits_for_node and self.workload is not None and pod not in mounted


def desired_volumes(spec: ClusterSpec, made: Names) -> tuple[DesiredVolume, ...]:
    """Return all volumes of a cluster that outlive a pod and that the operator has made."""
    masters, logs, mount = spec.masters.journal.storage, spec.log_server.storage, spec.root_mount.volume
    claims = made.journal_claim(0).removesuffix("0")
    found = [
        DesiredVolume(
            JOURNAL,
            "spec.masters.journal.storage.size",
            masters.size,
            claims,
            made.selector(names.MASTER),
            made.of(names.MASTER),
        ),
        *(_tiers(spec, made) if spec.workers.workload == "StatefulSet" else ()),
    ]
    if spec.log_server.enabled:
        selector = made.selector(names.LOG_SERVER)
        found.append(DesiredVolume(LOGS, "spec.logServer.storage.size", logs.size, made.of("logs"), selector))
    if mount is not None and mount.size is not None:
        selector = made.selector("ufs")
        found.append(DesiredVolume(ROOT_MOUNT, "spec.rootMount.volume.size", mount.size, made.of("ufs"), selector))
    return tuple(found)


def _tiers(spec: ClusterSpec, made: Names) -> list[DesiredVolume]:
    workers = made.of(names.WORKER)
    return [
        DesiredVolume(
            name=tier_name(tier.name),
            field=f"spec.workers.tiers[{tier.name}].storage.claim.size",
            size=tier.storage.claim.size,
            claim=f"{tier_name(tier.name)}-{workers}-",
            selector=made.selector(names.WORKER),
            workload=workers,
            quota=tier.quota,
        )
        for tier in spec.workers.tiers
        if tier.storage.claim
    ]
