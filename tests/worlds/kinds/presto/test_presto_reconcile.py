"""A Presto through its life: the order of its objects, the restarts that a change needs and no others, its cache."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAMESPACE, container_status
from tests.support.presto import NAME, World, client, cluster, resource

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo, Server
from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]
HIVE = {"name": "hive", "hive": {"thrift": {"uris": ["thrift://metastore:9083"]}}}


def with_cache(**over: Any) -> World:
    world = World(resource(alluxio={"clusterRef": {"name": "small"}}, catalogs=[HIVE], **over))
    world.kube.put(cluster())
    world.kube.put(client())
    return world


def made(world: World) -> set[str]:
    kinds = ("ConfigMap", "Deployment", "Service", "ServiceAccount")
    return {f"{kind}/{name}" for kind in kinds for name in world.kube.of_kind(kind)}


# --- order ---------------------------------------------------------------------------------------------------------


def test_the_coordinator_comes_before_the_workers_and_both_before_the_service():
    world = World()
    world.reconcile()
    assert f"Deployment/{NAME}-coordinator" in made(world)
    assert f"Deployment/{NAME}-prestoworker" not in made(world)

    world.turn()
    world.reconcile()
    assert f"Deployment/{NAME}-prestoworker" in made(world)
    assert f"Service/{NAME}-presto" not in made(world)

    world.turn()
    world.reconcile()
    assert f"Service/{NAME}-presto" in made(world)
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


# --- the restarts that a change needs, and no others ---------------------------------------------------------------

CHANGES = [
    ({"workers": {"replicas": 3}}, set()),
    ({"workers": {"replicas": 0}}, set()),
    ({"autoscaling": {"minReplicas": 0, "maxReplicas": 3, "load": {"cpuPercent": 50}}}, set()),
    ({"service": {"type": "NodePort"}}, set()),
    ({"workers": {"maxSurge": 2}}, set()),
    ({"coordinator": {"ports": {"http": 8081}}}, {"coordinator"}),
    ({"workers": {"ports": {"http": 8081}}}, {"prestoworker"}),
    ({"coordinator": {"properties": {"query.max-length": "100000"}}}, {"coordinator"}),
    ({"workers": {"properties": {"task.concurrency": "4"}}}, {"prestoworker"}),
    ({"workers": {"jvm": {"heap": "1Gi"}}}, {"prestoworker"}),
    ({"coordinator": {"resources": {"limits": {"memory": "2Gi"}}}}, {"coordinator"}),
    ({"properties": {"task.concurrency": "4"}}, {"coordinator", "prestoworker"}),
    ({"catalogs": [{"name": "tpch", "tpch": {"splitsPerNode": 2}}]}, {"coordinator", "prestoworker"}),
    ({"catalogs": [{"name": "tpch", "tpch": {}}, {"name": "m", "memory": {}}]}, {"coordinator", "prestoworker"}),
]


@pytest.mark.parametrize(("over", "restarted"), CHANGES)
def test_a_change_restarts_those_that_it_concerns_and_nobody_else(over: Json, restarted: set[str]):
    world = World()
    world.settle()
    before = {name: world.deployment(name)["spec"]["template"] for name in ("coordinator", "prestoworker")}

    world.edit_spec(**over)
    world.settle()

    after = {name: world.deployment(name)["spec"]["template"] for name in before}
    assert {name for name in before if before[name] != after[name]} == restarted
    assert [change["what"] for change in world.status["history"]] == ["Installed", "Changed"]


def test_a_port_reaches_every_object():
    world = World()
    world.settle()

    world.edit_spec(coordinator={"ports": {"http": 8081}})
    world.settle()

    config = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoconfig")["data"]
    assert "http-server.http.port=8081" in config["coordinator.properties"]
    assert "http-server.http.port=8080" in config["worker.properties"]
    [container] = world.deployment("coordinator")["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8081}]
    assert "8081" in container["lifecycle"]["preStop"]["exec"]["command"]
    assert "8081" in container["startupProbe"]["exec"]["command"]
    [port] = world.kube.object("Service", NAMESPACE, f"{NAME}-presto")["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8081, "http")
    [port] = world.kube.object("Service", NAMESPACE, f"{NAME}-coordinator")["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8080, "http"), "what workers look for stays"
    assert world.servers.asked[-1] == Server("10.0.0.9", 8081, "Presto")
    assert world.status["coordinator"]["address"].endswith(":8081")


def test_an_image_reaches_both():
    world = World()
    world.settle()

    world.edit_spec(image={"repository": "example.com/presto", "tag": "0.287-a"})
    world.settle()

    for name in ("coordinator", "prestoworker"):
        [container] = world.deployment(name)["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "example.com/presto:0.287-a"


def test_another_engine_replaces_all_servers_and_keeps_service_and_catalogs():
    world = World()
    world.settle()
    kept = {f"Service/{NAME}-presto", f"ConfigMap/{NAME}-prestocatalogs"}
    before = {name: world.deployment(name)["metadata"]["uid"] for name in ("coordinator", "prestoworker")}

    world.edit_spec(engine="Trino", version="476")
    world.reconcile()
    assert world.servers.asked[-1].engine == "Presto", "the coordinator that still runs is asked in its own words"

    world.settle()
    assert world.servers.asked[-1].engine == "Trino"
    assert made(world) >= kept
    for name, uid in before.items():
        deployment = world.deployment(name)
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "trinodb/trino:476"
        assert deployment["metadata"]["uid"] == uid, "a rollout, not another Deployment"
    assert [change["what"] for change in world.status["history"]] == ["Installed", "Changed"]


def test_another_engine_alone_is_refused_and_changes_nothing():
    world = World()
    world.settle()
    before = world.deployment("coordinator")

    world.edit_spec(engine="Trino")
    world.reconcile()

    assert world.phase == "Invalid"
    assert "set it to 476, or spec.engine to Presto" in world.condition("SpecValid")["message"]
    assert world.deployment("coordinator") == before


def test_a_catalog_that_is_taken_out_is_gone():
    world = World(resource(catalogs=[{"name": "tpch", "tpch": {}}, {"name": "memory", "memory": {}}]))
    world.settle()
    world.edit_spec()
    world.settle()

    data = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestocatalogs")["data"]
    assert set(data) == {"tpch.properties"}


def test_drift_is_put_right():
    world = World()
    world.settle()
    name = f"{NAME}-prestoworker"
    world.kube.edit("Deployment", NAMESPACE, name, lambda obj: obj["spec"].update(replicas=5))

    world.reconcile(("Deployment", name))

    assert world.deployment("prestoworker")["spec"]["replicas"] == 1


# --- the cache -----------------------------------------------------------------------------------------------------


def test_it_waits_for_the_cluster_and_says_so():
    world = World(resource(alluxio={"clusterRef": {"name": "small"}}, catalogs=[HIVE]))
    outcome = world.reconcile()

    assert made(world) == set()
    assert world.condition("AlluxioConnected")["reason"] == "ClusterNotFound"
    assert "AlluxioCluster small, which doesn't exist" in world.status["summary"]
    assert outcome.requeue_after is not None

    world.kube.put(cluster(ready=False))
    world.kube.put(client())
    world.reconcile()
    assert made(world) == {"ConfigMap/small-client"}
    assert world.condition("AlluxioConnected")["reason"] == "ClusterNotReady"

    world.kube.put(cluster())
    world.settle()
    assert world.phase == "Ready"


def test_a_reference_to_nobody_leaves_what_runs_and_its_numbers():
    world = World()
    world.settle()
    before = world.deployment("prestoworker"), world.status["replicas"]
    world.edit_spec(alluxio={"clusterRef": {"name": "nobody"}})
    world.reconcile()

    assert world.phase == "Degraded"
    assert "AlluxioCluster nobody, which doesn't exist" in world.condition("AlluxioConnected")["message"]
    assert (world.deployment("prestoworker"), world.status["replicas"]) == before
    assert world.status["workers"] == {"ready": 1, "wanted": 1, "active": 1}
    assert world.condition("WorkersActive")["status"] == "True"
    assert world.condition("ServicesPublished")["reason"] == "Kept"

    world.edit_spec()
    world.settle()


def test_its_clients_configuration_follows_the_cluster_and_restarts_the_servers():
    world = with_cache()
    world.settle()
    before = world.hash_of("coordinator"), world.hash_of("prestoworker")

    world.kube.put(client(port=29998))
    world.settle()

    data = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoalluxio")["data"]
    assert "alluxio.master.rpc.port=29998" in data["alluxio-site.properties"]
    assert "alluxio.hadoop.FileSystem" in data["core-site.xml"]
    assert all(
        one != other
        for one, other in zip(before, (world.hash_of("coordinator"), world.hash_of("prestoworker")), strict=True)
    )


def test_servers_log_in_at_the_cache_as_the_user_who_works_there():
    world = with_cache()
    world.edit_spec(alluxio={"clusterRef": {"name": "small"}, "user": "etl"}, catalogs=[HIVE])
    world.settle()

    site = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoalluxio")["data"]["alluxio-site.properties"]
    assert "alluxio.security.login.username=etl" in site.splitlines()
    for role in ("coordinator", "prestoworker"):
        [container] = world.deployment(role)["spec"]["template"]["spec"]["containers"]
        # Another name here would be one for which the first asks to act, and that is refused.
        assert {"name": "HADOOP_USER_NAME", "value": "etl"} in container["env"]


def test_a_missing_cluster_is_reported_and_leaves_presto_scalable():
    world = with_cache()
    world.settle()
    before = world.hash_of("prestoworker")
    world.kube.remove(f"/apis/alluxio-operator.io/v1alpha1/namespaces/{NAMESPACE}/alluxioclusters/small")
    world.kube.remove(f"/api/v1/namespaces/{NAMESPACE}/configmaps/small-client")
    world.reconcile()

    assert world.phase == "Degraded"
    assert world.condition("AlluxioConnected")["reason"] == "ClusterNotFound"
    assert world.condition("Ready")["status"] == "False"
    assert world.hash_of("prestoworker") == before

    world.start_operator()
    world.edit_spec(alluxio={"clusterRef": {"name": "small"}}, catalogs=[HIVE], workers={"replicas": 2})
    world.reconcile()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 2
    assert world.hash_of("prestoworker") == before, "what was known of the cluster is on record"


def test_another_cluster_of_the_same_name_is_followed_only_when_it_is_ready():
    world = with_cache()
    world.settle()
    before = world.hash_of("coordinator")
    world.kube.put(cluster(ready=False, uid="another"))
    world.kube.put(client(port=39998))
    world.reconcile()
    assert world.hash_of("coordinator") == before

    world.kube.put(cluster(uid="another"))
    world.settle()
    assert world.hash_of("coordinator") != before


def test_workers_are_brought_to_the_clusters_own_and_read_through_its_sockets():
    world = with_cache()
    short = {"policy": "Uuid", "path": "/var/lib/alluxio-operator/sockets"}
    world.kube.put(cluster(shortCircuit=short))
    world.settle()
    pod = world.deployment("prestoworker")["spec"]["template"]["spec"]

    [preferred] = pod["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert preferred["podAffinityTerm"]["labelSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "alluxio",
        "app.kubernetes.io/instance": "small",
        "app.kubernetes.io/component": "worker",
    }
    [sockets] = [volume for volume in pod["volumes"] if volume["name"] == "sockets"]
    assert sockets["hostPath"]["path"] == f"/var/lib/alluxio-operator/sockets/{NAMESPACE}/small"
    coordinator = world.deployment("coordinator")["spec"]["template"]["spec"]
    assert "affinity" not in coordinator
    assert all(volume["name"] != "sockets" for volume in coordinator["volumes"])


def test_a_users_affinity_stands_beside_the_one_to_the_cache():
    world = with_cache(workers={"affinity": {"nodeAffinity": {"some": "rule"}}})
    world.settle()
    affinity = world.deployment("prestoworker")["spec"]["template"]["spec"]["affinity"]

    assert set(affinity) == {"nodeAffinity", "podAffinity"}


def test_colocation_can_be_required_or_left():
    world = with_cache()
    world.settle()
    world.edit_spec(alluxio={"clusterRef": {"name": "small"}, "colocate": "Required"}, catalogs=[HIVE])
    world.settle()
    pod = world.deployment("prestoworker")["spec"]["template"]["spec"]
    assert "requiredDuringSchedulingIgnoredDuringExecution" in pod["affinity"]["podAffinity"]

    world.edit_spec(alluxio={"clusterRef": {"name": "small"}, "colocate": "None"}, catalogs=[HIVE])
    world.settle()
    assert "affinity" not in world.deployment("prestoworker")["spec"]["template"]["spec"]


# --- trouble -------------------------------------------------------------------------------------------------------


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


# --- scaling -------------------------------------------------------------------------------------------------------


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


def begin_start(world: World, **state: Any) -> None:
    """Let the coordinator's pod be one that its node has just taken."""

    def change(obj: Json) -> None:
        obj["status"].update(
            startTime=stamp(world.now),
            conditions=[{"type": "Ready", "status": "False", "lastTransitionTime": stamp(world.now)}],
            containerStatuses=[container_status("coordinator", **(state or {"running": {}}))],
        )

    world.kube.edit("Pod", NAMESPACE, f"{NAME}-coordinator-0", change)
    world.servers.answer = NoAnswer("connection refused")


