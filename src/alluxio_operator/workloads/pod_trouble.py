"""Why a pod doesn't run: from the states of its containers, else from its scheduling; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.kube.kinds import Object
from alluxio_operator.transport.printable import printable
from alluxio_operator.workloads.missing import Missing, what_is_missing
from alluxio_operator.workloads.termination_message import REASONS, gist

CRASH_LOOP: Final = "CrashLoopBackOff"

_STABLE: Final = {
    "ContainerCannotRun": "RunContainerError",
    "ErrImagePull": "ImagePullBackOff",
    "OOMKilled": "OOMKilled",
    "StartError": "RunContainerError",
}
"""Reasons that alternate while the kubelet retries, with the one that stands for both."""
_PULL_BACK_OFF: Final = re.compile(r'^Back-off pulling image "[^"]*"(: ErrImagePull: )?')


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pod doesn't run: a reason and a message; `missing` if a container lacks a Secret or ConfigMap."""

    reason: str
    message: str
    missing: Missing | None = None
    looping: bool = False
    """True if a container has crashed more than once."""
    container: str = field(default="", compare=False)
    """The container that doesn't run; empty if the whole pod doesn't."""


def trouble_of(pod: Object) -> Trouble | None:
    """Return the trouble of the first container that doesn't run, else that of the whole pod; None if there is none."""
    status: Object = pod.get("status", {})
    name, crashed = pod["metadata"]["name"], CRASH_LOOP
    if pod.get("spec", {}).get("restartPolicy") == "Never":
        crashed = "Error"
    if status.get("phase") == "Failed" and status.get("reason"):
        # Its node evicted it or didn't admit it.
        return Trouble(status["reason"], f"pod {name}: {printable(status.get('message', '')) or 'no message'}")
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        if trouble := _of_container(f"pod {name}", container, crashed):
            return trouble
    # Last, because the state of containers is newer: they start after scheduling.
    scheduled: Object = next((one for one in status.get("conditions", ()) if one["type"] == "PodScheduled"), {})
    if scheduled.get("status") == "False":
        reason = scheduled.get("reason") or "Unschedulable"
        return Trouble(reason, f"pod {name}: {printable(scheduled.get('message', 'no node fits'))}")
    return None


def _of_container(pod: str, container: Object, crashed: str) -> Trouble | None:
    """Return the trouble of a container, the same in each phase of a crash loop or of retries to pull an image."""
    restarts = container.get("restartCount", 0)
    state, last = container.get("state", {}), container.get("lastState", {})
    ended, waiting = state.get("terminated") or last.get("terminated") or {}, state.get("waiting", {})
    # A server that ends without an error is in a crash loop too; a Job's container that succeeds after failures isn't.
    again = restarts > 1 and last.get("terminated", {}).get("exitCode") == 0
    if container.get("ready") or (ended.get("exitCode") == 0 and not waiting and not again):
        return None
    title, said = container["name"], printable(waiting.get("message", ""))
    where = f"{pod}, container {title}"
    last_words = gist(ended.get("message", ""))
    for reason in REASONS:
        if last_words.startswith(reason):
            return Trouble(reason, f"{pod}: {last_words.removeprefix(reason).lstrip(': ')}", container=title)
    reason = waiting.get("reason", "")
    if reason in ("ContainerCreating", "PodInitializing"):
        return None
    missing = what_is_missing(said)
    if missing and reason == "CreateContainerConfigError":
        return Trouble(missing.reason, f"{where}: {missing}", missing, container=title)
    looping = reason == CRASH_LOOP or restarts > 1
    if ended and reason in ("", CRASH_LOOP, "RunContainerError"):
        detail = last_words or f"exit code {ended.get('exitCode')}"
        cause = _STABLE.get(ended.get("reason", ""), crashed)
        return Trouble(cause, f"{where}: {detail}", looping=looping, container=title)
    if reason:
        detail = _PULL_BACK_OFF.sub("", said) or said or "waiting"
        return Trouble(_STABLE.get(reason, reason), f"{where}: {detail}", looping=looping, container=title)
    return None
