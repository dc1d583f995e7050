"""Gates: what has to hold before the next layer of objects is applied, and how that is said in the status."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.gate import Gate, waiting
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pods import Pod, first_trouble


def masters_serving(observed: Observed) -> Gate:
    """Open when a master answers for the cluster; an open port would also be there in safe mode."""
    if not isinstance(observed.master, NoAnswer):
        return Gate("MastersServing", True, "Serving", "the leading master serves")
    return _closed("MastersServing", observed.role(names.MASTER), f"no master serves yet: {observed.master.reason}")


def scaled_to_zero() -> Gate:
    """Closed: it is wished that no master runs."""
    said = "spec.masters.replicas is 0: no master runs, and the journal stays on its volumes"
    return Gate("MastersServing", False, "ScaledToZero", said)


def workers_registered(observed: Observed, wanted: int) -> Gate:
    """Open when the leading master counts as many live workers as are wanted, and their pods are ready."""
    kind, workers = "WorkersRegistered", observed.role(names.WORKER)
    refused = observed.refused_pods.get(names.WORKER)
    if refused:
        return Gate(kind, False, "PodsRefused", refused)
    if isinstance(observed.master, NoAnswer):
        return waiting(kind, "workers can't be counted while no master serves", "MastersNotServing")
    live, ready = observed.master.live_workers, sum(pod.ready for pod in workers)
    if live >= wanted and ready >= wanted:
        return Gate(kind, True, "Registered", f"{live} of {wanted} workers are registered")
    return _closed(kind, workers, f"{live} of {wanted} workers are registered, {ready} are ready")


def job_service_serving(observed: Observed) -> Gate:
    """Open when the job master answers."""
    if observed.job_master_serves:
        return Gate("JobServiceServing", True, "Serving", "the job master serves")
    return _closed("JobServiceServing", observed.role(names.JOB_MASTER), "the job master doesn't answer yet")


def log_server_ready(observed: Observed) -> Gate:
    """Open when the log server takes logs."""
    pods = observed.role(names.LOG_SERVER)
    if any(pod.ready for pod in pods):
        return Gate("LogServerReady", True, "Ready", "the log server takes logs")
    return _closed("LogServerReady", pods, "the log server isn't ready yet")


def proxy_serving(observed: Observed) -> Gate:
    """Open when a proxy answers, and a master does whom it can ask: a proxy answers without one, too."""
    pods = observed.role(names.PROXY)
    if isinstance(observed.master, NoAnswer):
        return waiting("ProxyServing", "the proxy has nothing to give while no master serves", "MastersNotServing")
    if any(pod.ready for pod in pods):
        return Gate("ProxyServing", True, "Serving", "the proxy serves")
    return _closed("ProxyServing", pods, "the proxy doesn't answer yet")


def fuse_mounted(observed: Observed, wanted: int | None) -> Gate:
    """Open when every node that is to have the mount has one that answers; `wanted` is None before that is known."""
    kind, pods = "FuseMounted", observed.role(names.FUSE)
    refused = observed.refused_pods.get(names.FUSE)
    if refused:
        return Gate(kind, False, "PodsRefused", refused)
    if wanted is None:
        return waiting(kind, "nodes get the mount once the masters serve")
    if wanted == 0:
        return Gate(
            kind,
            False,
            "NoNode",
            "no node takes the mount; look at spec.fuse.nodeSelector, tolerations and the nodes' labels and taints",
        )
    ready = sum(pod.ready for pod in pods)
    if ready >= wanted:
        return Gate(kind, True, "Mounted", f"the mount answers on {ready} of {wanted} nodes")
    return _closed(kind, [pod for pod in pods if not pod.ready], f"the mount answers on {ready} of {wanted} nodes")


def _closed(kind: str, pods: Iterable[Pod], otherwise: str) -> Gate:
    trouble = first_trouble(pods)
    if trouble:
        return Gate(kind, False, trouble.reason, trouble.message)
    return waiting(kind, otherwise)
