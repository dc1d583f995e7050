"""A Presto through its life: the order of its objects, what its status tells, and its troubles."""

from __future__ import annotations

import pytest
from tests.support.builders import NAMESPACE
from tests.support.presto import HIVE, NAME, World, resource

from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kube.errors import Refused


def test_the_coordinator_comes_before_the_workers_and_both_before_the_service():
    world = World()
    world.reconcile()
    assert f"Deployment/{NAME}-coordinator" in world.objects()
    assert f"Deployment/{NAME}-prestoworker" not in world.objects()

    world.turn()
    world.reconcile()
    assert f"Deployment/{NAME}-prestoworker" in world.objects()
    assert f"Service/{NAME}-presto" not in world.objects()

    world.turn()
    world.reconcile()
    assert f"Service/{NAME}-presto" in world.objects()
    assert world.phase == "Ready"


def test_everything_is_on_record_before_the_first_object():
    world = World()
    world.reconcile()

    first = next(path for verb, path in world.kube.writes if verb)
    assert first.endswith(f"/prestos/{NAME}/status")


def test_a_settled_one_writes_nothing_and_is_looked_at_again():
    world = World()
    world.settle()
    before = len(world.kube.writes)

    outcome = world.reconcile()

    assert len(world.kube.writes) == before
    assert outcome.requeue_after == 15
    assert not outcome.changed


def test_the_status_tells_the_whole():
    world = World()
    world.servers.running, world.servers.queued = 7, 23
    world.settle()

    status = world.status
    assert status["phase"] == "Ready"
    assert status["coordinator"] == {
        "ready": True,
        "version": "0.287",
        "address": f"http://{NAME}-presto.{NAMESPACE}.svc:8080",
    }
    assert status["workers"] == {"ready": 1, "wanted": 1, "active": 1}
    assert status["queries"] == {"running": 5, "queued": 20}, "by steps"
    assert status["gracefulShutdown"] == {"announceSeconds": 10, "terminationGracePeriodSeconds": 150}
    assert {memory["role"] for memory in status["memory"]} == {"coordinator", "worker"}
    [change] = status["history"]
    assert (change["what"], change["by"], "ended" in change) == ("Installed", "kubectl-client-side-apply", True)


def test_queries_that_come_and_go_within_a_step_write_no_status():
    world = World()
    world.servers.running = 11
    world.settle()
    before = len(world.kube.writes)
    world.servers.running = 14
    world.turn()
    before = len(world.kube.writes)

    world.reconcile()

    assert len(world.kube.writes) == before


def test_it_goes_with_its_resource():
    world = World()
    world.settle()
    world.kube.edit("Presto", NAMESPACE, NAME, lambda obj: obj["metadata"].update(deletionTimestamp="now"))
    before = len(world.kube.writes)

    world.reconcile()

    assert len(world.kube.writes) == before
    for kind in ("ConfigMap", "Deployment", "Service", "ServiceAccount"):
        for name in world.kube.of_kind(kind):
            [owner] = world.kube.object(kind, NAMESPACE, name)["metadata"]["ownerReferences"]
            assert owner["name"] == NAME, "deletion needs nothing but owner references"


def test_drift_is_put_right():
    world = World()
    world.settle()
    name = f"{NAME}-prestoworker"
    world.kube.edit("Deployment", NAMESPACE, name, lambda obj: obj["spec"].update(replicas=5))

    world.reconcile(("Deployment", name))

    assert world.deployment("prestoworker")["spec"]["replicas"] == 1


def test_a_missing_secret_is_named_with_the_field_that_refers_to_it():
    given = {"name": "hive.s3.aws-secret-key", "secretKeyRef": {"name": "keys", "key": "secret"}}
    world = World(resource(catalogs=[{**HIVE, "propertiesFrom": [given]}]))
    world.trouble["coordinator"] = {"reason": "CreateContainerConfigError", "message": 'secret "keys" not found'}
    world.reconcile()
    world.turn()
    world.reconcile()

    found = world.condition("ReferencesResolved")
    assert (found["status"], found["reason"]) == ("False", "SecretMissing")
    assert "spec.catalogs[hive].propertiesFrom[hive.s3.aws-secret-key]" in found["message"]

    world.trouble.clear()
    world.settle()
    assert world.condition("ReferencesResolved")["status"] == "True"


