"""Finds out why a pod that exists doesn't start: only Events have what its node, or the provisioner of its PVC, says.

A volume that can't be attached or mounted leaves its pod in ContainerCreating. A volume that can't be provisioned
leaves it without a node, and while the scheduler waits for the volume the pod's status has no condition.

Cost: while a resource isn't Ready, each reconcile lists the events of one pod for each role that has a pod in
ContainerCreating for 30 s. If a pod with PVCs has no node, it lists the events of the namespace's PVCs once, and reads
the PVCs with trouble.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.workloads.event_text import MAX_EVENTS, shortened, timestamp
from alluxio_operator.workloads.missing import what_is_missing
from alluxio_operator.workloads.pod_creation import PATIENCE
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.remedies import volume_remedy

CREATING_FOR: Final = timedelta(seconds=30)
"""Time in which a node usually attaches and mounts the volumes of a pod."""

_STUCK: Final = (
    "FailedAttachVolume",
    "FailedCreatePodContainer",
    "FailedCreatePodSandBox",
    "FailedMapVolume",
    "FailedMount",
    "NetworkNotReady",
)
"""Reasons of the events of a pod that its node can't start; source: kubelet and controllers of Kubernetes 1.34."""

_PAST: Final = ("Pulling", "Pulled", "Created", "Started")
"""Reasons of the events after volumes and network of a pod are there."""

_SUMMARY: Final = "Unable to attach or mount volumes"
"""Beginning of a message of the kubelet that names no cause."""

_UNBOUND: Final = ("FailedBinding", "ProvisioningFailed")
"""Reasons of the events of a PVC without a volume; source: the controller of PersistentVolumes, and provisioners."""

_SILENT: Final = "ExternalProvisioning"
"""Reason of the event of a PVC whose provisioner hasn't answered: it works, or it doesn't exist."""

Describe = Callable[[Pod, str], str]
"""Returns the fields of the spec that give a pod its volumes; of one volume, if a message names that."""


def with_volume_troubles(
    kube: Kube, namespace: str, pods: Sequence[Pod], now: datetime, volumes: Describe
) -> tuple[Pod, ...]:
    """Return the pods; the first of each role that can't start has the cause as its trouble."""
    stuck: dict[str, Pod] = {}
    for pod in pods:
        if pod.creating_since is not None and now - pod.creating_since >= CREATING_FOR:
            stuck.setdefault(pod.role, pod)
    troubles = {pod.name: _trouble_on_node(kube, namespace, pod, volumes) for pod in stuck.values()}
    waiting = [pod for pod in pods if _waits_for_volume(pod, now)]
    troubles |= _troubles_of_claims(kube, namespace, waiting, now, volumes)
    return tuple(replace(pod, trouble=troubles.get(pod.name) or pod.trouble) for pod in pods)


def _waits_for_volume(pod: Pod, now: datetime) -> bool:
    waits = not pod.node and not pod.deleted and not pod.ended and bool(pod.claims)
    return waits and pod.created is not None and now - pod.created >= PATIENCE


def _trouble_on_node(kube: Kube, namespace: str, pod: Pod, volumes: Describe) -> Trouble | None:
    about = f"involvedObject.kind=Pod,involvedObject.name={pod.name}"
    events = islice(kube.list(KINDS["Event"].path(namespace), field_selector=about), MAX_EVENTS)
    of_pod = [event for event in events if _is_of(event, pod)]
    found = [event for event in of_pod if event.get("reason") in _STUCK and not _is_over(event, of_pod)]
    latest = max(found, key=lambda event: (not _is_summary(event), timestamp(event)), default=None)
    if latest is None:
        return None
    reason, message = latest["reason"], shortened(latest)
    remedy = volume_remedy(reason, message, volumes(pod, message))
    if missing := what_is_missing(message):
        said = f"pod {pod.name}: {message}. Create it, or change {volumes(pod, message)}"
        return Trouble(missing.reason, said, missing)
    return Trouble(reason, f"pod {pod.name}: {message}. {remedy}")


def _troubles_of_claims(
    kube: Kube, namespace: str, pods: Sequence[Pod], now: datetime, volumes: Describe
) -> dict[str, Trouble]:
    if not pods:
        return {}
    about = "involvedObject.kind=PersistentVolumeClaim"
    latest: dict[str, Mapping[str, Any]] = {}
    for event in islice(kube.list(KINDS["Event"].path(namespace), field_selector=about), MAX_EVENTS):
        claim, reason = event["involvedObject"].get("name", ""), event.get("reason")
        if reason in (*_UNBOUND, _SILENT) and (claim not in latest or _rank(event) >= _rank(latest[claim])):
            latest[claim] = event
    troubles: dict[str, Trouble] = {}
    for pod in pods:
        for claim in pod.claims:
            found = latest.get(claim)
            if found is None or (found["reason"] == _SILENT and not _is_late(pod, now)):
                continue
            if _is_pending(kube, namespace, claim):
                reason, message = found["reason"], shortened(found)
                remedy = volume_remedy(reason, message, volumes(pod, claim))
                troubles[pod.name] = Trouble(reason, f"pod {pod.name}, PVC {claim}: {message}. {remedy}")
                break
    return troubles


def _rank(event: Mapping[str, Any]) -> tuple[bool, str]:
    return event["reason"] in _UNBOUND, timestamp(event)


def _is_late(pod: Pod, now: datetime) -> bool:
    return pod.created is not None and now - pod.created >= CREATING_FOR


def _is_pending(kube: Kube, namespace: str, claim: str) -> bool:
    # An event outlives its cause: nothing reports that a volume that appears later is bound.
    with contextlib.suppress(NotFound):
        found = kube.get(KINDS["PersistentVolumeClaim"].path(namespace, claim))
        phase: str = found.get("status", {}).get("phase", "Pending")
        return phase == "Pending"
    return False


def _is_of(event: Object, pod: Pod) -> bool:
    uid: str | None = event.get("involvedObject", {}).get("uid")
    # A StatefulSet gives the name of a pod to the next one.
    return uid is None or not pod.uid or uid == pod.uid


def _is_over(failure: Object, events: Iterable[Object]) -> bool:
    """Return True if the node has come further since a failure, for example to the pull of a large image."""
    past = (*_PAST, *(("SuccessfulAttachVolume",) if failure["reason"] == "FailedAttachVolume" else ()))
    return any(one.get("reason") in past and timestamp(one) > timestamp(failure) for one in events)


def _is_summary(event: Object) -> bool:
    return str(event.get("message", "")).startswith(_SUMMARY)
