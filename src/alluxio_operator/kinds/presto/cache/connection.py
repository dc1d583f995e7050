"""The cache beside Presto: what an AlluxioCluster tells of itself, and how Presto's servers reach it.

What was last known is kept in Presto's own status, so that Presto goes on, and can be changed and scaled, while the
cluster's resource is away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import javaproperties

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.api.presto_status import AlluxioStatus
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import clients
from alluxio_operator.kube.kinds import Object

GATE: Final = "AlluxioConnected"
LOGIN: Final = "alluxio.security.login.username"
"""As whom Alluxio's client logs in. Not given, that is the name of the process's user, which then asks to act for
Hadoop's user; masters refuse that by default, and the client tries again for two minutes without a word.
"""


@dataclass(frozen=True, slots=True)
class CacheLook:
    """What was found of the cluster: its resource and its client ConfigMap, None where they aren't there."""

    resource: Object | None
    client: Object | None


def connection(look: CacheLook | None) -> AlluxioStatus | None:
    """Return how the cache is reached by what the cluster says now; None when it doesn't say."""
    if look is None or look.resource is None or look.client is None:
        return None
    meta = look.resource["metadata"]
    return AlluxioStatus(
        cluster=meta["name"],
        uid=meta["uid"],
        properties=javaproperties.loads(look.client.get("data", {}).get(clients.CLIENT_FILE, "")),
        sockets=clients.node_socket_folder(look.resource),
    )


def known_connection(spec: PrestoSpec, look: CacheLook | None, before: AlluxioStatus | None) -> AlluxioStatus | None:
    """Return how the cache is reached: as the cluster says now, else as it said last."""
    if spec.alluxio is None:
        return None
    kept = before if before is not None and before.cluster == spec.alluxio.cluster_ref.name else None
    now = connection(look)
    if now is None:
        return kept
    # Before it is Ready for the first time nobody waits for it here; a cluster that was known is followed at once.
    same = kept is not None and kept.uid == now.uid
    return now if same or _is_ready(look) else kept


def site_properties(spec: PrestoSpec, known: AlluxioStatus) -> dict[str, str]:
    """Return the properties of Alluxio's client in Presto's servers."""
    login = {LOGIN: spec.alluxio.user} if spec.alluxio else {}
    return {**known.properties, **login}


def gate(spec: PrestoSpec, look: CacheLook | None) -> Gate | None:
    """Open while the cluster is Ready; None when no cache is asked for."""
    if spec.alluxio is None:
        return None
    name = spec.alluxio.cluster_ref.name
    if look is None or look.resource is None:
        return Gate(
            GATE,
            False,
            "ClusterNotFound",
            f"AlluxioCluster {name} isn't there, but spec.alluxio.clusterRef refers to it: create it in the same "
            "namespace, or correct the name",
        )
    if "deletionTimestamp" in look.resource["metadata"]:
        return Gate(GATE, False, "ClusterDeleting", f"AlluxioCluster {name} is being deleted")
    if not _is_ready(look):
        status = look.resource.get("status", {})
        said = status.get("summary") or status.get("phase") or "nothing is known of it yet"
        return Gate(GATE, False, "ClusterNotReady", f"AlluxioCluster {name} isn't Ready: {said}"[:600])
    return Gate(GATE, True, "Connected", f"AlluxioCluster {name} is Ready")


def _is_ready(look: CacheLook | None) -> bool:
    if look is None or look.resource is None or look.client is None:
        return False
    conditions = look.resource.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def affinity(spec: PrestoSpec) -> Mapping[str, Any] | None:
    """Return the affinity to the cluster's workers."""
    if spec.alluxio is None or spec.alluxio.colocate == "None":
        return None
    selector = clients.worker_selector(spec.alluxio.cluster_ref.name)
    term = {"labelSelector": {"matchLabels": dict(selector)}, "topologyKey": "kubernetes.io/hostname"}
    if spec.alluxio.colocate == "Required":
        return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return {
        "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
    }


def sockets(spec: PrestoSpec, known: AlluxioStatus | None) -> Mapping[str, str] | None:
    """Return the folder of the domain sockets on the node and in the container, where it helps."""
    if spec.alluxio is None or spec.alluxio.colocate == "None" or known is None or known.sockets is None:
        return None
    return {"host": known.sockets, "folder": clients.SOCKET_FOLDER}
