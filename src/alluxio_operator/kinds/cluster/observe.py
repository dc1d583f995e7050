"""Observes a cluster: the resource, its pods, the objects that a decision needs, and the answers of Alluxio."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from alluxio_operator.alluxio import paths
from alluxio_operator.alluxio.answers import Alluxio, Answer, NoAnswer
from alluxio_operator.alluxio.side_by_side import side_by_side
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.lenient import read_status
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.membership import is_wanted
from alluxio_operator.kinds.cluster.masters.quorum import leader_answer, leader_pod, without_journal
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION, Observed
from alluxio_operator.kinds.cluster.ports import JOB_MASTER_PORTS, in_spec, rpc_port, web_port
from alluxio_operator.kinds.cluster.records import RECORDS
from alluxio_operator.kinds.cluster.restore.observe import with_restore, with_restore_in_place
from alluxio_operator.kinds.cluster.roles import FIELDS
from alluxio_operator.kinds.cluster.rollout import revisions
from alluxio_operator.kinds.cluster.rollout.rollback import active
from alluxio_operator.kinds.cluster.storage.observe import read_claims
from alluxio_operator.kinds.cluster.storage.pvc import is_leaving
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.explanations import explained
from alluxio_operator.workloads.pods import Pod, belongs_to, parse_pod
from alluxio_operator.workloads.shared_claims import read_shared_claims

MAX_MASTERS = 5


def observe(
    kube: Kube, alluxio: Alluxio, key: OwnerKey, deadline: Deadline, image: OwnImage | None = None
) -> Observed | None:
    """Observe a cluster once; return None if the resource was deleted."""
    try:
        resource = kube.get(KINDS[KIND].path(key.namespace, key.name))
    except NotFound:
        return None
    cluster = Names(key.name, key.namespace)
    reading = read_status(ClusterStatus, resource)
    status = reading.status
    pods = tuple(_pods(kube, cluster))
    claims = read_claims(kube, cluster, resource, status)
    initialized = status.journal is not None and status.journal.state == "Initialized"
    names_of_claims = {cluster.journal_claim(ordinal) for ordinal in range(0 if initialized else MAX_MASTERS)}
    journals = [one for one in claims if one["metadata"]["name"] in names_of_claims and _is_own(cluster, one)]
    leaving = [one for one in journals if is_leaving(one, resource["metadata"]["uid"])]
    answers = _ask_masters(alluxio, pods, resource, deadline)
    rollback = active(resource, status)
    observed = Observed(
        resource=resource,
        status=status,
        unread=reading.unread_below(RECORDS),
        pods=pods,
        journal_jobs=_journal_jobs(kube, cluster, status),
        journal_claims=_by_ordinal((one for one in journals if one not in leaving), cluster.journal_claim),
        leaving_claims=tuple(sorted(one["metadata"]["name"] for one in leaving)),
        claims=claims,
        shared_claims=read_shared_claims(kube, key.namespace, pods, {one["metadata"]["name"] for one in claims}),
        answers=answers,
        master=leader_answer(answers),
        job_master_serves=_ask_job_master(alluxio, pods, resource, deadline),
        good_spec=revisions.read(kube, key.namespace, rollback.to) if rollback else None,
    )
    observed = with_restore_in_place(kube, image or OwnImage(), with_restore(kube, alluxio, observed, deadline))
    observed = _with_members(kube, alluxio, observed, deadline)
    in_place, journal = status.restore_in_place, status.journal
    compares = in_place is not None and in_place.state in ("BackingUp", "Checking", "Returning")
    compares = compares or (journal is not None and bool(journal.change or journal.lost))
    if (without_journal(observed) and len(answers) > 1) or status.hung_master is not None or compares:
        return replace(observed, indexes=_ask_indexes(alluxio, pods, resource, deadline))
    return observed


def _pods(kube: Kube, cluster: Names) -> Iterable[Pod]:
    workloads = [cluster.of(role) for role in names.ROLES]
    for pod in kube.list(KINDS["Pod"].path(cluster.namespace), cluster.instance_selector):
        if belongs_to(pod, cluster.owner_labels, workloads):
            yield explained(parse_pod(pod), FIELDS)


def _is_own(cluster: Names, claim: Object) -> bool:
    # The PVC of an earlier cluster has no owner reference, and may have lost its labels. The annotation shows it.
    return cluster.owns(claim) or JOURNAL_ANNOTATION in claim["metadata"].get("annotations", {})


def _journal_jobs(kube: Kube, cluster: Names, status: ClusterStatus) -> Mapping[int, Object]:
    journal = status.journal
    if journal is None or journal.state != "Initializing":
        return {}
    jobs: dict[int, Object] = {}
    for ordinal in range(min(journal.change.members if journal.change else journal.members, MAX_MASTERS)):
        # Get each Job by its recorded name: a list may wait until the API server's cache has caught up with the write.
        with contextlib.suppress(NotFound):
            name = cluster.journal_job(journal.operation, ordinal)
            jobs[ordinal] = kube.get(KINDS["Job"].path(cluster.namespace, name))
    return jobs


def _with_members(kube: Kube, alluxio: Alluxio, observed: Observed, deadline: Deadline) -> Observed:
    """Return the observation with what a change of the number of masters depends on."""
    journal, own = observed.status.journal, observed.names
    replicas = ((observed.resource.get("spec") or {}).get("masters") or {}).get("replicas", 1)
    if journal is None or not is_wanted(observed, replicas):
        return observed
    change, job = journal.change, None
    if change is not None and change.state == "Preparing":
        with contextlib.suppress(NotFound):
            name = own.journal_job(change.operation, change.members)
            job = kube.get(KINDS["Job"].path(own.namespace, name))
    pod = leader_pod(observed)
    if pod is None:
        return replace(observed, joining_job=job)
    info = alluxio.quorum_info(pod.ip, rpc_port(pod, observed.resource), deadline)
    return replace(observed, joining_job=job, quorum_info=info)


def _by_ordinal(objects: Iterable[Object], name: Callable[[int], str]) -> Mapping[int, Object]:
    ordinals = {name(ordinal): ordinal for ordinal in range(MAX_MASTERS)}
    return {ordinals[obj["metadata"]["name"]]: obj for obj in objects if obj["metadata"]["name"] in ordinals}


def _ask_masters(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> Mapping[str, Answer]:
    calls = {
        pod.name: partial(alluxio.master_info, pod.ip, web_port(pod, resource), deadline)
        for pod in _running_masters(pods)
    }
    answers = side_by_side(calls, deadline)
    return {name: answers.get(name, NoAnswer("no answer in time")) for name in calls}


def _ask_indexes(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> Mapping[str, int]:
    calls = {
        pod.name: partial(alluxio.journal_index, pod.ip, web_port(pod, resource), deadline)
        for pod in _running_masters(pods)
    }
    return {name: index for name, index in side_by_side(calls, deadline).items() if index is not None}


def _running_masters(pods: tuple[Pod, ...]) -> list[Pod]:
    return [pod for pod in pods if pod.role == names.MASTER and pod.running]


def _ask_job_master(alluxio: Alluxio, pods: tuple[Pod, ...], resource: Object, deadline: Deadline) -> bool:
    number = in_spec(resource, ("jobService", "master"), "web", JOB_MASTER_PORTS.web)
    calls = {
        pod.name: partial(alluxio.serves, pod.ip, pod.ports.get("job-web", number), paths.JOB_MASTER_INFO, deadline)
        for pod in pods
        if pod.role == names.JOB_MASTER and pod.running
    }
    return any(side_by_side(calls, deadline).values())
