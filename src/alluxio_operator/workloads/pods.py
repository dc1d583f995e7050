"""Pods as decisions need them: role, address, readiness, and what their containers have begun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.engine.ownership import controller_of, has_labels
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pod_trouble import Trouble, trouble_of

FAILURES: Final = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "PostStartHookError",
        "PreCreateHookError",
        "PreStartHookError",
        "RunContainerError",
    }
)
"""Reasons of a waiting container that doesn't start; source: the kubelet of Kubernetes 1.34."""

MAX_START: Final = timedelta(seconds=120)
"""A pod that starts is replaced for a newer spec after this time at the earliest.

A master with a small journal starts in 15 to 40 s.
"""

FIRST_STATUS: Final = timedelta(seconds=5)
"""The kubelet writes a pod's first conditions within so long after its start."""


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of a cluster; `uid` and `version` (resourceVersion) identify this pod and this state of it."""

    name: str
    role: str
    ip: str
    running: bool
    ready: bool
    trouble: Trouble | None = None
    uid: str = ""
    version: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False
    """True while it terminates."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports of its containers by name. They may differ from those of a newer spec."""
    restarts: int = 0
    """Restarts of all its containers together."""
    node: str = ""
    failing: bool = False
    """True if it never served, or its containers crash or can't be created.

    Container states decide it, never the condition Ready, which turns to False on a node that is cut off, while its
    containers run on.
    """
    served: bool = False
    """True if it is ready or has been: it may hold data."""
    starting: bool = False
    """True while the container of its role runs, and its startup probe hasn't succeeded yet."""
    container_started: datetime | None = None
    """When the container of its role started; None if it doesn't run."""
    starting_since: datetime | None = None
    """When its node took it, while it has never served and no container of its own has failed; None otherwise."""
    creating_since: datetime | None = None
    """When its node took it, while no container of its own has been created; None otherwise."""
    created: datetime | None = None
    changed: datetime | None = None
    """When it last became ready or unready; None while neither is known."""
    deletion: datetime | None = None
    """When its termination should have ended, grace period included; None if it isn't being deleted."""
    claims: tuple[str, ...] = ()
    """PVCs that it mounts."""
    ended: bool = False
    """True if it will never run again, such as one that its node evicted."""
    begun: bool = False
    """True once one of its containers has started, init containers included."""


def parse_pod(pod: Object) -> Pod:
    """Return the facts about a pod that decisions need."""
    status = pod.get("status", {})
    deleted = "deletionTimestamp" in pod["metadata"]
    conditions = {c["type"]: c for c in status.get("conditions", ())}
    role = pod["metadata"].get("labels", {}).get("app.kubernetes.io/component", "")
    ip = status.get("podIP", "")
    served = _has_served(status, conditions.get("Ready", {}))
    return Pod(
        name=pod["metadata"]["name"],
        role=role,
        ip=ip,
        running=status.get("phase") == "Running" and bool(ip) and not deleted,
        ready=conditions.get("Ready", {}).get("status") == "True" and not deleted,
        trouble=None if deleted else trouble_of(pod),
        uid=pod["metadata"].get("uid", ""),
        version=pod["metadata"].get("resourceVersion", ""),
        annotations=pod["metadata"].get("annotations", {}),
        deleted=deleted,
        ports={
            port["name"]: port["containerPort"]
            for container in pod.get("spec", {}).get("containers", ())
            for port in container.get("ports", ())
            if "name" in port
        },
        restarts=sum(container.get("restartCount", 0) for container in status.get("containerStatuses", ())),
        node=pod.get("spec", {}).get("nodeName", ""),
        failing=not deleted and _is_failing(role, status, served=served),
        served=served,
        starting=any(one.get("started") is False for one in _running(role, status)),
        container_started=_moment(
            next((one["state"]["running"].get("startedAt") for one in _running(role, status)), None)
        ),
        starting_since=None if deleted or served or _has_failed(role, status) else _moment(status.get("startTime")),
        creating_since=None if deleted or not _is_creating(status) else _moment(status.get("startTime")),
        created=_moment(pod["metadata"].get("creationTimestamp")),
        changed=_moment(conditions.get("Ready", {}).get("lastTransitionTime")),
        deletion=_moment(pod["metadata"].get("deletionTimestamp")),
        claims=tuple(
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod.get("spec", {}).get("volumes", ())
            if "persistentVolumeClaim" in volume
        ),
        ended=status.get("phase") in ("Failed", "Succeeded"),
        begun=any(_has_started(one) for one in _statuses(status)),
    )


