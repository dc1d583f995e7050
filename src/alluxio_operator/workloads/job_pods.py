"""Reads a Job on record, its pods, and what their containers left as termination messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alluxio_operator.api.status import JobRun
from alluxio_operator.engine.ownership import controller_uid
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.workloads.pods import parse_pod
from alluxio_operator.workloads.seen_job import NONE, SeenJob


def read_job(kube: Kube, owner: Object, run: JobRun | None, selector: str) -> SeenJob:
    """Return the Job of a run; `selector` selects the pods of all Jobs of the owner."""
    meta = owner["metadata"]
    if run is None:
        return NONE
    try:
        job = kube.get(KINDS["Job"].path(meta["namespace"], run.name))
    except NotFound:
        return NONE
    if controller_uid(job) != meta["uid"]:
        # Of an earlier resource of this name. The apply replaces or refuses it; its results are none of this one.
        return NONE
    own = [
        pod
        for pod in kube.list(KINDS["Pod"].path(meta["namespace"]), selector)
        if any(one["uid"] == job["metadata"]["uid"] for one in pod["metadata"].get("ownerReferences", ()))
    ]
    newest = max(own, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), default=None)
    return SeenJob(job, tuple(map(parse_pod, own)), _results(newest) if newest is not None else {})


def _results(pod: Object) -> Mapping[str, str]:
    status: Mapping[str, Any] = pod.get("status", {})
    ended = {
        one["name"]: one.get("state", {}).get("terminated") or one.get("lastState", {}).get("terminated") or {}
        for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    }
    return {name: str(end["message"]) for name, end in ended.items() if end.get("message")}
