"""Others at work at the same time, and an API server that says no for a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.stage import Json, Stage, Watched

from alluxio_operator.engine.work import Outcome
from alluxio_operator.kube.errors import ApiError, Conflict
from alluxio_operator.kube.kinds import KINDS

NOTHING_MORE = {"jobService": {"enabled": False}, "logServer": {"enabled": False}}
LATER = {"StatefulSet/small-master", "StatefulSet/small-worker", "ConfigMap/small-client", "Service/small-client"}
"""What is on record from the start, and made once the journal is there."""


@pytest.mark.parametrize("nth", [1, 2], ids=["before the intent", "before the report"])
def test_a_resource_edited_meanwhile_is_requeued_at_once_and_nothing_is_lost(nth: int, stage: Stage):
    writes = 0

    def edit(verb: str, arguments: tuple[Any, ...]) -> None:
        nonlocal writes
        if verb == "replace":
            writes += 1
            if writes == nth:
                stage.edit(masters={"properties": {"alluxio.master.ttl.checker.interval": "1m"}})

    stage.start_operator(Watched(stage.api.kube, edit))
    stage.create(**NOTHING_MORE)

    assert stage.reconcile() == Outcome(requeue_after=0.0, changed=nth == 2)

    assert stage.reconcile().changed
    text = stage.get("ConfigMap", "masterconf")["data"]["alluxio-site.properties"]
    assert "alluxio.master.ttl.checker.interval=1m" in text
    status = stage.status
    assert status["observedGeneration"] == stage.resource["metadata"]["generation"] == 2
    assert status["phase"] == "Installing"
    assert "Created" in stage.events()


def once(verb: str, nth: int, error: ApiError) -> Callable[[str, tuple[Any, ...]], None]:
    """Raise an error at the n-th call of a verb."""
    seen = 0

    def before(called: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if called == verb:
            seen += 1
            if seen == nth:
                raise error

    return before


@pytest.mark.parametrize(
    ("verb", "nth", "error"),
    [
        ("apply", 5, ApiError("PATCH", 503, "injected")),
        ("apply", 9, ApiError("PATCH", 429, "injected", 1.0)),
        ("replace", 1, ApiError("PUT", 500, "injected")),
        ("replace", 2, ApiError("PUT", 500, "injected")),
        ("list", 1, ApiError("GET", 0, "injected")),
    ],
)
def test_an_error_is_raised_and_the_next_reconcile_completes(verb: str, nth: int, error: ApiError, stage: Stage):
    stage.create(**NOTHING_MORE)
    stage.start_operator(Watched(stage.api.kube, once(verb, nth, error)))

    with pytest.raises(ApiError, match="injected"):
        stage.reconcile()
    stage.reconcile()

    assert stage.status["phase"] == "Installing"
    assert stage.condition("ConfigurationApplied")["status"] == "True"
    recorded = {f"{item['kind']}/{item['name']}" for item in stage.status["inventory"]}
    assert recorded == set(stage.refs()) | LATER
    assert len([ref for ref in stage.refs() if ref.startswith("Job/")]) == 1


def test_a_conflict_at_a_creation_is_looked_into_at_once(stage: Stage):
    stage.create(**NOTHING_MORE)
    stage.start_operator(Watched(stage.api.kube, once("apply", 5, Conflict("PATCH", 409, "injected"))))

    stage.reconcile()

    assert stage.condition("ConfigurationApplied")["status"] == "True"
    recorded = {f"{item['kind']}/{item['name']}" for item in stage.status["inventory"]}
    assert recorded == set(stage.refs()) | LATER


@pytest.mark.parametrize("kind", ["ConfigMap", "PersistentVolumeClaim", "ServiceAccount"])
def test_what_somebody_makes_just_before_it_is_made_is_not_taken_over(kind: str, stage: Stage):
    theirs: list[Json] = []

    def overtake(verb: str, arguments: tuple[Any, ...]) -> None:
        if verb == "apply" and arguments[1]["kind"] == kind and not theirs:
            obj = arguments[1]
            metadata = {"name": obj["metadata"]["name"], "labels": {"made-by": "somebody"}}
            body = {**obj, "metadata": metadata}
            theirs.append(stage.api.call("POST", KINDS[kind].path(stage.namespace), body, ok=True).body)

    stage.create(**NOTHING_MORE)
    stage.start_operator(Watched(stage.api.kube, overtake))
    stage.reconcile()

    (made,) = theirs
    path = KINDS[kind].path(stage.namespace, made["metadata"]["name"])
    live = stage.api.call("GET", path, ok=True).body
    assert (live["metadata"]["uid"], live["metadata"]["labels"]) == (made["metadata"]["uid"], {"made-by": "somebody"})
    assert all(entry["manager"] != "alluxio-operator" for entry in live["metadata"]["managedFields"])
    assert "doesn't belong to this resource" in stage.condition("ConfigurationApplied")["message"]


def test_two_operators_at_once_do_no_harm(stage: Stage):
    # One that no longer leads and does not know it yet reads, and is overtaken before it writes.
    overtaken = Stage(stage.api, stage.namespace)
    done = False

    def overtake(verb: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if verb == "replace" and not done:
            done = True
            stage.reconcile()

    overtaken.start_operator(Watched(stage.api.kube, overtake))
    stage.create(**NOTHING_MORE)

    assert overtaken.reconcile() == Outcome(requeue_after=0.0, changed=False), "it fails at its first write"
    before = {ref: obj["metadata"]["uid"] for ref, obj in stage.objects().items()}
    stage.reconcile()
    assert overtaken.reconcile().changed is False
    assert {ref: obj["metadata"]["uid"] for ref, obj in stage.objects().items()} == before
