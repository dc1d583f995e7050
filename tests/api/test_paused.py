"""A paused cluster before a real API server: what it defaults and converts must not be taken for a change."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Stage

from alluxio_operator.api.alluxiocluster import KIND

Json = dict[str, Any]


@pytest.fixture
def paused(stage: Stage) -> Stage:
    stage.create()
    stage.install()
    stage.edit(paused=True)
    return stage


@pytest.mark.parametrize("restarted", [False, True])
def test_what_the_server_adds_by_itself_is_no_change(paused: Stage, restarted: bool):
    if restarted:
        paused.start_operator()
    before = paused.versions_at_rest()
    paused.reconcile()

    assert paused.condition("Paused")["reason"] == "Paused", paused.condition("Paused")
    assert paused.status["phase"] == "Paused"
    assert changed(before, paused.versions()) == []


@pytest.mark.parametrize("restarted", [False, True])
def test_an_edit_and_drift_are_named_and_held_until_it_goes_on(paused: Stage, restarted: bool):
    paused.api.merge(paused.at("ConfigMap", "jvm"), {"data": {"worker": None}})
    paused.edit(paused=True, masters={"ports": {"web": 19997}}, logServer={"resources": {"limits": {"cpu": "2"}}})
    before = paused.versions_at_rest()
    if restarted:
        paused.start_operator()
    paused.reconcile(everything=True)

    held = paused.condition("Paused")
    assert held["reason"] == "ChangesHeld"
    named = set(held["message"].rpartition(": ")[2].split(", "))
    assert {"ConfigMap/small-jvm", "StatefulSet/small-master", "Deployment/small-logserver"} <= named
    assert changed(before, paused.versions()) == []

    paused.edit(paused=False)
    paused.reconcile_until(lambda: "worker" in paused.get("ConfigMap", "jvm")["data"])
    paused.reconcile(everything=True)
    assert (
        paused.get("Deployment", "logserver")["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"]
        == "2"
    )


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return what was written, but for the resource itself."""
    return [ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref) and ref != KIND]
