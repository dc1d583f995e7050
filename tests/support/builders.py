"""Small builders: each returns a valid value, and takes only the arguments that a test is about.

Resources and pods have the form in which the API server sends them (raw JSON). The code under test derives everything
else from them, so that a test never repeats the internals of a type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from alluxio_operator.alluxio.answers import Answer, MasterInfo, NoAnswer, WorkerRegistration
from alluxio_operator.api.alluxiocluster import KIND, ClusterSpec
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, JournalStatus, WriteProof
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.quorum import leader_answer
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION, MEMBERS_ANNOTATION, Observed
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.workloads.pods import parse_pod

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
UID = "0a1b2c3d-1111-2222-3333-444455556666"
NAMESPACE = "data"
NAME = "small"


def later(seconds: float) -> datetime:
    """Return a moment after NOW."""
    return NOW + timedelta(seconds=seconds)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """Return `base` merged with `over`, map by map; None removes a field."""
    result = deepcopy(dict(base))
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = deepcopy(value)
    return result


# --- the resource -------------------------------------------------------------------------------------------------


def spec(**over: Any) -> Json:
    """Return a spec with one StatefulSet worker, merged with `over`."""
    base = {
        "version": "2.9.4",
        "rootMount": {"volume": {"size": "1Gi", "accessModes": ["ReadWriteOnce"]}},
        "workers": {"workload": "StatefulSet", "replicas": 1},
    }
    return merged(base, over)


def resource(
    name: str = NAME,
    namespace: str = NAMESPACE,
    *,
    uid: str = UID,
    generation: int = 1,
    status: Mapping[str, Any] | None = None,
    **over: Any,
) -> Json:
    """Return an AlluxioCluster as the API server sends it, with `over` merged into the spec."""
    made: Json = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid,
            "generation": generation,
            "resourceVersion": "10",
        },
        "spec": spec(**over),
    }
    if status is not None:
        made["status"] = dict(status)
    return made


def cluster_spec(**over: Any) -> ClusterSpec:
    """Return a parsed spec."""
    return ClusterSpec.model_validate(spec(**over))


def cluster(name: str = NAME, namespace: str = NAMESPACE, **over: Any) -> Cluster:
    """Return a valid cluster."""
    made = validate(resource(name, namespace, **over))
    assert isinstance(made, Cluster), made
    return made


# --- observed state ---------------------------------------------------------------------------------------------


PROVEN = WriteProof(result="Writable", leader=":0", checked=stamp(NOW), proven=True)
"""Record of a test write by the leader, whose pod has no uid in most tests."""

Found = Json | ClusterStatus | JournalStatus | MasterInfo | NoAnswer | None


def observed(
    *found: Found,
    answers: Mapping[str, Answer] | None = None,
    indexes: Mapping[str, int] | None = None,
    job_master: bool = False,
    proof: WriteProof | None = PROVEN,
) -> Observed:
    """Return one look at a cluster that found these; None is nothing. `proof` is the last test write.

    An object goes where its kind belongs and a JournalStatus into the status. A MasterInfo or a NoAnswer is the answer
    of the first master. Of two that go to the same place, the last one counts. `answers` and `indexes` are by pod.
    """
    status = _last(found, ClusterStatus) or ClusterStatus(write_proof=proof)
    if journal := _last(found, JournalStatus):
        status = status.model_copy(update={"journal": journal})
    if answers is None:
        answer = _last(found, MasterInfo | NoAnswer)
        answers = {f"{NAME}-master-0": answer} if answer else {}
    by_kind: dict[str, list[Json]] = {KIND: [], "Pod": [], "Job": [], "PersistentVolumeClaim": []}
    for one in found:
        if isinstance(one, dict):
            by_kind[one["kind"]].append(one)
    return Observed(
        resource=by_kind[KIND][-1] if by_kind[KIND] else resource(),
        status=status,
        pods=tuple(parse_pod(one) for one in by_kind["Pod"]),
        journal_jobs={_ordinal(one): one for one in by_kind["Job"]},
        journal_claims={_ordinal(one): one for one in by_kind["PersistentVolumeClaim"]},
        answers=answers,
        indexes=indexes or {},
        master=leader_answer(answers),
        job_master_serves=job_master,
    )


def _last(found: Iterable[Found], kind: Any) -> Any:
    return next((one for one in reversed(list(found)) if isinstance(one, kind)), None)


def _ordinal(obj: Json) -> int:
    """Return the ordinal of the master to which a Job or a claim of the journal belongs."""
    last = obj["metadata"]["name"].rpartition("-")[2]
    return int(last) if last.isdecimal() else 0


def info(
    live: int = 1,
    lost: int = 0,
    capacity: int = 1024**3,
    used: int = 0,
    version: str = "2.9.4",
    names: Names | None = None,
    members: tuple[str, ...] = (),
) -> MasterInfo:
    """Return the answer of a serving master: of the workers by ordinal, first the live ones, then the lost ones.

    The first worker has the whole capacity.
    """
    names = names or Names(NAME, NAMESPACE)
    workers = [
        registration(ordinal, capacity=0 if ordinal else capacity, used=0 if ordinal else used, names=names)
        for ordinal in range(live)
    ]
    workers += [
        registration(ordinal, lost=True, silent_seconds=400, names=names) for ordinal in range(live, live + lost)
    ]
    return MasterInfo(version, tuple(workers), members=members)


def registration(ordinal: int = 0, names: Names | None = None, **over: Any) -> WorkerRegistration:
    """Return the registration of a StatefulSet's worker."""
    host = (names or Names(NAME, NAMESPACE)).host("worker", ordinal)
    return WorkerRegistration(**{"host": host, "started_ms": 1, "capacity": 1024**3} | over)


