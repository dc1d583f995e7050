"""Resyncs run one at a time, and a request during one is served by the next."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import pytest
from server_fakes import eventually

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.server.resyncs import SETTLING, Ask, Resyncs

KIND = "AlluxioCluster"
ONE, TWO = (OwnerKey(KIND, "data", name) for name in ("one", "two"))
DRIFT = Request(TWO, Reason.CHILD, frozenset({ChildRef("ConfigMap", "two-client")}))


class Running:
    """Resyncs of two owners over a queue that records."""

    def __init__(self) -> None:
        self.added: list[Request] = []
        self.planned: list[tuple[Request, float]] = []
        self.edited: list[OwnerKey] = []
        self.drifted: list[Request] = []
        self.failures: list[Exception] = []
        self.began = 0
        self.at_once = 0
        self.most_at_once = 0
        self.now = 0.0
        self.took = 0.0
        self.go_on = threading.Event()
        self.go_on.set()
        self.resyncs = Resyncs(
            self,  # type: ignore[arg-type]
            self.list_owners,
            self.resync,
            spread=540,
            pauses=(0.01,),
            clock=lambda: self.now,
        )
        self.resyncs.start()

    def add_all(self, requests: Iterable[Request]) -> None:
        self.added.extend(requests)

    def add_after(self, request: Request, delay: float) -> None:
        self.planned.append((request, delay))

    def resync(self) -> Iterator[Request]:
        self.began += 1
        self.now += self.took
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.go_on.wait(10)
        self.at_once -= 1
        yield from self.list_owners()
        yield from self.drifted

    def list_owners(self) -> Iterator[Request]:
        if self.failures:
            raise self.failures.pop()
        for key in (ONE, TWO):
            yield Request(key, Reason.EDIT if key in self.edited else Reason.RESYNC)


@pytest.fixture
def running() -> Iterator[Running]:
    found = Running()
    yield found
    found.go_on.set()
    found.resyncs.close()
    eventually(lambda: not found.resyncs.alive())


def test_a_comparison_that_a_user_can_cause_is_followed_by_a_rest(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(running.resyncs, "_rest", rests.append)
    running.took = 2.0

    for number, asked in enumerate((Ask.DRIFT, Ask.EVERY_OWNER_SPREAD, Ask.DRIFT), 1):
        running.resyncs.ask(asked)
        eventually(lambda number=number: running.began == number)  # type: ignore[misc]
    eventually(lambda: len(rests) == 2)

    assert rests == [18.0, 18.0]


def test_an_edit_ends_the_rest(running: Running) -> None:
    running.took = 1e6
    running.resyncs.ask(Ask.DRIFT)
    eventually(lambda: running.began == 1)
    running.edited = [ONE]

    running.resyncs.ask(Ask.EDITS)

    eventually(lambda: running.added == [Request(ONE, Reason.EDIT)])


def test_a_scheduled_resync_spreads_all_owners_and_serves_drift_at_once(running: Running) -> None:
    running.drifted = [DRIFT]

    running.resyncs.ask(Ask.EVERY_OWNER_SPREAD)

    eventually(lambda: len(running.planned) == 2)
    assert running.added == [DRIFT]
    assert running.planned == [(Request(ONE, Reason.RESYNC), 0), (Request(TWO, Reason.RESYNC), 270)]


def test_once_children_are_watched_all_owners_follow_soon(running: Running) -> None:
    running.drifted = [DRIFT]

    running.resyncs.ask(Ask.EVERY_OWNER_SOON)

    eventually(lambda: len(running.planned) == 2)
    assert running.added == [DRIFT]
    assert running.planned == [(Request(key, Reason.RESYNC), SETTLING) for key in (ONE, TWO)]


def test_a_look_for_drift_leaves_the_other_owners_alone(running: Running) -> None:
    running.drifted = [DRIFT]

    running.resyncs.ask(Ask.DRIFT)

    eventually(lambda: running.added == [DRIFT])
    assert running.planned == []


def test_a_look_for_edits_compares_nothing(running: Running) -> None:
    running.edited = [TWO]

    running.resyncs.ask(Ask.EDITS)

    eventually(lambda: running.added == [Request(TWO, Reason.EDIT)])
    assert (running.began, running.planned) == (0, [])


def test_resyncs_never_pile_up(running: Running) -> None:
    running.go_on.clear()
    running.resyncs.ask(Ask.EVERY_OWNER_SPREAD)
    eventually(lambda: running.began == 1)
    for _ in range(5):
        running.resyncs.ask(Ask.EVERY_OWNER_SPREAD)

    running.go_on.set()

    eventually(lambda: len(running.planned) == 4)
    assert (running.began, running.most_at_once) == (2, 1)


def test_a_resync_that_fails_is_repeated(running: Running) -> None:
    running.failures = [RuntimeError("the API server is away")] * 3

    running.resyncs.ask(Ask.EVERY_OWNER_SPREAD)

    eventually(lambda: len(running.planned) == 2)
    assert running.began == 4
