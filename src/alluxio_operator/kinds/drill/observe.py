"""Observes a drill: the resource, its cluster and backups, the throw-away cluster, and the Jobs on record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.api.alluxiodrill import KIND, DrillStatus
from alluxio_operator.api.lenient import read_status
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.ownership import controller_uid
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.clients import followed_revision, pod_selector
from alluxio_operator.kinds.drill.names import PREPARE, READ, Names, copy_claim
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.workloads.job_pods import read_job
from alluxio_operator.workloads.pod_creation import Expected, is_waiting, pod_creation_failures
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.seen_job import SeenJob
from alluxio_operator.workloads.stuck_pods import with_volume_troubles


def observe(kube: Kube, image: OwnImage, key: OwnerKey) -> Observed | None:
    """Observe a drill once; return None if the resource was deleted."""
    resource = _get(kube, KIND, key.namespace, key.name)
    if resource is None:
        return None
    status = read_status(DrillStatus, resource).status
    observed = Observed(resource, status, image=image.read(kube))
    if status.finished is not None:
        return observed
    reference = resource.get("spec", {}).get("clusterRef", {}).get("name")
    name = str(reference) if isinstance(reference, str) else ""
    observed = replace(
        observed,
        cluster=_cluster(kube, key.namespace, name) if name else None,
        throw_away=_get(kube, CLUSTER, key.namespace, status.throw_away) if status.throw_away else None,
    )
    if status.started is None:
        observed = replace(observed, others=tuple(_others(kube, key)))
    if status.entries is None and not status.failure:
        observed = replace(observed, backups=tuple(_backups(kube, key.namespace, name)))
    made = status.throw_away_uid or observed.own is not None
    taken = observed.throw_away is not None and observed.own is None
    if (status.failure or status.files is not None) and made and not taken:
        observed = replace(
            observed,
            leftovers=tuple(_leftovers(kube, key.namespace, status.throw_away)),
            preparations=tuple(_preparations(kube, key, resource)),
        )
    selector = Names(key.name, key.namespace).instance_selector
    return replace(
        observed,
        prepare=read_job(kube, resource, status.prepare, selector),
        read=read_job(kube, resource, status.read, selector),
    )


def with_events(look: Look, observed: Observed) -> Observed:
    """Return the observation with what Events report about the Jobs' pods."""
    if not is_waiting(observed.status.conditions, look.now):
        return observed
    namespace = look.key.namespace
    runs = ((PREPARE, observed.status.prepare, observed.prepare), (READ, observed.status.read, observed.read))
    due = [(role, run, seen) for role, run, seen in runs if run is not None and run.state in ("Requested", "Running")]
    expected = [Expected(role, Ref("Job", run.name), 1) for role, run, _ in due]
    pods = [pod for _, _, seen in due for pod in seen.pods]
    failures = pod_creation_failures(look.kube, namespace, expected, pods, lambda _: "spec.masters of the cluster")

    def explained(seen: SeenJob) -> SeenJob:
        return replace(seen, pods=with_volume_troubles(look.kube, namespace, seen.pods, look.now, _volume_field))

    return replace(
        observed,
        prepare=explained(observed.prepare),
        read=explained(observed.read),
        pod_creation_failures=failures,
    )


def _volume_field(pod: Pod, text: str) -> str:  # noqa: ARG001 (the signature of Describe)
    return "spec.rootMount.volume, or the destination of the backup"


def _get(kube: Kube, kind: str, namespace: str, name: str) -> Object | None:
    try:
        return kube.get(KINDS[kind].path(namespace, name))
    except NotFound:
        return None


def _cluster(kube: Kube, namespace: str, name: str) -> Object | None:
    """Return a cluster with the spec that it follows: the last good one during a rollback."""
    found = _get(kube, CLUSTER, namespace, name)
    revision = followed_revision(found) if found is not None else None
    kept = _get(kube, "ControllerRevision", namespace, revision) if revision else None
    return {**found, "spec": kept["data"]["spec"]} if found is not None and kept is not None else found


def _others(kube: Kube, key: OwnerKey) -> Iterable[Object]:
    for one in kube.list(KINDS[KIND].path(key.namespace)):
        status = one.get("status", {})
        # Of one whose cluster is gone, only pods of a lost node may be left.
        over = status.get("finished") or status.get("clusterGone") or status.get("phase") == "Invalid"
        if one["metadata"]["name"] != key.name and not over:
            yield one


def _backups(kube: Kube, namespace: str, cluster: str) -> Iterable[Object]:
    for one in kube.list(KINDS[BACKUP].path(namespace)):
        if one.get("spec", {}).get("clusterRef", {}).get("name") == cluster:
            yield one


def _preparations(kube: Kube, key: OwnerKey, resource: Object) -> Iterable[Object]:
    selector = f"{Names(key.name, key.namespace).instance_selector},app.kubernetes.io/component={PREPARE}"
    for job in kube.list(KINDS["Job"].path(key.namespace), selector):
        if controller_uid(job) == resource["metadata"]["uid"]:
            yield job


def _leftovers(kube: Kube, namespace: str, throw_away: str) -> Iterable[str]:
    """Yield the pods and PVCs of a throw-away cluster: the garbage collector removes them some time after it."""
    labels = pod_selector({"metadata": {"name": throw_away, "namespace": namespace}})
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    for kind in ("Pod", "PersistentVolumeClaim"):
        for one in kube.list(KINDS[kind].path(namespace), selector):
            yield f"{kind} {one['metadata']['name']}"
    if _get(kube, "PersistentVolumeClaim", namespace, copy_claim(throw_away)) is not None:
        yield f"PersistentVolumeClaim {copy_claim(throw_away)}"
