"""Reads what the restore of a backup depends on: its source, what a leader has restored, and whether masters run."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from alluxio_operator.alluxio.answers import Alluxio, NoAnswer, Unfinished, UnpersistedFiles
from alluxio_operator.alluxio.listings import LISTS_FOR, Listings
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.ownership import controller_uid
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.backup.observe import read_backup
from alluxio_operator.kinds.cluster.masters.quorum import serving_leader
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.ports import rpc_port, web_port
from alluxio_operator.kinds.cluster.restore.attempts import emptying
from alluxio_operator.kinds.cluster.restore.checking import CONTAINER as CHECK
from alluxio_operator.kinds.cluster.restore.in_place_step import STOPPED, job_operation
from alluxio_operator.kinds.cluster.restore.loss import NO_LEADER
from alluxio_operator.kinds.cluster.restore.offer import is_over
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.pods import parse_pod

NONE: Final = -1
"""Number of restored entries of a process that has restored nothing, or not everything yet."""

LISTS_WITHIN: Final = 10.0
"""Seconds for which the first reconcile waits for a listing: it ends by then unless there are 250,000 files or more."""


def with_restore(kube: Kube, alluxio: Alluxio, observed: Observed, deadline: Deadline) -> Observed:
    """Return the observation with what a restore that isn't done depends on."""
    in_place = observed.status.restore_in_place
    known = in_place.restore if in_place is not None and in_place.state == "Restoring" else observed.status.restore
    if known is None:
        return observed
    if known.state == "Restoring":
        return replace(observed, restored_entries=_restored_entries(alluxio, observed, deadline))
    if known.state == "Emptying":
        stopped = _masters_stopped(kube, observed)
        return replace(observed, masters_stopped=stopped, emptying_jobs=read_jobs(kube, observed, emptying(known)))
    return observed


def with_restore_in_place(kube: Kube, image: OwnImage, observed: Observed) -> Observed:
    """Return the observation with what a restore in place depends on."""
    known = observed.status.restore_in_place
    if known is None or is_over(known) or known.state == "AwaitingConfirmation":
        return observed
    observed = replace(observed, own_image=image.read(kube))
    if known.state == "BackingUp" and known.safety_backup:
        return replace(observed, found_safety_backup=read_backup(kube, observed.names.namespace, known.safety_backup))
    if known.state == "Checking" and known.check is not None:
        return _with_check(kube, observed, known.check.name)
    if known.state in STOPPED:
        observed = replace(observed, masters_stopped=_masters_stopped(kube, observed))
    if known.state in ("SettingAside", "GoingBack"):
        return replace(observed, in_place_jobs=read_jobs(kube, observed, job_operation(known)))
    return observed


def unpersisted_files(
    alluxio: Alluxio, listings: Listings, key: OwnerKey, observed: Observed, since: datetime | None, deadline: Deadline
) -> UnpersistedFiles | Unfinished | NoAnswer:
    """Return what only workers have and was changed since a time; None for all."""
    known = observed.status.restore_in_place
    first = known is None or known.loss_asked is None
    if (pod := serving_leader(observed)) is None:
        listings.forget(key)
        return NoAnswer(NO_LEADER)
    milliseconds = int(since.timestamp() * 1000) if since is not None else 0
    # The listing outlives this reconcile, and not the Lease.
    own = deadline.later(LISTS_FOR)
    ask = partial(alluxio.unpersisted_files, pod.ip, rpc_port(pod, observed.resource), milliseconds, own)
    seconds = deadline.remaining(LISTS_WITHIN) if first else 0.0
    return listings.ask(key, (pod.uid, pod.restarts, milliseconds), ask, seconds)


def _with_check(kube: Kube, observed: Observed, name: str) -> Observed:
    namespace = observed.names.namespace
    try:
        job = kube.get(KINDS["Job"].path(namespace, name))
    except NotFound:
        return observed
    if controller_uid(job) != observed.resource["metadata"]["uid"]:
        return observed
    pods = [
        pod
        for pod in kube.list(KINDS["Pod"].path(namespace), observed.names.instance_selector)
        if any(one["uid"] == job["metadata"]["uid"] for one in pod["metadata"].get("ownerReferences", ()))
    ]
    newest = max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), default=None)
    result = _result(newest) if newest is not None else ""
    return replace(observed, check_job=job, check_pods=tuple(map(parse_pod, pods)), check_result=result)


def _result(pod: Object) -> str:
    for one in pod.get("status", {}).get("containerStatuses", ()):
        ended = one.get("state", {}).get("terminated") or {}
        if one["name"] == CHECK and ended.get("message"):
            return str(ended["message"])
    return ""


def _restored_entries(alluxio: Alluxio, observed: Observed, deadline: Deadline) -> int | None:
    if (pod := serving_leader(observed)) is None:
        return None
    port = web_port(pod, observed.resource)
    count = alluxio.restored_entries(pod.ip, port, deadline)
    if count != NONE:
        return count
    # It restores, or it has found a journal that isn't empty: only then it serves clients by now.
    if not alluxio.serves_clients(pod.ip, rpc_port(pod, observed.resource), deadline):
        return None
    return alluxio.restored_entries(pod.ip, port, deadline)


def _masters_stopped(kube: Kube, observed: Observed) -> bool:
    """Return True if no master runs and none can start: no pod, and a StatefulSet that has none to create."""
    if observed.role(names.MASTER):
        return False
    own = observed.names
    try:
        found = kube.get(KINDS["StatefulSet"].path(own.namespace, own.of(names.MASTER)))
    except NotFound:
        return True
    status = found.get("status", {})
    seen = status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
    return found["spec"].get("replicas") == 0 and seen and not status.get("replicas")


def read_jobs(kube: Kube, observed: Observed, operation: str) -> Mapping[int, Object]:
    """Return the Jobs of the journals that an operation names, by ordinal."""
    journal, own = observed.status.journal, observed.names
    jobs: dict[int, Object] = {}
    for ordinal in range(journal.members if journal is not None else 0):
        with contextlib.suppress(NotFound):
            jobs[ordinal] = kube.get(KINDS["Job"].path(own.namespace, own.journal_job(operation, ordinal)))
    return jobs
