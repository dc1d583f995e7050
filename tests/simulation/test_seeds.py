"""No seed breaks a rule, but for the known faults, and each known fault is still there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.simulation.actions import Action, Scenario, scenario
from tests.simulation.run import KNOWN, run
from tests.simulation.shrink import shrunk

from alluxio_operator.kinds.cluster.rollout import rollout

CASES = Path(__file__).parent / "cases"


def test_no_rule_is_broken(seeds: range):
    failures = {seed: failure for seed in seeds if (failure := run(scenario(seed)))}
    replay = "  replay it: .venv/bin/python -m tests.simulation --seed"

    assert not failures, "\n".join(f"{failure}\n{replay} {seed}" for seed, failure in failures.items())


@pytest.mark.parametrize("case", sorted(CASES.glob("*.json")), ids=lambda case: case.stem)
def test_a_kept_case_breaks_no_rule(case: Path, request: pytest.FixtureRequest):
    given = json.loads(case.read_text())
    if reason := given.get("open"):
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))

    assert run(Scenario.from_json(given), ()) is None


def test_each_known_fault_has_an_open_case():
    for known in KNOWN:
        given = json.loads((CASES / known.case).read_text())
        assert given["open"]
        assert given["rule"] == known.rule


def test_a_seed_replays_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rollout, "closed_until", lambda window, now: None)
    one = waiting_for_a_window()
    first, second = run(one, ()), run(one, ())

    assert first is not None
    assert first.rule == "windows_hold"
    assert first == second


def test_a_failed_scenario_shrinks_to_what_it_needs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rollout, "closed_until", lambda window, now: None)
    one = waiting_for_a_window()
    failure = run(one, ())
    assert failure is not None

    smaller, found = shrunk(one, failure)

    assert found.rule == failure.rule
    assert [action.name for action in smaller.actions] == ["set_upgrade", "set_env"]


def waiting_for_a_window() -> Scenario:
    window = {"start": "0 5 * * *", "durationMinutes": 60}
    actions = (
        Action("settle", 0, {}),
        Action("crash_container", 5, {"role": "proxy", "index": 0}),
        Action("set_upgrade", 5, {"field": "maintenanceWindow", "value": window}),
        Action("add_node", 5, {}),
        Action("set_env", 5, {"role": "workers", "value": "7"}),
        Action("settle", 20, {}),
    )
    spec = {
        "version": "2.9.4",
        "rootMount": {"volume": {"size": "1Gi", "accessModes": ["ReadWriteMany"]}},
        "masters": {"replicas": 1},
        "workers": {"workload": "StatefulSet", "replicas": 2},
        "jobService": {"enabled": False},
        "logServer": {"enabled": False},
        "proxy": {"enabled": False},
    }
    return Scenario(1, 3, spec, None, actions)
