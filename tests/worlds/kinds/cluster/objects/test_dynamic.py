"""Properties that a leading master takes while it runs: nothing restarts, and whoever leads has them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.three_masters import THREE, Three, deleted, outdated, settled
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import NoAnswer, Standby
from alluxio_operator.kinds.cluster.objects.decide import RETRY_SECONDS
from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]
TIMEOUT = "alluxio.master.worker.timeout"
AUDIT = "alluxio.master.audit.logging.enabled"


def masters(**properties: str) -> Json:
    return {"masters": {**THREE["masters"], "properties": {_key(key): text for key, text in properties.items()}}}


def _key(name: str) -> str:
    return {"timeout": TIMEOUT, "audit": AUDIT}.get(name, name)


def uids(world: World) -> dict[str, str]:
    pods = [world.kube.object("Pod", world.namespace, name) for name in world.kube.of_kind("Pod")]
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}


def changed_to(world: World, **over: Any) -> World:
    world.edit_spec(**over)
    world.settle()
    return world


def edited_to(world: World, **over: Any) -> World:
    """Edit the spec where the cluster doesn't come to rest by it."""
    world.edit_spec(**over)
    world.reconcile()
    world.turn()
    world.reconcile()
    return world


@pytest.mark.parametrize("where", ["masters", "all roles"])
def test_the_leader_is_told_and_every_pod_stays(where: str):
    world = settled()
    before = uids(world)

    over = masters(timeout="2min") if where == "masters" else {**THREE, "properties": {TIMEOUT: "2min"}}
    changed_to(world, **over)

    assert world.alluxio.told == [(address(0), 19998, {TIMEOUT: "2min"})]
    assert uids(world) == before
    assert not outdated(world)
    written = world.kube.object("ConfigMap", world.namespace, "small-masterconf")["data"]["alluxio-site.properties"]
    assert f"{TIMEOUT}=2min" in written
    assert world.condition("UpToDate")["status"] == "True"
    assert world.condition("DynamicConfigApplied")["reason"] == "Taken"
    assert world.status["history"][-1]["message"].endswith(f"set without a restart: {TIMEOUT}=2min")


def test_at_rest_nobody_is_told_again():
    world = changed_to(settled(), **masters(timeout="2min"))

    world.reconcile()
    world.start_operator()
    world.reconcile()

    assert len(world.alluxio.told) == 1


def test_a_cluster_that_sets_none_of_them_is_never_told_and_has_no_condition():
    world = settled()

    assert world.alluxio.told == []
    assert "dynamicProperties" not in world.status
    assert all(one["type"] != "DynamicConfigApplied" for one in world.status["conditions"])


def test_what_is_no_longer_set_is_set_back_to_what_alluxio_has_by_itself():
    world = changed_to(settled(), **masters(timeout="2min", audit="true"))

    changed_to(world, **masters(timeout="2min"))

    assert world.alluxio.told[-1][2] == {TIMEOUT: "2min", AUDIT: "false"}
    # Other masters may have been started with it, and may lead one day.
    assert world.status["dynamicProperties"]["properties"] == {TIMEOUT: "2min", AUDIT: "false"}


def test_another_leader_is_told_all_of_it():
    world = changed_to(settled(), **masters(timeout="2min"))

    follows = Standby("small-master-1.small-master.data.svc")
    world.alluxio.answers = {address(0): follows, address(2): follows}
    world.reconcile()

    assert world.alluxio.told[-1] == (address(1), 19998, {TIMEOUT: "2min"})
    assert world.status["dynamicProperties"]["pod"] == "small-master-1"


def test_a_leader_whose_container_was_restarted_is_told_again():
    world = changed_to(settled(), **masters(timeout="2min"))

    def restarted(pod: Json) -> None:
        pod["status"]["containerStatuses"] = [{"name": "master", "ready": True, "restartCount": 1, "state": {}}]

    world.kube.edit("Pod", world.namespace, "small-master-0", restarted)
    world.reconcile()

    assert len(world.alluxio.told) == 2
    assert world.status["dynamicProperties"]["restarts"] == 1


