"""No ready master is replaced while Alluxio writes a backup."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.backup import backup
from tests.support.builders import NOW, UID, later, observed, ready_pod, resource

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import waiting
from alluxio_operator.kinds.cluster.rollout.backup_guard import (
    GRACE,
    HELD,
    Writing,
    backups_being_written,
    guarded_by_backups,
)
from alluxio_operator.kinds.cluster.rollout.rollout import GATE, RolloutStep
from alluxio_operator.workloads.pods import Pod

Json = dict[str, Any]
WRITING = (Writing("nightly", NOW),)


def pod(role: str, **over: Any) -> Pod:
    [found] = observed(resource(), ready_pod(role)).pods
    return replace(found, **over)


def step(*pods: Pod) -> RolloutStep:
    return RolloutStep(None, pods, waiting(GATE, "replacing", "Replacing"))


def status(**over: Any) -> Json:
    return {"clusterUid": UID, "run": {"state": "Running"}, "started": stamp(NOW), **over}


def found(status: Json, **spec: Any) -> tuple[str, ...]:
    return tuple(one.name for one in backups_being_written([{**backup(**spec), "status": status}], UID, NOW))


def test_a_step_that_replaces_a_ready_master_waits_and_names_the_backup():
    held = guarded_by_backups(step(pod("master")), WRITING)

    assert held.delete == ()
    assert held.gate.reason == HELD
    assert "AlluxioBackup nightly" in held.gate.message
    assert "delete the AlluxioBackup" in held.gate.message
    assert not held.needs_backups


def test_before_the_backups_were_read_nothing_begins():
    held = guarded_by_backups(step(pod("master")), None)

    assert held.delete == ()
    assert held.needs_backups


@pytest.mark.parametrize("one", [pod("worker"), pod("master", ready=False)], ids=["worker", "failing master"])
def test_others_do_not_wait(one: Pod):
    for writing in (WRITING, None):
        assert guarded_by_backups(step(one), writing).delete == (one,)


def test_without_a_backup_the_step_goes_on():
    assert guarded_by_backups(step(pod("master")), ()).delete


@pytest.mark.parametrize("state", ["Requested", "Running"])
def test_a_backup_counts_from_the_record_of_its_request_until_it_is_written(state: str):
    assert found(status(run={"state": state})) == ("nightly",)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"phase": "Pending"},
        status(run={"state": "Completed"}),
        status(run={"state": "Failed"}),
        status(finished=stamp(NOW)),
        status(clusterUid="another"),
    ],
)
def test_others_do_not_count(other: Json):
    assert found(other) == ()


@pytest.mark.parametrize(
    ("run", "holds"),
    [
        ({}, True),
        ({"retryAt": stamp(later(200))}, True),
        ({"retryAt": stamp(later(0))}, False),
        ({"message": "AccessDenied", "retryAt": stamp(later(200))}, True),
        ({"message": "AccessDenied", "retryAt": stamp(later(139))}, False),
        ({"message": "connection refused", "retryAt": stamp(later(60))}, False),
    ],
    ids=["recorded", "asked", "answer lost", "asked again", "refused a minute ago", "reached no leader"],
)
def test_a_request_counts_only_while_the_leader_may_act_on_it(run: Json, holds: bool):
    assert bool(found(status(run={"state": "Requested", **run}))) is holds


def test_a_backup_that_nothing_ends_holds_masters_no_longer_than_its_timeout():
    began = NOW - timedelta(seconds=600) - GRACE

    assert found(status(started=stamp(began)), timeoutSeconds=600) == ("nightly",)
    assert found(status(started=stamp(began - timedelta(seconds=1))), timeoutSeconds=600) == ()
