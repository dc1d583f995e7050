"""Reads what there is: the resource, its pods, the cluster that it refers to, and Presto's own word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.side_by_side import side_by_side
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER_KIND
from alluxio_operator.api.presto import KIND, Engine
from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.clients import client_config_map
from alluxio_operator.kinds.presto import names
from alluxio_operator.kinds.presto.answers import CoordinatorInfo, PrestoServers, Server
from alluxio_operator.kinds.presto.cache import CacheLook
from alluxio_operator.kinds.presto.names import ENGINE, Names
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.pods import Pod, parse_pod

MOST_ASKED: Final = 32
"""Workers that are asked for their processors: an average of more says the same."""
DEFAULT_PORT: Final = 8080


def observe(kube: Kube, servers: PrestoServers, key: OwnerKey, deadline: Deadline) -> Observed | None:
    """Look at a Presto once; None when the resource is gone."""
    try:
        resource = kube.get(KINDS[KIND].path(key.namespace, key.name))
    except NotFound:
        return None
    found = kube.list(KINDS["Pod"].path(key.namespace), Names(key.name, key.namespace).owned_by_selector)
    pods = tuple(parse_pod(pod) for pod in found)
    return Observed(
        resource=resource,
        status=PrestoStatus.model_validate(resource.get("status", {})),
        pods=pods,
        coordinator=_ask_coordinator(servers, pods, deadline),
        processors=_ask_processors(servers, resource, pods, deadline),
        cache=_look_at_cache(kube, resource),
    )


def _look_at_cache(kube: Kube, resource: Object) -> CacheLook | None:
    name = _in_spec(resource, "alluxio", "clusterRef", "name")
    if not isinstance(name, str):
        return None
    namespace = resource["metadata"]["namespace"]
    cluster = _get(kube, CLUSTER_KIND, namespace, name)
    client = _get(kube, "ConfigMap", namespace, client_config_map(name)) if cluster is not None else None
    return CacheLook(cluster, client)


def _get(kube: Kube, kind: str, namespace: str, name: str) -> Object | None:
    try:
        return kube.get(KINDS[kind].path(namespace, name))
    except NotFound:
        return None


def _ask_coordinator(servers: PrestoServers, pods: tuple[Pod, ...], deadline: Deadline) -> CoordinatorInfo | NoAnswer:
    answer: CoordinatorInfo | NoAnswer = NoAnswer("it has no address yet")
    for pod in pods:
        if pod.role == names.COORDINATOR and pod.running:
            answer = servers.coordinator(_server(pod), deadline)
            if isinstance(answer, CoordinatorInfo):
                break
    return answer


def _ask_processors(
    servers: PrestoServers, resource: Object, pods: tuple[Pod, ...], deadline: Deadline
) -> float | None:
    if _in_spec(resource, "autoscaling", "load", "cpuPercent") is None:
        return None
    asked = [pod for pod in pods if pod.role == names.WORKER and pod.ready and pod.ip][:MOST_ASKED]
    questions = {pod.name: partial(servers.processor_load, _server(pod), deadline) for pod in asked}
    said = [share for share in side_by_side(questions, deadline).values() if share is not None]
    return sum(said) / len(said) if said else None


def _server(pod: Pod) -> Server:
    # By the pod and not by the spec: while port or engine change, the running pod still has the old one.
    engine: Engine = "Trino" if pod.annotations.get(ENGINE) == "Trino" else "Presto"
    return Server(pod.ip, pod.ports.get("http", DEFAULT_PORT), engine)


def _in_spec(resource: Object, *path: str) -> Any:
    # Read from the raw resource, since this look happens before the spec is known to be valid.
    node: Any = resource.get("spec", {})
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
