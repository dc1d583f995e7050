"""Clusters that wait for something that doesn't come: one for each gate and each operation that can wait."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache, partial
from typing import Any, TypeVar

from tests.support.builders import container_status, resource
from tests.support.stand_still import Cases
from tests.support.three_masters import LOST, Three
from tests.support.volumes import VolumesWorld, sized
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import JournalDisk, MasterInfo, NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, WorkerRisk
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
EVERYTHING: Json = {
    "jobService": {"enabled": True},
    "logServer": {"enabled": True},
    "proxy": {"enabled": True},
    "fuse": {"enabled": True},
}
SECRET: Json = {"rootMount": {"optionsFrom": [{"name": "a", "secretKeyRef": {"name": "keys", "key": "a"}}]}}
OTHER: Json = {"properties": {"alluxio.user.metrics.collection.enabled": "true"}}
WORKERS: Json = {"workers": {"properties": {"alluxio.worker.network.reader.buffer.size": "2MB"}}}
DYNAMIC: Json = {"masters": {"properties": {"alluxio.master.worker.timeout": "2min"}}}
CLOSED: Json = {"upgrade": {"maintenanceWindow": {"start": "0 2 * * 6", "durationMinutes": 60}}}
QUOTA = 'pods "x" is forbidden: exceeded quota: team'
SILENT = NoAnswer("no answer in time")
UNREACHED = NoAnswer("connection refused", reached=False)
CRASHING: Json = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
PVC = "PersistentVolumeClaim"
HANGS = (600.0, 600.0, 700.0)
"""Seconds after which a master counts as hanging."""
W = TypeVar("W", bound=World)


CLUSTERS = Cases()
case = CLUSTERS


def goes_on(world: World, rounds: int = 3, **works: bool) -> World:
    for _ in range(rounds):
        world.reconcile(everything=True)
        world.turn(**works)
    return world


def lone() -> World:
    """Return a settled cluster with every role."""
    return _copied(World(resource(**EVERYTHING)), _settled_lone())


@cache
def _settled_lone() -> World:
    world = World(resource(**EVERYTHING))
    world.settle()
    return world


def three() -> Three:
    """Return a settled cluster with three masters."""
    return _copied(Three(), _settled_three())


@cache
def _settled_three() -> Three:
    world = Three()
    world.settle()
    return world


def _copied(world: W, settled: World) -> W:
    world.kube = deepcopy(settled.kube)
    world.start_operator()
    world.turn()
    return world


def volumes(**over: Any) -> VolumesWorld:
    """Return a settled cluster with volumes."""
    world = VolumesWorld(resource(**sized(**over)))
    world.settle()
    return world


def edited(world: World, **over: Any) -> World:
    """Edit the spec of a cluster with every role."""
    world.edit_spec(**{**EVERYTHING, **over})
    return world


def refuse(world: World, verb: str, part: str) -> None:
    """Let the API server refuse a verb on the paths that contain a text."""

    def check(called: str, path: str) -> None:
        if called == verb and part in path:
            raise Refused(f"{verb} {path}", 403, "denied by a policy")

    world.kube.before_call = check


def without_pods(world: World, role: str) -> None:
    for name in world.kube.of_kind("Pod"):
        if name.startswith(f"small-{role}"):
            world.kube.remove(KINDS["Pod"].path("data", name))


def rejected(world: World, kind: str, name: str) -> None:
    """Let the controller of a workload report that its pods are rejected."""
    creator = ("ReplicaSet", f"{name}-5d6f7") if kind == "Deployment" else (kind, name)
    world.kube.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.failed", "namespace": "data"},
            "involvedObject": {"kind": creator[0], "name": creator[1]},
            "type": "Warning",
            "reason": "FailedCreate",
            "message": QUOTA,
            "lastTimestamp": stamp(world.now),
        }
    )


def pods(world: World, role: str, change: Callable[[Json], None]) -> None:
    for name in world.kube.of_kind("Pod"):
        if name.startswith(f"small-{role}-"):
            world.kube.edit("Pod", "data", name, change)


def crash(pod: Json, **state: Any) -> None:
    role = pod["metadata"]["labels"]["app.kubernetes.io/component"]
    pod["status"]["containerStatuses"] = [container_status(role, **(state or CRASHING))]
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


def unready(pod: Json) -> None:
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


# --- installation --------------------------------------------------------------------------------------------------


@case("JournalInitialized", "Initializing")
def journals_job_runs() -> World:
    return goes_on(World(resource(**EVERYTHING, **SECRET)), 1, job=False)


@case("JournalInitialized", "Initializing")
def journals_job_is_refused() -> World:
    world = World(resource(**EVERYTHING))
    refuse(world, "apply", "/jobs/")
    return goes_on(world, 2)


def _job(world: World, **status: Any) -> None:
    [name] = world.kube.of_kind("Job")
    world.kube.edit("Job", "data", name, lambda job: job.update(status=status))


@case("JournalInitialized", "BackoffLimitExceeded", every=10.0)
def journals_job_fails_and_is_not_deleted() -> World:
    world = World(resource(**EVERYTHING))
    world.reconcile()
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    _job(world, conditions=[failed], failed=7)
    refuse(world, "delete", "/jobs/")
    return world


@case("JournalInitialized", "PodsRefused")
def journals_pods_are_rejected() -> World:
    world = World(resource(**EVERYTHING))
    goes_on(world, 1, job=False)
    [name] = world.kube.of_kind("Job")
    rejected(world, "Job", name)
    world.pass_time(60)
    return world


def _journal_pod(world: World, **state: Any) -> World:
    goes_on(world, 1, job=False)
    [job] = world.kube.of_kind("Job")
    labels = dict(Names("small", "data").labels("journal"))
    meta = {"name": f"{job}-x", "namespace": "data", "labels": labels}
    status = {"phase": "Pending", "containerStatuses": [container_status("journal", **state)]}
    world.kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": status})
    return world


@case("JournalInitialized", "ImagePullBackOff")
def journals_pod_lacks_its_image() -> World:
    state = {"reason": "ImagePullBackOff", "message": "no such image"}
    return _journal_pod(World(resource(**EVERYTHING)), waiting=state)


def _earlier_claim(world: World, **metadata: Any) -> World:
    owner = {"apiVersion": API_VERSION, "kind": "AlluxioCluster", "name": "small", "uid": "uid-of-the-earlier-one"}
    meta = {
        "name": "journal-small-master-0",
        "namespace": "data",
        "labels": dict(Names("small", "data").labels("master")),
        "annotations": {"alluxio-operator.io/journal": "initialized"},
        **(metadata or {"ownerReferences": [owner]}),
    }
    world.kube.put({"apiVersion": "v1", "kind": PVC, "metadata": meta, "spec": {}})
    return goes_on(world)


@case("JournalInitialized", "VolumesTerminating")
def earlier_volume_is_being_deleted() -> World:
    return _earlier_claim(World(resource(deletionPolicy="Delete")))


@case("JournalInitialized", "MemberCountMismatch")
def earlier_journal_has_other_members() -> World:
    world = World(resource(masters={"replicas": 3}))
    return _earlier_claim(world, ownerReferences=[])


@case("JournalInitialized", "ScaledToZero")
def installation_without_masters() -> World:
    return goes_on(World(resource(**{**EVERYTHING, "masters": {"replicas": 0}})))


@case("MastersServing", "ScaledToZero")
def stopped_cluster() -> World:
    return goes_on(edited(lone(), masters={"replicas": 0}), 6)


@case("MastersServing", "Waiting")
def masters_that_never_serve() -> World:
    return goes_on(World(resource(**EVERYTHING)), 4, serves=False)


@case("WorkersRegistered", "Waiting")
def workers_that_are_not_counted() -> World:
    world = goes_on(World(resource(**{**EVERYTHING, "workers": {"workload": "DaemonSet", "replicas": None}})), 3)
    world.kube.edit("DaemonSet", "data", "small-worker", lambda obj: obj.update(status={}))
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["status"]["workers"].update(wanted=0))
    return world


@case("WorkersRegistered", "NoNode")
def workers_without_a_node() -> World:
    world = World(resource(**{**EVERYTHING, "workers": {"workload": "DaemonSet", "replicas": None}}))
    goes_on(world, 2)
    _counts_nothing(world, "small-worker")
    return world


@case("FuseMounted", "NoNode")
def mounts_without_a_node() -> World:
    world = lone()
    without_pods(world, "fuse")
    _counts_nothing(world, "small-fuse")
    return world


def _counts_nothing(world: World, name: str) -> None:
    def none(obj: Json) -> None:
        obj["status"] = dict.fromkeys(obj["status"], 0) | {"observedGeneration": obj["metadata"]["generation"]}

    world.kube.edit("DaemonSet", "data", name, none)


# --- what serves no longer -----------------------------------------------------------------------------------------


@case("MastersServing", "CrashLoopBackOff", "master")
@case("WorkersRegistered", "CrashLoopBackOff", "worker")
@case("JobServiceServing", "CrashLoopBackOff", "jobmaster")
@case("LogServerReady", "CrashLoopBackOff", "logserver")
@case("ProxyServing", "CrashLoopBackOff", "proxy")
@case("FuseMounted", "CrashLoopBackOff", "fuse")
def crashing_pods(role: str) -> World:
    world = lone()
    pods(world, role, crash)
    if role == "master":
        world.alluxio.master = NoAnswer("connection refused")
    world.alluxio.job_master = role != "jobmaster"
    return world


@case("WorkersRegistered", "PodsRefused")
def rejected_workers() -> World:
    world = lone()
    without_pods(world, "worker")
    world.reconcile(everything=True)
    rejected(world, "StatefulSet", "small-worker")
    world.pass_time(60)
    return world


@case("ReferencesResolved", "SecretMissing")
def lost_secret() -> World:
    world = goes_on(World(resource(**{**EVERYTHING, **SECRET})), 4)
    state = {"reason": "CreateContainerConfigError", "message": 'secret "keys" not found'}
    pods(world, "master", partial(crash, waiting=state))
    world.alluxio.master = NoAnswer("connection refused")
    return world


@case("ConfigurationApplied", "Refused", writes=8)
def refused_object() -> World:
    world = edited(lone(), **OTHER)
    refuse(world, "apply", "/configmaps/")
    return world


@case("JournalInitialized", "JournalMissing")
def lost_journal_of_a_lone_master() -> World:
    world = lone()
    name = "small-master-0"
    lost = container_status("journal-check", running={}, last=LOST)
    status = {"phase": "Pending", "initContainerStatuses": [lost], "podIP": address(0)}
    world.kube.edit("Pod", "data", name, lambda pod: pod.update(status=status))
    world.alluxio.master = NoAnswer("connection refused")
    return world


@case("JournalSpace", "Low", 12.5)
@case("JournalSpace", "Full", 0.4)
def little_space_for_the_journal(percent: float) -> World:
    world = lone()
    assert isinstance(world.alluxio.master, MasterInfo)
    world.alluxio.master = replace(world.alluxio.master, journal_disk=JournalDisk(percent, int(percent * 2**20)))
    return world


@case("QuorumHealthy", "MemberDown")
def lost_standby() -> World:
    world = three()
    world.alluxio.answers[address(2)] = SILENT
    pods(world, "master", lambda pod: unready(pod) if pod["metadata"]["name"].endswith("2") else None)
    return world


@case("QuorumHealthy", "SeveralLeaders")
def two_leaders() -> World:
    world = three()
    world.alluxio.answers[address(2)] = world.alluxio.master
    return world


@case("QuorumHealthy", "MemberDown", later=HANGS)
def hung_masters_that_the_quorum_needs() -> World:
    world = three()
    running = {"startedAt": stamp(world.now)}
    for ordinal in (1, 2):
        name = f"small-master-{ordinal}"
        world.kube.edit("Pod", "data", name, partial(crash, running=running))
        world.alluxio.answers[address(ordinal)] = SILENT
    return world


@case("MastersServing", "Waiting", later=HANGS)
def hung_master_that_is_not_deleted() -> World:
    world = lone()
    pods(world, "master", partial(crash, running={"startedAt": stamp(world.now)}))
    world.alluxio.master = SILENT
    refuse(world, "delete", "/pods/")
    return world


@case("MastersServing", "Waiting", later=HANGS)
def hung_master_that_waits_for_the_ufs() -> World:
    world = lone()
    pods(world, "master", partial(crash, running={"startedAt": stamp(world.now)}))
    world.alluxio.master = SILENT
    world.ufs = UfsHealth("http://namenode.data.svc:8020: connection refused")
    return world


LIMITED: Json = {"workers": {"atRiskLimit": "1Gi"}}


def limited(found: AtRisk | NoAnswer | None, **workers: Any) -> World:
    """Return a settled cluster with a limit, whose listings have this result."""
    world = World(resource(**{"workers": {**LIMITED["workers"], **workers}}))
    world.alluxio.at_risk = found
    world.settle()
    return world


@case("AtRiskWithinLimit", "AboveLimit", 2 * 2**30, later=(300.0, 300.0, 300.0, 300.0, 300.0))
def unpersisted_data(size: int) -> World:
    risk = WorkerRisk(unpersisted=size, files=3, oldest_ms=0)
    return limited(AtRisk(total=risk, workers={"small-worker-0": risk}))


@case("AtRiskWithinLimit", "NotListed")
def listing_without_an_end() -> World:
    return limited(None)


@case("AtRiskWithinLimit", "NotListed", 0)
def limit_without_listings(minutes: int) -> World:
    return limited(AtRisk(), atRiskIntervalMinutes=minutes)


@case("AtRiskWithinLimit", "ListingFailed", later=(600.0, 3600.0))
def listings_that_fail() -> World:
    world = limited(SILENT)
    world.pass_time(600)
    world.reconcile(everything=True)
    world.pass_time(3600)
    return world
