"""Whether the cache can be used, as a gate; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.engine.gate import Gate, Severity, blocked
from alluxio_operator.kinds.presto.cache.connection import ClusterView

ALLUXIO_CONNECTED: Final = "AlluxioConnected"
LONGEST_MESSAGE: Final = 600
"""Characters of a message that quotes the cluster's own summary."""


def alluxio_connected(spec: PrestoSpec, cluster: ClusterView | None) -> Gate | None:
    """Open while the cluster is Ready; None if the spec names no cluster."""
    if spec.alluxio is None:
        return None
    name = spec.alluxio.cluster_ref.name
    if cluster is None or cluster.resource is None:
        return blocked(
            ALLUXIO_CONNECTED,
            "ClusterNotFound",
            f"spec.alluxio.clusterRef names AlluxioCluster {name}, which doesn't exist: create it in the same "
            "namespace, or correct the name",
        )
    if "deletionTimestamp" in cluster.resource["metadata"]:
        said = f"AlluxioCluster {name} is being deleted: point spec.alluxio.clusterRef to another one, or recreate it"
        return blocked(ALLUXIO_CONNECTED, "ClusterDeleting", said)
    if not cluster.is_ready:
        status = cluster.resource.get("status", {})
        reported = status.get("summary") or status.get("phase") or "it has no status yet"
        said = f"AlluxioCluster {name} isn't Ready: {reported}"
        severity = Severity.PROGRESS if _is_installing(status) else Severity.WARNING
        return Gate(ALLUXIO_CONNECTED, False, "ClusterNotReady", said[:LONGEST_MESSAGE], severity)
    return Gate(ALLUXIO_CONNECTED, True, "Connected", f"AlluxioCluster {name} is Ready")


def _is_installing(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions", ())
    return not conditions or any(c["type"] == "Installed" and c["status"] == "False" for c in conditions)
