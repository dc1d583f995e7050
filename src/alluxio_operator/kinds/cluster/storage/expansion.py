"""Decides what becomes of volumes whose size in the spec has changed: claims grow, and StatefulSets are made anew.

A claim takes a larger request and nothing else. The templates of claims in a StatefulSet can't be changed, so it is
deleted without its pods and made anew, and takes them over as they are. Nothing here waits for the other: what can't
grow is told, and the rest of the cluster goes on.

What the volumes have is kept in the status, so that a cluster at rest isn't asked for its claims.
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
from alluxio_operator.kinds.cluster.storage.pvc import Claim, FoundVolumes, parse_claim
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object

AT_ONCE: Final = 100
"""Claims that are asked to grow in one reconcile, of a cluster that may have thousands."""


@dataclass(frozen=True, slots=True)
class ClaimExpansion:
    """A claim to be patched: a larger request."""

    volume: DesiredVolume
    claim: Claim

    @property
    def patch(self) -> Mapping[str, Any]:
        """The patch; refused where the claim is another one by now."""
        requests = {"storage": self.volume.size}
        return {"metadata": {"uid": self.claim.uid}, "spec": {"resources": {"requests": requests}}}


@dataclass(frozen=True, slots=True)
class ExpandClaims:
    """Claims to be asked to grow, in order; performed as one effect, since one refusal answers for others."""

    asks: tuple[ClaimExpansion, ...]


@dataclass(frozen=True, slots=True)
class ExpansionStep:
    """What the status is to say of volumes, the claims to ask, the StatefulSets to make anew, and how it stands."""

    volumes: tuple[VolumeStatus, ...]
    ask: tuple[ClaimExpansion, ...] = ()
    recreating: tuple[RecreatingStatus, ...] = ()
    gate: Gate = volume_gates.EXPANDED


def unsettled(volumes: Iterable[DesiredVolume], status: ClusterStatus) -> bool:
    """Tell whether claims have to be looked at: a size is new, or isn't there yet."""
    known = {one.name: one for one in status.volumes}
    return bool(status.recreating) or any(
        (recorded := known.get(one.name)) is None
        or (recorded.wanted, recorded.quota) != (one.size, one.quota)
        or in_bytes(recorded.size) < one.bytes
        for one in volumes
    )


def next_step(
    volumes: Sequence[DesiredVolume], status: ClusterStatus, found: FoundVolumes | None, mounted: Collection[str]
) -> ExpansionStep:
    """Return the next step; `mounted` are the names of the pods. Without a look at the claims all is as recorded."""
    if found is None:
        return ExpansionStep(status.volumes)
    recorded = {one.name: one for one in status.volumes}
    claims = [parse_claim(claim) for claim in found.claims]
    by_volume = [(volume, [claim for claim in claims if volume.is_of(claim)]) for volume in volumes]
    asks = [ClaimExpansion(volume, claim) for volume, own in by_volume for claim in own if _may_be_asked(volume, claim)]
    recreating = tuple(_to_recreate(volumes, found.workloads))
    gates = [volume_gates.standing(volume, claim, mounted) for volume, own in by_volume for claim in own]
    return ExpansionStep(
        tuple(_status(volume, own, recorded.get(volume.name), mounted) for volume, own in by_volume),
        tuple(asks[:AT_ONCE]),
        recreating,
        volume_gates.worst(
            [*(gate for gate in gates if gate), *(volume_gates.recreated(one.name) for one in recreating)]
        ),
    )


def after_answers(step: ExpansionStep, refused: Mapping[str, str]) -> Gate:
    """Return how it stands once claims were asked; `refused` has the API server's words, by claim."""
    asked = [one for one in step.ask if one.claim.name in refused]
    gates = [volume_gates.refusal(one.volume, one.claim, refused[one.claim.name]) for one in asked]
    return volume_gates.worst((*gates, step.gate)) if gates else step.gate


def with_quotas(cluster: Cluster, step: ExpansionStep) -> Cluster:
    """Return the cluster with the quotas that its volumes have room for.

    A worker that may write more than its volume holds would fail to write, and one that is told of a little more first
    would be restarted twice.
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


def _may_be_asked(volume: DesiredVolume, claim: Claim) -> bool:
    return claim.bound and claim.requested < volume.bytes and volume.is_ours(claim)


def _has(volume: DesiredVolume, claim: Claim, mounted: Collection[str]) -> int:
    if claim.capacity is None or volume.grows_when_mounted(claim, mounted):
        return claim.requested
    return claim.capacity


def _status(
    volume: DesiredVolume, claims: Iterable[Claim], recorded: VolumeStatus | None, mounted: Collection[str]
) -> VolumeStatus:
    least = min((_has(volume, claim, mounted) for claim in claims), default=volume.bytes)
    size = volume.size if least >= volume.bytes else in_binary(least)
    quota = volume.quota
    if quota is not None and in_bytes(quota) > least:
        before = recorded.quota if recorded and recorded.quota else quota
        quota = before if in_bytes(before) <= least else in_binary(least)
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
