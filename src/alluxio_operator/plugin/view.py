"""View model of one cluster for the status screen, from its resource, pods and Events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from alluxio_operator.transport.printable import all_printable

Object = Mapping[str, Any]

NOT_GATES = ("Ready", "Progressing", "Degraded", "Installed", "Paused")
"""Conditions of the resource as a whole, shown at the top; all others are gates."""
HEALTHY = ("Ready", "Stopped", "Paused")
"""Phases in which a cluster or Presto needs no one."""
LAST = 6
"""Number of changes and Events on the screen."""
COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition; `holds` is None if its status is Unknown."""

    type: str
    holds: bool | None
    reason: str
    message: str
    since: str


@dataclass(frozen=True, slots=True)
class RoleView:
    """The pods of one role."""

    role: str
    ready: int
    pods: int
    restarts: int
    nodes: tuple[str, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """A change of the history, or an Event, `ago` seconds before now."""

    ago: float
    what: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Data of a status screen for any kind."""

    kind: str
    namespace: str
    name: str
    phase: str
    summary: str
    version: str
    age: float
    spec_observed: bool
    """True if the status describes the latest spec."""
    paused: bool
    gates: tuple[Gate, ...]
    overall: tuple[Gate, ...]
    """Conditions of the resource as a whole, such as Ready."""
    roles: tuple[RoleView, ...]
    recent: tuple[RecentEvent, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the view for `-o json` and `-o yaml`."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView(View):
    """Data of an AlluxioCluster's status screen."""

    leader: str
    quorum: str
    capacity: str
    used_percent: int | None
    live_workers: int
    lost_workers: int
    leaving_workers: int
    wanted_workers: int
    ufs: tuple[str, ...]


def cluster_view(resource: Object, pods: Iterable[Object], events: Iterable[Object], now: datetime) -> ClusterView:
    """Return the view of a cluster, with printable texts only."""
    resource, pods, events = all_printable(resource), all_printable(list(pods)), all_printable(list(events))
    spec, status = resource["spec"], resource.get("status", {})
    masters, workers = status.get("masters", {}), status.get("workers", {})
    return ClusterView(
        **common("AlluxioCluster", resource, masters.get("version"), pods, events, now),
        leader=masters.get("leader") or "",
        quorum=masters.get("quorum") or "",
        capacity=workers.get("capacity") or "",
        used_percent=workers.get("usedPercent"),
        live_workers=workers.get("live", 0),
        lost_workers=workers.get("lost", 0),
        leaving_workers=workers.get("leaving", 0),
        wanted_workers=workers.get("wanted", 0),
        ufs=tuple(_ufs(spec, status)),
    )


def common(
    kind: str, resource: Object, runs: str | None, pods: Iterable[Object], events: Iterable[Object], now: datetime
) -> dict[str, Any]:
    """Return the fields of `View`; `runs` is the running version, if known."""
    meta, spec, status = resource["metadata"], resource["spec"], resource.get("status", {})
    conditions = [gate_of(one) for one in status.get("conditions", ())]
    return {
        "kind": kind,
        "namespace": meta["namespace"],
        "name": meta["name"],
        "phase": status.get("phase", "Pending"),
        "summary": status.get("summary", "no operator has reconciled it yet"),
        "version": runs or spec.get("version", ""),
        "age": ago(meta["creationTimestamp"], now),
        "spec_observed": status.get("observedGeneration") == meta["generation"],
        "paused": bool(spec.get("paused", False)),
        "gates": tuple(gate for gate in conditions if gate.type not in NOT_GATES),
        "overall": tuple(gate for gate in conditions if gate.type in NOT_GATES),
        "roles": tuple(roles(pods)),
        "recent": tuple(recent_events(status.get("history", ()), events, now)),
    }


def roles(pods: Iterable[Object]) -> list[RoleView]:
    """Return the pods by role, without those that have completed."""
    by_role: dict[str, list[Object]] = {}
    for pod in pods:
        if pod.get("status", {}).get("phase") not in ("Succeeded",):
            by_role.setdefault(pod["metadata"].get("labels", {}).get(COMPONENT, "?"), []).append(pod)
    return [_role(role, found) for role, found in sorted(by_role.items())]


def recent_events(history: Iterable[Object], events: Iterable[Object], now: datetime) -> list[RecentEvent]:
    """Return the latest changes of the history and Events together, newest first."""
    changes = [
        RecentEvent(
            ago(moment, now),
            what(one) + _how_it_ended(one),
            f"{one.get('message', '')} (by {one['by']})" if one.get("by") else str(one.get("message", "")),
            False,
        )
        for one in history
        if _is_time(moment := str(one.get("ended") or one.get("started")))
    ]
    reported = [
        RecentEvent(ago(moment, now), one.get("reason", ""), one.get("message", ""), one.get("type") == "Warning")
        for one in events
        if (moment := one.get("lastTimestamp") or one.get("eventTime") or one["metadata"].get("creationTimestamp"))
    ]
    return sorted([*changes, *reported], key=lambda one: one.ago)[:LAST]


def what(change: Object) -> str:
    """Return the type of a change, with its old and new value, such as "Upgraded 2.9.3 -> 2.9.4"."""
    kind = str(change.get("what", "?"))
    return kind + (f" {change.get('from', '?')} -> {change['to']}" if change.get("to") else "")


def details(change: Object) -> str:
    """Return the roles that a change restarts, and its message."""
    roles = ", ".join(change.get("restarts", ()))
    return "; ".join(part for part in (roles and f"restarts {roles}", str(change.get("message", ""))) if part)


def _how_it_ended(change: Object) -> str:
    if not change.get("ended"):
        return ", in progress"
    outcome = change.get("outcome", "Succeeded")
    return "" if outcome == "Succeeded" else f", {outcome}"


def healthy(view: View) -> bool:
    """Return True for a healthy phase; the exit code of `status` derives from it."""
    return view.phase in HEALTHY


def gate_of(condition: Object) -> Gate:
    """Return a condition as a gate of the screen."""
    holds = {"True": True, "False": False}.get(condition["status"])
    rest = (condition.get("reason", ""), condition.get("message", ""), condition.get("lastTransitionTime", ""))
    return Gate(condition["type"], holds, *rest)


def _role(role: str, pods: Sequence[Object]) -> RoleView:
    statuses = [one for pod in pods for one in pod.get("status", {}).get("containerStatuses", ())]
    return RoleView(
        role,
        sum(_is_ready(pod) for pod in pods),
        len(pods),
        sum(one.get("restartCount", 0) for one in statuses),
        tuple(sorted({pod["spec"]["nodeName"] for pod in pods if pod.get("spec", {}).get("nodeName")})),
        next((trouble for pod in pods if (trouble := _trouble(pod))), ""),
    )


def _is_ready(pod: Object) -> bool:
    return any(
        one["type"] == "Ready" and one["status"] == "True" for one in pod.get("status", {}).get("conditions", ())
    )


def _trouble(pod: Object) -> str:
    status = pod.get("status", {})
    for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waiting = one.get("state", {}).get("waiting", {})
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return f"{pod['metadata']['name']}: {waiting['reason']} {waiting.get('message', '')}".strip()
    for one in status.get("conditions", ()):
        if one["type"] == "PodScheduled" and one["status"] == "False":
            return f"{pod['metadata']['name']}: {one.get('reason', '')} {one.get('message', '')}".strip()
    return ""


def _ufs(spec: Object, status: Object) -> Iterable[str]:
    if status.get("ufs"):
        for one in status["ufs"]:
            word = {True: "reachable", False: "unreachable"}.get(one.get("reachable"), "not checked")
            yield f"{one['uri']} ({word})" + (f": {one['lastError']}" if one.get("lastError") else "")
        return
    for path, mount in [("/", spec.get("rootMount", {})), *((one.get("path"), one) for one in spec.get("mounts", ()))]:
        volume = mount.get("volume", {})
        where = mount.get("uri") or (f"PVC {volume['claimName']}" if volume.get("claimName") else "a volume")
        yield f"{path} on {where}"


def _is_time(moment: str) -> bool:
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        return False
    return True


def ago(moment: str, now: datetime) -> float:
    """Return the seconds between a timestamp of the API and `now`."""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return (now - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()
