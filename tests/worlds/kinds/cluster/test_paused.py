"""A cluster that is paused: nothing of it is changed, whatever happens, and its status goes on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiocluster import KIND

Json = dict[str, Any]


@pytest.fixture
def settled() -> World:
    world = World()
    world.settle()
    return world


def writes(world: World, since: int = 0) -> list[tuple[str, str]]:
    """Return what was written but for the status and events."""
    return [one for one in world.kube.writes[since:] if "/status" not in one[1] and "/events" not in one[1]]


def spoil(world: World, name: str = "small-masterconf") -> None:
    def change(obj: Json) -> None:
        obj["data"]["alluxio-site.properties"] = "spoilt"

    world.kube.edit("ConfigMap", world.namespace, name, change)


def test_an_edit_is_held_and_named(settled: World):
    settled.edit_spec(paused=True, properties={"alluxio.user.file.metadata.sync.interval": "1h"})
    since = len(settled.kube.writes)
    settled.reconcile()

    assert writes(settled, since) == []
    assert settled.phase == "Paused"
    held = settled.condition("Paused")
    assert (held["status"], held["reason"]) == ("True", "ChangesHeld")
    assert "ConfigMap/small-masterconf" in held["message"]
    assert "StatefulSet/small-worker" in held["message"]
    assert "PersistentVolumeClaim" not in held["message"]
    assert settled.condition("Ready")["status"] == "True", "what runs goes on to serve"


def test_drift_is_named_and_left(settled: World):
    settled.edit_spec(paused=True)
    settled.reconcile()
    assert settled.condition("Paused")["reason"] == "Paused"
    since = len(settled.kube.writes)
    spoil(settled)
    since += 1
    settled.reconcile(("ConfigMap", "small-masterconf"))

    assert writes(settled, since) == []
    assert settled.condition("Paused")["message"].endswith(": ConfigMap/small-masterconf")


def test_an_object_that_was_removed_is_not_made_again(settled: World):
    settled.edit_spec(paused=True)
    path = "/apis/apps/v1/namespaces/default/deployments/small-logserver".replace("default", settled.namespace)
    settled.kube.remove(path)
    settled.reconcile(("Deployment", "small-logserver"))

    assert path not in settled.kube.objects
    assert "Deployment/small-logserver" in settled.condition("Paused")["message"]


def test_nothing_is_pruned(settled: World):
    settled.edit_spec(paused=True, logServer={"enabled": False})
    settled.reconcile()

    assert "small-logserver" in settled.kube.of_kind("Deployment")
    assert {"kind": "Deployment", "name": "small-logserver", "apiVersion": "apps/v1"} in settled.status["inventory"]


def test_a_new_cluster_is_not_begun(settled: World):
    world = World(resource("other", paused=True))
    for _ in range(3):
        world.reconcile()
        world.turn()

    assert writes(world) == []
    assert world.phase == "Paused"
    assert "journal" not in world.status, "that the journal was begun would be taken for granted later"
    world.edit_spec(paused=False)
    world.settle()


def test_what_breaks_is_still_reported(settled: World):
    settled.edit_spec(paused=True)
    settled.reconcile()
    settled.alluxio.master = NoAnswer("connection refused")
    settled.reconcile()

    assert settled.condition("MastersServing")["status"] == "False"
    assert settled.condition("Ready")["status"] == "False"


def test_an_operation_that_is_held_keeps_its_condition(settled: World):
    dynamic = {"masters": {"properties": {"alluxio.master.worker.timeout": "2min"}}}
    settled.alluxio.takes = NoAnswer("timed out")
    settled.edit_spec(**dynamic)
    settled.settle()
    assert settled.condition("DynamicConfigApplied")["reason"] == "NoAnswer"
    settled.edit_spec(**dynamic, paused=True)
    settled.reconcile()

    held = settled.condition("DynamicConfigApplied")
    assert (held["status"], held["reason"]) == ("False", "Paused")
    assert "alluxio.master.worker.timeout" in held["message"]


@pytest.mark.parametrize("restarted", [False, True])
def test_unpaused_it_catches_up(settled: World, restarted: bool):
    settled.edit_spec(paused=True, logServer={"enabled": False})
    spoil(settled)
    settled.reconcile(("ConfigMap", "small-masterconf"))
    if restarted:
        settled.start_operator()
    settled.edit_spec(logServer={"enabled": False})
    settled.settle()

    assert "spoilt" not in str(settled.kube.object("ConfigMap", settled.namespace, "small-masterconf"))
    assert "small-logserver" not in settled.kube.of_kind("Deployment")
    assert "Paused" not in [condition["type"] for condition in settled.status["conditions"]]


def test_a_cluster_that_is_edited_while_paused_comes_to_what_it_would_have_come_to():
    straight, held = World(), World()
    straight.settle()
    held.settle()
    held.edit_spec(paused=True)
    held.reconcile()
    for world in (straight, held):
        world.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    for world in (straight, held):
        world.settle()

    assert rendered(straight) == rendered(held)


def rendered(world: World) -> dict[str, Any]:
    return {
        path: {key: obj.get(key) for key in ("spec", "data")}
        for path, obj in world.kube.objects.items()
        if obj["kind"] not in (KIND, "Event", "Pod")
    }
