"""A watch: whom it wakes and when, and that nothing ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from server_fakes import eventually

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.errors import ApiError, Gone
from alluxio_operator.server.watch import Watch, Watched
from alluxio_operator.telemetry.metrics import Metrics

Json = dict[str, Any]
Answer = list[Json] | Exception


def obj(name: str, state: int = 1, owner: str | None = "one", version: int = 5) -> Json:
    return {"metadata": {"namespace": "data", "name": name, "resourceVersion": str(version)}, "s": state, "o": owner}


def event(kind: str, thing: Json) -> Json:
    return {"type": kind, "object": thing}


def owner_of(thing: Any) -> OwnerKey | None:
    return OwnerKey("AlluxioCluster", "data", thing["o"]) if thing["o"] else None


def woken(*names: str, owner: str = "one", version: str = "") -> list[Request]:
    key = OwnerKey("AlluxioCluster", "data", owner)
    return [Request(key, Reason.CHILD, frozenset({ChildRef("ConfigMap", name, version)})) for name in names]


class Scripted:
    """An API server that gives the written answers, and then nothing more."""

    def __init__(self, lists: list[list[Json] | Exception], watches: list[Answer]) -> None:
        self.lists, self.watches = lists, watches
        self.asked_from: list[str] = []
        self.released = threading.Event()

    def pages(self, path: str, label_selector: str = "", *, metadata_only: bool = False) -> Iterator[Json]:
        assert (path, label_selector, metadata_only) == ("/configmaps", "ours=1", True)
        answer = self.lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        half = len(answer) // 2
        yield {"metadata": {"resourceVersion": "100"}, "items": answer[:half] or None}
        yield {"metadata": {"resourceVersion": "100"}, "items": answer[half:]}

    def watch(
        self, path: str, label_selector: str, version: str, seconds: int, *, metadata_only: bool = False
    ) -> Iterator[Json]:
        assert (path, label_selector, metadata_only) == ("/configmaps", "ours=1", True)
        self.asked_from.append(version)
        if not self.watches:
            self.released.wait(10)
            return
        answer = self.watches.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield from answer


class Run:
    def __init__(self, lists: list[list[Json] | Exception], watches: list[Answer]) -> None:
        self.server = Scripted(lists, watches)
        self.requests: list[Request] = []
        self.metrics = Metrics(CollectorRegistry())
        watched = Watched("ConfigMap", "/configmaps", "ours=1", True, owner_of, lambda thing: thing["s"])
        self.watch = Watch(self.server, watched, self.requests.append, self.metrics, pauses=(0.01,))
        self.watch.start()

    def restarts(self, cause: str) -> float | None:
        labels = {"kind": "ConfigMap", "cause": cause}
        return self.metrics.registry.get_sample_value("alluxio_operator_watch_restarts_total", labels)


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(lists: list[list[Json] | Exception], watches: list[Answer]) -> Run:
        found = Run(lists, watches)
        runs.append(found)
        # At the last answer it has taken in all that was written.
        eventually(lambda: not found.server.watches and bool(found.server.asked_from))
        eventually(lambda: len(found.server.asked_from) >= 1)
        return found

    yield start
    for one in runs:
        one.watch.close()
        one.server.released.set()


def seen(found: Run) -> list[Request]:
    count = -1
    while count != len(found.requests):
        count = len(found.requests)
        threading.Event().wait(0.05)
    return found.requests


def test_what_exists_wakes_its_owner_once(run: Callable[..., Run]) -> None:
    found = run([[obj("a"), obj("b"), obj("c", owner=None)]], [])
    assert seen(found) == woken("a", "b")
    assert found.server.asked_from == ["100"]


def test_a_change_that_matters_wakes_its_owner_and_another_one_does_not(run: Callable[..., Run]) -> None:
    same, other = event("MODIFIED", obj("a", version=101)), event("MODIFIED", obj("a", state=2, version=102))
    found = run([[obj("a")]], [[same, other, event("ADDED", obj("b", version=103))]])
    assert seen(found) == woken("a", "a", "b")
    # It goes on from the last event, not from the list.
    assert found.server.asked_from == ["100", "103"]


def test_what_is_deleted_wakes_its_owner_also_when_it_was_never_seen(run: Callable[..., Run]) -> None:
    found = run([[obj("a")]], [[event("DELETED", obj("a", version=101)), event("DELETED", obj("z", version=102))]])
    assert seen(found) == woken("a", "a", "z")


def test_what_loses_its_owner_wakes_the_one_that_it_had(run: Callable[..., Run]) -> None:
    found = run([[obj("a")]], [[event("MODIFIED", obj("a", state=2, owner=None, version=101))]])
    assert seen(found) == woken("a", "a")


def test_a_bookmark_moves_on_and_wakes_nobody(run: Callable[..., Run]) -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "190"}}}
    found = run([[obj("a")]], [[bookmark]])
    assert seen(found) == woken("a")
    assert found.server.asked_from == ["100", "190"]


@pytest.mark.parametrize(
    "end",
    [
        [{"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}],
        Gone("WATCH", 410, "too old"),
    ],
)
def test_a_version_that_is_too_old_has_everything_listed_and_compared(run: Callable[..., Run], end: Answer) -> None:
    # While it did not see: a stayed, b changed, c went, d came.
    found = run([[obj("a"), obj("b"), obj("c")], [obj("a"), obj("b", state=2), obj("d")]], [end])
    eventually(lambda: len(found.requests) == 6)
    assert seen(found) == [*woken("a", "b", "c"), *woken("b", "d"), *woken("c")]
    assert found.restarts("gone") == 1


@pytest.mark.parametrize(
    "end",
    [
        ApiError("WATCH", 0, "cut off"),
        ApiError("WATCH", 429, "too many", 0.01),
        [{"type": "ERROR", "object": {"code": 500, "message": "internal"}}],
    ],
)
def test_a_watch_that_is_cut_off_goes_on_where_it_was(run: Callable[..., Run], end: Answer) -> None:
    later = [event("MODIFIED", obj("a", state=2, version=120))]
    found = run([[obj("a")]], [[event("ADDED", obj("b", version=110))], end, later])
    assert seen(found) == woken("a", "b", "a")
    assert found.server.asked_from == ["100", "110", "110", "120"]
    assert found.restarts("failed") == 1


def test_a_list_that_fails_is_tried_again(run: Callable[..., Run]) -> None:
    found = run([ApiError("GET", 403, "forbidden"), [obj("a")]], [])
    assert seen(found) == woken("a")


def test_an_object_that_nobody_understands_does_not_end_it(run: Callable[..., Run]) -> None:
    broken = {"metadata": {"namespace": "data", "name": "x", "resourceVersion": "101"}}
    found = run([[obj("a")], [obj("a"), obj("b")]], [[event("ADDED", broken)]])
    eventually(lambda: len(found.requests) == 2)
    assert found.requests == woken("a", "b")
    assert found.watch.alive()
    assert found.restarts("error") == 1


def test_once_closed_it_wakes_nobody_and_ends(run: Callable[..., Run]) -> None:
    found = run([[obj("a")]], [])
    seen(found)
    found.watch.close()
    found.server.released.set()
    eventually(lambda: not found.watch.alive())


def test_a_wake_up_carries_the_version_where_the_kind_tells_it() -> None:
    requests: list[Request] = []
    server = Scripted([[obj("a")]], [])
    watched = Watched(
        "ConfigMap",
        "/configmaps",
        "ours=1",
        True,
        owner_of,
        lambda thing: thing["s"],
        lambda thing: f"u/{thing['metadata']['resourceVersion']}",
    )
    watch = Watch(server, watched, requests.append, Metrics(CollectorRegistry()))
    watch.start()
    eventually(lambda: requests == woken("a", version="u/5"))
    watch.close()
    server.released.set()


def test_versions_that_are_always_too_old_are_not_listed_without_a_pause() -> None:
    server = Scripted([[]] * 9, [Gone("WATCH", 410, "too old")] * 9)
    watched = Watched("ConfigMap", "/configmaps", "ours=1", True, owner_of, lambda thing: thing["s"])
    metrics = Metrics(CollectorRegistry())
    watch = Watch(server, watched, lambda request: None, metrics, pauses=(0.01, 3600.0))
    watch.start()

    # The first list comes at once, the second after a moment, and the third after an hour.
    eventually(lambda: len(server.asked_from) == 3)
    threading.Event().wait(0.1)
    assert len(server.asked_from) == 3
    watch.close()


def test_watches_that_end_at_once_pause(run: Callable[..., Run]) -> None:
    found = run([[]], [[]] * 3)
    # The fourth one lasts.
    eventually(lambda: len(found.server.asked_from) == 4)
    assert found.restarts("short") == 3
