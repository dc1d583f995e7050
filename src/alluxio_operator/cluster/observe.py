"""Reads what there is: the resource, its pods, the objects that matter for a decision, and Alluxio's own word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alluxio_operator.alluxio.answers import Alluxio, MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.status import ClusterStatus
from alluxio_operator.cluster import names
from alluxio_operator.cluster.names import Names
from alluxio_operator.cluster.observed import Observed
from alluxio_operator.cluster.pods import Pod, parse_pod
from alluxio_operator.cluster.refusals import refused_pods
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.work import Deadline, OwnerKey


def observe(kube: Kube, alluxio: Alluxio, key: OwnerKey, deadline: Deadline) -> Observed | None:
    """Look at a cluster once; None when the resource is gone."""
    try:
        resource = kube.get(KINDS[KIND].path(key.namespace, key.name))
    except NotFound:
        return None
    cluster = Names(key.name, key.namespace)
    status = ClusterStatus.model_validate(resource.get("status", {}))
    pods = tuple(parse_pod(pod) for pod in kube.list(KINDS["Pod"].path(key.namespace), cluster.owned_by_selector))
    job = claim = None
    if status.journal is None or status.journal.state != "Initialized":
        claim = _maybe(kube, KINDS["PersistentVolumeClaim"].path(key.namespace, cluster.journal_claim(0)))
    if status.journal is not None and status.journal.state == "Initializing":
        job = _maybe(kube, KINDS["Job"].path(key.namespace, cluster.journal_job(status.journal.operation)))
    return Observed(
        resource=resource,
        status=status,
        pods=pods,
        journal_job=job,
        journal_claim=claim,
        master=_ask_master(alluxio, pods, resource, deadline),
        job_master_serves=_ask_job_master(alluxio, pods, resource, deadline),
        refused_pods=refused_pods(kube, cluster, resource, status.layer, pods),
    )


def _maybe(kube: Kube, path: str) -> Object | None:
    try:
        return kube.get(path)
    except NotFound:
        return None


def _ask_master(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> MasterInfo | NoAnswer:
    answer: MasterInfo | NoAnswer = NoAnswer("no master has an address yet")
    for pod in pods:
        if pod.role == names.MASTER and pod.running:
            answer = alluxio.master_info(pod.ip, _port(resource, ("masters",), 19999), deadline)
            if isinstance(answer, MasterInfo):
                return answer
    return answer


def _ask_job_master(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> bool:
    port = _port(resource, ("jobService", "master"), 20002)
    return any(
        alluxio.serves(pod.ip, port, "/api/v1/job_master/info", deadline)
        for pod in pods
        if pod.role == names.JOB_MASTER and pod.running
    )


def _port(resource: Object, path: tuple[str, ...], default: int) -> int:
    # Read from the raw resource, since this look happens before the spec is known to be valid.
    node: Any = resource.get("spec", {})
    for part in (*path, "ports", "web"):
        node = node.get(part, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, int) else default
