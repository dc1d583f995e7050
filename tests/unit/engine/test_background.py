"""Readings in the background: each resource at its own times, and none for too large a share of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from alluxio_operator.engine.background import FIRST_WITHIN, Background
from alluxio_operator.engine.work import OwnerKey

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Reader:
    """Begins readings of some steps; each step takes `seconds`."""

    lab: Lab
    steps: int = 1
    seconds: float = 0.0
    results: list[str] = field(default_factory=lambda: ["found"])
    begun: list[float] = field(default_factory=list)
    stepped: list[float] = field(default_factory=list)

    def __call__(self) -> Running:
        self.begun.append(self.lab.t)
        return Running(self)


@dataclass
class Running:
    reader: Reader
    done: int = 0

    def step(self) -> str | None:
        reader = self.reader
        reader.stepped.append(reader.lab.t)
        reader.lab.t += reader.seconds
        self.done += 1
        if self.done < reader.steps:
            return None
        result = reader.results.pop(0) if len(reader.results) > 1 else reader.results[0]
        if result == "raise":
            raise ValueError("a defect")
        return result


class Lab:
    """Readings on a clock of its own."""

    def __init__(self) -> None:
        self.t = 1000.0
        self.told: list[tuple[OwnerKey, str]] = []
        self.background: Background[str] = Background(
            lambda result: result.startswith("failed"),
            lambda key, result, _: self.told.append((key, result)),
            threads=0,
            clock=lambda: self.t,
            now=lambda: START + timedelta(seconds=self.t),
        )

    def pass_time(self, seconds: float) -> None:
        """Let time pass, second by second."""
        until = self.t + seconds
        while self.t < until:
            self.t += 1
            self.background.run_due()

    def pass_until(self, reader: Reader, begun: int) -> None:
        """Let time pass until a reader has begun so many readings."""
        while len(reader.begun) < begun:
            self.pass_time(1)


@pytest.fixture
def lab() -> Lab:
    return Lab()


def key(name: str = "small", namespace: str = "data") -> OwnerKey:
    return OwnerKey("AlluxioCluster", namespace, name)


def test_nothing_is_known_before_the_first_reading_ends(lab: Lab):
    reading = lab.background.want(key(), "uid", 900, Reader(lab, steps=2))
    assert (reading.value, reading.at, reading.failing_since) == (None, None, None)


def test_the_first_reading_comes_within_minutes_and_then_one_an_interval(lab: Lab):
    reader = Reader(lab)
    lab.background.want(key(), "uid", 900, reader)
    lab.pass_time(FIRST_WITHIN + 2)
    assert len(reader.begun) == 1
    lab.pass_time(900)
    assert len(reader.begun) == 2
    assert reader.begun[1] - reader.begun[0] == pytest.approx(900, abs=2)


def test_first_readings_are_spread(lab: Lab):
    readers = {number: Reader(lab) for number in range(100)}
    for number, reader in readers.items():
        lab.background.want(key(f"c{number}", f"n{number}"), f"uid-{number}", 900, reader)
    lab.pass_time(FIRST_WITHIN / 2)
    assert 30 < sum(bool(reader.begun) for reader in readers.values()) < 70


def test_a_reading_pauses_nine_times_as_long_as_it_works(lab: Lab):
    reader = Reader(lab, steps=4, seconds=2.0)
    lab.background.want(key(), "uid", 900, reader)
    lab.pass_time(500)
    gaps = [after - before for before, after in zip(reader.stepped, reader.stepped[1:], strict=False)]
    assert gaps == [pytest.approx(20, abs=1.1)] * 3


def test_a_costly_reading_takes_a_hundredth_of_the_time(lab: Lab):
    reader = Reader(lab, seconds=30.0)
    lab.background.want(key(), "uid", 900, reader)
    lab.pass_time(10_000)
    assert reader.begun[1] - reader.begun[0] == pytest.approx(3000, abs=2)


def test_a_failure_keeps_the_last_value_with_its_time_and_is_repeated_sooner(lab: Lab):
    reader = Reader(lab, results=["found", "failed 1", "failed 2", "again"])
    lab.background.want(key(), "uid", 900, reader)
    lab.pass_until(reader, 1)
    first = lab.background.want(key(), "uid", 900, reader)
    lab.pass_until(reader, 2)
    failed = lab.background.want(key(), "uid", 900, reader)
    assert (failed.value, failed.at, failed.failed) == ("found", first.at, "failed 1")
    since = failed.failing_since
    lab.pass_until(reader, 3)
    assert lab.background.want(key(), "uid", 900, reader).failed == "failed 2"
    assert lab.background.want(key(), "uid", 900, reader).failing_since == since
    lab.pass_until(reader, 4)
    assert [after - before for before, after in zip(reader.begun, reader.begun[1:], strict=False)] == [900, 60, 120]
    mended = lab.background.want(key(), "uid", 900, reader)
    assert (mended.value, mended.failed, mended.failing_since) == ("again", None, None)
    assert [result for _, result in lab.told] == ["found", "failed 1", "failed 2", "again"]


def test_a_defect_of_one_reading_is_a_failure_of_its_resource_only(lab: Lab):
    broken, whole = Reader(lab, results=["raise"]), Reader(lab)
    lab.background.want(key("a"), "uid-a", 300, broken)
    lab.background.want(key("b", "other"), "uid-b", 300, whole)
    lab.pass_time(FIRST_WITHIN + 2)
    assert lab.background.want(key("a"), "uid-a", 300, broken).failing_since is not None
    assert lab.background.want(key("b", "other"), "uid-b", 300, whole).value == "found"


def test_without_a_server_nothing_begins_and_the_last_value_stays(lab: Lab):
    reader = Reader(lab)
    lab.background.want(key(), "uid", 60, reader)
    lab.pass_time(62)
    lab.background.want(key(), "uid", 60, None)
    lab.pass_time(600)
    assert len(reader.begun) == 1
    assert lab.background.want(key(), "uid", 60, None).value == "found"
    lab.background.want(key(), "uid", 60, reader)
    lab.pass_time(2)
    assert len(reader.begun) == 2


def test_another_resource_of_the_same_name_begins_anew(lab: Lab):
    lab.background.want(key(), "uid", 60, Reader(lab))
    lab.pass_time(62)
    assert lab.background.want(key(), "another", 60, Reader(lab, steps=2)).value is None


def test_a_forgotten_resource_is_told_of_no_more(lab: Lab):
    reader = Reader(lab, steps=2)
    lab.background.want(key(), "uid", 60, reader)
    lab.pass_time(62)
    lab.background.forget(key())
    lab.pass_time(600)
    assert len(reader.begun) <= 1
    assert all(result != "found" or len(reader.stepped) == 2 for _, result in lab.told)


def test_a_shorter_interval_takes_effect_at_once(lab: Lab):
    reader = Reader(lab)
    lab.background.want(key(), "uid", 3600, reader)
    lab.pass_time(FIRST_WITHIN + 2)
    lab.background.want(key(), "uid", 300, reader)
    lab.pass_time(302)
    assert len(reader.begun) == 2


class Gate:
    """A step that hangs until it is released."""

    def __init__(self, running: set[str], name: str, release: threading.Event, changed: Callable[[], None]) -> None:
        self.running, self.name, self.release, self.changed = running, name, release, changed

    def step(self) -> str:
        self.running.add(self.name)
        self.changed()
        self.release.wait(10)
        return "found"


def test_servers_of_one_namespace_that_hang_do_not_stop_those_of_others():
    running: set[str] = set()
    release, begun = threading.Event(), threading.Semaphore(0)
    told: list[OwnerKey] = []
    background: Background[str] = Background(lambda _: False, lambda owner, *_: told.append(owner), threads=2)

    def begin(name: str) -> Callable[[], Gate]:
        return lambda: Gate(running, name, release, begun.release)

    for number in range(4):
        background.want(key(f"bad{number}", "bad"), f"bad{number}", 0, begin(f"bad{number}"))
    background.want(key("good", "good"), "good", 0, begin("good"))
    try:
        assert begun.acquire(timeout=5)
        assert begun.acquire(timeout=5)
        assert "good" in running
        assert len(running) == 2
    finally:
        release.set()
