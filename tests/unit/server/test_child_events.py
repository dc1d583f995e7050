"""Whom a changed child wakes: the same by hooks and by the server's watch. And which of the two is chosen."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from tests.support import children
from tests.support.informers import Informer

from alluxio_operator.engine.child_filters import KINDS as CHILDREN
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.environment import AUTO, HOOKS, WATCH
from alluxio_operator.kinds import registry
from alluxio_operator.kinds.discovery import descriptors
from alluxio_operator.server.child_events import HOOKS_BELOW, ChildEvents, source_for
from alluxio_operator.server.wakeups import Wakeups, wakeups_in
from alluxio_operator.server.watch import Watch
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics

Json = dict[str, Any]
OWNERS = [one.kind for one in descriptors()]
LABELS = children.MANAGED | {"alluxio-operator.io/owner-kind": "AlluxioCluster", "alluxio-operator.io/owner": "one"}
REFERENCE = children.REFERENCES[0]
LIFE = Path(__file__).parents[2] / "contexts" / "children" / "life.json"


def obj(version: int = 5, status: Json | None = None, **metadata: Any) -> Json:
    base = {"name": "one-x", "namespace": "data", "uid": "u", "resourceVersion": str(version), "labels": LABELS}
    return {"metadata": base | metadata, "status": status or {}}


def event(kind: str, thing: Json) -> Json:
    return {"type": kind, "object": thing}


def woken(kind: str, version: str = "", owner: str = "one", owner_kind: str = "AlluxioCluster") -> Request:
    key = OwnerKey(owner_kind, "data", owner)
    return Request(key, Reason.CHILD, frozenset({ChildRef(kind, "one-x", version)}))


class OneRound:
    """An API server of which everything that happens is known beforehand."""

    def __init__(self, existing: list[Json], events: list[Json]) -> None:
        self._existing, self._events = existing, events

    def pages(self, *_: Any, **__: Any) -> Iterator[Json]:
        yield {"metadata": {"resourceVersion": "1"}, "items": deepcopy(self._existing)}

    def watch(self, *_: Any, **__: Any) -> Iterator[Json]:
        yield from deepcopy(self._events)


def by_watch(kind: str, existing: list[Json], events: list[Json]) -> list[Request]:
    (watched,) = [one for one in registry.watched(Settings()) if one.kind == kind]
    requests: list[Request] = []
    watch = Watch(OneRound(existing, events), watched, requests.append, Metrics(CollectorRegistry()))
    watch._list()
    # What exists wakes its owners, too; by hooks all owners are looked at, instead.
    requests.clear()
    watch._follow()
    return requests


def by_hooks(kind: str, existing: list[Json], events: list[Json]) -> list[Request]:
    return read_by_hooks(kind, existing, events).children


def read_by_hooks(kind: str, existing: list[Json], events: list[Json]) -> Wakeups:
    informer = Informer(kind, existing)
    for one in events:
        informer.happens(one)
    return wakeups_in({"hook": "30-children", "contexts": informer.contexts}, OWNERS)


Way = Callable[[str, list[Json], list[Json]], list[Request]]
both_ways = pytest.mark.parametrize("way", [by_hooks, by_watch])


@both_ways
def test_a_child_that_is_made_wakes_its_owner(way: Way) -> None:
    assert way("Service", [], [event("ADDED", obj())]) == [woken("Service", "u/5")]


@both_ways
@pytest.mark.parametrize(
    ("kind", "changed", "version"),
    [
        ("ConfigMap", obj(6), "u/6"),
        ("StatefulSet", obj(6, {"readyReplicas": 1}), ""),
        ("Job", obj(6, {"conditions": [{"type": "Complete", "status": "True"}]}), ""),
        ("PodDisruptionBudget", obj(6, generation=2), ""),
        ("DaemonSet", obj(6, deletionTimestamp="2026-01-01T00:00:00Z"), ""),
    ],
)
def test_a_change_that_matters_wakes_the_owner(way: Way, kind: str, changed: Json, version: str) -> None:
    assert way(kind, [obj()], [event("MODIFIED", changed)]) == [woken(kind, version)]


@both_ways
@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("StatefulSet", obj(6, {"collisionCount": 1})),
        ("Deployment", obj(6, {"conditions": [{"type": "Available", "status": "True"}]})),
        ("Job", obj(6, {"conditions": [{"type": "Complete", "status": "False"}]})),
        ("PodDisruptionBudget", obj(6, {"currentHealthy": 1})),
    ],
)
def test_a_status_that_means_nothing_wakes_no_owner(way: Way, kind: str, changed: Json) -> None:
    assert way(kind, [obj()], [event("MODIFIED", changed)]) == []


@both_ways
def test_a_deleted_child_wakes_its_owner_without_its_last_version(way: Way) -> None:
    assert way("ConfigMap", [obj()], [event("DELETED", obj(6))]) == [woken("ConfigMap")]
    assert way("ConfigMap", [], [event("DELETED", obj(6))]) == [woken("ConfigMap")]


@both_ways
def test_the_reference_names_the_owner_before_the_labels_do(way: Way) -> None:
    presto = obj(ownerReferences=[children.REFERENCES[2], children.REFERENCES[1]])
    assert way("Job", [], [event("ADDED", presto)]) == [woken("Job", owner="two", owner_kind="Presto")]


@both_ways
def test_a_child_that_loses_its_owners_labels_wakes_the_owner_by_its_reference(way: Way) -> None:
    before, after = obj(ownerReferences=[REFERENCE]), obj(6, labels=children.MANAGED, ownerReferences=[REFERENCE])
    assert way("StatefulSet", [before], [event("MODIFIED", after)]) == [woken("StatefulSet")]


@both_ways
def test_a_child_that_never_had_an_owner_wakes_none(way: Way) -> None:
    nobodys = [obj(version, labels=children.MANAGED) for version in (5, 6, 7)]
    events = [event("MODIFIED", nobodys[1]), event("DELETED", nobodys[2])]
    assert way("ConfigMap", nobodys[:1], events) == []


def test_a_child_that_loses_every_sign_of_its_owner_is_looked_up_by_comparison() -> None:
    lost = [event("MODIFIED", obj(6, labels=children.MANAGED))]
    assert by_watch("ConfigMap", [obj()], lost) == [woken("ConfigMap", "u/6")]
    found = read_by_hooks("ConfigMap", [obj()], lost)
    assert (found.children, found.orphaned) == ([], True)
    assert not read_by_hooks("ConfigMap", [], [event("ADDED", obj(labels=children.MANAGED))]).orphaned


def recorded_life(kind: str) -> tuple[list[Json], list[Json]]:
    """Return what the API server sent of a child, and the contexts that shell-operator made of it meanwhile."""
    steps = json.loads(LIFE.read_text())
    events = [one for step in steps for one in step["events"] if one["object"]["kind"] == kind]
    contexts = [one for step in steps for one in step["contexts"] if one["binding"] == f"child-{kind}"]
    return events, contexts


@pytest.mark.parametrize("kind", ["ConfigMap", "StatefulSet", "Job"])
def test_a_recorded_life_of_a_child_wakes_its_owner_as_the_watch_would(kind: str) -> None:
    events, contexts = recorded_life(kind)
    found = wakeups_in({"hook": "30-children", "contexts": contexts}, OWNERS)
    expected = by_watch(kind, [], events)
    if kind == "ConfigMap":
        # Once without any sign of its owner: the watch remembers whose it was, the hooks have it looked up.
        assert found.orphaned
        (lost,) = [place for place, one in enumerate(contexts) if one["filterResult"]["wake"]["kind"] is None]
        del expected[lost]
    assert len(expected) > 3
    assert found.children == expected


@pytest.mark.parametrize("kind", ["ConfigMap", "StatefulSet", "Job"])
def test_the_stand_in_for_shell_operator_writes_the_contexts_that_were_recorded(kind: str) -> None:
    events, contexts = recorded_life(kind)
    informer = Informer(kind, [])
    for one in events:
        informer.happens(one)
    assert informer.contexts == contexts


OWNED = st.sampled_from(
    [
        {"labels": LABELS},
        {"labels": LABELS | {"team": "data"}},
        {"labels": LABELS, "ownerReferences": [REFERENCE]},
        {"labels": children.MANAGED, "ownerReferences": [REFERENCE]},
    ]
)


@pytest.mark.parametrize("kind", [kind for _, kind, _ in CHILDREN])
@hypothesis_settings(max_examples=20)
@given(data=st.data())
def test_any_life_of_a_child_wakes_its_owner_at_the_same_moments(kind: str, data: st.DataObject) -> None:
    lives = data.draw(st.lists(children.objects(kind, OWNED), min_size=1, max_size=6))
    exists = data.draw(st.booleans())
    events, there = [], exists
    for one in lives[1:] if exists else lives:
        if there and data.draw(st.booleans()):
            events.append(event("DELETED", one))
            there = False
        else:
            events.append(event("MODIFIED" if there else "ADDED", one))
            there = True
    existing = lives[:1] if exists else []
    assert by_hooks(kind, existing, events) == by_watch(kind, existing, events)


# --- which of the two -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "owners", "source"),
    [
        (AUTO, 0, HOOKS),
        (AUTO, HOOKS_BELOW - 1, HOOKS),
        (AUTO, HOOKS_BELOW, WATCH),
        (HOOKS, 10 * HOOKS_BELOW, HOOKS),
        (WATCH, 0, WATCH),
    ],
)
def test_by_itself_it_takes_hooks_while_owners_are_few(setting: str, owners: int, source: str) -> None:
    assert source_for(setting, owners) == source


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"alluxio_operator_{name}", labels)


def test_a_fleet_that_outgrows_the_hooks_is_reported_once_until_it_shrinks(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics(CollectorRegistry())
    events = ChildEvents(AUTO, metrics, limit=3)
    assert events.choose(2) == HOOKS
    sources = [value(metrics, "child_events_source", source=source) for source in (HOOKS, WATCH)]
    assert (sources, value(metrics, "child_events_outgrown")) == ([1, 0], 0)
    with caplog.at_level(logging.WARNING):
        events.count(3)
        events.count(4)
    assert [record.getMessage() for record in caplog.records] == [
        "too many resources for child events by hooks: restart the operator to switch to its own watches"
    ]
    assert (value(metrics, "child_events_outgrown"), value(metrics, "owners")) == (1, 4)
    events.count(2)
    assert value(metrics, "child_events_outgrown") == 0


@pytest.mark.parametrize(("setting", "at_start"), [(HOOKS, 2), (AUTO, 3), (WATCH, 2)])
def test_what_was_chosen_or_is_watched_already_is_never_outgrown(setting: str, at_start: int) -> None:
    metrics = Metrics(CollectorRegistry())
    events = ChildEvents(setting, metrics, limit=3)
    events.choose(at_start)
    events.count(10)
    assert value(metrics, "child_events_outgrown") == 0
