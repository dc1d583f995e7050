"""Another version of the operator takes over resources at rest: it restarts no pod of theirs for its own templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.builders import NAMESPACE, resource
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.presto import client, cluster
from tests.support.presto import resource as presto
from tests.support.rendering import AnotherVersion
from tests.support.world import World

Json = dict[str, Any]
ON_ALLUXIO: Json = {
    "alluxio": {"clusterRef": {"name": "small"}},
    "catalogs": [{"name": "hive", "hive": {"thrift": {"uris": ["thrift://metastore:9083"]}}}],
}


def templates(world: OwnerWorld) -> Mapping[str, Json]:
    """Return what Kubernetes replaces pods by: the pod template of each Deployment."""
    found = {name: world.kube.object("Deployment", NAMESPACE, name) for name in world.kube.of_kind("Deployment")}
    return {name: one["spec"]["template"] for name, one in found.items()}


def on_alluxio(**over: Any) -> PrestoWorld:
    world = PrestoWorld(presto(**ON_ALLUXIO, **over))
    world.kube.put(cluster())
    world.kube.put(client())
    world.settle()
    return world


def test_prestos_servers_run_on():
    for world in (PrestoWorld(), on_alluxio(), on_alluxio(engine="Trino", version="476")):
        world.settle()
        before = templates(world)
        assert len(before) == 2

        world.start_operator(AnotherVersion())
        world.settle()

        assert templates(world) == before
        assert world.phase == "Ready"


def test_its_templates_come_with_the_next_change_of_the_spec():
    world = PrestoWorld()
    world.settle()
    before = templates(world)
    world.start_operator(AnotherVersion())
    world.settle()

    world.edit_spec(workers={"properties": {"task.concurrency": "4"}})
    world.settle()

    after = templates(world)
    assert after["queries-coordinator"] == before["queries-coordinator"]
    [container] = after["queries-prestoworker"]["spec"]["containers"]
    assert container["readinessProbe"]["initialDelaySeconds"] == 1


def test_presto_is_scaled_under_its_older_template():
    world = PrestoWorld()
    world.settle()
    before = templates(world)
    world.start_operator(AnotherVersion())

    world.edit_spec(workers={"replicas": 3})
    world.settle()

    assert templates(world) == before
    assert world.deployment("prestoworker")["spec"]["replicas"] == 3


def test_log_server_and_proxies_of_a_cluster_run_on():
    world = World(resource(proxy={"enabled": True, "replicas": 2}))
    world.settle()
    before = templates(world)
    assert set(before) == {"small-logserver", "small-proxy"}

    world.start_operator(AnotherVersion())
    world.settle()

    assert templates(world) == before
    assert world.condition("UpToDate")["status"] == "True"
