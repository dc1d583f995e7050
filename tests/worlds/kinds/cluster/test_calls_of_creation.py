"""What an installation costs the API server, call by call: a new call shows here before it shows in the bench.

`pytest -s` prints the table. The bench's floor makes 21 calls for the same cluster: the resource, and an apply for each
of its 20 objects.
"""

from __future__ import annotations

import pytest
import yaml
from tests.support.builders import ROOT, resource
from tests.support.call_table import CallTable, counted
from tests.support.world import World

from alluxio_operator.engine import render


def smallest_sample() -> World:
    spec = yaml.safe_load((ROOT / "config" / "samples" / "small.yaml").read_text())["spec"]
    return World({**resource(), "spec": spec})


def calls_until_ready(world: World) -> CallTable:
    """Reconcile as often as a burst of installations does: once for each layer, as all events between them are one."""
    steps = {}
    for layer in ("configuration", "workloads", "services"):
        world.kube.calls.clear()
        world.reconcile()
        steps[layer] = counted(world.kube.calls)
        world.turn()
    assert world.phase == "Ready"
    return CallTable(steps)


def test_an_installation_costs_these_calls_and_no_others():
    table = calls_until_ready(smallest_sample())
    print(f"\n{table}")

    assert dict(table.total) == {
        # What is promised: the objects, the one initialisation of the journal, and what is on record before and after.
        "apply configmaps": 7,
        "apply deployments": 1,
        "apply jobs": 1,
        "apply networking.k8s.io/networkpolicies": 1,
        "apply persistentvolumeclaims": 4,
        "apply serviceaccounts": 1,
        "apply services": 6,
        "apply statefulsets": 3,
        "create controllerrevisions": 1,
        "replace alluxioclusters/status": 4,
        # What is told.
        "create events": 4,
        # What is looked at.
        "get alluxioclusters": 3,
        "get deployments": 1,
        "get jobs": 2,
        "get persistentvolumeclaims": 1,
        "get statefulsets": 3,
        "list metrics.k8s.io/pods": 1,
        "list persistentvolumeclaims": 3,
        "list pods": 3,
    }
    assert (table.writes, table.reads) == (33, 17)


def test_a_cluster_at_rest_costs_these_reads():
    world = smallest_sample()
    calls_until_ready(world)
    world.reconcile()
    world.kube.calls.clear()

    world.reconcile()

    assert dict(counted(world.kube.calls)) == {
        "get alluxioclusters": 1,
        "list pods": 1,
        "list persistentvolumeclaims": 1,
        "get statefulsets": 3,
        "get deployments": 1,
    }


def test_each_object_is_parsed_once_and_again_only_when_it_changes(monkeypatch: pytest.MonkeyPatch):
    parse, parsed = render.parse, list[str]()

    def counted(template: str, text: str) -> tuple[render.Manifest, ...]:
        parsed.append(template.removeprefix("alluxio/").partition(".")[0])
        return parse(template, text)

    monkeypatch.setattr(render, "parse", counted)
    world = smallest_sample()
    found = []
    for _ in range(4):
        parsed.clear()
        world.reconcile()
        world.turn()
        found.append(list(parsed))

    assert len(found[0]) == len(set(found[0])) == 13
    # The journal's claim says that it was initialised, and then its Job is gone.
    assert found[1:] == [["15-storage"], ["25-journal"], []]
