"""Derives Alluxio's properties and the volumes of worker pods from the cache tiers.

With several tiers, Alluxio 2.9 writes a new block to the first tier with room. It swaps blocks between tiers: blocks
in use move up, others down. When all tiers are full, it evicts the coldest blocks (run on 2.9.4). The watermark
properties of older versions are still in its property list, but it doesn't read them.
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
"""Folder of the domain sockets in workers and clients: the same path for both, since one property sets it."""

MI: Final = 1024**2
LARGEST_RESERVE: Final = 1024 * MI
"""Bytes that Alluxio reserves in each tier by default, however small the tier is."""

_SLACK = 16 * MI
"""Bytes by which a tier's volume exceeds its quota, since files take whole pages; part of the memory overhead."""


@dataclass(frozen=True, slots=True)
class TierVolume:
    """One tier as a volume of a worker's pod."""

    name: str
    folder: str
    """Path in the worker's container."""
    per_pod: bool
    """Whether each pod uses a subfolder with the pod's name."""
    source: Mapping[str, Any] | None
    """An entry of the pod's `volumes`, without its name; None if it comes from a volumeClaimTemplate."""
    claim: Mapping[str, Any] | None
    """Spec of that volumeClaimTemplate."""
    on_node_disk: int
    """Bytes that it may use of the node's ephemeral storage."""


def tier_folder(name: str) -> str:
    """Return the mount path of a tier in a worker."""
    return f"{TIER_FOLDER}/{name.lower()}"


def reserve(workers: Workers) -> int:
    """Return the bytes that each tier keeps free for moving blocks between tiers; 0 for a single tier."""
    if len(workers.tiers) < 2:
        return 0
    if workers.tier_reserve:
        return in_bytes(workers.tier_reserve)
    return min(LARGEST_RESERVE, *(in_bytes(tier.quota) // 8 for tier in workers.tiers))


def tier_properties(workers: Workers) -> dict[str, object]:
    """Return Alluxio's properties for the tiers."""
    values: dict[str, object] = {"alluxio.worker.tieredstore.levels": len(workers.tiers)}
    for level, tier in enumerate(workers.tiers):
        prefix = f"alluxio.worker.tieredstore.level{level}"
        values[f"{prefix}.alias"] = tier.name
        values[f"{prefix}.dirs.path"] = tier_folder(tier.name)
        values[f"{prefix}.dirs.mediumtype"] = tier.lies_on
        values[f"{prefix}.dirs.quota"] = in_bytes(tier.quota)
    # The launch scripts mount a ramdisk of this size for the first tier, whatever its alias is.
    values["alluxio.worker.ramdisk.size"] = in_bytes(workers.tiers[0].quota)
    if len(workers.tiers) > 1:
        values["alluxio.worker.management.tier.align.reserved.bytes"] = reserve(workers)
    return values


def socket_properties(workers: Workers) -> dict[str, object]:
    """Return the properties of workers and clients for the domain sockets."""
    if workers.short_circuit.policy == "None":
        return {}
    return {
        "alluxio.worker.data.server.domain.socket.address": SOCKET_FOLDER,
        "alluxio.worker.data.server.domain.socket.as.uuid": "true",
    }


def own_socket_folder(workers: Workers) -> str:
    """Return the folder that one worker has for itself, so that it may remove every socket there.

    A node runs one worker of a DaemonSet, and several of a StatefulSet. A socket's path has at most 107 bytes: with the
    longest name of a pod and the socket's UUID it has 106. The worker creates its folder: root has no right to write in
    one that belongs to Alluxio.
    """
    return f"{SOCKET_FOLDER}/$(POD_NAME)" if workers.workload == "StatefulSet" else SOCKET_FOLDER


def tier_volumes(workers: Workers, cluster: Names) -> tuple[TierVolume, ...]:
    """Return the volumes of the tiers."""
    return tuple(_volume(tier, workers, cluster) for tier in workers.tiers)


def host_folder(path: str, cluster: Names) -> str:
    """Return a cluster's folder below a folder of the node; each cluster has its own."""
    return f"{path}/{cluster.namespace}/{cluster.cluster}"


def host_folders(workers: Workers, cluster: Names) -> dict[str, list[Any]]:
    """Return the folders of the node that an init container gives to the workers' user, and their mounts."""
    on_host = [volume for volume in tier_volumes(workers, cluster) if "hostPath" in (volume.source or {})]
    # Mount the parent folder, so that the init container can create the subfolder of a pod.
    folders = [f"{volume.folder}/$(POD_NAME)" if volume.per_pod else volume.folder for volume in on_host]
    mounts = [{"name": volume.name, "mountPath": volume.folder} for volume in on_host]
    if workers.short_circuit.policy != "None":
        folders.append(SOCKET_FOLDER)
        mounts.append({"name": "sockets", "mountPath": SOCKET_FOLDER})
    return {"folders": folders, "mounts": mounts}


def problems(workers: Workers) -> Iterable[Problem]:
    """Yield the mistakes in the tiers that the schema can't check."""
    for tier in workers.tiers:
        path = f"spec.workers.tiers[{tier.name}]"
        if in_bytes(tier.quota) == 0:
            yield Problem(
                field=f"{path}.quota",
                value=tier.quota,
                message="leaves no room for data",
                remedy="set the size of the cache, such as 1Gi",
            )
        elif workers.tier_reserve and len(workers.tiers) > 1 and in_bytes(tier.quota) <= reserve(workers):
            yield Problem(
                field="spec.workers.tierReserve",
                value=workers.tier_reserve,
                message=f"leaves no room for blocks in tier {tier.name} ({tier.quota})",
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
        # Several pods of a StatefulSet may run on one node: each has a subfolder with its name, also after a restart.
        return TierVolume(name, folder, stateful, {"hostPath": source}, None, 0)
    quota = in_bytes(tier.quota)
    if tier.lies_on == "MEM":
        size = _whole_mi(quota) + _SLACK
        source = {"medium": "Memory", "sizeLimit": in_binary(size)}
        return TierVolume(name, folder, False, {"emptyDir": source}, None, 0)
    # On a disk the kubelet counts blocks of 4 KiB and evicts a pod above the limit: add more than for pages.
    size = _whole_mi(quota + quota // 16) + _SLACK
    return TierVolume(name, folder, False, {"emptyDir": {"sizeLimit": in_binary(size)}}, None, size)


def _whole_mi(count: int) -> int:
    return -(-count // MI) * MI
