"""An operator that refuses more in a spec takes over: what runs keeps running, and the condition names the remedy."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.world import World

from alluxio_operator.kinds.cluster.objects import properties, variables
from alluxio_operator.kinds.cluster.ufs import endpoints

AGENT = [{"name": "JAVA_TOOL_OPTIONS", "value": "-javaagent:/agent.jar"}]
READ_ONLY = "alluxio.master.mount.table.root.readonly"
FOUND = (
    ({"masters": {"env": AGENT}}, "spec.masters.env[JAVA_TOOL_OPTIONS]"),
    ({"workers": {"env": [{"name": "JDK_JAVA_OPTIONS", "value": "-Da=b"}]}}, "spec.workers.env[JDK_JAVA_OPTIONS]"),
    ({"masters": {"env": [{"name": "ALLUXIO_HOME", "value": "/x"}]}}, "spec.masters.env[ALLUXIO_HOME]"),
    ({"properties": {READ_ONLY: "false"}}, f"spec.properties[{READ_ONLY}]"),
    ({"masters": {"jvm": {"options": [f"-D{READ_ONLY}=false"]}}}, f"spec.masters.jvm.options[{READ_ONLY}]"),
)


def installed_by_the_older(monkeypatch: pytest.MonkeyPatch, **over: Any) -> World:
    """Return a cluster that an operator installed which refused less."""
    with monkeypatch.context() as patched:
        patched.setattr(variables, "RESERVED", variables.RENDERED)
        patched.setattr(properties, "RESERVED", properties.RESERVED - {READ_ONLY})
        patched.setattr(endpoints, "problems", lambda _mount: ())
        world = World(resource(**over))
        world.settle()
        assert world.phase == "Ready"
    world.kube.writes.clear()
    world.start_operator()
    world.settle()
    return world


@pytest.mark.parametrize(("over", "field"), FOUND)
def test_what_runs_is_still_repaired_and_the_condition_names_the_field(
    monkeypatch: pytest.MonkeyPatch, over: dict[str, Any], field: str
):
    world = installed_by_the_older(monkeypatch, **over)

    assert world.phase == "Ready"
    valid = world.condition("SpecValid")
    assert (valid["status"], valid["reason"]) == ("True", "Tolerated")
    assert field in valid["message"]
    assert "remove it" in valid["message"]
    world.kube.remove(f"/api/v1/namespaces/{world.namespace}/configmaps/small-masterconf")
    world.reconcile(everything=True)
    assert "small-masterconf" in world.kube.of_kind("ConfigMap")


@pytest.mark.parametrize(("over", "field"), FOUND)
def test_a_new_cluster_with_it_is_refused(over: dict[str, Any], field: str):
    world = World(resource(**over))
    for _ in range(3):
        world.reconcile()

    assert world.phase == "Invalid"
    assert field in world.condition("SpecValid")["message"]


def test_an_edit_that_adds_it_stays_refused(monkeypatch: pytest.MonkeyPatch):
    world = installed_by_the_older(monkeypatch)
    world.edit_spec(masters={"env": AGENT})

    for _ in range(3):
        world.reconcile()

    assert world.condition("SpecValid")["status"] == "False"


def test_a_variable_that_a_container_has_already_is_never_tolerated(monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patched:
        patched.setattr(variables, "RENDERED", frozenset())
        patched.setattr(variables, "RESERVED", frozenset())
        world = World(resource(masters={"env": [{"name": "POD_IP", "value": "x"}]}))
        world.settle()
    world.start_operator()

    world.reconcile()

    assert world.phase == "Invalid"


def test_a_rollback_returns_to_a_spec_with_it(monkeypatch: pytest.MonkeyPatch):
    world = installed_by_the_older(monkeypatch, masters={"env": AGENT})
    good, generation = world.status["lastGoodSpec"], world.status["observedGeneration"]
    world.edit_spec(masters={"env": []})
    since = "2030-01-01T00:00:00Z"

    def roll_back(obj: dict[str, Any]) -> None:
        obj["status"]["rollback"] = {"generation": generation + 1, "to": good, "since": since, "message": "it failed"}

    world.kube.edit("AlluxioCluster", world.namespace, world.name, roll_back)
    for _ in range(3):
        world.reconcile()
        world.turn()

    assert world.condition("SpecValid")["reason"] == "Tolerated"
    assert world.phase == "Degraded"
    assert world.condition("UpToDate")["reason"] == "RolledBack"
