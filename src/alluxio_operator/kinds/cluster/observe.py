"""Reads what there is: the resource, its pods, the objects that matter for a decision, and Alluxio's own word."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from alluxio_operator.alluxio import paths
from alluxio_operator.alluxio.answers import Alluxio, Answer, BackupStatus, MasterInfo, NoAnswer
from alluxio_operator.alluxio.side_by_side import side_by_side
from alluxio_operator.api.alluxiocluster import KIND, JobMasterPorts, MasterPorts
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import leader_answer, without_journal
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.pod_creation import refused_pods
from alluxio_operator.kinds.cluster.rollout import revisions
from alluxio_operator.kinds.cluster.rollout.rollback import active
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.pods import Pod, parse_pod

MOST_MASTERS = 5
MASTER_PORTS = MasterPorts()
JOB_MASTER_PORTS = JobMasterPorts()
"""As they are where the spec says nothing; it isn't known to be valid yet."""


def observe(kube: Kube, alluxio: Alluxio, key: OwnerKey, deadline: Deadline) -> Observed | None:
    """Look at a cluster once; None when the resource is gone."""
    try:
        resource = kube.get(KINDS[KIND].path(key.namespace, key.name))
    except NotFound:
        return None
    cluster = Names(key.name, key.namespace)
    status = ClusterStatus.model_validate(resource.get("status", {}))
    pods = tuple(parse_pod(pod) for pod in kube.list(KINDS["Pod"].path(key.namespace), cluster.owned_by_selector))
    claims: tuple[Object, ...] | None = None
    if status.journal is None or status.journal.state != "Initialized":
        claims = tuple(kube.list(KINDS["PersistentVolumeClaim"].path(key.namespace), cluster.instance_selector))
    answers = _ask_masters(alluxio, pods, resource, deadline)
    rollback = active(resource, status)
    look = Observed(
        resource=resource,
        status=status,
        pods=pods,
        journal_jobs=_journal_jobs(kube, cluster, status),
        journal_claims=_of_masters(filter(cluster.owns, claims or ()), cluster.journal_claim),
        claims=claims,
        answers=answers,
        master=leader_answer(answers),
        job_master_serves=_ask_job_master(alluxio, pods, resource, deadline),
        refused_pods=refused_pods(kube, cluster, resource, status.layer, pods),
        good_spec=revisions.read(kube, key.namespace, rollback.to) if rollback else None,
    )
    if status.upgrade_backup is not None and status.upgrade_backup.state == "Running":
        look = replace(look, backup=_ask_backup(alluxio, look, status.upgrade_backup.id, deadline))
    if without_journal(look) and len(answers) > 1:
        return replace(look, indexes=_ask_indexes(alluxio, pods, resource, deadline))
    return look


def _journal_jobs(kube: Kube, cluster: Names, status: ClusterStatus) -> Mapping[int, Object]:
    journal = status.journal
    if journal is None or journal.state != "Initializing":
        return {}
    found: dict[int, Object] = {}
    for ordinal in range(journal.members):
        # By their recorded names: a list of Jobs may wait until the API server's cache has caught up with the write.
        with contextlib.suppress(NotFound):
            name = cluster.journal_job(journal.operation, ordinal)
            found[ordinal] = kube.get(KINDS["Job"].path(cluster.namespace, name))
    return found


def _ask_backup(alluxio: Alluxio, look: Observed, backup: str, deadline: Deadline) -> BackupStatus | NoAnswer:
    for pod in _running_masters(look.pods):
        if isinstance(look.answers.get(pod.name), MasterInfo):
            return alluxio.backup_status(pod.ip, rpc_port(pod, look.resource), backup, deadline)
    return NoAnswer("no master leads")


def _of_masters(found: Iterable[Object], name: Callable[[int], str]) -> Mapping[int, Object]:
    ordinals = {name(ordinal): ordinal for ordinal in range(MOST_MASTERS)}
    return {ordinals[obj["metadata"]["name"]]: obj for obj in found if obj["metadata"]["name"] in ordinals}


def _ask_masters(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> Mapping[str, Answer]:
    asked = {
        pod.name: partial(alluxio.master_info, pod.ip, _master_port(pod, resource), deadline)
        for pod in _running_masters(pods)
    }
    answers = side_by_side(asked, deadline)
    return {name: answers.get(name, NoAnswer("no answer in time")) for name in asked}


def _ask_indexes(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> Mapping[str, int]:
    asked = {
        pod.name: partial(alluxio.journal_index, pod.ip, _master_port(pod, resource), deadline)
        for pod in _running_masters(pods)
    }
    return {name: index for name, index in side_by_side(asked, deadline).items() if index is not None}


def _running_masters(pods: tuple[Pod, ...]) -> list[Pod]:
    return [pod for pod in pods if pod.role == names.MASTER and pod.running]


def _ask_job_master(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> bool:
    spoken = _port(resource, ("jobService", "master"), JOB_MASTER_PORTS.web)
    return any(
        alluxio.serves(pod.ip, pod.ports.get("job-web", spoken), paths.JOB_MASTER_INFO, deadline)
        for pod in pods
        if pod.role == names.JOB_MASTER and pod.running
    )


def port_of(master: Pod, resource: Object, name: Literal["rpc", "web"], default: int) -> int:
    """Return where a master listens: as it was told when it started, which may not be what the spec says by now."""
    return master.ports.get(name) or _port(resource, ("masters",), default, name)


def rpc_port(master: Pod, resource: Object) -> int:
    """Return where a master takes calls."""
    return port_of(master, resource, "rpc", MASTER_PORTS.rpc)


def _master_port(pod: Pod, resource: Object) -> int:
    return port_of(pod, resource, "web", MASTER_PORTS.web)


def _port(resource: Object, path: tuple[str, ...], default: int, name: str = "web") -> int:
    # Read from the raw resource, since this look happens before the spec is known to be valid.
    node: Any = resource.get("spec", {})
    for part in (*path, "ports", name):
        node = node.get(part, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, int) else default
