"""Prestos that wait for something that doesn't come: one for each gate and each operation that can wait."""

from __future__ import annotations

from typing import Any

from tests.support.builders import NAMESPACE
from tests.support.presto import NAME, World, client, cluster, resource
from tests.support.stand_still import Cases

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
CACHE: Json = {"alluxio": {"clusterRef": {"name": "small"}}}
LOAD: Json = {"minReplicas": 1, "maxReplicas": 4, "load": {"queriesPerWorker": 2, "scaleDownAfterSeconds": 300}}
ENV: Json = {"coordinator": {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}]}}
SILENT = NoAnswer("no answer in time")


PRESTOS = Cases()
case = PRESTOS


def goes_on(world: World, rounds: int = 3) -> World:
    for _ in range(rounds):
        world.reconcile(everything=True)
        world.turn()
    return world


def settled(**over: Any) -> World:
    world = World(resource(**over))
    world.settle()
    return world


def with_cache(**status: Any) -> World:
    world = World(resource(**CACHE))
    world.kube.put(cluster(**status))
    world.kube.put(client())
    return world


# --- gates ---------------------------------------------------------------------------------------------------------


@case("AlluxioConnected", "ClusterNotFound")
def cluster_that_does_not_exist() -> World:
    return World(resource(**CACHE))


@case("AlluxioConnected", "ClusterNotReady")
def cluster_that_is_not_ready() -> World:
    return with_cache(ready=False)


@case("AlluxioConnected", "ClusterDeleting")
def cluster_that_is_being_deleted() -> World:
    world = with_cache()
    world.settle()
    world.kube.edit("AlluxioCluster", NAMESPACE, "small", _delete)
    return world


def _delete(obj: Json) -> None:
    obj["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"


@case("CoordinatorServing", "Waiting")
def coordinator_that_never_serves() -> World:
    world = goes_on(World(resource(**ENV)), 1)
    world.servers.answer = NoAnswer("it is starting")
    for name in world.kube.of_kind("Pod"):
        world.kube.remove(KINDS["Pod"].path(NAMESPACE, name))
    return world


@case("CoordinatorServing", "CrashLoopBackOff", "coordinator")
@case("WorkersActive", "CrashLoopBackOff", "worker")
def looping_pods(role: str) -> World:
    return _troubled(role, {"reason": "CrashLoopBackOff", "message": "back-off"})


@case("CoordinatorServing", "ImagePullBackOff", "coordinator")
@case("WorkersActive", "ImagePullBackOff", "worker")
def pods_without_an_image(role: str) -> World:
    return _troubled(role, {"reason": "ImagePullBackOff", "message": "no such image"})


def _troubled(role: str, trouble: Json) -> World:
    world = settled()
    world.trouble[role] = trouble
    world.turn()
    return world


@case("CoordinatorServing", "PodsRefused", "coordinator")
@case("WorkersActive", "PodsRefused", "prestoworker")
def rejected_pods(name: str) -> World:
    world = settled()
    for pod in world.kube.of_kind("Pod"):
        if name in pod:
            world.kube.remove(KINDS["Pod"].path(NAMESPACE, pod))
    world.servers.answer = SILENT if name == "coordinator" else CoordinatorInfo("0.287", 0, 0, 0)
    world.reconcile(everything=True)
    world.kube.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "failed", "namespace": NAMESPACE},
            "involvedObject": {"kind": "ReplicaSet", "name": f"{NAME}-{name}-5d6f7"},
            "type": "Warning",
            "reason": "FailedCreate",
            "message": "exceeded quota: team",
            "lastTimestamp": stamp(world.now),
        }
    )
    world.pass_time(60)
    return world


@case("WorkersActive", "Waiting")
def workers_that_are_never_active() -> World:
    world = settled(workers={"replicas": 2})
    world.servers.answer = CoordinatorInfo("0.287", 1, 0, 0)
    return world


@case("ReferencesResolved", "SecretMissing")
def lost_secret() -> World:
    world = settled(**ENV)
    world.trouble["coordinator"] = {"reason": "CreateContainerConfigError", "message": 'secret "keys" not found'}
    world.turn()
    return world


@case("ConfigurationApplied", "Refused")
def refused_object() -> World:
    world = settled()

    def check(verb: str, path: str) -> None:
        if verb == "apply" and "/configmaps/" in path:
            raise Refused(f"{verb} {path}", 403, "denied by a policy")

    world.kube.before_call = check
    world.edit_spec(coordinator={"ports": {"http": 8081}})
    return world


# --- autoscaling ---------------------------------------------------------------------------------------------------


@case("WorkersActive", "Active", every=5.0)
def load_that_stays() -> World:
    world = settled(autoscaling=LOAD)
    world.servers.queued = 4
    for _ in range(8):
        world.pass_time(30)
        goes_on(world, 1)
    assert world.status["autoscaling"]["byLoad"] == 2
    return world


@case("CoordinatorServing", "Waiting", 0, 8)
def expired_wait_for_more_without_a_coordinator(before: int, after: int) -> World:
    return _expired(before, after)


@case("CoordinatorServing", "Waiting", 8, 0)
def expired_wait_for_fewer_without_a_coordinator(before: int, after: int) -> World:
    return _expired(before, after)


def _expired(before: int, after: int) -> World:
    world = World(resource(autoscaling=LOAD))
    world.servers.queued = before
    world.settle()
    world.pass_time(60)
    world.settle()
    world.servers.queued = after
    world.turn()
    world.reconcile()
    assert {"moreSince", "fewerSince"} & world.status["autoscaling"].keys()
    world.servers.answer = SILENT
    return world


@case("WorkersActive", "Active")
def schedule_that_opens_tomorrow() -> World:
    day = {"name": "day", "start": "0 0 1 1 *", "end": "0 1 1 1 *", "replicas": 2}
    return settled(autoscaling={"maxReplicas": 2, "schedules": [day]})
