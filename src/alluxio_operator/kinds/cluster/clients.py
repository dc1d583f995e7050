"""What clients of an AlluxioCluster, such as a Presto, rely on: the only module here that another kind may import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alluxio_operator.api.tiers import ShortCircuit
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import tiers
from alluxio_operator.kube.kinds import Object

CLIENT_FILE: Final = "alluxio-site.properties"
"""Key of the client ConfigMap with the properties of Alluxio's client."""

SOCKET_FOLDER: Final = tiers.SOCKET_FOLDER
"""Folder of the domain sockets in a client's container: the same as in the workers', as it is one property."""


def client_config_map(cluster: str) -> str:
    """Return the name of the ConfigMap that has the client's properties once masters serve."""
    return f"{cluster}-client"


def worker_selector(cluster: str) -> Mapping[str, str]:
    """Return the labels of the cluster's workers, for a client that is to run on their nodes."""
    return Names(cluster, "").selector(names.WORKER)


def node_socket_folder(resource: Object) -> str | None:
    """Return the folder of the node with the workers' domain sockets; None if the cluster has no short circuit."""
    short_circuit = ShortCircuit.model_validate(resource.get("spec", {}).get("workers", {}).get("shortCircuit", {}))
    if short_circuit.policy == "None":
        return None
    meta = resource["metadata"]
    return tiers.host_folder(short_circuit.path, Names(meta["name"], meta["namespace"]))
