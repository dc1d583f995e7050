"""Pods as decisions need them: role, address, readiness, and trouble that keeps them from running."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.engine.ownership import controller_of, has_labels
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.missing import Missing, what_is_missing

JOURNAL_MISSING = "JournalMissing"
"""First word of the termination message of the journal check if the journal is missing."""

CLIENT_MISSING = "AlluxioClientMissing"
"""The same of the init container that copies Alluxio's client, if its image has none."""

REASONS: Final = (JOURNAL_MISSING, CLIENT_MISSING)
"""Reasons that a termination message begins with."""


FAILURES: Final = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
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
class Trouble:
    """Why a pod doesn't run: a reason and a message; `missing` if a container lacks a Secret or ConfigMap."""

    reason: str
    message: str
    missing: Missing | None = None


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
    created: datetime | None = None
    changed: datetime | None = None
    """When it last became ready or unready; None while neither is known."""
    deletion: datetime | None = None
    """When its termination should have ended, grace period included; None if it isn't being deleted."""


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
        trouble=None if deleted else _trouble(pod["metadata"]["name"], status, conditions),
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
        created=_moment(pod["metadata"].get("creationTimestamp")),
        changed=_moment(conditions.get("Ready", {}).get("lastTransitionTime")),
        deletion=_moment(pod["metadata"].get("deletionTimestamp")),
    )


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


def is_starting(pod: Pod, now: datetime) -> bool:
    """Return True while a pod is about to serve, so that replacing it would only begin its start again."""
    return pod.starting_since is not None and now - pod.starting_since < MAX_START


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _trouble(name: str, status: Object, conditions: Mapping[str, Any]) -> Trouble | None:
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        state, last = container.get("state", {}), container.get("lastState", {})
        ended = state.get("terminated") or last.get("terminated") or {}
        if container.get("ready") or (ended.get("exitCode") == 0 and "waiting" not in state):
            continue
        termination = gist(ended.get("message", ""))
        for reason in REASONS:
            if termination.startswith(reason):
                return Trouble(reason, f"pod {name}: {termination.removeprefix(reason).lstrip(': ')}")
        waiting = state.get("waiting", {})
        if waiting.get("reason") in ("ContainerCreating", "PodInitializing"):
            continue
        missing = what_is_missing(waiting.get("message", ""))
        if missing and waiting.get("reason") == "CreateContainerConfigError":
            return Trouble(missing.reason, f"pod {name}, container {container['name']}: {missing}", missing)
        if waiting.get("reason"):
            detail = "; ".join(part for part in (termination, waiting.get("message", "")) if part)
            return Trouble(waiting["reason"], f"pod {name}, container {container['name']}: {detail or 'waiting'}")
        if ended:
            cause = ended.get("reason", "Error")
            detail = termination or f"exit code {ended.get('exitCode')}"
            return Trouble(cause, f"pod {name}, container {container['name']}: {detail}")
    # Last, because the state of containers is newer: they start after scheduling.
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return Trouble("Unschedulable", f"pod {name}: {scheduled.get('message', 'no node fits')}")
    return None


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
    """Return the trouble of the first pod that has any."""
    return next((pod.trouble for pod in pods if pod.trouble), None)


def gist(text: str) -> str:
    """Return the most useful part of a process's last output: the first exception with its cause, else the last line.

    It has at most 300 characters.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # Java's log prefixes its lines, so an exception has its own line, with more detail than the ERROR line above it.
    exceptions = [line for line in lines if "Exception" in line.split(" ", 1)[0] or line.startswith("Error:")]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    # The start of a long trace is cut off, and the log lines of a shutdown don't explain its cause.
    rest = [line for line in lines if not _UNINFORMATIVE.search(line)] or lines
    chosen = exceptions[0] if exceptions else causes[-1] if causes else rest[-1] if rest else ""
    if exceptions and causes and _message(causes[-1]).casefold() not in chosen.casefold():
        chosen = f"{chosen[:140]}; caused by {causes[-1]}"
    return chosen if len(chosen) <= 300 else chosen[:297] + "..."


_UNINFORMATIVE = re.compile(r"^at |^\S*\)$|^\.\.\. \d+ more$|^\d{4}-\d\d-\d\d \S+ INFO ")


def _message(exception: str) -> str:
    return exception.partition(": ")[2] or exception