def has_begun(pods: Sequence[Pod]) -> bool:
    """Return True if a container of a Job's pods has started, or no pod is known."""
    return not pods or any(pod.begun for pod in pods)


def is_starting(pod: Pod, now: datetime) -> bool:
    """Return True while a pod is about to serve, so that replacing it would only begin its start again."""
    return pod.starting_since is not None and now - pod.starting_since < MAX_START


def belongs_to(pod: Object, labels: Mapping[str, str], workloads: Iterable[str]) -> bool:
    """Return True if a pod has its owner's labels, or the controller of one of the owner's workloads created it.

    A pod may lose a label that its workload doesn't select by. Of a Deployment, the controller is a ReplicaSet, whose
    name begins with the Deployment's.
    """
    if has_labels(pod, labels):
        return True
    controller = controller_of(pod)
    return controller is not None and any(
        controller["name"] == name or (controller["kind"] == "ReplicaSet" and controller["name"].startswith(f"{name}-"))
        for name in workloads
    )


def first_trouble(pods: Iterable[Pod]) -> Trouble | None:
    """Return the trouble of the first pod that has any; one that has ended counts last, since another replaces it."""
    return next((pod.trouble for pod in sorted(pods, key=lambda pod: pod.ended) if pod.trouble), None)


def _statuses(status: Object) -> Sequence[Object]:
    return (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))


def _has_started(container: Object) -> bool:
    state, last = container.get("state", {}), container.get("lastState", {})
    return "running" in state or "terminated" in state or "terminated" in last


def _has_served(status: Object, ready: Mapping[str, Any]) -> bool:
    """Return True if a pod is ready or has been.

    The kubelet sets the condition Ready to False when it starts a pod. A later transition says that it was True.
    """
    if ready.get("status") == "True":
        return True
    started, changed = _moment(status.get("startTime")), _moment(ready.get("lastTransitionTime"))
    return started is not None and changed is not None and changed - started > FIRST_STATUS


def _is_failing(role: str, status: Object, *, served: bool) -> bool:
    """Return True if the container that gives the pod its role never served, or doesn't run."""
    own = _own(role, status)
    if any("running" in one.get("state", {}) for one in own):
        # Its startup probe never succeeded. After a restart it may hold what a run before left, if that one served.
        return all(one.get("started") is False and not (one.get("restartCount") and served) for one in own)
    statuses = (*status.get("initContainerStatuses", ()), *own)
    if any(one.get("state", {}).get("waiting", {}).get("reason") in FAILURES for one in statuses):
        return True
    # It waits for a node, a volume or an image, or it crashed and is about to restart.
    return status.get("phase") in ("Pending", "Failed") or any(one.get("restartCount") for one in own)


def _own(role: str, status: Object) -> Sequence[Object]:
    """Return the states of the containers that give a pod its role.

    Others in the pod don't count: a job worker that crashes says nothing about the worker's data.
    """
    containers: Sequence[Object] = status.get("containerStatuses", ())
    return [one for one in containers if one["name"].replace("-", "") == role] or containers


def _running(role: str, status: Object) -> list[Object]:
    return [one for one in _own(role, status) if "running" in one.get("state", {})]


def _has_failed(role: str, status: Object) -> bool:
    """Return True if a container of a pod's role, or one before it, has ended with an error or can't be created."""
    statuses = (*status.get("initContainerStatuses", ()), *_own(role, status))
    ends = [one.get(state, {}).get("terminated", {}) for one in statuses for state in ("state", "lastState")]
    return (
        status.get("phase") == "Failed"
        or any(one.get("restartCount") for one in statuses)
        or any(end.get("exitCode") for end in ends)
        or any(one.get("state", {}).get("waiting", {}).get("reason") in FAILURES for one in statuses)
    )


def _is_creating(status: Object) -> bool:
    """Return True while the node prepares the volumes and the network of a pod."""
    reasons = [one.get("state", {}).get("waiting", {}).get("reason") for one in _statuses(status)]
    return bool(reasons) and all(reason in ("ContainerCreating", "PodInitializing") for reason in reasons)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
