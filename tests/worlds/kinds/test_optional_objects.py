"""Objects that the API server refuses: an optional one holds up its own part, and the refusal stays visible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.presto import resource as presto_resource
from tests.support.three_masters import Three
from tests.support.volumes import VolumesWorld, sized
from tests.support.world import World

from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects.optional import optional_objects
from alluxio_operator.kinds.presto.names import Names as PrestoNames
from alluxio_operator.kinds.presto.objects.optional import optional_objects as optional_objects_of_presto
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS, Ref

Json = dict[str, Any]
MANAGED_BY = "app.kubernetes.io/managed-by"
EVERYTHING: Json = {
    "masters": {"replicas": 3},
    "workers": {"replicas": 2},
    "jobService": {"enabled": True},
    "logServer": {"enabled": True},
    "proxy": {"enabled": True, "replicas": 2},
    "fuse": {"enabled": True},
}
CLUSTER = optional_objects(Names("small", "data"))
PRESTO = optional_objects_of_presto(PrestoNames("sql", "data"))


def refusing(world: OwnerWorld, *refs: Ref) -> None:
    """Let the API server refuse every apply of these objects, and of no other."""
    paths = {KINDS[ref.kind].path("data", ref.name) for ref in refs}

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and path in paths:
            raise Refused(f"PATCH {path}", 403, "exceeded quota")

    world.kube.before_call = refuse


def made(world: OwnerWorld) -> set[Ref]:
    kinds = {item["kind"] for item in world.status["inventory"]}
    return {Ref(kind, name) for kind in kinds for name in world.kube.of_kind(kind)} - journal_jobs(world)


def journal_jobs(world: OwnerWorld) -> set[Ref]:
    return {Ref("Job", name) for name in world.kube.of_kind("Job")}


def rounds(world: OwnerWorld, count: int = 8) -> None:
    for _ in range(count):
        world.reconcile()
        world.turn()
    world.reconcile()


def configuration(world: OwnerWorld) -> tuple[str, str, str]:
    condition = world.condition("ConfigurationApplied")
    return condition["status"], condition["reason"], condition["message"]


def cluster(**over: Any) -> World:
    return Three(resource(**{**EVERYTHING, **over}))


def presto() -> PrestoWorld:
    return PrestoWorld(presto_resource(workers={"replicas": 2}))


def complete(make: Callable[[], OwnerWorld]) -> set[Ref]:
    world = make()
    rounds(world)
    return made(world)


ALL_OF_CLUSTER = complete(cluster)
ALL_OF_PRESTO = complete(presto)


@pytest.mark.parametrize(
    ("make", "everything", "optional", "refused"),
    [(cluster, ALL_OF_CLUSTER, CLUSTER, ref) for ref in sorted(CLUSTER) if ref in ALL_OF_CLUSTER]
    + [(presto, ALL_OF_PRESTO, PRESTO, ref) for ref in sorted(PRESTO) if ref in ALL_OF_PRESTO],
    ids=lambda one: f"{one.kind} {one.name}" if isinstance(one, Ref) else "",
)
def test_a_refused_optional_object_holds_up_nothing_but_its_part(
    make: Callable[[], OwnerWorld], everything: set[Ref], optional: dict[Ref, str], refused: Ref
):
    world = make()
    refusing(world, refused)

    rounds(world)

    # Services for clients of a Presto wait for its workers, by their gate.
    part = {ref for ref in everything if optional.get(ref) == optional[refused]}
    waits = {Ref("Service", "sql-presto")} if refused == Ref("Deployment", "sql-prestoworker") else set()
    assert everything - made(world) <= part | waits
    assert refused not in made(world)
    status, reason, message = configuration(world)
    assert (status, reason) == ("False", "Refused")
    assert f"{refused.kind} {refused.name} was refused: exceeded quota" in message
    ready = world.condition("Ready")
    assert ready["status"] == "False"
    assert refused.name in ready["message"]

    world.kube.before_call = lambda verb, path: None
    rounds(world)
    assert made(world) == everything
    assert configuration(world)[0] == "True"


NEEDED = sorted(ref for ref in ALL_OF_CLUSTER - CLUSTER.keys() if ref.kind != "Service")


@pytest.mark.parametrize("refused", NEEDED, ids=lambda ref: f"{ref.kind} {ref.name}")
def test_a_refused_object_that_others_need_stops_what_comes_later(refused: Ref):
    world = cluster()
    refusing(world, refused)

    rounds(world)

    assert "no change of the objects that come later" in configuration(world)[2]
    assert Ref("DaemonSet", "small-fuse") not in made(world)


def test_every_needed_object_comes_before_the_workloads_that_need_it():
    assert {ref.kind for ref in NEEDED} == {"ConfigMap", "PersistentVolumeClaim", "ServiceAccount", "StatefulSet"}
    assert Ref("StatefulSet", "small-master") in NEEDED
    assert Ref("ConfigMap", "small-workerconf") in NEEDED
    assert Ref("ConfigMap", "small-jvm") in NEEDED


# --- the log server whose class changed while it was disabled --------------------------------------------------------


def with_another_class() -> VolumesWorld:
    world = VolumesWorld(resource(**sized()))
    world.settle()
    world.edit_spec(**sized(logServer={"enabled": False}))
    world.settle()
    world.edit_spec(**sized(logServer={"enabled": True, "storage": {"storageClassName": "slow"}}))
    rounds(world)
    return world


def test_a_claim_of_another_class_holds_up_the_log_server_only():
    world = with_another_class()
    status, reason, message = configuration(world)
    assert (status, reason) == ("False", "Refused")
    assert "PersistentVolumeClaim small-logs was refused" in message
    assert "set them back in the spec, or delete the PVC" in message
    assert "Deployment small-logserver" in message
    assert world.condition("Degraded")["status"] == "True"
    before = world.uids()["small-master-0"]
    changed = {"enabled": True, "storage": {"storageClassName": "slow"}}

    world.edit_spec(**sized(logServer=changed, workers={"replicas": 3}, properties={"alluxio.user.x": "1"}))
    rounds(world, 16)

    assert world.uids()["small-master-0"] != before, "masters follow the spec"
    assert world.kube.object("StatefulSet", "data", "small-worker")["spec"]["replicas"] == 3
    assert "small-logserver" not in world.kube.of_kind("Deployment")
    assert world.condition("Ready")["status"] == "False"


def test_the_log_server_runs_once_its_class_is_back():
    world = with_another_class()

    world.edit_spec(**sized())
    rounds(world)

    assert world.phase == "Ready"
    assert "small-logserver" in world.kube.of_kind("Deployment")


# --- what a refusal means for prune and for drift ------------------------------------------------------------------


def test_prune_goes_on_beside_a_refused_optional_object():
    world = cluster()
    rounds(world)
    assert world.phase == "Ready"
    refusing(world, Ref("ConfigMap", "small-fuseconf"))
    world.edit_spec(**{**EVERYTHING, "proxy": {"enabled": False}, "properties": {"alluxio.user.x": "1"}})

    rounds(world, 3)

    assert configuration(world)[0] == "False"
    assert world.condition("Degraded")["reason"] == "Refused"
    assert "small-proxy" not in world.kube.of_kind("Deployment")
    assert "Deployment/small-proxy" not in [f"{one['kind']}/{one['name']}" for one in world.status["inventory"]]
    assert "small-fuse" in world.kube.of_kind("DaemonSet"), "what runs is left running"


def test_nothing_of_a_part_with_a_refused_object_is_pruned():
    world = cluster()
    rounds(world)
    owned = world.kube.object("Service", "data", "small-client")["metadata"]
    # Templates of an earlier version had a Service for the mount.
    world.kube.put({"kind": "Service", "apiVersion": "v1", "spec": {}, "metadata": {**owned, "name": "small-fuse"}})
    item = Ref("Service", "small-fuse").item.model_dump(by_alias=True)
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["status"]["inventory"].append(item))
    refusing(world, Ref("ConfigMap", "small-fuseconf"))
    world.edit_spec(**{**EVERYTHING, "proxy": {"enabled": False}, "properties": {"alluxio.user.x": "1"}})

    rounds(world, 2)

    assert "small-proxy" not in world.kube.of_kind("Service")
    assert "small-fuse" in world.kube.of_kind("Service"), "its successor was refused"

    world.kube.before_call = lambda verb, path: None
    rounds(world, 2)
    assert "small-fuse" not in world.kube.of_kind("Service")


def test_nothing_is_pruned_after_a_stop_and_all_of_it_later():
    world = cluster()
    rounds(world)
    refusing(world, Ref("ConfigMap", "small-jvm"))
    world.edit_spec(
        **{**EVERYTHING, "proxy": {"enabled": False}, "masters": {"replicas": 3, "jvm": {"options": ["-Dx=1"]}}}
    )
    rounds(world, 2)
    assert "small-proxy" in world.kube.of_kind("Deployment")

    world.kube.before_call = lambda verb, path: None
    rounds(world, 2)

    assert "small-proxy" not in world.kube.of_kind("Deployment")


def test_drift_behind_a_refused_optional_object_is_put_right():
    world = cluster()
    rounds(world)
    refusing(world, Ref("PodDisruptionBudget", "small-master"))
    world.kube.edit("PodDisruptionBudget", "data", "small-master", lambda obj: obj["spec"].update(maxUnavailable=2))
    world.kube.edit("StatefulSet", "data", "small-master", lambda obj: obj["spec"].update(replicas=1))

    world.reconcile(("PodDisruptionBudget", "small-master"), ("StatefulSet", "small-master"))

    assert world.kube.object("StatefulSet", "data", "small-master")["spec"]["replicas"] == 3
    assert configuration(world)[0] == "False"


def test_a_refused_workload_of_workers_keeps_its_counts():
    world = cluster()
    rounds(world)
    refusing(world, Ref("StatefulSet", "small-worker"))
    world.edit_spec(**{**EVERYTHING, "workers": {"replicas": 3}})

    rounds(world, 2)

    assert (world.status["workers"]["wanted"], world.status["workers"]["ready"]) == (2, 2)
    assert world.condition("Ready")["status"] == "False"


@pytest.mark.parametrize("refused", [Ref("ConfigMap", "small-jvm"), Ref("ServiceAccount", "small")], ids=str)
def test_drift_behind_a_refused_needed_object_is_put_right(refused: Ref):
    world = cluster()
    rounds(world)
    refusing(world, refused)
    world.kube.edit(refused.kind, "data", refused.name, lambda obj: obj["metadata"]["labels"].pop(MANAGED_BY))
    world.kube.edit("StatefulSet", "data", "small-master", lambda obj: obj["spec"].update(replicas=1))

    world.reconcile((refused.kind, refused.name), ("StatefulSet", "small-master"))

    assert configuration(world)[1] == "Refused"
    assert world.kube.object("StatefulSet", "data", "small-master")["spec"]["replicas"] == 3


def test_a_change_behind_a_refused_needed_object_waits():
    world = cluster()
    rounds(world)
    refusing(world, Ref("ConfigMap", "small-jvm"))
    before = world.kube.object("StatefulSet", "data", "small-master")["spec"]
    workers = world.status["workers"]
    world.edit_spec(**{**EVERYTHING, "masters": {"replicas": 3, "jvm": {"options": ["-Dx=1"]}}})

    rounds(world, 3)

    assert world.kube.object("StatefulSet", "data", "small-master")["spec"] == before
    assert world.status["workers"] == workers, "their status is read all the same"
