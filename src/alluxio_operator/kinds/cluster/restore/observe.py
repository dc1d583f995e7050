"""Reads what the restore of a backup depends on: its source, what a leader has restored, and whether masters run."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from alluxio_operator.alluxio.answers import Alluxio, MasterInfo
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import leaders_of
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.ports import rpc_port, web_port
from alluxio_operator.kinds.cluster.restore.steps import emptying
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.transport.deadline import Deadline

NONE: Final = -1
"""Number of restored entries of a process that has restored nothing, or not everything yet."""


def with_restore(kube: Kube, alluxio: Alluxio, observed: Observed, deadline: Deadline) -> Observed:
    """Return the observation with what a restore that isn't done depends on."""
    known = observed.status.restore
    if known is None:
        return observed
    if known.state == "Restoring":
        return replace(observed, restored_entries=_restored_entries(alluxio, observed, deadline))
    if known.state == "Emptying":
        stopped = _masters_stopped(kube, observed)
        return replace(observed, masters_stopped=stopped, emptying_jobs=_jobs(kube, observed, known.attempt))
    return observed


def _restored_entries(alluxio: Alluxio, observed: Observed, deadline: Deadline) -> int | None:
    for name in leaders_of(observed.answers)[:1]:
        pod = observed.master_named(name)
        if pod is None or not isinstance(observed.answers[name], MasterInfo):
            return None
        port = web_port(pod, observed.resource)
        count = alluxio.restored_entries(pod.ip, port, deadline)
        if count != NONE:
            return count
        # It restores, or it has found a journal that isn't empty: only then it serves clients by now.
        if not alluxio.serves_clients(pod.ip, rpc_port(pod, observed.resource), deadline):
            return None
        return alluxio.restored_entries(pod.ip, port, deadline)
    return None


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


def _jobs(kube: Kube, observed: Observed, attempt: int) -> Mapping[int, Object]:
    journal, own = observed.status.journal, observed.names
    operation = emptying(observed.resource["metadata"]["uid"], attempt)
    jobs: dict[int, Object] = {}
    for ordinal in range(journal.members if journal is not None else 0):
        with contextlib.suppress(NotFound):
            jobs[ordinal] = kube.get(KINDS["Job"].path(own.namespace, own.journal_job(operation, ordinal)))
    return jobs
