"""Whole reconciles of a cluster with proxy, FUSE, disk tiers and budgets: order, conditions, and what goes again."""

from __future__ import annotations

from typing import Any

from tests.support.builders import NAMESPACE, resource
from tests.support.world import World

from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
WAYS: Json = {"proxy": {"enabled": True, "replicas": 2}, "fuse": {"enabled": True}, "workers": {"replicas": 2}}
OBJECTS = {
    ("Deployment", "small-proxy"),
    ("Service", "small-proxy"),
    ("PodDisruptionBudget", "small-proxy"),
    ("PodDisruptionBudget", "small-worker"),
    ("DaemonSet", "small-fuse"),
    ("ConfigMap", "small-proxyconf"),
    ("ConfigMap", "small-fuseconf"),
}


def present(world: World) -> set[tuple[str, str]]:
    return {(kind, name) for kind in KINDS for name in world.kube.of_kind(kind)}


def settled(**over: Any) -> World:
    world = World(resource(**over))
    world.settle()
    return world


def test_budgets_come_before_the_workloads_and_fuse_after_the_masters_serve():
    world = World(resource(**WAYS))

    world.reconcile()
    assert ("PodDisruptionBudget", "small-worker") in present(world)
    assert ("StatefulSet", "small-worker") not in present(world)

    world.turn(serves=False)
    world.reconcile()
    assert ("Deployment", "small-proxy") in present(world)
    assert ("DaemonSet", "small-fuse") not in present(world)
    assert world.condition("FuseMounted")["message"] == "nodes get the mount once the masters serve"

    world.settle()
    assert present(world) >= OBJECTS


def test_all_ways_are_said_to_be_open_when_they_are():
    world = settled(**WAYS)

    for kind in ("ProxyServing", "FuseMounted"):
        assert world.condition(kind)["status"] == "True", kind
    assert {division["role"] for division in world.status["memory"]} >= {"proxy", "fuse"}


def test_what_is_not_wanted_any_more_goes_and_nothing_else():
    world = settled(**WAYS)
    before = present(world)

    world.edit_spec(workers={"replicas": 1})
    world.settle()

    kinds = {"Event", "Pod"}
    gone = {ref for ref in before - present(world) if ref[0] not in kinds}
    assert gone == OBJECTS
    assert {condition["type"] for condition in world.status["conditions"]}.isdisjoint({"ProxyServing", "FuseMounted"})


def test_a_mount_that_fails_makes_the_cluster_degraded_and_takes_no_service_away():
    world = settled(**WAYS)

    world._run_workload("DaemonSet", "small-fuse", run=False)
    world.reconcile(everything=True)

    assert world.phase == "Degraded"
    assert world.condition("FuseMounted")["message"] == "the mount answers on 0 of 1 nodes"
    assert ("Service", "small-client") in present(world)


def test_a_claim_of_a_tier_is_never_pruned_since_it_was_never_the_operators():
    claim = {"size": "2Gi"}
    world = settled(workers={"tiers": [{"name": "SSD", "quota": "1Gi", "storage": {"claim": claim}}]})

    recorded = {(item["kind"], item["name"]) for item in world.status["inventory"]}
    [template] = world.kube.object("StatefulSet", NAMESPACE, "small-worker")["spec"]["volumeClaimTemplates"]

    assert template["metadata"]["name"] == "tier-ssd"
    assert ("PersistentVolumeClaim", "tier-ssd-small-worker-0") not in recorded
