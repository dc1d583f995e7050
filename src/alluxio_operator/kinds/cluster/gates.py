"""Gates that have to open before the operator applies the next layer of objects or reports Ready."""

from __future__ import annotations

from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.base import in_binary
from alluxio_operator.engine.gate import Gate, Severity, waiting
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.registrations import registrations, removed_with_data
from alluxio_operator.workloads.pods import first_trouble

MEBI: Final = 1024**2
SOME: Final = 5
"""Workers that a message names at most."""


def masters_serving(observed: Observed) -> Gate:
    """Open when the leader serves; an open port isn't enough, since it is also open in safe mode."""
    if not isinstance(observed.master, NoAnswer):
        return Gate("MastersServing", True, "Serving", "the leading master serves")
    return _closed("MastersServing", observed, names.MASTER, f"no master serves yet: {observed.master.reason}")


def scaled_to_zero() -> Gate:
    """Return the closed gate of masters that are scaled to zero."""
    message = "spec.masters.replicas is 0: no master runs, and the PVCs keep the journal"
    return Gate("MastersServing", False, "ScaledToZero", message, Severity.INFO)


def workers_registered(observed: Observed, wanted: int, *, emptied: bool = False) -> Gate:
    """Open when `wanted` workers with a pod send heartbeats to the leader, and that many pods are ready.

    `emptied`: whether workers are emptied before they are removed, so that none takes data along.
    """
    kind, workers = "WorkersRegistered", observed.role(names.WORKER)
    if refused := pods_refused(kind, observed, names.WORKER):
        return refused
    if isinstance(observed.master, NoAnswer):
        message = "only a master that serves counts its workers; see condition MastersServing"
        return waiting(kind, message, "MastersNotServing")
    live, ready = registrations(observed).live, sum(pod.ready for pod in workers)
    counted, removed = f"{live} of {wanted} workers are registered", "" if emptied else _removed(observed, wanted)
    if live >= wanted and ready >= wanted:
        return Gate(kind, True, "WorkersRemoved" if removed else "Registered", counted + removed)
    return _closed(kind, observed, names.WORKER, f"{counted}, {ready} are ready{removed}")


def _removed(observed: Observed, wanted: int) -> str:
    held = removed_with_data(observed, wanted)
    sizes = {name: in_binary(max(1, round(used / MEBI)) * MEBI) for name, used in held.items()}
    removed = [f"{name} ({size})" for name, size in sizes.items()]
    if not removed:
        return ""
    listed = ", ".join(removed[:SOME]) + (f" and {len(removed) - SOME} others" if len(removed) > SOME else "")
    return (
        f"; spec.workers.replicas removes workers with cached data: {listed}. Files that only they hold and that are "
        "not in the UFS, such as files written with MUST_CACHE, go with a tier in memory or on emptyDir; a tier on a "
        "PVC comes back if you raise replicas again"
    )


def job_service_serving(observed: Observed) -> Gate:
    """Open when the job master answers."""
    if observed.job_master_serves:
        return Gate("JobServiceServing", True, "Serving", "the job master serves")
    return _closed("JobServiceServing", observed, names.JOB_MASTER, "the job master doesn't answer yet")


def log_server_ready(observed: Observed) -> Gate:
    """Open when the log server is ready."""
    pods = observed.role(names.LOG_SERVER)
    if any(pod.ready for pod in pods):
        return Gate("LogServerReady", True, "Ready", "the log server accepts logs")
    return _closed("LogServerReady", observed, names.LOG_SERVER, "the log server isn't ready yet")


def proxy_serving(observed: Observed) -> Gate:
    """Open when a proxy pod is ready and a master serves; a proxy answers without one."""
    pods = observed.role(names.PROXY)
    if isinstance(observed.master, NoAnswer):
        message = "the proxy needs a master that serves; see condition MastersServing"
        return waiting("ProxyServing", message, "MastersNotServing")
    if any(pod.ready for pod in pods):
        return Gate("ProxyServing", True, "Serving", "the proxy serves")
    return _closed("ProxyServing", observed, names.PROXY, "the proxy doesn't answer yet")


def fuse_mounted(observed: Observed, wanted: int | None) -> Gate:
    """Open when the mount answers on all `wanted` nodes; None before the DaemonSet has counted them."""
    kind, pods = "FuseMounted", observed.role(names.FUSE)
    if refused := pods_refused(kind, observed, names.FUSE):
        return refused
    if wanted is None:
        return waiting(kind, "nodes get the mount once the masters serve")
    if wanted == 0:
        return Gate(
            kind,
            False,
            "NoNode",
            "no node can run the mount: compare spec.fuse.nodeSelector and spec.fuse.tolerations with the labels and "
            "taints of the nodes",
        )
    ready = sum(pod.ready for pod in pods)
    if ready >= wanted:
        return Gate(kind, True, "Mounted", f"the mount answers on {ready} of {wanted} nodes")
    return _closed(kind, observed, names.FUSE, f"the mount answers on {ready} of {wanted} nodes")


def pods_refused(kind: str, observed: Observed, role: str) -> Gate | None:
    """Return the closed gate of a role whose pods the API server rejects; None if it rejects none."""
    failure = observed.pod_creation_failures.get(role)
    return Gate(kind, False, "PodsRefused", failure) if failure else None


def _closed(kind: str, observed: Observed, role: str, otherwise: str) -> Gate:
    if refused := pods_refused(kind, observed, role):
        return refused
    pods = observed.role(role)
    trouble = first_trouble(pods if role != names.FUSE else [pod for pod in pods if not pod.ready])
    if trouble:
        return Gate(kind, False, trouble.reason, trouble.message)
    return waiting(kind, otherwise)
