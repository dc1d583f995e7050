"""What is remembered of objects: which events are news, and how long a mark lasts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.applier import NS, Applier, Json, data_edited, wanted
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.cache import invalidate, is_news
from alluxio_operator.engine.render import Manifest
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.kinds import KINDS


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def applier(kube: FakeKube) -> Applier:
    return Applier(kube)


# --- the operator's own writes come back as events ----------------------------------------------------------------


def told(manifest: Manifest, live: Json, reason: Reason = Reason.CHILD, **options: Any) -> Request:
    """Return the request that an event of an object makes, with the version that the event tells."""
    version = f"{live['metadata']['uid']}/{live['metadata']['resourceVersion']}"
    child = ChildRef(manifest.ref.kind, manifest.ref.name, version)
    return Request(OwnerKey("AlluxioCluster", NS, "one"), reason, frozenset({child}), **options)


def test_an_event_of_its_own_write_is_no_news_and_makes_no_doubt(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    request = told(one, applier.live(one))
    kube.calls.clear()

    assert not is_news(applier.cache, request)
    invalidate(applier.cache, request)
    applier(one)

    assert kube.calls == []


@pytest.mark.parametrize("change", ["edited", "recreated", "deleted", "everything", "unknown", "by a person"])
def test_whatever_else_an_event_tells_is_news(change: str, applier: Applier, kube: FakeKube):
    one, live = wanted(data={"x": "1"}), {}
    if change != "unknown":
        applier(one)
        live = applier.live(one)
    request = told(one, live or {"metadata": {"uid": "u", "resourceVersion": "1"}})
    match change:
        case "edited":
            applier.edit(one, data_edited)
            request = told(one, applier.live(one))
        case "recreated":
            request = told(one, {"metadata": {**live["metadata"], "uid": "another"}})
        case "deleted":
            request = replace(request, children=frozenset({ChildRef("ConfigMap", "settings")}))
        case "everything":
            request = replace(request, everything=True)
        case "by a person":
            request = replace(request, reason=Reason.EDIT)

    assert is_news(applier.cache, request)


def test_a_workload_is_always_news_since_its_status_counts(applier: Applier):
    one = wanted("StatefulSet", "w")
    applier(one)

    assert is_news(applier.cache, told(one, applier.live(one)))


def test_one_of_several_that_is_news_is_enough(applier: Applier):
    one, two = wanted(name="one", data={"x": "1"}), wanted(name="two", data={"x": "1"})
    applier(one, two)
    known = told(one, applier.live(one))
    applier.edit(two, data_edited)
    both = replace(known, children=known.children | told(two, applier.live(two)).children)

    assert is_news(applier.cache, both)
    invalidate(applier.cache, both)
    assert applier(one, two).changed == [two.ref]


# --- doubts outlive what comes in between -------------------------------------------------------------------------


def test_what_an_event_named_is_still_looked_at_after_a_refusal_before_it(applier: Applier, kube: FakeKube):
    first, second = wanted(name="first"), wanted(name="second", data={"x": "1"})
    applier(first, second)
    applier.edit(second, data_edited)
    foreign = wanted("Service", "foreign")
    kube.put({**foreign.obj, "metadata": {"name": "foreign", "namespace": NS}})

    assert applier(first, foreign, wanted(name="second", data={"x": "2"}), children=[second.ref]).refused
    kube.remove(KINDS["Service"].path(NS, "foreign"))

    assert applier(first, foreign, second).changed == [second.ref]
