"""Pods that the API server rejects or a node can't start: each workload and Job of both kinds reports the cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.builders import container_status, pod, resource
from tests.support.fake_kube import FakeKube
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.presto import pod as presto_pod
from tests.support.presto import resource as presto_resource
from tests.support.three_masters import Three
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.workloads.event_text import MAX_MESSAGE
from alluxio_operator.workloads.pod_creation import PATIENCE
from alluxio_operator.workloads.stuck_pods import CREATING_FOR

Json = dict[str, Any]
MINUTE = 60.0
QUOTA = 'pods "x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1'
EVERYTHING = {
    "jobService": {"enabled": True},
    "logServer": {"enabled": True},
    "proxy": {"enabled": True},
    "fuse": {"enabled": True},
}
EVENTS = KINDS["Event"].path("data")


def warning(kube: FakeKube, reason: str, kind: str, name: str, message: str, at: str, **about: str) -> None:
    kube.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.{reason}.{at}", "namespace": "data"},
            "involvedObject": {"kind": kind, "name": name, **about},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": at,
        }
    )


def now(world: OwnerWorld, seconds: float = 0) -> str:
    world.pass_time(seconds)
    return world.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def cluster(**over: Any) -> World:
    return World(resource(**{**EVERYTHING, **over}))


def without_pods_of(world: OwnerWorld, workload: str) -> None:
    for name in world.kube.of_kind("Pod"):
        if name.startswith(f"{workload}-"):
            world.kube.remove(KINDS["Pod"].path("data", name))


def none_active() -> CoordinatorInfo:
    """Return the answer of a coordinator without workers."""
    return CoordinatorInfo("0.287", 0, 0, 0)


def rejected(world: OwnerWorld, kind: str, name: str, message: str = QUOTA) -> None:
    """Keep a workload without pods for a minute, while its controller reports the API server's answer."""
    without_pods_of(world, name)
    world.reconcile(everything=True)
    creator = ("ReplicaSet", f"{name}-5d6f7") if kind == "Deployment" else (kind, name)
    warning(world.kube, "FailedCreate", *creator, message, now(world, MINUTE / 2))
    world.pass_time(MINUTE / 2)
    world.reconcile(everything=True)


@pytest.mark.parametrize(
    ("condition", "kind", "role"),
    [
        ("MastersServing", "StatefulSet", "master"),
        ("WorkersRegistered", "StatefulSet", "worker"),
        ("JobServiceServing", "StatefulSet", "jobmaster"),
        ("LogServerReady", "Deployment", "logserver"),
        ("ProxyServing", "Deployment", "proxy"),
        ("FuseMounted", "DaemonSet", "fuse"),
    ],
)
def test_each_workload_of_a_cluster_quotes_the_api_server(condition: str, kind: str, role: str):
    world = cluster()
    world.settle()
    assert f"small-{role}" in world.kube.of_kind(kind)
    if role == "master":
        world.turn(serves=False)
    world.alluxio.job_master = role != "jobmaster"

    rejected(world, kind, f"small-{role}")

    gate = world.condition(condition)
    assert (gate["status"], gate["reason"]) == ("False", "PodsRefused")
    assert QUOTA in gate["message"]
    assert "Raise this ResourceQuota" in gate["message"]


@pytest.mark.parametrize(
    ("condition", "name"), [("CoordinatorServing", "coordinator"), ("WorkersActive", "prestoworker")]
)
def test_each_deployment_of_a_presto_quotes_the_api_server(condition: str, name: str):
    world = PrestoWorld()
    world.settle()
    workload = next(one for one in world.kube.of_kind("Deployment") if name in one)
    without_pods_of(world, workload)
    if name == "coordinator":
        world.servers.answer = NoAnswer("connection refused")
    else:
        world.servers.answer = none_active()

    rejected(world, "Deployment", workload)

    gate = world.condition(condition)
    assert (gate["status"], gate["reason"]) == ("False", "PodsRefused")
    assert QUOTA in gate["message"]


def test_the_journals_job_names_the_missing_class_and_the_field():
    world = cluster()
    world.reconcile()
    [job] = world.kube.of_kind("Job")
    said = 'Error creating: pods "x" is forbidden: no PriorityClass with name lake-critical was found'

    rejected(world, "Job", job, said)

    gate = world.condition("JournalInitialized")
    assert (gate["status"], gate["reason"]) == ("False", "PodsRefused")
    assert said in gate["message"]
    assert "spec.masters.priorityClassName" in gate["message"]
    world.settle()
    assert world.phase == "Ready"


