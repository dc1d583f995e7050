"""Observes a backup: the resource, its cluster, the leading master, the Job on record and what its containers left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alluxio_operator.alluxio.answers import AlluxioRpc
from alluxio_operator.api.alluxiobackup import KIND, BackupStatus
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.api.lenient import read_status
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.backup.names import REMOVE, VERIFY, Names
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.cluster.clients import MASTER, leader_of, rpc_port
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.job_pods import read_job
from alluxio_operator.workloads.pod_creation import Expected, is_waiting, pod_creation_failures
from alluxio_operator.workloads.pods import Pod, parse_pod
from alluxio_operator.workloads.stuck_pods import with_volume_troubles


def observe(kube: Kube, alluxio: AlluxioRpc, image: OwnImage, key: OwnerKey, deadline: Deadline) -> Observed | None:
    """Observe a backup once; return None if the resource was deleted."""
    try:
        resource = kube.get(KINDS[KIND].path(key.namespace, key.name))
    except NotFound:
        return None
    status = read_status(BackupStatus, resource).status
    cluster = _cluster(kube, key.namespace, resource)
    observed = Observed(resource=resource, status=status, cluster=cluster)
    found = _leading_master(kube, cluster) if cluster is not None else None
    if found is not None and (pod := parse_pod(found)).running:
        observed = replace(observed, leader=pod, leader_image=_image(found))
    if status.finished is None and status.run is None:
        observed = replace(observed, others=tuple(_others(kube, key, resource)))
    if status.run is not None and status.run.state == "Running" and observed.leader is not None and cluster is not None:
        leader = observed.leader
        answer = alluxio.backup_status(leader.ip, rpc_port(leader, cluster), status.run.id, deadline)
        observed = replace(observed, answer=answer)
    seen = read_job(kube, resource, status.job, Names(key.name, key.namespace).instance_selector)
    return replace(observed, image=image.read(kube), job=seen.job, pods=seen.pods, results=seen.results)


def with_neighbours(kube: Kube, key: OwnerKey, observed: Observed) -> Observed:
    """Return the observation with all other backups of the namespace."""
    found = tuple(one for one in kube.list(KINDS[KIND].path(key.namespace)) if one["metadata"]["name"] != key.name)
    return replace(observed, neighbours=found)


def with_events(look: Look, observed: Observed) -> Observed:
    """Return the observation with what Events report about the Job's pods."""
    job = observed.status.job
    if job is None or not is_waiting(observed.status.conditions, look.now):
        return observed
    component = REMOVE if observed.status.removing else VERIFY
    expected = [Expected(component, Ref("Job", job.name), 1)]
    failures = pod_creation_failures(look.kube, look.key.namespace, expected, observed.pods, lambda _: "spec.masters")
    pods = with_volume_troubles(look.kube, look.key.namespace, observed.pods, look.now, _volume_field)
    return replace(observed, pods=pods, pod_creation_failures=failures)


def _volume_field(pod: Pod, text: str) -> str:  # noqa: ARG001 (the signature of Describe)
    return "spec.destination.volume"


def _cluster(kube: Kube, namespace: str, resource: Object) -> Object | None:
    name = resource.get("spec", {}).get("clusterRef", {}).get("name")
    if not isinstance(name, str):
        return None
    try:
        return kube.get(KINDS[CLUSTER].path(namespace, name))
    except NotFound:
        return None


def _leading_master(kube: Kube, cluster: Object) -> Object | None:
    name = leader_of(cluster)
    if name is None:
        return None
    try:
        return kube.get(KINDS["Pod"].path(cluster["metadata"]["namespace"], name))
    except NotFound:
        return None


def _image(master: Object) -> str:
    containers = master.get("spec", {}).get("containers", ())
    return next((str(one.get("image", "")) for one in containers if one.get("name") == MASTER), "")


def _others(kube: Kube, key: OwnerKey, resource: Object) -> Iterable[Object]:
    cluster = resource.get("spec", {}).get("clusterRef")
    for one in kube.list(KINDS[KIND].path(key.namespace)):
        status = one.get("status", {})
        if one["metadata"]["name"] == key.name or one.get("spec", {}).get("clusterRef") != cluster:
            continue
        written = (status.get("run") or {}).get("state") == "Completed"
        if not written and not status.get("finished") and status.get("phase") != "Invalid":
            yield one