def initializing(operation: str = "0a1b2c3dc", members: Literal[1, 3, 5] = 1) -> JournalStatus:
    """Return the journal's status while its Job may run."""
    hosts: Literal["Pod", "Service"] = "Pod" if operation.endswith("a") and members == 1 else "Service"
    return JournalStatus(state="Initializing", operation=operation, members=members, hosts=hosts)


def initialized(operation: str = "0a1b2c3dc", members: Literal[1, 3, 5] = 1) -> JournalStatus:
    """Return the journal's status after its initialisation."""
    return initializing(operation, members).model_copy(update={"state": "Initialized"})


def journal_job(*, complete: bool = False, operation: str = "0a1b2c3dc", ordinal: int = 0) -> Json:
    """Return a master's Job for its journal as the API server sends it."""
    conditions = [
        {"type": "SuccessCriteriaMet", "status": "True"},
        {"type": "Complete", "status": "True"},
    ]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": Names(NAME, NAMESPACE).journal_job(operation, ordinal), "namespace": NAMESPACE},
        "status": {"conditions": conditions} if complete else {"active": 1},
    }


def journal_claim(*, used: bool = False, ordinal: int = 0, members: int = 1) -> Json:
    """Return the PVC of a journal; `used`: with the operator's mark that it holds a journal."""
    annotations = {JOURNAL_ANNOTATION: "initialized"} if used else {"volume.kubernetes.io/selected-node": "node-1"}
    if used and members > 1:
        annotations[MEMBERS_ANNOTATION] = str(members)
    cluster = Names(NAME, NAMESPACE)
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": cluster.journal_claim(ordinal),
            "annotations": annotations,
            "labels": dict(cluster.labels("master")),
        },
    }


# --- pods as the API server sends them ----------------------------------------------------------------------------


def container_status(name: str, *, ready: bool = False, restarts: int | None = None, **state: Any) -> Json:
    """Return a container's status; `state` holds `waiting`, `running`, `terminated`, and `last` for the last state."""
    last = state.pop("last", {})
    return {
        "name": name,
        "ready": ready,
        "started": ready,
        "restartCount": restarts if restarts is not None else 1 if last else 0,
        "image": "alluxio/alluxio:2.9.4",
        "state": state,
        "lastState": {"terminated": last} if last else {},
    }


def pod(
    role: str,
    name: str = "",
    *,
    phase: str = "Running",
    ip: str = "10.0.0.7",
    ready: bool = False,
    containers: list[Json] | None = None,
    inits: list[Json] | None = None,
    unschedulable: str = "",
    deleted: bool = False,
    cluster: str = NAME,
    namespace: str = NAMESPACE,
    uid: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Json:
    """Return a pod of a role."""
    metadata: Json = {
        "name": name or f"{cluster}-{role}-0",
        "namespace": namespace,
        "labels": dict(Names(cluster, namespace).labels(role)),
    }
    if uid:
        metadata |= {"uid": uid, "resourceVersion": "7"}
    if annotations:
        metadata["annotations"] = dict(annotations)
    if deleted:
        metadata["deletionTimestamp"] = stamp(NOW)
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    if unschedulable:
        conditions.append(
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unschedulable}
        )
    status: Json = {"phase": phase, "conditions": conditions}
    if ip and not unschedulable:
        status["podIP"] = ip
    if inits is not None:
        status["initContainerStatuses"] = inits
    default = [container_status(role, ready=ready, running={"startedAt": stamp(NOW)})]
    status["containerStatuses"] = default if containers is None else containers
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def ready_pod(role: str, name: str = "", **options: Any) -> Json:
    """Return a pod that is ready."""
    return pod(role, name, ready=True, **options)


# --- workloads ----------------------------------------------------------------------------------------------------


def workload(kind: str, name: str, *, wanted: int = 1, ready: int | None = None, **status: Any) -> Json:
    """Return a workload whose rollout is complete, unless `ready` or `status` differ."""
    ready = wanted if ready is None else ready
    if kind == "DaemonSet":
        counts = {
            "desiredNumberScheduled": wanted,
            "currentNumberScheduled": wanted,
            "updatedNumberScheduled": wanted,
            "numberReady": ready,
        }
        spec: Json = {}
    else:
        counts = {"replicas": wanted, "updatedReplicas": wanted, "readyReplicas": ready}
        spec = {"replicas": wanted}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "generation": 1, "uid": f"uid-{name}"},
        "spec": spec,
        "status": {"observedGeneration": 1, **counts, **status},
    }
