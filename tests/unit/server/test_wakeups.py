"""What is read from a hook's message: every form of context, and everything that can be wrong with one."""

from __future__ import annotations

from typing import Any

import pytest

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.server.wakeups import MessageError, Wakeups, wakeups_in

KIND = "AlluxioCluster"
ONE = OwnerKey(KIND, "data", "one")
WAKE = {"kind": KIND, "namespace": "data", "name": "one"}
SEEN = {"wake": WAKE, "generation": 7}
EXISTS = [Request(ONE, Reason.RESYNC)]


def read(*contexts: Any) -> Wakeups:
    return wakeups_in({"hook": "10-alluxioclusters", "contexts": list(contexts)}, {KIND})


def event(**changes: Any) -> dict[str, Any]:
    return {"binding": "b", "type": "Event", "watchEvent": "Modified", "filterResult": {"wake": WAKE | changes}}


def test_an_event_of_the_owner_is_an_edit() -> None:
    assert read(event()) == Wakeups("10-alluxioclusters", [Request(ONE, Reason.EDIT)])


@pytest.mark.parametrize(
    "context",
    [
        {"binding": "b", "type": "Synchronization", "objects": [{"filterResult": SEEN, "object": {}}]},
        {"binding": "b", "type": "Group", "groupName": "g", "snapshots": {"b": [{"filterResult": SEEN}]}},
    ],
)
def test_what_exists_is_no_change(context: dict[str, Any]) -> None:
    assert read(context) == Wakeups("10-alluxioclusters", existing=EXISTS)


def child(watch_event: str, **wake: Any) -> dict[str, Any]:
    named = {"kind": "ConfigMap", "name": "one-client", "version": "u/7"}
    seen = {"wake": WAKE | {"child": named} | wake}
    return {"binding": "child-ConfigMap", "type": "Event", "watchEvent": watch_event, "filterResult": seen}


@pytest.mark.parametrize(("watch_event", "version"), [("Added", "u/7"), ("Modified", "u/7"), ("Deleted", "")])
def test_an_event_of_a_child_names_it_with_the_version_that_there_is(watch_event: str, version: str) -> None:
    request = Request(ONE, Reason.CHILD, frozenset({ChildRef("ConfigMap", "one-client", version)}))
    assert read(child(watch_event)) == Wakeups("10-alluxioclusters", children=[request])


def test_a_child_of_a_kind_that_is_not_reconciled_is_left_out() -> None:
    assert read(child("Modified", kind="Another")) == Wakeups("10-alluxioclusters", left_out=1)


@pytest.mark.parametrize("name", ["../../other/alluxioclusters/one", "one?watch=true", "..", "x" * 300])
def test_an_owner_with_a_name_that_no_resource_has_is_left_out(name: str) -> None:
    """Any user may write it into an owner reference, which the API server doesn't check."""
    assert read(child("Modified", name=name)) == Wakeups("10-alluxioclusters", left_out=1)


@pytest.mark.parametrize("wake", [{"kind": None, "name": None}, {"kind": KIND, "name": None}, {"kind": "", "name": ""}])
def test_a_child_that_names_no_owner_may_have_lost_its_name(wake: dict[str, Any]) -> None:
    assert read(child("Modified", **wake)) == Wakeups("10-alluxioclusters", orphaned=True, left_out=1)
    assert read(child("Added", **wake)) == Wakeups("10-alluxioclusters", left_out=1)


@pytest.mark.parametrize("objects", [[], [{"filterResult": {"wake": WAKE | {"child": {}}}}]])
def test_the_synchronization_of_children_says_that_they_are_watched(objects: list[Any]) -> None:
    began = {"binding": "child-Job", "type": "Synchronization", "objects": objects}
    assert read(began) == Wakeups("10-alluxioclusters", children_watched=True)


@pytest.mark.parametrize(
    "context",
    [
        {"binding": "onStartup"},
        {"binding": "other", "type": "Schedule"},
        {"binding": "b", "type": "Synchronization", "objects": []},
        {"binding": "b", "type": "Group", "groupName": "g", "snapshots": {}},
        {"binding": "b", "type": "Event", "watchEvent": "Added", "object": None, "filterResult": ""},
        {"binding": "b", "type": "Validating", "review": {}},
    ],
)
def test_a_context_that_tells_of_no_object_wakes_nobody(context: dict[str, Any]) -> None:
    assert read(context) == Wakeups("10-alluxioclusters")


def test_the_resync_schedule_asks_for_every_owner() -> None:
    assert read({"binding": "resync", "type": "Schedule"}).resync


@pytest.mark.parametrize("changes", [{"kind": "Mistyped"}, {"kind": None}, {"name": None}, {"name": ""}])
def test_an_owner_that_cannot_be_is_left_out(changes: dict[str, Any]) -> None:
    assert read(event(**changes), event()) == Wakeups("10-alluxioclusters", [Request(ONE, Reason.EDIT)], left_out=1)


@pytest.mark.parametrize(
    "message",
    [
        [],
        None,
        {"hook": "h"},
        {"contexts": []},
        {"hook": 1, "contexts": []},
        {"hook": "h", "contexts": {}},
        {"hook": "h", "contexts": [1]},
        {"hook": "h", "contexts": [{"type": "Event", "filterResult": 1}]},
        {"hook": "h", "contexts": [{"type": "Event", "filterResult": {"generation": 1}}]},
        {"hook": "h", "contexts": [event(name=7)]},
        {"hook": "h", "contexts": [event(child=7)]},
        {"hook": "h", "contexts": [event(child={"kind": "Job"})]},
    ],
)
def test_what_no_hook_sends_is_refused(message: Any) -> None:
    with pytest.raises(MessageError):
        wakeups_in(message, {KIND})
