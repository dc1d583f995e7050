"""The simulation finds faults: each one that the operator once had is put back, and a seed breaks the rule for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from tests.simulation.actions import Action, Scenario, scenario
from tests.simulation.run import Failure, forget, run
from tests.simulation.store import Store
from tests.simulation.world import CLUSTER

from alluxio_operator.kinds.cluster import names, observe
from alluxio_operator.kinds.cluster.rollout import rollout

Json = dict[str, Any]
pytestmark = pytest.mark.timeout(600)

MOST_SEEDS = 60


def first_failure(rules: set[str]) -> Failure:
    """Return the first failure that breaks one of the rules; seeds up to a bound, mostly of changes under way."""
    forget()
    others = []
    for seed in range(1, MOST_SEEDS + 1):
        failure = run(scenario(seed, story_share=0.9), ())
        if failure is not None and failure.rule in rules:
            return failure
        others += [failure.rule] if failure else []
    raise AssertionError(f"no seed up to {MOST_SEEDS} breaks one of {rules}; broken were {set(others)}")


def test_unready_pods_that_count_as_useless_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rollout.Roles, "is_expendable", lambda roles, pod: not pod.ready)
    monkeypatch.setattr(rollout, "_replace_expendable", lambda pods, upgrade, now: rollout._replace(pods, now))

    failure = first_failure(
        {"running_pods_are_kept", "quorum_is_kept", "last_copies_are_kept", "step_waits_for_health"}
    )

    assert failure.rule


def test_a_step_that_is_judged_by_its_whole_role_is_found(monkeypatch: pytest.MonkeyPatch):
    def by_role(roles: rollout.Roles, current: Any, remaining: Any) -> str | None:
        terminating = any(pod.deleted for pod in remaining)
        return f"{remaining[0].name} is terminating" if terminating else roles.unhealthy_reason(current.role)

    monkeypatch.setattr(rollout, "_step_problem", by_role)
    worlds = [scenario_with_a_lost_node(index) for index in range(4)]

    assert any(failure.rule == "steps_fail_by_their_own_pods" for one in worlds if (failure := run(one, ())))


def scenario_with_a_lost_node(index: int) -> Scenario:
    """Return a change of three workers in whose midst a machine dies."""
    spec = {
        "version": "2.9.4",
        "rootMount": {"volume": {"size": "1Gi", "accessModes": ["ReadWriteMany"]}},
        "masters": {"replicas": 1},
        "workers": {"workload": "StatefulSet", "replicas": 3},
        "jobService": {"enabled": False},
        "logServer": {"enabled": False},
        "proxy": {"enabled": False},
        "upgrade": {"stepTimeoutSeconds": 30},
    }
    actions = (
        Action("settle", 0, {}),
        Action("lose_node", 5, {"index": index, "how": "dead"}),
        # The API server shows the loss after 40 s: in the midst of the first step.
        Action("set_env", 36, {"role": "workers", "value": "7"}),
        Action("settle", 60, {}),
    )
    return Scenario(1, 4, spec, None, actions)


def test_terminating_claims_that_count_as_in_use_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(observe, "is_leaving", lambda claim, uid: False)

    failure = first_failure({"converges"})

    assert "JournalMissing" in failure.message


def test_a_deployment_that_is_held_as_a_whole_is_found(monkeypatch: pytest.MonkeyPatch):
    applied: Callable[..., Json] = Store.apply

    def held(store: Store, namespace: str, obj: Mapping[str, Any], **how: bool) -> Json:
        live = store.find(obj["kind"], namespace, obj["metadata"]["name"])
        resource = store.find(CLUSTER.kind, namespace, CLUSTER.name)
        conditions = (resource or {}).get("status", {}).get("conditions", ())
        waits = any(one["type"] == "UpToDate" and one["status"] != "True" for one in conditions)
        if live is not None and waits and obj["metadata"]["name"] == f"{CLUSTER.name}-proxy":
            return dict(live)
        return applied(store, namespace, obj, **how)

    monkeypatch.setattr(Store, "apply", held)

    failure = first_failure({"counts_reach_their_workloads", "ready_is_true"})

    assert "proxy" in failure.message


def all_at_once(role: str) -> Callable[..., rollout.RolloutStep]:
    """Return a step that replaces all pods of a role."""
    start = rollout._start

    def step(of: str, pods: Any, roles: rollout.Roles, upgrade: Any, now: datetime) -> rollout.RolloutStep:
        return rollout._replace(pods, now) if of == role else start(of, pods, roles, upgrade, now)

    return step


@pytest.mark.parametrize(
    ("name", "broken", "rule"),
    [
        ("_start", all_at_once(names.MASTER), "quorum_is_kept"),
        ("_start", all_at_once(names.WORKER), "step_waits_for_health"),
        ("_await_canary", lambda current, upgrade, now: None, "canaries_run_alone"),
    ],
    ids=["quorum", "maxUnavailable", "canary"],
)
def test_a_limit_of_the_rollout_that_is_ignored_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: Callable[..., Any], rule: str
):
    monkeypatch.setattr(rollout, name, broken)

    first_failure({rule})
