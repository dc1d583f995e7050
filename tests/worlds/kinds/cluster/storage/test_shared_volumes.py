"""A root mount whose volume one node can mount: a warning once masters and workers run on several."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.volumes import claim
from tests.support.world import World

Json = dict[str, Any]
FIELD = "spec.rootMount.volume.accessModes"


def world_on(*nodes: str, modes: tuple[str, ...] = ("ReadWriteOnce",), **volume: Any) -> World:
    """Return a settled cluster whose master and workers run on these nodes, in turn."""
    world = World(
        resource(
            workers={"workload": "StatefulSet", "replicas": 2},
            rootMount={"volume": {"accessModes": list(modes), **volume}},
        )
    )
    world.settle()
    names = ("small-master-0", "small-worker-0", "small-worker-1")
    for number, name in enumerate(names):
        node = nodes[number % len(nodes)]
        world.kube.edit("Pod", "data", name, lambda one, node=node: one.setdefault("spec", {}).update(nodeName=node))
    world.reconcile(everything=True)
    return world


def warning(world: World) -> tuple[str, str, str]:
    found = world.condition("SpecValid")
    return found["status"], found["reason"], found["message"]


def test_several_nodes_are_warned_of_and_the_cluster_stays_ready():
    status, reason, message = warning(world := world_on("a", "b"))

    assert (status, reason) == ("True", "Tolerated")
    assert message.startswith(
        f'{FIELD} "ReadWriteOnce" is for one node, but masters, job master and workers on several'
    )
    assert world.condition("Ready")["status"] == "True"


@pytest.mark.parametrize(
    ("nodes", "modes"),
    [(("a",), ("ReadWriteOnce",)), (("a", "b"), ("ReadWriteMany",)), (("a", "b"), ("ReadWriteOnce", "ReadWriteMany"))],
    ids=["one node", "a volume for many", "a volume that can do both"],
)
def test_there_is_no_warning_without_need(nodes: tuple[str, ...], modes: tuple[str, ...]):
    assert warning(world_on(*nodes, modes=modes))[1] == "Valid"


@pytest.mark.parametrize(
    ("mode", "node", "words"),
    [
        ("ReadWriteOnce", "b", "is for one node, but masters, job master and workers on several nodes"),
        ("ReadWriteOncePod", "a", "is for one pod, but masters, job master and workers on several pods"),
    ],
)
def test_the_claim_of_a_user_counts_as_it_is(mode: str, node: str, words: str):
    world = world_on("a", node, modes=("ReadWriteMany",))
    changed = {**claim("x", {})["spec"], "accessModes": [mode]}
    world.kube.edit("PersistentVolumeClaim", "data", "small-ufs", lambda one: one["spec"].update(changed))

    world.reconcile(everything=True)

    assert words in warning(world)[2]
