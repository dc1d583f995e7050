"""Decides how to expand volumes whose size in the spec has changed; pure.

A bound PVC accepts a larger request and no other change. A StatefulSet's volumeClaimTemplates are immutable, so the
operator deletes the StatefulSet without its pods and recreates it; the new one adopts the pods as they are. PVCs and
StatefulSets don't wait for each other. If a PVC can't expand, a condition reports it and the cluster keeps running.

The status records the size of each volume, so that a reconcile of an unchanged cluster doesn't read StatefulSets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, RecreatingStatus, VolumeStatus
from alluxio_operator.api.base import in_binary, in_bytes
from alluxio_operator.api.tiers import Tier
from alluxio_operator.api.volumes import tier_name
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster.storage import gates as volume_gates
from alluxio_operator.kinds.cluster.storage.desired import DesiredVolume
from alluxio_operator.kinds.cluster.storage.pvc import Claim, VolumeObjects, parse_claim
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object

MAX_PER_RECONCILE: Final = 100
"""PVCs that one reconcile expands; a cluster may have thousands."""


@dataclass(frozen=True, slots=True)
class ClaimExpansion:
    """A PVC to patch to a larger request."""

    volume: DesiredVolume
    claim: Claim

    @property
    def patch(self) -> Mapping[str, Any]:
        """The patch; the API server refuses it if the PVC was recreated meanwhile."""
        requests = {"storage": self.volume.size}
        return {"metadata": {"uid": self.claim.uid}, "spec": {"resources": {"requests": requests}}}


@dataclass(frozen=True, slots=True)
class ExpandClaims:
    """PVCs to expand, in order; one effect, since one refusal skips other PVCs."""

    expansions: tuple[ClaimExpansion, ...]


@dataclass(frozen=True, slots=True)
class ExpansionStep:
    """The volumes to record in the status, the PVCs to expand, the StatefulSets to recreate, and the gate."""

    volumes: tuple[VolumeStatus, ...]
    expand: tuple[ClaimExpansion, ...] = ()
    recreating: tuple[RecreatingStatus, ...] = ()
    gate: Gate = volume_gates.EXPANDED


def needs_expansion(volumes: Iterable[DesiredVolume], status: ClusterStatus) -> bool:
    """Return True if the status doesn't record each volume with its desired size: then the PVCs have to be read."""
    known = {one.name: one for one in status.volumes}
    return bool(status.recreating) or any(
        (recorded := known.get(one.name)) is None
        or (recorded.wanted, recorded.quota) != (one.size, one.quota)
        or in_bytes(recorded.size) < one.bytes
        for one in volumes
    )


def next_expansion_step(
    volumes: Sequence[DesiredVolume], status: ClusterStatus, live: VolumeObjects | None, mounted: Collection[str]
) -> ExpansionStep:
    """Return the next step; `mounted` are the names of the pods.

    `live` is None if the PVCs weren't read, since the status records every size.
    """
    if live is None:
        return ExpansionStep(status.volumes)
    recorded = {one.name: one for one in status.volumes}
    claims = [parse_claim(claim) for claim in live.claims]
    by_volume = [(volume, [claim for claim in claims if volume.includes(claim)]) for volume in volumes]
    expand = [ClaimExpansion(volume, claim) for volume, own in by_volume for claim in own if _can_expand(volume, claim)]
    recreating = tuple(_to_recreate(volumes, live.workloads))
    gates = [volume_gates.claim_gate(volume, claim, mounted) for volume, own in by_volume for claim in own]
    return ExpansionStep(
        tuple(_status(volume, own, recorded.get(volume.name), mounted) for volume, own in by_volume),
        tuple(expand[:MAX_PER_RECONCILE]),
        recreating,
        volume_gates.worst(
            [*(gate for gate in gates if gate), *(volume_gates.recreating_gate(one.name) for one in recreating)]
        ),
    )


def after_answers(step: ExpansionStep, refused: Mapping[str, str]) -> Gate:
    """Return the gate after the patches; `refused` holds the API server's messages by the name of the PVC."""
    failed = [one for one in step.expand if one.claim.name in refused]
    gates = [volume_gates.refused_gate(one.volume, one.claim, refused[one.claim.name]) for one in failed]
    return volume_gates.worst((*gates, step.gate)) if gates else step.gate


def with_quotas(cluster: Cluster, step: ExpansionStep) -> Cluster:
    """Return the cluster with each tier's quota limited to the size of its smallest volume.

    A worker whose quota exceeds its volume fails to write. A quota between the old and the new size would restart the
    worker twice.
    """
    quotas = {one.name: one.quota for one in step.volumes if one.quota}
    spec = cluster.spec
    if not quotas or spec.workers.workload != "StatefulSet":
        return cluster

    def bounded(tier: Tier) -> Tier:
        quota = quotas.get(tier_name(tier.name)) if tier.storage.claim else None
        return tier if quota in (None, tier.quota) else tier.model_copy(update={"quota": quota})

    workers = spec.workers.model_copy(update={"tiers": tuple(bounded(tier) for tier in spec.workers.tiers)})
    return replace(cluster, spec=spec.model_copy(update={"workers": workers}))


def _can_expand(volume: DesiredVolume, claim: Claim) -> bool:
    return claim.bound and claim.requested < volume.bytes and volume.manages(claim)


def _size_of(volume: DesiredVolume, claim: Claim, mounted: Collection[str]) -> int:
    if claim.capacity is None or volume.expands_when_mounted(claim, mounted):
        return claim.requested
    return claim.capacity


def _status(
    volume: DesiredVolume, claims: Iterable[Claim], recorded: VolumeStatus | None, mounted: Collection[str]
) -> VolumeStatus:
    smallest = min((_size_of(volume, claim, mounted) for claim in claims), default=volume.bytes)
    size = volume.size if smallest >= volume.bytes else in_binary(smallest)
    quota = volume.quota
    if quota is not None and in_bytes(quota) > smallest:
        before = recorded.quota if recorded and recorded.quota else quota
        quota = before if in_bytes(before) <= smallest else in_binary(smallest)
    return VolumeStatus(name=volume.name, wanted=volume.size, size=size, quota=quota)


def _to_recreate(volumes: Iterable[DesiredVolume], workloads: Mapping[str, Object]) -> Iterable[RecreatingStatus]:
    for name, workload in sorted(workloads.items()):
        if any(_differs(volume, workload) for volume in volumes if volume.workload == name):
            yield RecreatingStatus(name=name, uid=workload["metadata"]["uid"])


def _differs(volume: DesiredVolume, workload: Object) -> bool:
    for template in workload["spec"].get("volumeClaimTemplates", ()):
        if f"{template['metadata']['name']}-{volume.workload}-" == volume.claim:
            given = template["spec"]["resources"]["requests"]["storage"]
            return in_bytes(str(given)) != volume.bytes
    return False
