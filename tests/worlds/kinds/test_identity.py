"""User and groups of pods: fixed, another one, or left to the namespace; in each workload and Job of both kinds."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.presto import resource as presto_resource
from tests.support.world import World

Json = dict[str, Any]
EVERYTHING = {"jobService": {"enabled": True}, "logServer": {"enabled": True}, "proxy": {"enabled": True}}
ON_NODES = {
    "fuse": {"enabled": True},
    "workers": {
        "tiers": [{"name": "SSD", "quota": "1Gi", "storage": {"hostPath": {"path": "/data/ssd"}}}],
        "shortCircuit": {"policy": "Uuid"},
    },
}
WORKLOADS = ("StatefulSet", "DaemonSet", "Deployment", "Job")
OTHER = {"runAsUser": 1234, "runAsGroup": 2345, "fsGroup": 3456}


def cluster(security: Json | None = None, **over: Any) -> World:
    given = {} if security is None else {"security": security}
    return World(resource(**{**EVERYTHING, **over, **given}))


def presto(security: Json | None = None) -> PrestoWorld:
    return PrestoWorld(presto_resource(**({} if security is None else {"security": security})))


def contexts(world: OwnerWorld) -> dict[str, Json]:
    """Return the security context of each pod template that was ever applied while the resource is installed."""
    found: dict[str, Json] = {}
    for _ in range(8):
        world.reconcile()
        for obj in world.kube.objects.values():
            if obj["kind"] in WORKLOADS:
                name = f"{obj['kind']} {obj['metadata']['name']}"
                found[name] = obj["spec"]["template"]["spec"]["securityContext"]
        world.turn()
    assert world.phase == "Ready", world.status
    return found


def ids(context: Json) -> Json:
    return {key: value for key, value in context.items() if key in OTHER}


BOTH = pytest.mark.parametrize("make", [cluster, presto])


@BOTH
@pytest.mark.parametrize(
    ("security", "expected"),
    [
        (None, dict.fromkeys(OTHER, 1000)),
        (OTHER, OTHER),
        ({"fsGroup": 5}, {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 5}),
        ({"identity": "Namespace"}, {}),
    ],
    ids=["default", "another", "one of them", "left to the namespace"],
)
def test_every_pod_has_them(make: Any, security: Json | None, expected: Json):
    found = contexts(make(security))

    assert len(found) >= (6 if make is cluster else 2)
    assert {name: ids(context) for name, context in found.items()} == dict.fromkeys(found, expected)
    assert all(context["runAsNonRoot"] and context["seccompProfile"] for context in found.values())


def scripts(world: World) -> str:
    return "\n".join(
        str(container.get("args"))
        for kind in ("StatefulSet", "DaemonSet")
        for name in world.kube.of_kind(kind)
        for spec in [world.kube.object(kind, "data", name)["spec"]["template"]["spec"]]
        for container in (*spec.get("initContainers", ()), *spec["containers"])
    )


def test_folders_of_the_node_belong_to_the_user():
    world = cluster(OTHER, **ON_NODES)
    contexts(world)

    found = scripts(world)

    assert 'chown 1234:2345 "$folder"' in found
    assert 'chown 1234:2345 "$mount"' in found
    assert "setpriv --reuid=1234 --regid=2345" in found
    assert "1000:1000" not in found


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"fuse": {"enabled": True}}, "spec.fuse.enabled"),
        ({"workers": {"shortCircuit": {"policy": "Uuid"}}}, "spec.workers.shortCircuit.policy"),
        ({"workers": {"tiers": ON_NODES["workers"]["tiers"]}}, "spec.workers.tiers[SSD].storage.hostPath"),
    ],
)
def test_a_user_of_the_namespace_excludes_folders_of_the_node(over: Json, field: str):
    world = cluster({"identity": "Namespace"}, **over)

    world.reconcile()

    message = world.condition("SpecValid")["message"]
    assert f'spec.security.identity "Namespace" excludes {field}' in message
    assert world.kube.of_kind("StatefulSet") == []


def hashes(world: OwnerWorld) -> dict[str, str]:
    return {
        obj["metadata"]["name"]: obj["spec"]["template"]["metadata"]["annotations"]["alluxio-operator.io/config-hash"]
        for obj in world.kube.objects.values()
        if obj["kind"] in ("StatefulSet", "DaemonSet", "Deployment")
    }


@BOTH
def test_the_default_changes_no_hash_and_another_user_restarts_every_role(make: Any):
    worlds = [make(security) for security in (None, {"identity": "Fixed", "runAsUser": 1000}, {"runAsUser": 1234})]
    for world in worlds:
        contexts(world)
    default, same, other = map(hashes, worlds)

    assert default == same
    assert {name for name in default if default[name] == other[name]} == set()


@pytest.mark.parametrize(
    ("security", "properties", "expected"),
    [
        (None, {}, None),
        (OTHER, {}, "alluxio"),
        ({"identity": "Namespace"}, {}, "alluxio"),
        (OTHER, {"alluxio.security.login.username": "lake"}, "lake"),
    ],
)
def test_a_user_without_a_name_in_the_image_has_one_in_alluxio(
    security: Json | None, properties: Json, expected: str | None
):
    world = cluster(security, properties=properties)
    contexts(world)

    text = str(world.kube.object("ConfigMap", "data", "small-masterconf")["data"])

    assert ("alluxio.security.login.username" in text) == (expected is not None)
    assert expected is None or f"alluxio.security.login.username={expected}" in text
