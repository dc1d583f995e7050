"""One Presto on one screen, from its resource, its pods and its events; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.plugin.view import Object, View, common
from alluxio_operator.transport.printable import all_printable


@dataclass(frozen=True, slots=True, kw_only=True)
class PrestoView(View):
    """All that the screen of a Presto shows."""

    engine: str
    address: str
    cache: str
    """Name of the AlluxioCluster through which it reads; empty without one."""
    active_workers: int
    wanted_workers: int
    running_queries: int
    queued_queries: int
    scaling: str
    """The number of workers that autoscaling wants, and why; empty without autoscaling."""


def presto_view(resource: Object, pods: Iterable[Object], events: Iterable[Object], now: datetime) -> PrestoView:
    """Return the view of a Presto, with printable texts only."""
    resource, pods, events = all_printable(resource), all_printable(list(pods)), all_printable(list(events))
    spec, status = resource["spec"], resource.get("status", {})
    coordinator, workers = status.get("coordinator", {}), status.get("workers", {})
    queries = status.get("queries", {})
    return PrestoView(
        **common("Presto", resource, coordinator.get("version"), pods, events, now),
        engine=spec.get("engine", "Presto"),
        address=coordinator.get("address") or "",
        cache=(spec.get("alluxio") or {}).get("clusterRef", {}).get("name", ""),
        active_workers=workers.get("active", 0),
        wanted_workers=workers.get("wanted", 0),
        running_queries=queries.get("running", 0),
        queued_queries=queries.get("queued", 0),
        scaling=_scaling(status.get("autoscaling")),
    )


def _scaling(autoscaling: Object | None) -> str:
    if not autoscaling:
        return ""
    following = f"; next change {autoscaling['nextChange']}" if autoscaling.get("nextChange") else ""
    return f"{autoscaling['target']} workers: {autoscaling.get('reason', '')}{following}"
