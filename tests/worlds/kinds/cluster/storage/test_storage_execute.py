"""Volumes grow: claims first, then StatefulSets that are made anew around pods that live on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import merged, resource
from tests.support.crashes import outcome, run, stop_at
from tests.support.volumes import VolumesWorld, sized

from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

CLAIMS = {
    "journal-small-master-0": "1Gi",
    "small-logs": "1Gi",
    "small-ufs": "1Gi",
    "tier-ssd-small-worker-0": "5Gi",
    "tier-ssd-small-worker-1": "5Gi",
}


def running(**over: Any) -> VolumesWorld:
    world = VolumesWorld(resource(**sized(**over)))
    world.settle()
    world.kube.writes.clear()
    return world


def grown(world: VolumesWorld) -> Json:
    return world.condition("VolumesExpanded")


def grow(world: VolumesWorld, rounds: int = 6, **over: Any) -> None:
    world.edit_spec(**sized(**over))
    for _ in range(rounds):
        world.reconcile()
        world.turn()


def deleted(world: VolumesWorld) -> list[str]:
    return [path.rpartition("/")[2] for verb, path in world.kube.writes if verb == "delete"]


def test_a_cluster_at_rest_lists_its_claims_once_and_writes_none():
    world = running()
    assert world.claims() == CLAIMS
    world.kube.calls.clear()

    world.reconcile()

    assert [verb for verb, path in world.kube.calls if "/persistentvolumeclaims" in path] == ["list"]
    assert (grown(world)["status"], grown(world)["reason"]) == ("True", "Expanded")
    assert {one["name"]: one["size"] for one in world.status["volumes"]} == {
        "journal": "1Gi",
        "tier-ssd": "5Gi",
        "logs": "1Gi",
        "root-mount": "1Gi",
    }


def test_all_claims_grow_and_no_pod_is_touched():
    world = running()
    pods, sets = world.uids(), world.uids("StatefulSet")

    grow(world, journal="2Gi", logs="3Gi", ssd="6Gi", rootMount={"volume": {"size": "7Gi"}})

    assert world.claims() == {
        "journal-small-master-0": "2Gi",
        "small-logs": "3Gi",
        "small-ufs": "7Gi",
        "tier-ssd-small-worker-0": "6Gi",
        "tier-ssd-small-worker-1": "6Gi",
    }
    assert (world.template("small-master"), world.template("small-worker")) == ("2Gi", "6Gi")
    assert world.uids() == pods
    after = world.uids("StatefulSet")
    assert {name for name in sets if sets[name] != after[name]} == {"small-master", "small-worker"}
    assert deleted(world) == ["small-master", "small-worker"]
    assert grown(world)["status"] == "True"
    assert world.phase == "Ready"
    assert "recreating" not in world.status or not world.status["recreating"]
    assert (world.status["history"][-1]["what"], world.status["history"][-1]["outcome"]) == ("Changed", "Succeeded")


def test_claims_are_asked_before_a_statefulset_is_made_anew():
    world = running()
    world.edit_spec(**sized(journal="2Gi"))

    world.reconcile()

    deeds = [(verb, path.rpartition("/")[2]) for verb, path in world.kube.writes if "small-master" in path]
    assert deeds.index(("merge", "journal-small-master-0")) < deeds.index(("delete", "small-master"))
    assert deeds.index(("delete", "small-master")) < deeds.index(("apply", "small-master"))


def test_a_statefulset_is_on_record_before_it_is_deleted():
    world = running()
    world.edit_spec(**sized(journal="2Gi", ssd="6Gi"))
    uids, seen = world.uids("StatefulSet"), []

    def watch(verb: str, path: str) -> None:
        if verb == "delete" and "/statefulsets/" in path:
            name = path.rpartition("/")[2]
            assert {"name": name, "uid": uids[name]} in world.status["recreating"]
            seen.append(name)

    world.kube.before_call = watch
    world.reconcile()

    assert seen == ["small-master", "small-worker"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_it_ends_the_same(after: bool):
    def changing() -> VolumesWorld:
        world = running()
        world.edit_spec(**sized(journal="2Gi", logs="2Gi", ssd="6Gi", quota="5Gi"))
        return world

    expected = changing()
    assert not run(expected, rounds=30)

    for count in range(1, len(expected.kube.writes) + 1):
        world = changing()
        stop_at(world, count, after=after)
        pods = world.uids()

        assert run(world, rounds=30), f"write {count} was not reached"

        where = f"stopped {'after' if after else 'before'} write {count}: {expected.kube.writes[count - 1]}"
        assert outcome(world) == outcome(expected), where
        replaced = {name for name, uid in world.uids().items() if pods[name] != uid}
        assert replaced == {"small-worker-0", "small-worker-1"}, f"{where}: the quota is a property of workers alone"
        assert deleted(world).count("small-master") == 1, where


def test_a_master_that_dies_in_between_comes_back_by_the_new_statefulset():
    world = running()
    world.lingers = True
    world.edit_spec(**sized(journal="2Gi"))
    world.reconcile()
    assert "deletionTimestamp" in world.kube.object("StatefulSet", "data", "small-master")["metadata"]
    world.kube.remove(KINDS["Pod"].path("data", "small-master-0"))

    world.start_operator()
    for _ in range(4):
        world.turn()
        world.reconcile()

    assert world.template("small-master") == "2Gi"
    assert "small-master-0" in world.uids()
    assert grown(world)["status"] == "True"


def test_while_its_name_is_not_free_the_rest_goes_on_and_is_looked_at_again_soon():
    world = running()
    world.lingers = True
    pods = world.uids()
    world.edit_spec(**sized(journal="2Gi", jobService={"enabled": False}))

    told = world.reconcile()

    assert told.requeue_after is not None
    assert told.requeue_after <= 1
    assert "small-jobmaster" not in world.kube.of_kind("StatefulSet"), "pruned all the same"
    assert world.condition("ConfigurationApplied")["status"] == "True"
    assert world.status["masters"]["ready"] == 1
    assert (grown(world)["reason"], world.status["recreating"][0]["name"]) == ("Expanding", "small-master")
    assert deleted(world).count("small-master") == 1
    world.reconcile()
    assert deleted(world).count("small-master") == 1, "it is being deleted already"
    assert world.uids()["small-master-0"] == pods["small-master-0"]


def test_another_statefulset_of_the_name_is_left_alone():
    # It was made anew, by somebody else, between the look and the deed.
    world = running()
    world.edit_spec(**sized(journal="2Gi"))
    path = KINDS["StatefulSet"].path("data", "small-master")

    def swap(verb: str, called: str) -> None:
        if verb == "delete" and called == path:
            world.kube.before_call = lambda verb, path: None
            world.kube.objects[path]["metadata"]["uid"] = "another"

    world.kube.before_call = swap
    told = world.reconcile()

    assert told.requeue_after is not None
    assert told.requeue_after <= 1
    assert world.kube.objects[path]["metadata"]["uid"] == "another"


def test_a_class_that_cannot_expand_is_told_and_holds_up_nothing():
    world = running()
    world.kube.classes_that_cannot_expand.add("fast")
    pods = world.uids()

    grow(world, journal="2Gi", ssd="6Gi", workers={"replicas": 3})

    said = grown(world)
    assert (said["status"], said["reason"]) == ("False", "ClassCannotExpand")
    assert said["message"] == (
        "PVC journal-small-master-0 has 1Gi and can't expand to 2Gi: storage class fast doesn't allow it. If "
        "its driver can expand, set allowVolumeExpansion there, or set spec.masters.journal.storage.size back to 1Gi; "
        "see docs/storage.md for other remedies; and 2 more"
    )
    assert world.phase == "Ready"
    assert world.condition("ConfigurationApplied")["status"] == "True"
    assert world.uids().items() >= pods.items()
    assert world.claims()["tier-ssd-small-worker-2"] == "6Gi", "what is new has the new size"
    assert "Warning" in [world.kube.objects[path]["type"] for path in world.kube.objects if "/events/" in path]
    assert world.reconcile().requeue_after == 60


def test_a_growth_that_nothing_came_of_can_be_taken_back():
    world = running()
    world.kube.classes_that_cannot_expand.add("fast")
    grow(world, journal="2Gi", ssd="6Gi")
    assert {one["name"]: one["size"] for one in world.status["volumes"]}["tier-ssd"] == "5Gi"
    pods = world.uids()

    grow(world)

    assert grown(world)["status"] == "True"
    assert (world.template("small-master"), world.template("small-worker")) == ("1Gi", "5Gi")
    assert world.claims() == CLAIMS
    assert world.uids() == pods


def test_workers_are_told_of_a_larger_quota_once_their_volumes_have_it():
    world = running()
    world.grows = False
    pods = world.uids()

    grow(world, ssd="10Gi", quota="9Gi")
    assert grown(world)["reason"] == "Expanding"
    assert world.uids() == pods
    assert quota(world) == 4 * 1024**3

    world.grows = True
    for _ in range(12):
        world.turn()
        world.reconcile()
    assert quota(world) == 9 * 1024**3
    replaced = {name for name, uid in world.uids().items() if pods[name] != uid}
    assert replaced == {"small-worker-0", "small-worker-1"}


def quota(world: VolumesWorld) -> int:
    text = world.kube.object("ConfigMap", "data", "small-workerconf")["data"]["alluxio-site.properties"]
    [line] = [line for line in text.splitlines() if "level0.dirs.quota" in line]
    return int(line.rpartition("=")[2])


def test_nothing_grows_while_it_is_paused():
    world = running()
    world.edit_spec(**sized(journal="2Gi", logs="2Gi", paused=True))
    world.kube.writes.clear()

    world.reconcile()

    assert not [path for verb, path in world.kube.writes if "claims" in path or "statefulsets" in path]
    assert (grown(world)["status"], grown(world)["reason"]) == ("False", "Paused")
    held = world.condition("Paused")["message"]
    for name in (
        "PersistentVolumeClaim/journal-small-master-0",
        "PersistentVolumeClaim/small-logs",
        "StatefulSet/small-master",
    ):
        assert name in held


def test_a_claim_that_somebody_made_larger_is_not_fought_over():
    world = running()
    world.edit_claim("small-logs", {"spec": {"resources": {"requests": {"storage": "9Gi"}}}})
    world.edit_claim("journal-small-master-0", {"spec": {"resources": {"requests": {"storage": "9Gi"}}}})

    world.reconcile(("PersistentVolumeClaim", "small-logs"), everything=True)

    assert (world.claims()["small-logs"], world.claims()["journal-small-master-0"]) == ("9Gi", "9Gi")
    assert world.condition("ConfigurationApplied")["status"] == "True"
    grow(world, logs="2Gi")
    assert world.claims()["small-logs"] == "9Gi"
    assert grown(world)["status"] == "True"


def test_volumes_of_a_cluster_that_comes_back_with_a_larger_size_grow():
    gone = running()
    world = VolumesWorld(resource(uid="ffffffff-0000-0000-0000-000000000000", **sized(journal="2Gi", ssd="6Gi")))
    for name in ("journal-small-master-0", "tier-ssd-small-worker-0"):
        world.kube.put(gone.kube.object("PersistentVolumeClaim", "data", name))

    world.settle(40)

    assert world.claims()["journal-small-master-0"] == "2Gi"
    assert world.claims()["tier-ssd-small-worker-0"] == "6Gi"
    assert deleted(world).count("small-master") == 0


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, "exceeded quota: storage, requested: requests.storage=1Gi, used: 9Gi, limited: 9Gi"),
        (422, "spec: Invalid value"),
    ],
)
def test_other_refusals_are_told_in_the_servers_words(status: int, said: str):
    world = running()

    def refuse(verb: str, path: str) -> None:
        if verb == "merge" and "claims" in path:
            raise Refused(f"PATCH {path}", status, said)

    world.kube.before_call = refuse
    grow(world, logs="2Gi")

    assert grown(world)["reason"] == ("QuotaExceeded" if "quota" in said else "ExpansionRefused")
    assert said in grown(world)["message"]
    assert world.phase == "Ready"


def test_of_a_class_that_refused_one_claim_no_other_is_asked():
    world = running()
    world.kube.classes_that_cannot_expand.add("fast")
    world.edit_spec(**sized(ssd="6Gi"))

    world.kube.calls.clear()
    world.reconcile()

    asked = [path for verb, path in world.kube.calls if verb == "merge" and "claims" in path]
    assert [path.rpartition("/")[2] for path in asked] == ["tier-ssd-small-worker-0"]


def test_claims_of_daemonsets_are_volumes_of_their_pods():
    over = {"workers": {"workload": "DaemonSet", "replicas": None}}
    world = VolumesWorld(merged(resource(), {"spec": merged(resource(**sized())["spec"], over)}))
    world.settle()

    assert "tier-ssd" not in [one["name"] for one in world.status["volumes"]]
