"""The restarts that a change of a Presto needs, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAMESPACE, container_status
from tests.support.presto import NAME, World, resource

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.presto.servers.answers import Server

Json = dict[str, Any]
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
    assert world.objects() >= kept
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
