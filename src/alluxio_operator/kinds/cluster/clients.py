"""Names that clients of an AlluxioCluster rely on, such as a Presto. Other kinds may import no other module here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alluxio_operator.api.alluxiocluster import ClusterSpec, Image
from alluxio_operator.api.tiers import ShortCircuit
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import tiers
from alluxio_operator.kube.kinds import Object

CLIENT_FILE: Final = "alluxio-site.properties"
"""Key of the properties file in the client ConfigMap."""

WITHOUT_RESTART: Final[Mapping[str, str]] = {"alluxio.network.connection.auth.timeout": "5s"}
"""Defaults that operators of before didn't publish. A client gets them with its next restart."""

SOCKET_FOLDER: Final = tiers.SOCKET_FOLDER
"""Folder of the domain sockets in a client's container: the same path as in workers, since one property sets it."""


def client_config_map(cluster: str) -> str:
    """Return the name of the client ConfigMap; it exists once masters have served."""
    return f"{cluster}-client"


def worker_selector(cluster: str) -> Mapping[str, str]:
    """Return the labels of the cluster's workers, for the affinity of a client that runs on their nodes."""
    return Names(cluster, "").selector(names.WORKER)


def node_socket_folder(resource: Object) -> str | None:
    """Return the folder on the node with the workers' domain sockets; None if the cluster has no short circuit."""
    short_circuit = ShortCircuit.model_validate(resource.get("spec", {}).get("workers", {}).get("shortCircuit", {}))
    if short_circuit.policy == "None":
        return None
    meta = resource["metadata"]
    return tiers.host_folder(short_circuit.path, Names(meta["name"], meta["namespace"]))


def version_of(resource: Object) -> str:
    """Return the version of the cluster."""
    return str(resource.get("spec", {}).get("version", ClusterSpec.model_fields["version"].default))


def image_of(resource: Object) -> Image:
    """Return the image of the cluster, with its tag; Alluxio's client is in it."""
    image = Image.model_validate(resource.get("spec", {}).get("image", {}))
    return image if image.tag else image.model_copy(update={"tag": version_of(resource)})


def is_changing(resource: Object) -> bool:
    """Return True while the cluster's pods may not run its spec: it is invalid, being rolled out, or rolled back."""
    status = resource.get("status", {})
    if status.get("observedGeneration", 0) < resource["metadata"].get("generation", 0):
        return True
    judged = {one["type"]: one["status"] for one in status.get("conditions", ())}
    return "False" in (judged.get("SpecValid"), judged.get("UpToDate"))