def test_a_quota_that_wants_cpu_limits_names_the_role_of_each_container():
    world = cluster()
    world.settle()
    said = 'pods "x" is forbidden: failed quota: team: must specify limits.cpu for: job-worker,worker'

    rejected(world, "StatefulSet", "small-worker", said)

    message = world.condition("WorkersRegistered")["message"]
    assert "Set spec.jobService.worker.resources.limits.cpu, spec.workers.resources.limits.cpu" in message


def test_some_rejected_workers_are_reported_while_others_serve():
    world = cluster(workers={"workload": "StatefulSet", "replicas": 3})
    world.settle()
    world.kube.remove(KINDS["Pod"].path("data", "small-worker-2"))
    world.reconcile(everything=True)
    warning(world.kube, "FailedCreate", "StatefulSet", "small-worker", QUOTA, now(world, 30))

    world.reconcile(everything=True)

    assert world.condition("WorkersRegistered")["reason"] == "PodsRefused"


def test_one_rejected_master_of_three_is_named():
    world = Three()
    world.settle()
    world.kube.remove(KINDS["Pod"].path("data", "small-master-2"))
    world.reconcile(everything=True)
    warning(world.kube, "FailedCreate", "StatefulSet", "small-master", QUOTA, now(world, 30))

    world.reconcile(everything=True)

    assert QUOTA in world.condition("QuorumHealthy")["message"]


def test_an_additional_pod_of_a_rollout_that_is_rejected_is_named():
    world = PrestoWorld()
    world.settle()
    workload = next(one for one in world.kube.of_kind("Deployment") if "prestoworker" in one)
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}
    world.kube.edit(
        "Deployment", "data", workload, lambda one: one["status"].update(updatedReplicas=0, conditions=[failure])
    )

    world.reconcile(("Deployment", workload))

    ready = world.condition("Ready")
    assert ready["status"] == "False"
    assert QUOTA in ready["message"]
    assert "lower spec.workers.resources" in ready["message"]


@pytest.mark.parametrize("make", [cluster, PrestoWorld])
def test_within_a_minute_the_cause_is_known_without_any_event(make: Callable[[], OwnerWorld]):
    world = make()
    world.settle()
    workloads = [name for kind in ("StatefulSet", "Deployment") for name in world.kube.of_kind(kind)]
    workload = next(one for one in workloads if one in ("small-worker", "queries-prestoworker"))
    without_pods_of(world, workload)
    if isinstance(world, PrestoWorld):
        world.servers.answer = none_active()
    outcome = world.reconcile()
    kind = ("ReplicaSet", f"{workload}-5d") if isinstance(world, PrestoWorld) else ("StatefulSet", workload)
    warning(world.kube, "FailedCreate", *kind, QUOTA, now(world))
    began = world.now

    while "PodsRefused" not in {one["reason"] for one in world.status["conditions"]}:
        assert outcome.requeue_after is not None
        world.pass_time(outcome.requeue_after)
        assert (world.now - began).total_seconds() < MINUTE
        outcome = world.reconcile()


def test_a_failure_before_the_newest_pod_is_history():
    world = cluster(workers={"workload": "StatefulSet", "replicas": 2})
    world.settle()
    warning(world.kube, "FailedCreate", "StatefulSet", "small-worker", QUOTA, "2029-12-31T23:00:00Z")
    world.kube.edit("Pod", "data", "small-worker-0", lambda one: one["metadata"].update(creationTimestamp=now(world)))
    world.kube.remove(KINDS["Pod"].path("data", "small-worker-1"))
    world.reconcile(everything=True)
    world.pass_time(MINUTE)

    world.reconcile(everything=True)

    assert world.condition("WorkersRegistered")["status"] == "False"
    assert world.condition("WorkersRegistered")["reason"] != "PodsRefused"


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("StatefulSet", "other-worker", "FailedCreate"),
        ("DaemonSet", "small-worker", "FailedCreate"),
        ("StatefulSet", "small-worker", "SuccessfulCreate"),
    ],
)
def test_other_events_are_not_about_it(kind: str, name: str, reason: str):
    world = cluster()
    world.settle()
    without_pods_of(world, "small-worker")
    world.reconcile(everything=True)
    warning(world.kube, reason, kind, name, QUOTA, now(world, 30))

    world.reconcile(everything=True)

    assert world.condition("WorkersRegistered")["reason"] != "PodsRefused"


def test_a_long_message_is_cut():
    world = cluster()
    world.settle()

    rejected(world, "StatefulSet", "small-worker", "x" * 5000)

    message = world.condition("WorkersRegistered")["message"]
    assert "x" * (MAX_MESSAGE - 3) + "..." in message
    assert "x" * MAX_MESSAGE not in message


# --- what it costs -------------------------------------------------------------------------------------------------


def lists_of_events(world: OwnerWorld) -> int:
    return sum(call == ("list", EVENTS) for call in world.kube.calls)


