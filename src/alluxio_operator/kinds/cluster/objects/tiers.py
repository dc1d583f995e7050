"""The worker's cache as Alluxio's properties and as volumes of its pods.

What Alluxio 2.9 does with several tiers was measured on 2.9.4: a new block goes to the first tier with room, blocks in
use move up and others down by swapping, and only when all tiers are full the coldest blocks are dropped. The watermarks
of older versions are still in its list of properties and read by nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import Workers
from alluxio_operator.api.base import in_binary, in_bytes
from alluxio_operator.api.tiers import Tier
from alluxio_operator.api.volumes import tier_name
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.names import Names

TIER_FOLDER: Final = "/tiers"
SOCKET_FOLDER: Final = "/alluxio-sockets"
"""Where workers and clients have the folder of the domain sockets: the same for both, as it is one property."""

MI: Final = 1024**2
LARGEST_RESERVE: Final = 1024 * MI
"""What Alluxio itself reserves in each tier, however small that tier is."""

_SLACK = 16 * MI
"""A tier's volume is a little larger than its quota, since files in it take whole pages; counted in the overhead."""


@dataclass(frozen=True, slots=True)
class TierVolume:
    """One tier as a volume of a worker's pod."""

    name: str
    folder: str
    """Where the worker has it."""
    per_pod: bool
    """Whether each pod has a folder of its own in it, named after it."""
    source: Mapping[str, Any] | None
    """An entry of the pod's `volumes`, without its name; None when the StatefulSet makes it from a claim's template."""
    claim: Mapping[str, Any] | None
    """Spec of that template."""
    on_node_disk: int
    """Bytes that it may take of the node's own disk."""


def tier_folder(name: str) -> str:
    """Return where a tier is mounted in a worker."""
    return f"{TIER_FOLDER}/{name.lower()}"


def reserve(workers: Workers) -> int:
    """Return how many bytes each tier keeps free for moving blocks between tiers; 0 for a single tier."""
    if len(workers.tiers) < 2:
        return 0
    if workers.tier_reserve:
        return in_bytes(workers.tier_reserve)
    return min(LARGEST_RESERVE, *(in_bytes(tier.quota) // 8 for tier in workers.tiers))


def tier_properties(workers: Workers) -> dict[str, object]:
    """Return what Alluxio is told of the tiers and of the sockets."""
    values: dict[str, object] = {"alluxio.worker.tieredstore.levels": len(workers.tiers)}
    for level, tier in enumerate(workers.tiers):
        prefix = f"alluxio.worker.tieredstore.level{level}"
        values[f"{prefix}.alias"] = tier.name
        values[f"{prefix}.dirs.path"] = tier_folder(tier.name)
        values[f"{prefix}.dirs.mediumtype"] = tier.lies_on
        values[f"{prefix}.dirs.quota"] = in_bytes(tier.quota)
    # Of the first tier whatever it is called: the ramdisk is what the launch scripts would mount there.
    values["alluxio.worker.ramdisk.size"] = in_bytes(workers.tiers[0].quota)
    if len(workers.tiers) > 1:
        values["alluxio.worker.management.tier.align.reserved.bytes"] = reserve(workers)
    return values


def socket_properties(workers: Workers) -> dict[str, object]:
    """Return what workers and clients are told of the domain sockets."""
    if workers.short_circuit.policy == "None":
        return {}
    return {
        "alluxio.worker.data.server.domain.socket.address": SOCKET_FOLDER,
        "alluxio.worker.data.server.domain.socket.as.uuid": "true",
    }


def tier_volumes(workers: Workers, cluster: Names) -> tuple[TierVolume, ...]:
    """Return the volumes of the tiers."""
    return tuple(_volume(tier, workers, cluster) for tier in workers.tiers)


def host_folder(path: str, cluster: Names) -> str:
    """Return a cluster's own folder below a folder of the node: two clusters never share one."""
    return f"{path}/{cluster.namespace}/{cluster.cluster}"


def folders_to_give(workers: Workers, cluster: Names) -> dict[str, list[Any]]:
    """Return the folders of the node that have to be given to the workers' user, and the mounts that lead to them."""
    on_host = [volume for volume in tier_volumes(workers, cluster) if "hostPath" in (volume.source or {})]
    # Mounted as a whole here, so that the folder of a single pod can be made in it.
    folders = [f"{volume.folder}/$(POD_NAME)" if volume.per_pod else volume.folder for volume in on_host]
    mounts = [{"name": volume.name, "mountPath": volume.folder} for volume in on_host]
    if workers.short_circuit.policy != "None":
        folders.append(SOCKET_FOLDER)
        mounts.append({"name": "sockets", "mountPath": SOCKET_FOLDER})
    return {"folders": folders, "mounts": mounts}


def problems(workers: Workers) -> Iterable[Problem]:
    """Yield what is wrong with the tiers and takes a sum to see."""
    for tier in workers.tiers:
        path = f"spec.workers.tiers[{tier.name}]"
        if in_bytes(tier.quota) == 0:
            yield Problem(
                field=f"{path}.quota",
                value=tier.quota,
                message="leaves no room for data",
                remedy="give the size of the cache in bytes, such as 1Gi",
            )
        elif workers.tier_reserve and len(workers.tiers) > 1 and in_bytes(tier.quota) <= reserve(workers):
            yield Problem(
                field="spec.workers.tierReserve",
                value=workers.tier_reserve,
                message=f"is all of tier {tier.name} ({tier.quota}), which would hold no block",
                remedy=f"lower it or raise {path}.quota",
            )


def _volume(tier: Tier, workers: Workers, cluster: Names) -> TierVolume:
    name, folder, storage = tier_name(tier.name), tier_folder(tier.name), tier.storage
    stateful = workers.workload == "StatefulSet"
    if storage.claim:
        claim = {
            "accessModes": [storage.claim.access_mode],
            "resources": {"requests": {"storage": storage.claim.size}},
            **({"storageClassName": storage.claim.storage_class_name} if storage.claim.storage_class_name else {}),
        }
        ephemeral = {"ephemeral": {"volumeClaimTemplate": {"spec": claim}}}
        return TierVolume(name, folder, False, None if stateful else ephemeral, claim if stateful else None, 0)
    if storage.host_path:
        source = {"path": host_folder(storage.host_path.path, cluster), "type": "DirectoryOrCreate"}
        # Several pods of a StatefulSet may run on one node; each finds its own folder again by its name.
        return TierVolume(name, folder, stateful, {"hostPath": source}, None, 0)
    quota = in_bytes(tier.quota)
    if tier.lies_on == "MEM":
        size = _whole_mi(quota) + _SLACK
        source = {"medium": "Memory", "sizeLimit": in_binary(size)}
        return TierVolume(name, folder, False, {"emptyDir": source}, None, 0)
    # On a disk the kubelet counts blocks of 4 KiB and ends a pod that passes the limit: more room than for pages.
    size = _whole_mi(quota + quota // 16) + _SLACK
    return TierVolume(name, folder, False, {"emptyDir": {"sizeLimit": in_binary(size)}}, None, size)


def _whole_mi(count: int) -> int:
    return -(-count // MI) * MI
