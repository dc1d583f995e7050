"""An operator that meets a status which a newer one, or a hand, has written: it loses nothing and touches nothing."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.world import World

from alluxio_operator.api.alluxiocluster import KIND

Json = dict[str, Any]
STEP = {"role": "worker", "pods": [{"name": "small-worker-0", "uid": "u", "node": ""}], "since": "2030-01-02T03:04:05Z"}
BACKUP = {"from": "2.9.3", "to": "2.9.4", "state": "Verifying", "since": "2030-01-02T03:04:05Z"}


@pytest.fixture
def settled() -> World:
    world = World()
    world.settle()
    return world


def edit(world: World, change: Callable[[Json], Any]) -> None:
    world.kube.edit(KIND, world.namespace, world.name, lambda obj: change(obj["status"]))


def writes(world: World, since: int) -> list[tuple[str, str]]:
    return [one for one in world.kube.writes[since:] if "/status" not in one[1] and "/events" not in one[1]]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda status: status["journal"].update(state="Verifying"), 'status.journal.state "Verifying"'),
        (lambda status: status["journal"].update(members=7), 'status.journal.members "7"'),
        (lambda status: status["journal"].pop("operation"), "status.journal.operation"),
        (lambda status: status.update(journal="elsewhere"), "status.journal"),
        (lambda status: status.update(rollout={**STEP, "role": "gateway"}), 'status.rollout.role "gateway"'),
        (lambda status: status.update(rollout={"role": "worker"}), "status.rollout.pods"),
        (
            lambda status: status.update(operations=[{"name": "defragment", "since": "?"}]),
            'status.operations "defragment"',
        ),
        (lambda status: status.update(upgradeBackup=BACKUP), 'status.upgradeBackup.state "Verifying"'),
    ],
)
def test_a_record_that_it_does_not_understand_stops_it_and_stays(
    settled: World, change: Callable[[Json], Any], named: str
):
    edit(settled, change)
    given = deepcopy(settled.status)
    settled.kube.remove(f"/apis/apps/v1/namespaces/{settled.namespace}/statefulsets/small-worker")
    settled.edit_spec(properties={"alluxio.user.metrics.collection.enabled": "true"})
    since = len(settled.kube.writes)
    for _ in range(3):
        settled.reconcile(everything=True)

    assert writes(settled, since) == []
    for record in ("journal", "rollout", "upgradeBackup"):
        kept, was = settled.status.get(record), given.get(record)
        assert kept == ({**kept, **was} if isinstance(kept, dict) else was), "nothing of it is lost"
    degraded = settled.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "StatusUnknown")
    assert named in degraded["message"]
    assert "a newer one" in degraded["message"]
    assert settled.condition("SpecValid")["status"] == "True"


@pytest.mark.parametrize(
    "change",
    [
        lambda status: status.update(phase="Hibernating"),
        lambda status: status["writeProof"].update(result="Slow"),
        lambda status: status["history"][0].update(what="Rebalanced", outcome="Postponed"),
        lambda status: status["history"][0].update(started="yesterday", ended="soon"),
        lambda status: status["conditions"][0].update(status="Half", lastTransitionTime="noon"),
        lambda status: status.update(rollout={**STEP, "since": "now"}),
        lambda status: status.update(operations=[{"name": "defragment", "since": "?", "waitsFor": "rollout"}]),
        lambda status: status.update(volumes=[{"name": "journal", "wanted": "big", "size": "small"}]),
        lambda status: status.update(restarts=["worker"], dynamicProperties="?", lastGoodSpec={"revision": 7}),
        lambda status: status.update(inventory=[{"kind": "Service"}], masters=[], workers="2", memory={"a": 1}),
    ],
)
def test_unknown_words_and_broken_times_stop_nothing(settled: World, change: Callable[[Json], Any]):
    edit(settled, change)
    settled.start_operator()
    settled.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    settled.settle(40)

    assert settled.phase == "Ready"
    assert settled.condition("UpToDate")["status"] == "True"


def test_fields_of_a_newer_operator_survive_a_change(settled: World):
    edit(settled, lambda status: status.update(drill={"state": "Restoring"}))
    settled.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    settled.settle(40)

    assert settled.status["drill"] == {"state": "Restoring"}


# --- what can't be rendered ---------------------------------------------------------------------------------------


def test_a_spec_that_cannot_be_rendered_is_a_condition_and_is_not_retried():
    world = World(resource(workers={"podLabels": {"a" * 1100: "b"}}))
    outcome = world.reconcile()

    assert outcome.requeue_after is None
    degraded = world.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "SpecInvalid")
    assert "can't be turned into objects: template alluxio/" in degraded["message"]

    world.edit_spec()
    world.settle()
    assert world.phase == "Ready"


def test_a_cluster_that_serves_keeps_on_when_an_edit_cannot_be_rendered(settled: World):
    settled.edit_spec(workers={"nodeSelector": {"a" * 1100: "b"}})
    since = len(settled.kube.writes)
    settled.reconcile()

    assert writes(settled, since) == []
    assert settled.condition("Ready")["status"] == "True"
    assert settled.condition("SpecValid")["status"] == "False"
