"""Why a workload has no pod at all: the API server's own words, which only the events of the workload carry.

A namespace with a strict Pod Security level takes a DaemonSet and then refuses its pods, and no workload's status says
so. Asked are only workloads whose pods need more than the restricted level, and only while they have none.
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

MOST: Final = 20
"""Events that are looked at: a workload's own are few, as the same one is counted and not repeated."""
LONGEST: Final = 600


def refused_pods(kube: Kube, cluster: Names, resource: Object, layer: int, pods: Iterable[Pod]) -> dict[str, str]:
    """Return, by role, why the API server lets a workload have no pod."""
    present = {pod.role for pod in pods}
    found = {}
    for role, kind in _suspects(resource, layer):
        if role in present:
            continue
        about = f"involvedObject.kind={kind},involvedObject.name={cluster.of(role)},reason=FailedCreate"
        events = kube.list(KINDS["Event"].path(cluster.namespace), field_selector=about)
        latest = max(islice(events, MOST), key=_when, default=None)
        if latest is not None:
            found[role] = f"{kind} {cluster.of(role)}: {_shortened(latest.get('message', ''))}"
    return found


def _suspects(resource: Object, layer: int) -> Iterator[tuple[str, str]]:
    # Read from the raw resource, since this look happens before the spec is known to be valid.
    workers, fuse = _map(resource, "spec", "workers"), _map(resource, "spec", "fuse")
    on_host = any("hostPath" in _map(tier, "storage") for tier in workers.get("tiers", ()))
    if layer >= layers.WORKLOADS and (on_host or _map(workers, "shortCircuit").get("policy", "None") != "None"):
        yield names.WORKER, workers.get("workload", "DaemonSet")
    if layer >= layers.SERVICES and fuse.get("enabled"):
        yield names.FUSE, "DaemonSet"


def _map(node: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for part in path:
        found = node.get(part, {})
        node = found if isinstance(found, Mapping) else {}
    return node


def _when(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
