"""What the pods of Presto need of the cache: the client's properties, the nodes of its workers, their sockets; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.api.presto_status import AlluxioStatus
from alluxio_operator.kinds.cluster import clients
from alluxio_operator.kinds.presto.objects import folders, user_volumes
from alluxio_operator.kinds.presto.versions import Dialect
from alluxio_operator.workloads.termination_message import CLIENT_MISSING

LOGIN: Final = "alluxio.security.login.username"
"""The user as whom Alluxio's client logs in. By default that is the user of the process, who then asks to act for
Hadoop's user. Masters refuse that by default, and the client retries for two minutes without a message.
"""


def site_properties(spec: PrestoSpec, known: AlluxioStatus) -> dict[str, str]:
    """Return the properties of Alluxio's client in Presto's servers."""
    login = {LOGIN: spec.alluxio.user} if spec.alluxio else {}
    return {**known.properties, **login}


def needing_restart(site: Mapping[str, str]) -> dict[str, str]:
    """Return the properties without those that the cluster publishes by default and no server has to restart for."""
    return {key: value for key, value in site.items() if clients.WITHOUT_RESTART.get(key) != value}


def affinity(spec: PrestoSpec) -> Mapping[str, Any]:
    """Return the affinity of Presto's workers to those of the cluster; empty where none is wanted."""
    if spec.alluxio is None or spec.alluxio.colocate == "None":
        return {}
    selector = clients.worker_selector(spec.alluxio.cluster_ref.name)
    term = {"labelSelector": {"matchLabels": dict(selector)}, "topologyKey": "kubernetes.io/hostname"}
    if spec.alluxio.colocate == "Required":
        return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return {
        "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
    }


def sockets(spec: PrestoSpec, known: AlluxioStatus | None) -> Mapping[str, str] | None:
    """Return the folder of the domain sockets on the node and in the container; None where they don't help."""
    if spec.alluxio is None or spec.alluxio.colocate == "None" or known is None or known.sockets is None:
        return None
    return {"host": known.sockets, "folder": clients.SOCKET_FOLDER}


def client(spec: PrestoSpec, dialect: Dialect, known: AlluxioStatus | None) -> dict[str, Any] | None:
    """Return how the cluster's client gets into the plugins; None where Presto uses the client of its own image."""
    if spec.alluxio is None or spec.alluxio.client != "Cluster" or dialect.has_own_client:
        return None
    if known is None or known.client_image is None or any(user_volumes.client_problems(spec)):
        return None
    image = known.client_image
    return {
        "image": image.name,
        "version": image.version,
        "pullPolicy": image.pull_policy,
        "pullSecrets": list(image.pull_secrets),
        "cluster": known.cluster,
        "folder": folders.CLIENT,
        "missing": CLIENT_MISSING,
        "imagePlugins": f"{dialect.home}/plugin",
        "connector": dialect.hive_connector,
    }
