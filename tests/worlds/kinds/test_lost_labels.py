"""Objects that lost their owner labels: the operator recognises them, puts drift right, and restores the labels."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.world import World

from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
OWNER, OWNER_KIND = "alluxio-operator.io/owner", "alluxio-operator.io/owner-kind"
MANAGED_BY = "app.kubernetes.io/managed-by"
EVERYTHING = {"jobService": {"enabled": True}, "logServer": {"enabled": True}, "proxy": {"enabled": True}}


def cluster() -> World:
    world = World(resource(**EVERYTHING))
    world.settle()
    return world


def presto() -> PrestoWorld:
    world = PrestoWorld()
    world.settle()
    return world


def objects(world: OwnerWorld) -> list[tuple[str, str]]:
    return [(item["kind"], item["name"]) for item in world.status["inventory"] if item["kind"] != "Job"]


def strip(world: OwnerWorld, kind: str, name: str, *labels: str) -> Json:
    """Remove labels of an object as another client; return the labels that it had."""
    before = world.kube.object(kind, "data", name)["metadata"]["labels"]

    def change(obj: Json) -> None:
        for label in labels:
            obj["metadata"]["labels"].pop(label, None)

    world.kube.edit(kind, "data", name, change)
    return dict(before)


def labels_of(world: OwnerWorld, kind: str, name: str) -> Json:
    return dict(world.kube.object(kind, "data", name)["metadata"]["labels"])


@pytest.mark.parametrize("make", [cluster, presto])
@pytest.mark.parametrize("labels", [(OWNER,), (OWNER_KIND, OWNER, MANAGED_BY)], ids=["owner", "all of ours"])
def test_the_labels_of_every_object_are_put_back(make: Any, labels: tuple[str, ...]):
    world = make()
    before = {one: strip(world, *one, *labels) for one in objects(world)}
    assert len(before) > 5

    world.reconcile(*before)

    assert {one: labels_of(world, *one) for one in before} == before
    assert world.condition("ConfigurationApplied")["status"] == "True"
    assert world.phase != "Degraded"


@pytest.mark.parametrize("make", [cluster, presto])
def test_a_restarted_operator_puts_them_back_without_an_event(make: Any):
    world = make()
    before = {one: strip(world, *one, OWNER) for one in objects(world)}
    world.start_operator()

    world.reconcile()

    assert {one: labels_of(world, *one) for one in before} == before


def test_masters_that_lost_their_label_and_were_scaled_down_are_repaired():
    world = World(resource(masters={"replicas": 3}))
    world.alluxio.answers = {}
    for _ in range(8):
        world.reconcile()
        world.turn()
    strip(world, "StatefulSet", "small-master", OWNER)
    world.kube.edit("StatefulSet", "data", "small-master", lambda obj: obj["spec"].update(replicas=1))

    world.reconcile(("StatefulSet", "small-master"))

    live = world.kube.object("StatefulSet", "data", "small-master")
    assert live["spec"]["replicas"] == 3
    assert live["metadata"]["labels"][OWNER] == "small"
    assert world.condition("ConfigurationApplied")["status"] == "True"


@pytest.mark.parametrize("make", [cluster, presto])
def test_the_sweep_finds_an_object_without_its_label(make: Any):
    world = make()
    kind, name = next(one for one in objects(world) if one[0] == "ConfigMap")
    before = strip(world, kind, name, OWNER_KIND, OWNER)

    [request] = world.reconciler.drifted([""])
    world.reconcile(*((child.kind, child.name) for child in request.children))

    assert labels_of(world, kind, name) == before


def test_what_is_no_longer_rendered_is_pruned_without_its_label_too():
    world = cluster()
    strip(world, "Deployment", "small-proxy", OWNER, OWNER_KIND)

    world.edit_spec(**{**EVERYTHING, "proxy": {"enabled": False}})
    world.reconcile()

    assert "small-proxy" not in world.kube.of_kind("Deployment")


@pytest.mark.parametrize("uid", ["another-uid", None])
def test_an_object_that_another_resource_controls_is_left_to_it(uid: str | None):
    world = cluster()
    strip(world, "ConfigMap", "small-client", OWNER, OWNER_KIND)
    other = [{"apiVersion": "v1", "kind": "Other", "name": "x", "uid": uid, "controller": True}] if uid else []
    world.kube.edit("ConfigMap", "data", "small-client", lambda obj: obj["metadata"].update(ownerReferences=other))

    world.reconcile(("ConfigMap", "small-client"))

    assert OWNER not in labels_of(world, "ConfigMap", "small-client")
    assert "small-client" in world.condition("ConfigurationApplied")["message"]


def test_a_reference_that_is_not_the_controllers_gives_nothing_away():
    world = cluster()
    strip(world, "ConfigMap", "small-client", OWNER, OWNER_KIND)
    world.kube.edit(
        "ConfigMap", "data", "small-client", lambda obj: obj["metadata"]["ownerReferences"][0].update(controller=False)
    )

    world.reconcile(("ConfigMap", "small-client"))

    assert world.condition("ConfigurationApplied")["reason"] == "Refused"


@pytest.mark.parametrize("claim", ["journal-small-master-0", "small-ufs"])
def test_a_claim_without_owner_reference_is_recognised_by_its_record(claim: str):
    world = cluster()
    world.kube.edit(
        "PersistentVolumeClaim", "data", claim, lambda obj: obj.update(status={"phase": "Bound", "capacity": {}})
    )
    world.reconcile()
    before = strip(world, "PersistentVolumeClaim", claim, *labels_of(world, "PersistentVolumeClaim", claim))

    world.reconcile(("PersistentVolumeClaim", claim))

    assert labels_of(world, "PersistentVolumeClaim", claim) == before
    assert world.condition("ConfigurationApplied")["status"] == "True"


def test_the_kept_claims_of_an_earlier_cluster_count_without_owner_labels():
    world = cluster()
    world.kube.remove(KINDS["AlluxioCluster"].path("data", "small"))
    claims = ["journal-small-master-0", "small-ufs"]
    for claim in claims:
        strip(world, "PersistentVolumeClaim", claim, OWNER, OWNER_KIND)
    anew = World(resource(uid="0b1b2c3d-another"))
    for claim in claims:
        anew.kube.put(world.kube.object("PersistentVolumeClaim", "data", claim))

    anew.settle()

    assert anew.status["journal"]["operation"].endswith("a"), "adopted"
    assert labels_of(anew, "PersistentVolumeClaim", "small-ufs")[OWNER] == "small"


def test_a_pod_without_its_owner_label_is_seen_still():
    world = cluster()
    for name, controller in (
        ("small-master-0", ("StatefulSet", "small-master")),
        ("small-proxy-0", ("ReplicaSet", "small-proxy-5d")),
    ):
        strip(world, "Pod", name, OWNER, OWNER_KIND)
        reference = {
            "apiVersion": "apps/v1",
            "kind": controller[0],
            "name": controller[1],
            "uid": "w",
            "controller": True,
        }
        world.kube.edit("Pod", "data", name, lambda obj, ref=reference: obj["metadata"].update(ownerReferences=[ref]))

    world.reconcile()

    assert world.condition("Ready")["status"] == "True"
    assert world.status["masters"]["ready"] == 1


def test_a_pod_of_another_installation_with_the_same_labels_is_not_counted():
    world = cluster()
    strip(world, "Pod", "small-master-0", OWNER, OWNER_KIND)

    world.reconcile()

    assert world.status["masters"]["ready"] == 0
