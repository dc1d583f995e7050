"""Finds out why a workload has no pod: the API server's message, which only the events of the workload contain.

A namespace with a strict Pod Security level accepts a DaemonSet but rejects its pods, and the status of the workload
doesn't report that. The operator reads events only for workloads whose pods need more than the restricted level, and
only while they have no pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from alluxio_operator.kinds.cluster import layers, names
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.workloads.pods import Pod

MAX_EVENTS: Final = 20
"""Events to read: a workload has few, since Kubernetes counts repetitions in one event."""
MAX_MESSAGE: Final = 600


def pod_creation_failures(
    kube: Kube, cluster: Names, resource: Object, layer: int, pods: Iterable[Pod]
) -> dict[str, str]:
    """Return, by role, the API server's message rejecting its pods."""
    present = {pod.role for pod in pods}
    failures = {}
    for role, kind in _suspects(resource, layer):
        if role in present:
            continue
        about = f"involvedObject.kind={kind},involvedObject.name={cluster.of(role)},reason=FailedCreate"
        events = kube.list(KINDS["Event"].path(cluster.namespace), field_selector=about)
        latest = max(islice(events, MAX_EVENTS), key=_timestamp, default=None)
        if latest is not None:
            failures[role] = f"{kind} {cluster.of(role)}: {_shortened(latest.get('message', ''))}"
    return failures


def _suspects(resource: Object, layer: int) -> Iterator[tuple[str, str]]:
    # Read the raw resource: the spec isn't validated yet.
    workers, fuse = _map(resource, "spec", "workers"), _map(resource, "spec", "fuse")
    on_host = any("hostPath" in _map(tier, "storage") for tier in workers.get("tiers", ()))
    if layer >= layers.WORKLOADS and (on_host or _map(workers, "shortCircuit").get("policy", "None") != "None"):
        yield names.WORKER, workers.get("workload", "DaemonSet")
    if layer >= layers.SERVICES and fuse.get("enabled"):
        yield names.FUSE, "DaemonSet"


def _map(node: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for part in path:
        child = node.get(part, {})
        node = child if isinstance(child, Mapping) else {}
    return node


def _timestamp(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 3] + "..."
