"""Finds out why a workload lacks pods, and why the node doesn't start one: only Events have these messages.

A namespace with a quota, a strict Pod Security level or an admission policy accepts a workload and rejects its pods. A
volume that can't be attached or mounted leaves its pod in ContainerCreating. No status reports either.

Cost: while a resource isn't Ready, each reconcile lists the namespace's events with reason FailedCreate once, if a
workload lacks pods, and the events of one pod for each role that has a pod in ContainerCreating for 30 s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.conditions import find, moment
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.transport.printable import printable
from alluxio_operator.workloads.missing import what_is_missing
from alluxio_operator.workloads.pods import Pod, Trouble
from alluxio_operator.workloads.remedies import pod_remedy, volume_remedy

MAX_EVENTS: Final = 500
"""Events to read: one page. A workload has few, since Kubernetes counts repetitions in one event."""
MAX_MESSAGE: Final = 600

PATIENCE: Final = timedelta(seconds=5)
"""Time after the last transition of Ready in which a controller usually creates the pods of a new workload."""

CREATING_FOR: Final = timedelta(seconds=30)
"""Time in which a node usually attaches and mounts the volumes of a pod."""

_STUCK: Final = ("FailedMount", "FailedMapVolume", "FailedAttachVolume", "FailedCreatePodSandBox")
"""Reasons of the events of a pod that its node can't start; source: kubelet and controllers of Kubernetes 1.34."""

_PAST: Final = ("Pulling", "Pulled", "Created", "Started")
"""Reasons of the events after volumes and network of a pod are there."""

_SUMMARY: Final = "Unable to attach or mount volumes"
"""Beginning of a message of the kubelet that names no cause."""


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
        latest = max((event for event in events if _is_about(event, one.workload)), key=_timestamp, default=None)
        if latest is None or one.role in failures or _is_outdated(latest, one.role, known):
            continue
        message = _shortened(printable(latest.get("message", "")))
        remedy = pod_remedy(message, path_of(one.role) or "", path_of)
        failures[one.role] = f"{one.workload.kind} {one.workload.name}: {message}. {remedy}"
    return failures


def with_volume_troubles(kube: Kube, namespace: str, pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Return the pods; the first of each role that its node can't start has the cause as its trouble."""
    stuck: dict[str, Pod] = {}
    for pod in pods:
        if pod.creating_since is not None and now - pod.creating_since >= CREATING_FOR:
            stuck.setdefault(pod.role, pod)
    troubles = {pod.name: _volume_trouble(kube, namespace, pod) for pod in stuck.values()}
    return tuple(replace(pod, trouble=troubles.get(pod.name) or pod.trouble) for pod in pods)


def _volume_trouble(kube: Kube, namespace: str, pod: Pod) -> Trouble | None:
    about = f"involvedObject.kind=Pod,involvedObject.name={pod.name}"
    events = islice(kube.list(KINDS["Event"].path(namespace), field_selector=about), MAX_EVENTS)
    of_pod = [event for event in events if _is_of(event, pod)]
    found = [event for event in of_pod if event.get("reason") in _STUCK and not _is_over(event, of_pod)]
    latest = max(found, key=lambda event: (not _is_summary(event), _timestamp(event)), default=None)
    if latest is None:
        return None
    message = _shortened(printable(latest.get("message", "")))
    if missing := what_is_missing(message):
        return Trouble(missing.reason, f"pod {pod.name}: {message}", missing)
    return Trouble(latest["reason"], f"pod {pod.name}: {message}. {volume_remedy(latest['reason'], message)}")


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


def _is_of(event: Object, pod: Pod) -> bool:
    uid: str | None = event.get("involvedObject", {}).get("uid")
    # A StatefulSet gives the name of a pod to the next one.
    return uid is None or not pod.uid or uid == pod.uid


def _is_over(failure: Object, events: Iterable[Object]) -> bool:
    """Return True if the node has come further since a failure, for example to the pull of a large image."""
    past = (*_PAST, *(("SuccessfulAttachVolume",) if failure["reason"] == "FailedAttachVolume" else ()))
    return any(one.get("reason") in past and _timestamp(one) > _timestamp(failure) for one in events)


def _is_summary(event: Object) -> bool:
    return str(event.get("message", "")).startswith(_SUMMARY)


def _timestamp(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""


def _moment(event: Object) -> datetime | None:
    text = _timestamp(event)
    return datetime.fromisoformat(text) if text else None


def _shortened(text: str) -> str:
    text = text.rstrip(". ")
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 3] + "..."
