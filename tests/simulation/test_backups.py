"""Backups and changes of the masters at the same time: neither ends the other, and both come to their end."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulation.actions import Action, Scenario
from tests.simulation.run import run

from alluxio_operator.kinds.backup import execute, taking
from alluxio_operator.kinds.cluster import execute as cluster_execute
from alluxio_operator.kinds.cluster import view
from alluxio_operator.kinds.cluster.rollout import pre_upgrade

SPEC: dict[str, Any] = {
    "version": "2.9.3",
    "rootMount": {"volume": {"size": "1Gi", "accessModes": ["ReadWriteMany"]}},
    "masters": {"replicas": 3},
    "workers": {"workload": "StatefulSet", "replicas": 2},
    "jobService": {"enabled": False},
    "logServer": {"enabled": False},
    "proxy": {"enabled": False},
}


def scenario(seed: int, *changes: Action) -> Scenario:
    return Scenario(seed, 4, SPEC, None, (Action("settle", 0, {}), *changes, Action("settle", 20, {})))


def backup(name: str, wait: float) -> Action:
    return Action("back_up", wait, {"name": name})


def restart(wait: float, value: str = "8") -> Action:
    return Action("set_env", wait, {"role": "masters", "value": value})


UPGRADE = Action("set_version", 1, {"version": "2.9.4"})


@pytest.mark.parametrize("wait", [0, 1, 2, 4, 7, 12, 30])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_backup_and_a_change_of_the_masters_come_to_their_end(seed: int, wait: float):
    assert run(scenario(seed, backup("first", 1), restart(wait), backup("second", wait), restart(3, "9"))) is None


@pytest.mark.parametrize("wait", [0, 2, 5, 9, 20])
def test_a_backup_of_a_user_and_an_upgrade_come_to_their_end(wait: float):
    assert run(scenario(3, backup("first", 1), UPGRADE, backup("second", wait), restart(wait))) is None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("count", range(1, 9))
def test_an_operator_that_ends_in_the_midst_of_an_upgrade_does_not_skip_its_backup(count: int, after: bool):
    stop = Action("stop_operator", 1, {"writes": count, "done": after})
    assert run(scenario(4, stop, UPGRADE, backup("first", 5))) is None


def without_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "guarded_by_backups", lambda step, writing: step)
    monkeypatch.setattr(cluster_execute, "backups_being_written", lambda backups, uid, now: ())


def test_a_rollout_that_does_not_wait_is_found_out(monkeypatch: pytest.MonkeyPatch):
    without_guard(monkeypatch)
    found = [run(scenario(1, backup("first", 1), restart(wait))) for wait in (1, 2, 4, 6)]
    assert {one.rule for one in found if one is not None} == {"backups_are_left_alone"}


def test_a_backup_that_does_not_wait_is_found_out(monkeypatch: pytest.MonkeyPatch):
    for module in (taking, execute):
        monkeypatch.setattr(module, "disruption_of", lambda cluster, own, now: "")
    without_guard(monkeypatch)
    found = [run(scenario(1, restart(1), backup("first", wait))) for wait in (4, 10, 20, 30)]
    assert any(one is not None for one in found)


def test_an_upgrade_without_its_backup_is_found_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pre_upgrade, "changes_version", lambda running, wanted: False)
    found = run(scenario(1, UPGRADE))
    assert found is not None
    assert found.rule == "versions_change_after_a_backup"
