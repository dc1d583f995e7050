"""Finds out why a workload lacks pods; only Events have the API server's answer.

A namespace with a quota, a strict Pod Security level or an admission policy accepts a workload and rejects its pods. No
status reports that. `stuck_pods` explains pods that exist.

Cost: while a resource isn't Ready, each reconcile lists the namespace's events with reason FailedCreate once, if a
workload lacks pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.conditions import find, moment
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.workloads.event_text import MAX_EVENTS, shortened, timestamp
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.remedies import pod_remedy

PATIENCE: Final = timedelta(seconds=5)
"""Time after the last transition of Ready in which a controller usually creates the pods of a new workload."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A workload, and the number of pods that it should have."""

    role: str
    workload: Ref
    pods: int


def is_waiting(conditions: Sequence[Condition], now: datetime) -> bool:
    """Return True if a resource isn't Ready, and not only for a moment."""
    ready = find(conditions, "Ready")
    return ready is not None and ready.status != "True" and now - moment(ready.last_transition_time) >= PATIENCE


def pod_creation_failures(
    kube: Kube, namespace: str, expected: Iterable[Expected], pods: Iterable[Pod], path_of: Callable[[str], str | None]
) -> dict[str, str]:
    """Return, by role, the API server's message rejecting its pods, with a remedy.

    `path_of` returns the path in the spec of a container or role; None for a container that takes its role's resources.
    """
    known = tuple(pods)
    lacking = [one for one in expected if sum(pod.role == one.role for pod in known) < one.pods]
    if not lacking:
        return {}
    path = KINDS["Event"].path(namespace)
    events = list(islice(kube.list(path, field_selector="reason=FailedCreate"), MAX_EVENTS))
    failures: dict[str, str] = {}
    for one in lacking:
        latest = max((event for event in events if _is_about(event, one.workload)), key=timestamp, default=None)
        if latest is None or one.role in failures or _is_outdated(latest, one.role, known):
            continue
        message = shortened(latest)
        remedy = pod_remedy(message, path_of(one.role) or "", path_of)
        failures[one.role] = f"{one.workload.kind} {one.workload.name}: {message}. {remedy}"
    return failures


def _is_about(event: Object, workload: Ref) -> bool:
    about: Mapping[str, str] = event.get("involvedObject", {})
    if workload.kind == "Deployment":
        # Its ReplicaSet creates the pods.
        return about.get("kind") == "ReplicaSet" and about.get("name", "").rpartition("-")[0] == workload.name
    return (about.get("kind"), about.get("name")) == (workload.kind, workload.name)


def _is_outdated(event: Object, role: str, pods: Iterable[Pod]) -> bool:
    """Return True if a pod of the role was created after the failure."""
    when = _moment(event)
    return when is not None and any(pod.role == role and pod.created is not None and pod.created > when for pod in pods)


def _moment(event: Object) -> datetime | None:
    text = timestamp(event)
    return datetime.fromisoformat(text) if text else None
