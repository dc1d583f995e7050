"""Pods that exist and don't start: each role of both kinds reports cause, field and remedy, and heals by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.builders import container_status, pod, resource
from tests.support.fake_kube import FakeKube
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.presto import pod as presto_pod
from tests.support.presto import resource as presto_resource
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.workloads.stuck_pods import CREATING_FOR

Json = dict[str, Any]
EVERYTHING = {
    "jobService": {"enabled": True},
    "logServer": {"enabled": True},
    "proxy": {"enabled": True},
    "fuse": {"enabled": True},
}
STUCK = CREATING_FOR.total_seconds()
NO_NODE = "0/1 nodes are available: 1 Insufficient memory."
NO_IMAGE = {"reason": "ImagePullBackOff", "message": "manifest unknown"}


@dataclass(frozen=True)
class Role:
    """A role, the condition that reports its pods, and its path in the spec."""

    condition: str
    role: str
    path: str
    kind: str = "AlluxioCluster"

    def __str__(self) -> str:
        return f"{self.kind}-{self.role}"


ROLES = (
    Role("JournalInitialized", "journal", "spec.masters"),
    Role("MastersServing", "master", "spec.masters"),
    Role("WorkersRegistered", "worker", "spec.workers"),
    Role("JobServiceServing", "jobmaster", "spec.jobService.master"),
    Role("LogServerReady", "logserver", "spec.logServer"),
    Role("ProxyServing", "proxy", "spec.proxy"),
    Role("FuseMounted", "fuse", "spec.fuse"),
    Role("CoordinatorServing", "coordinator", "spec.coordinator", "Presto"),
    Role("WorkersActive", "worker", "spec.workers", "Presto"),
)
EACH_ROLE = pytest.mark.parametrize("role", ROLES, ids=str)


def before(role: Role, **over: Any) -> OwnerWorld:
    """Return a world in which all but one role works, and that role's pod isn't ready."""
    if role.kind == "Presto":
        queries = PrestoWorld(presto_resource(**over))
        queries.settle()
        no_workers = CoordinatorInfo("0.287", 0, 0, 0)
        queries.servers.answer = NoAnswer("refused") if role.role == "coordinator" else no_workers
        return queries
    world = World(resource(**{**EVERYTHING, **over}))
    if role.role == "journal":
        world.reconcile()
        return world
    world.settle()
    if role.role == "master":
        world.turn(serves=False)
    world.alluxio.job_master = role.role != "jobmaster"
    return world


def put(world: OwnerWorld, role: Role, **state: Any) -> Json:
    """Replace the pods of a role by one in this state, which was created now; return it."""
    for name in world.kube.of_kind("Pod"):
        found = world.kube.object("Pod", "data", name)
        if found["metadata"]["labels"]["app.kubernetes.io/component"] == role.role:
            world.kube.remove(KINDS["Pod"].path("data", name))
    if role.kind == "Presto":
        made = presto_pod(role.role, f"queries-{role.role}-0", ready=False, trouble=state.get("waiting"))
    else:
        containers = [container_status(role.role, waiting=state["waiting"])] if "waiting" in state else []
        made = pod(role.role, phase="Pending", containers=containers, uid=f"uid-of-{role.role}")
    made["status"] |= state.get("status", {})
    made["spec"] = {**made.get("spec", {}), **state.get("spec", {})}
    world.kube.put(made)
    born = {"creationTimestamp": now(world)}
    world.kube.edit("Pod", "data", made["metadata"]["name"], lambda one: one["metadata"].update(born))
    return made


def now(world: OwnerWorld, seconds: float = 0) -> str:
    world.pass_time(seconds)
    return world.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def event(kube: FakeKube, reason: str, kind: str, name: str, message: str, at: str) -> None:
    kube.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.{reason}.{at}", "namespace": "data"},
            "involvedObject": {"kind": kind, "name": name},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": at,
        }
    )


def condition(world: OwnerWorld, role: Role) -> tuple[str, str, str]:
    found = world.condition(role.condition)
    return found["status"], found["reason"], found["message"]


@EACH_ROLE
def test_a_pod_without_a_node_quotes_the_scheduler_and_names_the_field(role: Role):
    world = before(role)
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": NO_NODE}
    put(world, role, status={"phase": "Pending", "containerStatuses": [], "conditions": [refused]})

    world.reconcile(everything=True)

    status, reason, message = condition(world, role)
    assert (status, reason) == ("False", "Unschedulable")
    assert NO_NODE.rstrip(".") in message
    assert f"Lower {role.path}.resources" in message


@EACH_ROLE
def test_a_pod_without_an_image_quotes_the_registry_and_names_the_field(role: Role):
    world = before(role)
    put(world, role, waiting=NO_IMAGE)

    world.reconcile(everything=True)

    status, reason, message = condition(world, role)
    assert (status, reason) == ("False", "ImagePullBackOff")
    assert "manifest unknown" in message
    assert "Correct spec.image" in message


@EACH_ROLE
def test_a_container_that_cannot_be_created_names_the_fields(role: Role):
    world = before(role)
    put(world, role, waiting={"reason": "CreateContainerError", "message": "no such device"})

    world.reconcile(everything=True)

    status, reason, message = condition(world, role)
    assert (status, reason) == ("False", "CreateContainerError")
    assert "no such device" in message
    assert f"{role.path}.volumeMounts" in message


@EACH_ROLE
def test_a_volume_that_the_node_cannot_mount_is_quoted_with_the_field(role: Role):
    world = before(role)
    made = put(world, role, waiting={"reason": "ContainerCreating"}, status={"startTime": now(world)})
    said = 'MountVolume.SetUp failed for volume "x" : driver not found'
    event(world.kube, "FailedMount", "Pod", made["metadata"]["name"], said, now(world))
    world.reconcile(everything=True)
    world.pass_time(STUCK)

    world.reconcile(everything=True)

    status, reason, message = condition(world, role)
    assert (status, reason) == ("False", "FailedMount")
    assert said in message
    fields = {"journal": "spec.masters.journal.storage"}
    assert fields.get(role.role, f"{role.path}.volumes") in message


@EACH_ROLE
def test_a_volume_that_is_not_provisioned_is_quoted_although_the_pod_reports_nothing(role: Role):
    world = before(role)
    spec = {"volumes": [{"name": "x", "persistentVolumeClaim": {"claimName": "x"}}], "nodeName": ""}
    put(world, role, spec=spec, status={"phase": "Pending", "containerStatuses": [], "conditions": []})
    world.kube.put(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "x", "namespace": "data"},
            "status": {"phase": "Pending"},
        }
    )
    said = 'storageclass.storage.k8s.io "fast" not found'
    event(world.kube, "ProvisioningFailed", "PersistentVolumeClaim", "x", said, now(world))
    event(world.kube, "WaitForFirstConsumer", "PersistentVolumeClaim", "x", "waits", now(world, 1))
    world.reconcile(everything=True)
    world.pass_time(STUCK)

    world.reconcile(everything=True)

    status, reason, message = condition(world, role)
    assert (status, reason) == ("False", "ProvisioningFailed")
    assert said in message
    assert "Create the storage class" in message

    world.kube.edit("PersistentVolumeClaim", "data", "x", lambda one: one["status"].update(phase="Bound"))
    world.reconcile(everything=True)
    assert condition(world, role)[1] != "ProvisioningFailed"


@pytest.mark.parametrize("kind", ["AlluxioCluster", "Presto"])
@pytest.mark.parametrize(
    ("source", "missing", "kubelet"),
    [
        ({"secret": {"secretName": "keys"}}, "Secret keys", 'secret "keys" not found'),
        ({"configMap": {"name": "keys"}}, "ConfigMap keys", 'configmap "keys" not found'),
        (
            {"projected": {"sources": [{"secret": {"name": "keys"}}]}},
            "Secret keys",
            'secret "keys" not found',
        ),
    ],
    ids=["secret", "config map", "projected"],
)
def test_a_missing_object_of_a_volume_names_the_field(kind: str, source: Json, missing: str, kubelet: str):
    volumes = {"volumes": [{"name": "extra", **source}]}
    mounts = {"volumeMounts": [{"name": "extra", "mountPath": "/extra"}]}
    role = next(one for one in ROLES if one.kind == kind and one.role == "worker")
    world = before(role, workers={**volumes, **mounts})
    made = put(world, role, waiting={"reason": "ContainerCreating"}, status={"startTime": now(world)})
    said = f'MountVolume.SetUp failed for volume "extra" : {kubelet}'
    event(world.kube, "FailedMount", "Pod", made["metadata"]["name"], said, now(world))
    world.reconcile(everything=True)
    world.pass_time(STUCK)

    world.reconcile(everything=True)

    resolved = world.condition("ReferencesResolved")
    assert resolved["status"] == "False"
    assert f"{missing} doesn't exist, but spec.workers.volumes[extra] refers to it" in resolved["message"]
    assert "spec.workers.volumes[extra]" in condition(world, role)[2]


def test_an_optional_object_of_a_volume_is_not_needed():
    volumes = {"volumes": [{"name": "extra", "secret": {"secretName": "keys", "optional": True}}]}
    world = World(resource(workers=volumes))
    world.settle()

    assert "ReferencesResolved" not in {one["type"] for one in world.status["conditions"]}


def claimed(world: OwnerWorld, role: Role) -> None:
    spec = {"volumes": [{"name": "x", "persistentVolumeClaim": {"claimName": "x"}}]}
    put(world, role, spec=spec, status={"phase": "Pending", "containerStatuses": [], "conditions": []})
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "x", "namespace": "data"}}
    world.kube.put({**claim, "status": {"phase": "Pending"}})
    event(world.kube, "ExternalProvisioning", "PersistentVolumeClaim", "x", "Waiting for a volume", now(world))


def test_a_provisioner_that_does_not_answer_is_named_after_a_while_only():
    role = ROLES[2]
    world = before(role)
    claimed(world, role)
    world.reconcile(everything=True)
    world.pass_time(STUCK / 2)
    world.reconcile(everything=True)
    assert condition(world, role)[1] == "Waiting"
    world.pass_time(STUCK / 2)

    world.reconcile(everything=True)

    assert condition(world, role)[1] == "ExternalProvisioning"


# --- a volume for one node -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["ReadWriteOnce", "ReadWriteMany"])
@pytest.mark.parametrize("nodes", [("a", "a"), ("a", "b")], ids=["one node", "two nodes"])
@pytest.mark.parametrize("kind", ["AlluxioCluster", "Presto"])
def test_a_volume_for_one_node_on_several_is_warned_of(kind: str, nodes: tuple[str, str], mode: str):
    volumes = {"volumes": [{"name": "extra", "persistentVolumeClaim": {"claimName": "mine"}}]}
    role = next(one for one in ROLES if one.kind == kind and one.role == "worker")
    world = before(role, workers={**volumes, "replicas": 2})
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "mine", "namespace": "data"}}
    world.kube.put({**claim, "spec": {"accessModes": [mode]}, "status": {"phase": "Bound"}})
    workers = [name for name in world.kube.of_kind("Pod") if "worker" in name]
    assert len(workers) == 2
    for name, node in zip(workers, nodes, strict=True):
        world.kube.edit("Pod", "data", name, lambda one, at=node: one.update(spec={**volumes, "nodeName": at}))

    world.reconcile(everything=True)

    said = world.condition("SpecValid")["message"]
    warned = mode == "ReadWriteOnce" and nodes == ("a", "b")
    assert ("spec.workers.volumes[extra]" in said) == warned
    assert ("PVC mine with ReadWriteOnce" in said) == warned


def a_rollout_of_proxies() -> OwnerWorld:
    world = World(resource(proxy={"enabled": True, "replicas": 2}))
    world.settle()
    return world


def a_rollout_of_prestos() -> OwnerWorld:
    world = PrestoWorld()
    world.settle()
    return world


@pytest.mark.parametrize(
    ("make", "role", "name"),
    [
        (a_rollout_of_proxies, Role("ProxyServing", "proxy", "spec.proxy"), "small-proxy"),
        (a_rollout_of_prestos, ROLES[-1], "queries-prestoworker"),
    ],
)
def test_an_additional_pod_that_does_not_start_is_named_while_others_serve(
    make: Callable[[], OwnerWorld], role: Role, name: str
):
    world = make()
    if role.kind == "Presto":
        made = presto_pod("worker", f"{name}-new", ready=False, trouble=NO_IMAGE)
    else:
        made = pod("proxy", f"{name}-new", containers=[container_status("proxy", waiting=NO_IMAGE)])
    world.kube.put(made)
    world.kube.edit("Deployment", "data", name, lambda one: one["status"].update(updatedReplicas=0))

    world.reconcile(("Deployment", name))

    ready = world.condition("Ready")
    assert ready["status"] == "False"
    assert f"pod {name}-new" in ready["message"]
    assert "manifest unknown" in ready["message"]
