"""Names that clients of an AlluxioCluster rely on, such as a Presto. Other kinds may import no other module here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from alluxio_operator.api.alluxiocluster import ClusterSpec, Image
from alluxio_operator.api.tiers import ShortCircuit
from alluxio_operator.kinds.cluster import names, ports
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import properties, tiers
from alluxio_operator.kinds.cluster.objects.backup_lock import lock_properties
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

CLIENT_FILE: Final = "alluxio-site.properties"
"""Key of the properties file in the client ConfigMap."""

MASTER: Final = names.MASTER
"""Name of a master's container."""

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


def spec_of(resource: Object) -> ClusterSpec:
    """Return the spec of a cluster; raise ValidationError if another version of the API server's CRD accepted it."""
    return ClusterSpec.model_validate(resource.get("spec", {}))


def followed_revision(resource: Object) -> str | None:
    """Return the ControllerRevision with the spec that the cluster follows during a rollback; None without one."""
    rollback = resource.get("status", {}).get("rollback")
    if not isinstance(rollback, Mapping) or rollback.get("generation") != resource["metadata"].get("generation"):
        return None
    to = rollback.get("to")
    revision = to.get("revision") if isinstance(to, Mapping) else None
    return revision if isinstance(revision, str) else None


def is_read_only(resource: Object) -> bool:
    """Return True if the root mount takes no writes."""
    return bool(((resource.get("spec") or {}).get("rootMount") or {}).get("readOnly", False))


def leader_of(resource: Object) -> str | None:
    """Return the pod of the leading master, as the status has it."""
    leader = resource.get("status", {}).get("masters", {}).get("leader")
    return leader if isinstance(leader, str) else None


def rpc_port(master: Pod, resource: Object) -> int:
    """Return the RPC port of a master's pod."""
    return ports.rpc_port(master, resource)


def pod_selector(resource: Object) -> Mapping[str, str]:
    """Return the labels of all pods of a cluster."""
    meta = resource["metadata"]
    return Names(meta["name"], meta["namespace"]).instance_labels


def backup_directory(resource: Object, folder: str) -> str:
    """Return the absolute path, in the storage of the root mount, of a folder below it."""
    return f"{urlsplit(spec_of(resource).root_mount.uri).path.rstrip('/')}/{folder}"


def backup_lock(resource: Object) -> Mapping[str, str]:
    """Return the properties to set on the leading master before a backup."""
    spec, meta = spec_of(resource), resource["metadata"]
    made = Names(meta["name"], meta["namespace"])
    return lock_properties(spec, properties.for_role(spec, made, names.MASTER, spec.masters.replicas))


def leader_address(resource: Object) -> str | None:
    """Return host and RPC port of the leading master, as the status has it; None if none leads."""
    leader, meta = leader_of(resource), resource["metadata"]
    if leader is None:
        return None
    host = Names(meta["name"], meta["namespace"]).pod_host(names.MASTER, leader)
    return f"{host}:{spec_of(resource).masters.ports.rpc}"


def first_addresses(resource: Object) -> tuple[str, str]:
    """Return hosts and RPC ports of the only master and of the first worker of a StatefulSet."""
    meta, spec = resource["metadata"], spec_of(resource)
    made = Names(meta["name"], meta["namespace"])
    master, worker = made.host(names.MASTER, 0), made.host(names.WORKER, 0)
    return f"{master}:{spec.masters.ports.rpc}", f"{worker}:{spec.workers.ports.rpc}"
