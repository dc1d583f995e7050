"""The annotation that restarts a role."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.support.world import World

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kinds.cluster import names

Json = dict[str, Any]

TEMPLATES = {
    names.MASTER: ("StatefulSet", "small-master"),
    names.WORKER: ("StatefulSet", "small-worker"),
    names.JOB_MASTER: ("StatefulSet", "small-jobmaster"),
    names.JOB_WORKER: ("StatefulSet", "small-worker"),
    names.LOG_SERVER: ("Deployment", "small-logserver"),
}
"""Whose pods carry a role."""


@pytest.fixture
def settled() -> World:
    world = World()
    world.settle()
    return world


def annotate(world: World, role: str, text: str) -> None:
    def change(obj: Json) -> None:
        obj["metadata"].setdefault("annotations", {})[f"alluxio-operator.io/restart-{role}"] = text

    world.kube.edit(KIND, world.namespace, world.name, change)


def templates(world: World) -> dict[tuple[str, str], Any]:
    return {
        one: world.kube.object(*(one[0], world.namespace, one[1]))["spec"]["template"] for one in TEMPLATES.values()
    }


@pytest.mark.parametrize("role", sorted(TEMPLATES))
def test_each_new_value_changes_the_pods_of_the_role_and_no_others(settled: World, role: str):
    seen = [templates(settled)]
    for text in ("2030-01-02T03:04:05Z", "again"):
        annotate(settled, role, text)
        settled.settle()
        seen.append(templates(settled))

    for before, after in itertools.pairwise(seen):
        assert [one for one in before if before[one] != after[one]] == [TEMPLATES[role]]


def test_the_same_value_restarts_nothing(settled: World):
    annotate(settled, names.WORKER, "once")
    settled.settle()
    before = templates(settled)
    settled.start_operator()
    settled.settle()

    assert templates(settled) == before


@pytest.mark.parametrize("restarted", [False, True])
def test_an_annotation_that_is_taken_away_restarts_nothing(settled: World, restarted: bool):
    annotate(settled, names.WORKER, "once")
    settled.settle()
    before = templates(settled)
    settled.kube.edit(KIND, settled.namespace, settled.name, lambda obj: obj["metadata"].pop("annotations"))
    if restarted:
        settled.start_operator()
    settled.settle()

    assert templates(settled) == before
    annotate(settled, names.WORKER, "once more")
    settled.settle()
    assert templates(settled) != before


def test_a_role_that_there_is_none_of_is_said(settled: World):
    annotate(settled, "workers", "now")
    settled.reconcile()

    told = settled.condition("SpecValid")
    assert told["status"] == "False"
    assert "metadata.annotations[alluxio-operator.io/restart-workers]" in told["message"]
    assert "jobworker, logserver" in told["message"]
