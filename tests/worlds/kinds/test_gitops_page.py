"""The examples of docs/gitops.md: its health check in Lua, on statuses that the operator writes, and its manifests."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime
from tests.support.builders import resource
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.world import World

from alluxio_operator.kinds.cluster.storage.protection import ANNOTATIONS
from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]
PAGE = (Path(__file__).parents[3] / "docs/gitops.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
MANIFESTS = [one for block in BLOCKS for one in yaml.safe_load_all(block)]
CHECKS: Json = next(one["data"] for one in MANIFESTS if one.get("kind") == "ConfigMap")


def health(world: OwnerWorld) -> tuple[str, str]:
    """Return status and message of a resource as Argo CD, which runs the script with `obj`, shows them."""
    lua = LuaRuntime()
    obj = world.kube.object(world.key.kind, world.key.namespace, world.key.name)
    lua.globals()["obj"] = lua.table_from(obj, recursive=True)
    found = lua.execute(CHECKS[f"resource.customizations.health.alluxio-operator.io_{world.key.kind}"])
    return found["status"], found["message"]


def cluster() -> World:
    return World(resource())


def presto() -> PrestoWorld:
    return PrestoWorld()


BOTH = pytest.mark.parametrize("make", [cluster, presto])


@BOTH
def test_a_new_resource_is_progressing_until_it_is_ready(make: Callable[[], OwnerWorld]):
    world = make()
    assert health(world)[0] == "Progressing"
    world.reconcile()
    assert health(world)[0] == "Progressing"

    world.settle()

    assert health(world)[0] == "Healthy"


@BOTH
def test_a_spec_that_the_operator_has_not_seen_is_progressing(make: Callable[[], OwnerWorld]):
    world = make()
    world.settle()

    world.kube.edit(world.key.kind, "data", world.key.name, lambda obj: obj["spec"].update(version="0.0.1"))

    assert health(world)[0] == "Progressing"
    world.reconcile()
    status, message = health(world)
    assert status == "Degraded"
    assert "spec.version" in message


@BOTH
def test_a_refused_object_is_degraded_from_the_first_installation_on(make: Callable[[], OwnerWorld]):
    world = make()

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and "/configmaps/" in path:
            raise Refused(f"PATCH {path}", 403, "exceeded quota: configmaps")

    world.kube.before_call = refuse
    world.reconcile()

    status, message = health(world)
    assert status == "Degraded"
    assert "exceeded quota" in message


@pytest.mark.parametrize("over", [{"paused": True}, {"masters": {"replicas": 0}}], ids=["paused", "stopped"])
def test_a_cluster_that_a_user_stopped_is_suspended(over: Json):
    world = cluster()
    world.settle()

    world.edit_spec(**over)
    for _ in range(4):
        world.reconcile()
        world.turn()

    assert health(world)[0] == "Suspended"


def test_the_page_names_the_annotations_that_the_operator_sets():
    for key, value in ANNOTATIONS.items():
        assert f"`{key}: {value}`" in PAGE