def test_a_leader_that_does_not_answer_is_asked_again():
    world = settled()
    world.alluxio.takes = NoAnswer("no answer in time")
    changed_to(world, **masters(timeout="2min"))

    taken = world.condition("DynamicConfigApplied")
    assert (taken["status"], taken["reason"]) == ("False", "NoAnswer")
    assert f"the leader small-master-0 needs {TIMEOUT}=2min: no answer in time" in taken["message"]
    assert world.condition("Ready")["status"] == "True", "the cluster serves"
    assert "dynamicProperties" not in world.status
    assert world.reconcile().requeue_after == RETRY_SECONDS

    world.alluxio.takes = None
    world.settle()
    assert world.condition("DynamicConfigApplied")["status"] == "True"


def test_a_leader_that_refuses_one_says_which():
    world = settled()
    world.alluxio.takes = {TIMEOUT: False, AUDIT: True}
    changed_to(world, **masters(timeout="2min", audit="true"))

    taken = world.condition("DynamicConfigApplied")
    assert taken["reason"] == "Refused"
    assert f"refused {TIMEOUT}=2min" in taken["message"]
    assert AUDIT not in taken["message"]


def test_a_leader_that_is_about_to_be_replaced_is_not_told():
    world = settled()
    over = masters(timeout="2min", **{"alluxio.master.journal.checkpoint.period.entries": "400000"})

    changed_to(world, **over)
    world.settle(40)

    assert deleted(world) == ["small-master-2", "small-master-1", "small-master-0"]
    pods = uids(world)
    assert world.status["dynamicProperties"]["uid"] == pods["small-master-0"], (
        "its successor is, as its file may have been an old one"
    )
    assert len(world.alluxio.told) == 1


def test_while_it_is_paused_nobody_is_told():
    world = settled()
    edited_to(world, **masters(timeout="2min"), paused=True)
    assert world.alluxio.told == []

    changed_to(world, **masters(timeout="2min"))
    assert len(world.alluxio.told) == 1


def test_nothing_is_told_before_the_next_start_would_read_it():
    world = settled()

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and "configmaps" in path:
            raise Refused(422, "Invalid", "quota")

    world.kube.before_call = refuse
    edited_to(world, **masters(timeout="2min"))

    assert world.alluxio.told == []


def test_what_the_job_master_reads_too_restarts_it_alone():
    world = changed_to(settled(), **THREE, properties={AUDIT: "true"})
    world.settle(40)

    assert deleted(world) == ["small-jobmaster-0"]
    assert world.alluxio.told[-1][2] == {AUDIT: "true"}


@pytest.mark.parametrize(
    "over",
    [
        {"version": "2.9.3"},
        {"properties": {"alluxio.conf.dynamic.update.enabled": "false"}},
    ],
    ids=["a version that doesn't", "switched off"],
)
def test_where_nothing_is_taken_while_running_masters_restart(over: Json):
    world = Three(resource(**THREE, **over))
    world.settle(40)

    properties = {**over.get("properties", {}), TIMEOUT: "2min"}
    changed_to(world, **THREE, **{**over, "properties": properties})
    world.settle(40)

    assert {"small-master-2", "small-master-1", "small-master-0"} <= set(deleted(world))
    # The backup before a change of the version sets properties of its own.
    assert all(TIMEOUT not in properties for _, _, properties in world.alluxio.told)


def test_an_option_of_the_jvm_is_left_to_the_jvm():
    options = {"jvm": {"options": [f"-D{TIMEOUT}=9min"]}}
    world = Three(resource(masters={**THREE["masters"], **options}))
    world.settle()

    changed_to(world, masters={**THREE["masters"], **options, "properties": {TIMEOUT: "2min"}})

    assert world.alluxio.told == []
