"""An operator with a stricter rule for memory takes over: what runs keeps running, and its shortage is reported."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import merged, resource
from tests.support.world import World

from alluxio_operator.workloads.jvm_options import JvmSettings

LARGE = {"masters": {"jvm": {"heap": "24Gi"}}, "workers": {"resources": {"limits": {"memory": "64Gi"}}}}


def old_rule(_self: JvmSettings, _heap: int) -> int:
    return 0


def taken_over(monkeypatch: pytest.MonkeyPatch, **over: Any) -> World:
    """Return a cluster that an operator installed which didn't count the collector, after the next one took over."""
    with monkeypatch.context() as patched:
        patched.setattr(JvmSettings, "collector_memory", old_rule)
        world = World(resource(**merged(LARGE, over)))
        world.settle()
        assert world.phase == "Ready"
    world.kube.writes.clear()
    world.start_operator()
    world.settle()
    return world


def test_the_pods_stay_and_the_condition_names_field_and_remedy(monkeypatch: pytest.MonkeyPatch):
    world = taken_over(monkeypatch)

    assert world.phase == "Ready"
    assert not [path for _, path in world.kube.writes if "/pods/" in path or "/statefulsets/" in path]
    valid = world.condition("SpecValid")
    assert (valid["status"], valid["reason"]) == ("True", "Tolerated")
    assert "spec.masters.resources.limits.memory" in valid["message"]
    assert 'spec.workers.resources.limits.memory "64Gi" is too small' in valid["message"]


def test_an_edit_of_something_else_keeps_the_sizes(monkeypatch: pytest.MonkeyPatch):
    world = taken_over(monkeypatch)
    before = world.status["memory"]

    world.edit_spec(**merged(LARGE, {"workers": {"replicas": 2}}))
    world.settle()

    assert world.phase == "Ready"
    assert world.status["memory"] == before


def test_an_edit_of_a_size_has_to_fit(monkeypatch: pytest.MonkeyPatch):
    world = taken_over(monkeypatch)

    tight = {"jvm": {"heap": "63Gi"}, "resources": {"limits": {"memory": "64Gi"}}}
    world.edit_spec(**merged(LARGE, {"masters": tight}))
    for _ in range(3):
        world.reconcile()

    valid = world.condition("SpecValid")
    assert (valid["status"], valid["reason"]) == ("False", "Invalid")
    assert "spec.masters.resources.limits.memory" in valid["message"]
    assert world.condition("Ready")["status"] == "True", "the pods run as before"


def test_a_limit_that_fits_ends_the_warning(monkeypatch: pytest.MonkeyPatch):
    world = taken_over(monkeypatch)

    enough = {"resources": {"limits": {"memory": "70Gi"}}}
    world.edit_spec(**merged(LARGE, {"masters": {"resources": {"limits": {"memory": "28Gi"}}}, "workers": enough}))
    world.settle()

    assert world.condition("SpecValid")["reason"] == "Valid"