def test_edits_in_a_row_leave_a_coordinator_that_starts_until_it_serves():
    world = World()
    world.settle()
    world.edit_spec(coordinator={"jvm": {"options": ["-Dedit=1"]}})
    world.reconcile()
    first = world.hash_of("coordinator")
    world.turn()
    begin_start(world)
    for edit in range(2, 12):
        world.pass_time(3)
        world.edit_spec(coordinator={"jvm": {"options": [f"-Dedit={edit}"]}, "podLabels": {"team": str(edit)}})
        world.reconcile()
    assert world.hash_of("coordinator") == first
    assert world.condition("CoordinatorServing")["status"] == "False"

    world.turn()
    world.reconcile()
    assert world.hash_of("coordinator") != first
    world.settle()


def test_a_coordinator_that_starts_for_too_long_or_crashes_is_replaced_for_an_edit():
    for seconds, state in ((121, {}), (1, {"waiting": {"reason": "CrashLoopBackOff"}})):
        world = World()
        world.settle()
        first = world.hash_of("coordinator")
        begin_start(world, **state)
        world.pass_time(seconds)
        world.edit_spec(coordinator={"jvm": {"options": ["-Dedit=1"]}})
        world.reconcile()

        assert world.hash_of("coordinator") != first


def test_by_day_and_by_night():
    day = {"name": "day", "start": "0 7 * * *", "end": "0 19 * * *", "replicas": 2}
    world = World(resource(autoscaling={"minReplicas": 0, "maxReplicas": 2, "schedules": [day]}))
    # 03:04:05 by the clock of the tests.
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 0
    assert world.condition("WorkersActive")["reason"] == "ScaledToZero"
    assert world.status["autoscaling"]["nextChange"] == "2030-01-02T07:00:00Z"

    world.pass_time(4 * 3600)
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 2
    assert world.status["autoscaling"]["reason"] == "schedule day"
    assert world.status["history"][-1]["message"] == "from 0 to 2 workers: schedule day"

    world.pass_time(12 * 3600)
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 0


