"""The last changes of a cluster: from an edit to its end, with what it led to and who asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.support.builders import container_status, resource
from tests.support.three_masters import outdated
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.history import KEPT

Json = dict[str, Any]


def settled() -> World:
    world = World()
    world.settle()
    return world


def asked_by(world: World, manager: str) -> None:
    def change(obj: Json) -> None:
        obj["metadata"]["managedFields"] = [
            {"manager": "somebody-before", "time": "2030-01-01T00:00:00Z"},
            {"manager": manager, "time": "2030-01-02T00:00:00Z"},
            {"manager": "alluxio-operator", "subresource": "status", "time": "2030-01-03T00:00:00Z"},
        ]

    world.kube.edit(KIND, world.namespace, world.name, change)


def last(world: World) -> Json:
    found: Json = world.status["history"][-1]
    return found


def test_an_installation_is_one_change_from_its_beginning_to_ready():
    world = World()
    world.reconcile()
    assert [(one["what"], "ended" in one) for one in world.status["history"]] == [("Installed", False)]
    world.pass_time(30)
    world.settle()

    [change] = world.status["history"]
    assert (change["started"], change["ended"]) == ("2030-01-02T03:04:05Z", "2030-01-02T03:04:35Z")


def test_edits_in_a_row_kill_no_master_that_starts_and_keep_the_installation():
    world = settled()
    world.kube.writes.clear()
    started: dict[str, datetime] = {}
    for number in range(20):
        world.edit_spec(masters={"properties": {"alluxio.master.journal.checkpoint.period.entries": str(number + 1)}})
        for _ in range(3):
            world.reconcile()
            world.turn()
            starts(world, started, 45)
            world.pass_time(1)

    deleted = [path for verb, path in world.kube.writes if verb == "delete" and path.endswith("-master-0")]
    assert len(deleted) == 2, "by the first edit, and once it served after 45 of 60 seconds"
    sorts = [one["what"] for one in world.status["history"]]
    assert sorts == ["Installed", *["Changed"] * (KEPT - 1)]

    for _ in range(120):
        world.reconcile()
        world.turn()
        starts(world, started, 45)
        world.pass_time(1)
    assert not outdated(world)
    assert world.phase == "Ready"


def starts(world: World, started: dict[str, datetime], seconds: float) -> None:
    """Let each new master start for so long before it serves."""
    [name] = [name for name in world.kube.of_kind("Pod") if "-master-" in name and "job" not in name]
    uid = world.kube.object("Pod", world.namespace, name)["metadata"]["uid"]
    since = started.setdefault(uid, world.now)
    if len(started) == 1 or (world.now - since).total_seconds() >= seconds:
        return

    def begin(obj: Json) -> None:
        runs = container_status("master", running={"startedAt": stamp(since)})
        unready = {"type": "Ready", "status": "False", "lastTransitionTime": stamp(since)}
        obj["status"].update(startTime=stamp(since), conditions=[unready], containerStatuses=[runs])

    world.kube.edit("Pod", world.namespace, name, begin)
    world.alluxio.master = NoAnswer("connection refused")


def test_an_edit_names_what_it_leads_to_and_who_asked():
    world = settled()
    world.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    asked_by(world, "kubectl-edit")
    world.reconcile()
    change = last(world)

    assert (change["what"], change["by"], change["generation"]) == ("Changed", "kubectl-edit", 2)
    assert change["message"] == "changed: StatefulSet/small-worker; 1 other objects changed"
    assert change["restarts"] == ["worker"], "known before any pod is replaced"
    assert "ended" not in change
    world.pass_time(12)
    world.settle()
    assert last(world)["ended"] == "2030-01-02T03:04:17Z"


def test_what_an_edit_removes_is_named():
    world = settled()
    world.edit_spec(logServer={"enabled": False})
    world.reconcile()

    assert "removed: " in last(world)["message"]
    assert "Deployment/small-logserver" in last(world)["message"]


def test_an_edit_that_concerns_no_object_says_so_and_is_done_at_once():
    world = settled()
    world.edit_spec(paused=False)
    world.reconcile()

    assert last(world)["message"] == "no object changed"
    assert "ended" in last(world)


def test_drift_that_is_put_right_is_no_change():
    world = settled()
    before = world.status["history"]
    world.kube.edit("ConfigMap", world.namespace, "small-jvm", lambda obj: obj.update(data={}))
    world.reconcile(("ConfigMap", "small-jvm"))
    world.settle()

    assert world.status["history"] == before


def test_an_edit_while_another_is_under_way_ends_it():
    world = settled()
    world.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    world.reconcile()
    world.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": "30s"}})
    world.reconcile()

    assert [("ended" in one) for one in world.status["history"]] == [True, True, False]
    assert [one.get("outcome") for one in world.status["history"]] == ["Succeeded", "Superseded", None]


def test_what_was_held_while_paused_is_one_change_of_whoever_resumed():
    world = settled()
    world.edit_spec(paused=True, workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    world.reconcile()
    assert len(world.status["history"]) == 1
    world.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    asked_by(world, "kubectl-alluxio")
    world.settle()

    assert last(world)["by"] == "kubectl-alluxio"
    assert "StatefulSet/small-worker" in last(world)["message"]


def test_a_restart_that_was_asked_for_is_a_change_of_its_own():
    world = settled()

    def ask(obj: Json) -> None:
        obj["metadata"]["annotations"] = {"alluxio-operator.io/restart-worker": "now"}

    world.kube.edit(KIND, world.namespace, world.name, ask)
    world.settle()

    assert [one["what"] for one in world.status["history"]] == ["Installed", "Restarted"]
    assert last(world)["message"] == "changed: StatefulSet/small-worker"


def test_another_version_is_told_from_and_to_with_the_pods_that_were_replaced():
    world = settled()
    world.edit_spec(version="2.9.3")
    world.settle(40)

    change = last(world)
    assert (change["what"], change["from"], change["to"]) == ("Upgraded", "2.9.4", "2.9.3")
    assert (change["outcome"], change["replaced"]) == ("Succeeded", 3), "master, job master, worker"


def test_another_number_of_workers_is_told_from_and_to():
    world = settled()
    world.edit_spec(workers={"replicas": 3})
    world.settle()

    change = last(world)
    assert (change["what"], change["from"], change["to"]) == ("Scaled", "1 workers", "3 workers")
    assert change["replaced"] == 0


def test_the_oldest_are_forgotten():
    world = settled()
    for number in range(KEPT + 3):
        world.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": f"{number + 20}s"}})
        world.settle()

    assert len(world.status["history"]) == KEPT
    assert [one["what"] for one in world.status["history"]] == ["Installed", *["Changed"] * (KEPT - 1)]


def test_the_roles_that_a_change_restarts_are_told_in_their_order():
    world = World(resource(proxy={"enabled": True}))
    world.settle()
    world.edit_spec(proxy={"enabled": True}, properties={"alluxio.user.metrics.collection.enabled": "true"})
    world.reconcile()

    assert last(world)["restarts"] == ["master", "jobmaster", "worker", "logserver", "proxy"]


def test_a_change_that_restarts_nothing_says_so():
    world = settled()
    world.edit_spec(service={"type": "NodePort"})
    world.reconcile()

    assert last(world)["restarts"] == []
