"""One Presto as one screen: what its resource, its pods and its events say together. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from alluxio_operator.plugin.view import NOT_GATES, Gate, Happened, Object, RoleView, ago, gate_of, happened, roles


@dataclass(frozen=True, slots=True)
class PrestoView:
    """Everything that one screen shows."""

    namespace: str
    name: str
    phase: str
    summary: str
    version: str
    age: float
    followed: bool
    """Whether the status speaks of the latest spec."""
    paused: bool
    address: str
    cache: str
    """The AlluxioCluster that it reads through; empty when it does without."""
    active_workers: int
    wanted_workers: int
    running_queries: int
    queued_queries: int
    scaling: str
    """What autoscaling wants and why; empty when it is off."""
    gates: tuple[Gate, ...] = ()
    roles: tuple[RoleView, ...] = ()
    happened: tuple[Happened, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it for `-o json` and `-o yaml`."""
        return {"kind": "Presto", **asdict(self)}


def presto_view(resource: Object, pods: Iterable[Object], events: Iterable[Object], now: datetime) -> PrestoView:
    """Return the screen of a Presto."""
    meta, spec, status = resource["metadata"], resource["spec"], resource.get("status", {})
    workers, queries = status.get("workers", {}), status.get("queries", {})
    conditions = [gate_of(one) for one in status.get("conditions", ())]
    return PrestoView(
        namespace=meta["namespace"],
        name=meta["name"],
        phase=status.get("phase", "Pending"),
        summary=status.get("summary", "no operator has looked at it yet"),
        version=status.get("coordinator", {}).get("version") or spec.get("version", ""),
        age=ago(meta["creationTimestamp"], now),
        followed=status.get("observedGeneration") == meta["generation"],
        paused=bool(spec.get("paused", False)),
        address=status.get("coordinator", {}).get("address") or "",
        cache=(spec.get("alluxio") or {}).get("clusterRef", {}).get("name", ""),
        active_workers=workers.get("active", 0),
        wanted_workers=workers.get("wanted", 0),
        running_queries=queries.get("running", 0),
        queued_queries=queries.get("queued", 0),
        scaling=_scaling(status.get("autoscaling")),
        gates=tuple(gate for gate in conditions if gate.type not in NOT_GATES),
        roles=tuple(roles(pods)),
        happened=tuple(happened(status.get("history", ()), events, now)),
    )


def _scaling(autoscaling: Object | None) -> str:
    if not autoscaling:
        return ""
    following = f"; next change {autoscaling['nextChange']}" if autoscaling.get("nextChange") else ""
    return f"{autoscaling['target']} workers: {autoscaling.get('reason', '')}{following}"