def test_the_spec_is_never_written():
    day = {"name": "day", "start": "0 0 * * *", "end": "0 0 * * *", "replicas": 2}
    world = World(resource(autoscaling={"maxReplicas": 2, "schedules": [day]}))
    world.settle()

    found = world.kube.object("Presto", NAMESPACE, NAME)
    assert "replicas" not in found["spec"].get("workers", {})
    assert found["metadata"]["generation"] == 1


def test_a_query_that_waits_brings_the_first_worker_and_no_restart():
    world = World(resource(autoscaling={"minReplicas": 0, "maxReplicas": 2, "load": {"queriesPerWorker": 2}}))
    world.settle()
    config = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoconfig")["data"]
    assert "query-manager.required-workers-max-wait=15m" in config["coordinator.properties"]
    before = world.hash_of("coordinator")

    world.servers.queued = 1
    world.turn()
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 1
    assert world.hash_of("coordinator") == before


# --- how often it is looked at -------------------------------------------------------------------------------------

LOAD = {"minReplicas": 1, "maxReplicas": 4, "load": {"queriesPerWorker": 2, "scaleDownAfterSeconds": 300}}
HOUR = 3600


@pytest.mark.parametrize(("settled", "asked", "waits"), [(0, 8, "moreSince"), (8, 0, "fewerSince")])
def test_an_expired_wait_without_a_coordinator_is_no_hot_loop(settled: int, asked: int, waits: str):
    world = World(resource(autoscaling=LOAD))
    world.servers.queued = settled
    world.settle()
    world.pass_time(60)
    world.settle()
    world.servers.queued = asked
    world.turn()
    world.reconcile()
    assert waits in world.status["autoscaling"]
    world.servers.answer = NoAnswer("connection refused")

    assert world.stand_still(HOUR) < 500
    assert waits in world.status["autoscaling"], "it goes on once the coordinator answers"


def test_without_a_coordinator_the_load_is_not_polled_for():
    world = World(resource(autoscaling=LOAD))
    world.settle()
    world.servers.answer = NoAnswer("connection refused")
    world.stand_still(HOUR)

    assert world.reconcile().requeue_after == 15


def test_a_load_is_looked_at_every_five_seconds():
    world = World(resource(autoscaling=LOAD))
    world.settle()

    assert world.reconcile().requeue_after == 5
    assert world.stand_still(HOUR) == HOUR / 5


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
