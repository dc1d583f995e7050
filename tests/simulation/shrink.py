"""Finds a smaller scenario that breaks the same rule: fewer actions, and a simpler cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.simulation.actions import Scenario
from tests.simulation.run import Failure, run

SIMPLER = (("jobService", "enabled"), ("logServer", "enabled"), ("proxy", "enabled"), ("fuse", "enabled"))


def shrunk(scenario: Scenario, failure: Failure) -> tuple[Scenario, Failure]:
    """Return the smallest scenario found by leaving out parts as long as the same rule is broken."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(scenario):
            found = run(candidate)
            if found is not None and found.rule == failure.rule:
                scenario, failure, smaller = candidate, found, True
                break
    return scenario, failure


def _candidates(scenario: Scenario) -> Iterator[Scenario]:
    actions = scenario.actions
    size = len(actions) // 2
    while size >= 1:
        for start in range(0, len(actions), size):
            yield replace(scenario, actions=actions[:start] + actions[start + size :])
        size //= 2
    if scenario.presto is not None:
        yield replace(scenario, presto=None)
    for role, field in SIMPLER:
        if scenario.cluster.get(role, {}).get(field):
            yield replace(scenario, cluster={**scenario.cluster, role: {field: False}})
