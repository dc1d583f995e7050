"""Disruption budgets: who gets one, and how it counts pods that aren't well."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import cluster_spec

from alluxio_operator.kinds.cluster.objects.disruption import Budget, budgets


def found(**over: Any) -> list[Budget]:
    return list(budgets(cluster_spec(**over), members=1))


def test_single_pods_get_none_so_that_no_drain_waits_for_ever():
    assert found(proxy={"enabled": True}) == []


def test_the_workers_of_a_statefulset_leave_one_by_one_and_unwell_ones_at_once():
    assert found(workers={"replicas": 3}) == [Budget("worker", 1, "AlwaysAllow")]


def test_a_daemonset_gets_none_since_a_drain_leaves_it_alone():
    assert found(workers={"workload": "DaemonSet", "replicas": None}) == []


@pytest.mark.parametrize(("replicas", "enabled", "wanted"), [(2, True, 1), (1, True, 0), (2, False, 0)])
def test_proxies_get_one_when_there_are_several(replicas: int, enabled: bool, wanted: int):
    assert len(found(proxy={"enabled": enabled, "replicas": replicas})) == wanted


@pytest.mark.parametrize("members", [3, 5])
def test_masters_keep_their_quorum_and_those_that_are_not_ready_count_too(members: int):
    assert list(budgets(cluster_spec(), members)) == [Budget("master", 1, "IfHealthyBudget")]


def test_masters_that_are_stopped_keep_theirs():
    assert list(budgets(cluster_spec(masters={"replicas": 0}), members=3)) == [Budget("master", 1, "IfHealthyBudget")]