@pytest.mark.parametrize("make", [cluster, PrestoWorld])
def test_a_resource_that_is_ready_lists_no_events(make: Callable[[], OwnerWorld]):
    world = make()
    world.settle()
    before = lists_of_events(world)
    world.pass_time(3600)

    world.reconcile(everything=True)

    assert lists_of_events(world) == before


def test_a_moment_without_pods_costs_nothing_and_later_one_list_for_all_workloads():
    world = cluster()
    world.settle()
    for name in ("small-worker", "small-proxy", "small-logserver"):
        without_pods_of(world, name)
    world.reconcile(everything=True)
    before = lists_of_events(world)
    world.pass_time(PATIENCE.total_seconds() - 1)
    world.reconcile()
    assert lists_of_events(world) == before
    world.pass_time(1)

    world.reconcile()

    assert lists_of_events(world) == before + 1


# --- volumes -------------------------------------------------------------------------------------------------------


def creating(world: World, role: str, seconds: float) -> str:
    """Put a pod of a role that its node has been creating for so long; return its name."""
    name = f"small-{role}-0"
    made = pod(role, name, containers=[container_status(role, waiting={"reason": "ContainerCreating"})])
    world.reconcile(everything=True)
    made["status"]["startTime"] = now(world)
    world.kube.put({**made, "metadata": {**made["metadata"], "uid": f"uid-of-{name}"}})
    world.reconcile(everything=True)
    world.pass_time(seconds)
    return name


STUCK = CREATING_FOR.total_seconds()
MULTI = 'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node'


@pytest.mark.parametrize(
    ("reason", "message", "remedy"),
    [
        ("FailedAttachVolume", MULTI, "spec.workers.tiers, spec.rootMount.volume, spec.workers.volumes"),
        ("FailedMount", "MountVolume.SetUp failed: mount.nfs: Permission denied", "export list"),
        ("FailedCreatePodSandBox", "plugin type=calico failed", "network plugin"),
    ],
)
def test_a_worker_whose_volume_is_not_there_says_why(reason: str, message: str, remedy: str):
    world = cluster()
    world.settle()
    name = creating(world, "worker", STUCK)
    warning(world.kube, reason, "Pod", name, message, now(world), uid=f"uid-of-{name}")

    world.reconcile(everything=True)

    gate = world.condition("WorkersRegistered")
    assert (gate["status"], gate["reason"]) == ("False", reason)
    assert message in gate["message"]
    assert remedy in gate["message"]


def test_a_cause_wins_over_a_summary_and_an_earlier_pod_of_the_name_does_not_count():
    world = cluster()
    world.settle()
    name = creating(world, "worker", STUCK)
    uid = f"uid-of-{name}"
    warning(world.kube, "FailedMount", "Pod", name, "MountVolume.SetUp failed: the cause", now(world), uid=uid)
    warning(world.kube, "FailedMount", "Pod", name, "Unable to attach or mount volumes: data", now(world, 1), uid=uid)
    warning(world.kube, "FailedMount", "Pod", name, "of the earlier pod", now(world, 1), uid="another")

    world.reconcile(everything=True)

    assert "the cause" in world.condition("WorkersRegistered")["message"]


def test_a_node_that_pulls_the_image_has_mounted_the_volumes():
    world = cluster()
    world.settle()
    name = creating(world, "worker", STUCK)
    warning(world.kube, "FailedMount", "Pod", name, "not yet", now(world))
    warning(world.kube, "Pulling", "Pod", name, "pulling image", now(world, 1))

    world.reconcile(everything=True)

    assert world.condition("WorkersRegistered")["reason"] != "FailedMount"


def test_a_pod_that_is_created_for_a_moment_costs_no_list():
    world = cluster()
    world.settle()
    creating(world, "worker", STUCK - 1)
    before = lists_of_events(world)

    world.reconcile()

    assert lists_of_events(world) == before


def test_a_presto_worker_whose_volume_is_not_there_says_why():
    world = PrestoWorld(presto_resource())
    world.settle()
    workload = next(one for one in world.kube.of_kind("Deployment") if "prestoworker" in one)
    name = next(one for one in world.kube.of_kind("Pod") if one.startswith(workload))
    world.servers.answer = none_active()
    world.reconcile(everything=True)
    made = presto_pod("worker", name, ready=False, trouble={"reason": "ContainerCreating"})
    made["status"]["startTime"] = now(world)
    world.kube.put(made)
    warning(world.kube, "FailedMount", "Pod", name, "MountVolume.SetUp failed: no", now(world, STUCK))

    world.reconcile(everything=True)

    gate = world.condition("WorkersActive")
    assert (gate["status"], gate["reason"]) == ("False", "FailedMount")