def test_secrets_stand_in_no_object():
    given = {"name": "hive.s3.aws-secret-key", "secretKeyRef": {"name": "keys", "key": "secret"}}
    world = World(resource(catalogs=[{**HIVE, "propertiesFrom": [given]}]))
    world.settle()

    data = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestocatalogs")["data"]
    assert "aws-secret-key" not in data["hive.properties"]
    pod = world.deployment("prestoworker")["spec"]["template"]["spec"]
    [init] = pod["initContainers"]
    assert init["env"] == [{"name": "PROPERTY_1", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "secret"}}}]
    assert not any(path.endswith("/secrets") or "/secrets/" in path for _, path in world.kube.calls)


def test_a_server_that_ends_at_its_start_is_told_in_its_own_words():
    world = World()
    world.settle()
    world.trouble["coordinator"] = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
    world.edit_spec(catalogs=[{"name": "tpch", "connector": "nothing"}])
    world.reconcile()
    world.turn()
    world.reconcile()

    assert world.phase == "Degraded"
    assert world.condition("CoordinatorServing")["reason"] == "CrashLoopBackOff"


def test_a_spec_that_cannot_be_followed_leaves_what_runs():
    world = World()
    world.settle()
    before = world.deployment("coordinator")
    world.edit_spec(version="0.1")
    world.reconcile()

    assert world.phase == "Invalid"
    assert "0.1" in world.condition("SpecValid")["message"]
    assert world.condition("Ready")["status"] == "True"
    assert world.deployment("coordinator") == before


@pytest.mark.parametrize("counted", [True, False], ids=["counted", "not counted"])
def test_under_an_invalid_spec_one_without_a_worker_is_not_ready(counted: bool):
    world = World()
    world.settle()
    world.edit_spec(workers={"resources": {"limits": {"memory": "64Mi"}}})
    world.reconcile()
    assert (world.phase, world.condition("Ready")["status"]) == ("Invalid", "True")

    if counted:
        # The coordinator notices a worker that died only after some time.
        world.trouble["worker"] = {"reason": "CrashLoopBackOff", "message": "back-off"}
        world._run(f"{NAME}-prestoworker")
    else:
        world.servers.answer = CoordinatorInfo("0.287", 0, 0, 0)
    world.reconcile()

    assert world.condition("Ready")["status"] == "False"
    assert world.condition("Ready")["reason"] == "SpecInvalid"


def test_under_an_invalid_spec_one_without_wanted_workers_stays_ready():
    world = World(resource(workers={"replicas": 0}))
    world.settle()
    world.edit_spec(workers={"replicas": 0, "resources": {"limits": {"memory": "64Mi"}}})
    world.reconcile()

    assert world.condition("Ready")["status"] == "True"


def test_a_refused_object_leaves_the_numbers_of_workers_as_they_are():
    world = World(resource(workers={"replicas": 3}))
    world.settle()

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and "/configmaps/" in path:
            raise Refused("PATCH", 422, "a policy forbids it")

    world.kube.before_call = refuse
    world.edit_spec(workers={"replicas": 3, "jvm": {"options": ["-Dx=y"]}})
    world.reconcile()

    assert world.condition("ConfigurationApplied")["status"] == "False"
    assert world.status["replicas"] == 3
    assert world.status["workers"] == {"ready": 3, "wanted": 3, "active": 3}


def test_an_installation_isnt_degraded_and_a_lost_coordinator_is():
    world = World()
    world.reconcile()
    assert world.phase == "Installing"
    world.settle()
    world.trouble["coordinator"] = {"reason": "ImagePullBackOff", "message": "no such image"}
    world.turn()
    world.reconcile()

    assert world.phase == "Degraded"
    assert world.condition("Degraded")["reason"] == "ImagePullBackOff"
    assert "no such image" in world.status["summary"]


def test_the_number_of_workers_is_counted_by_the_coordinator_and_not_by_pods():
    world = World(resource(workers={"replicas": 2}))
    world.settle()
    world.servers.answer = type(world.servers.answer)("0.287", 1, 0, 0)  # type: ignore[call-arg, arg-type]
    world.reconcile()

    assert world.status["workers"] == {"ready": 2, "wanted": 2, "active": 1}
    assert world.condition("WorkersActive")["message"] == "1 of 2 workers are active"
    assert world.condition("Ready")["status"] == "False"
