"""A Presto whose status a newer operator, or a hand, has written is reconciled as before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.builders import NAMESPACE
from tests.support.presto import NAME, World

from alluxio_operator.api.presto import KIND

Json = dict[str, Any]


@pytest.mark.parametrize(
    "change",
    [
        lambda status: status.update(phase="Hibernating", layer=9),
        lambda status: status["history"][0].update(what="Migrated", outcome="Postponed", started="?"),
        lambda status: status["conditions"][0].update(status="Half", lastTransitionTime="noon"),
        lambda status: status.update(autoscaling={"target": 1, "reason": "", "moreSince": "?", "fewerSince": 7}),
        lambda status: status.update(alluxio="?", queries=[], coordinator=1, inventory={}, memory="?"),
    ],
)
def test_unknown_words_and_broken_times_stop_nothing(change: Callable[[Json], Any]):
    world = World()
    world.settle()
    world.kube.edit(KIND, NAMESPACE, NAME, lambda obj: change(obj["status"]))
    world.kube.edit(KIND, NAMESPACE, NAME, lambda obj: obj["status"].update(novelty={"a": 1}))
    world.start_operator()
    world.settle()

    assert world.phase == "Ready"
    assert world.status["novelty"] == {"a": 1}


def test_a_spec_that_cannot_be_rendered_is_a_condition_and_is_not_retried():
    world = World()
    world.settle()

    def widen(obj: Json) -> None:
        obj["spec"]["workers"] = {**obj["spec"].get("workers", {}), "podLabels": {"a" * 1100: "b"}}

    world.kube.edit(KIND, NAMESPACE, NAME, widen)
    outcome = world.reconcile()

    assert outcome.requeue_after is None
    assert world.condition("SpecValid")["status"] == "False"
    assert "can't be turned into objects" in world.condition("SpecValid")["message"]
