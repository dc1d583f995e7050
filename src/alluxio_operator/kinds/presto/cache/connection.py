"""How Presto's servers reach the cache, as the AlluxioCluster publishes it; pure.

The last known connection stays in Presto's own status. So Presto keeps running, and can be changed and scaled, while
the AlluxioCluster is away.
"""

from __future__ import annotations

from dataclasses import dataclass

import javaproperties

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.api.presto_status import AlluxioStatus, ClientImage
from alluxio_operator.kinds.cluster import clients
from alluxio_operator.kube.kinds import Object


@dataclass(frozen=True, slots=True)
class ClusterView:
    """An AlluxioCluster and its client ConfigMap as observed; None for an object that doesn't exist."""

    resource: Object | None
    client: Object | None

    @property
    def is_ready(self) -> bool:
        """Whether the cluster is Ready and has published its client's configuration."""
        if self.resource is None or self.client is None:
            return False
        conditions = self.resource.get("status", {}).get("conditions", ())
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def connection(cluster: ClusterView | None) -> AlluxioStatus | None:
    """Return the connection that the cluster publishes now; None if it publishes none."""
    if cluster is None or cluster.resource is None or cluster.client is None:
        return None
    meta = cluster.resource["metadata"]
    return AlluxioStatus(
        cluster=meta["name"],
        uid=meta["uid"],
        properties=javaproperties.loads(cluster.client.get("data", {}).get(clients.CLIENT_FILE, "")),
        sockets=clients.node_socket_folder(cluster.resource),
        client_image=_client_image(cluster.resource),
    )


def _client_image(cluster: Object) -> ClientImage:
    image = clients.image_of(cluster)
    return ClientImage(
        name=f"{image.repository}:{image.tag}",
        version=clients.version_of(cluster),
        pull_policy=image.pull_policy,
        pull_secrets=tuple(secret.name for secret in image.pull_secrets),
    )


def known_connection(
    spec: PrestoSpec, cluster: ClusterView | None, before: AlluxioStatus | None, *, unchanged: bool
) -> AlluxioStatus | None:
    """Return the connection to use: the one that the cluster publishes now, or else the last one in the status.

    `unchanged`: whether the status already describes this spec.
    """
    if spec.alluxio is None:
        return None
    kept = before if before is not None and before.cluster == spec.alluxio.cluster_ref.name else None
    now = connection(cluster)
    if cluster is None or cluster.resource is None or now is None:
        return kept
    if kept is not None and kept.client_image is None and unchanged:
        # An operator that took no client from the cluster made these servers. Their own client may work.
        now = now.model_copy(update={"client_image": None})
    # A new cluster counts from its first Ready on. One that is known is followed at once, Ready or not.
    if kept is None or kept.uid != now.uid:
        return now if cluster.is_ready else kept
    if kept.client_image and clients.is_changing(cluster.resource):
        # Another image may fail and be rolled back. Presto's servers restart once it has proved itself.
        return now.model_copy(update={"client_image": kept.client_image})
    return now
