"""The load on a master, and what the figures of backups and of a disaster say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from bench import load as loads
from bench.figures import backup_calls, recovery
from bench.load import Call, Load
from bench.names import Client, Raw
from bench.results import Runs

from alluxio_operator.backup_file import wire


class Master:
    """A stand-in for the client of a master: one call takes long, later ones fail."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def create(self, path: str) -> None:
        self.asked.append(f"create {path}")

    def page(self, folder: str) -> None:
        self.asked.append(f"page {folder}")

    def status(self, path: str) -> None:
        self.asked.append(f"status {path}")
        if len(self.asked) == 3:
            time.sleep(0.5)
        if len(self.asked) > 100:
            raise _Refused


class _Refused(grpc.RpcError):
    @staticmethod
    def code() -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    @staticmethod
    def details() -> str:
        return "no"


def test_a_pause_counts_for_every_call_that_was_due_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    master = Master()

    @contextmanager
    def connected(_host: str, _seconds: float) -> Iterator[Master]:
        yield master

    monkeypatch.setattr(loads, "client", connected)
    monkeypatch.setattr(loads, "CLIENTS", 1)
    load = Load("host", ["/data/00000"], "/created")
    began = time.monotonic()
    with load.running():
        time.sleep(1.6)
    calls = load.between(began, time.monotonic())
    slow = [call for call in calls if call.seconds > 0.1]
    assert len(slow) > 50, "the call that waited, and those that were due meanwhile"
    assert 0.45 < max(call.seconds for call in calls) < 0.9
    assert {one.split()[0] for one in master.asked} == {"create", "page", "status"}
    assert sum(call.failed for call in calls) > 0
    assert load.errors[0] == "UNAVAILABLE: no"


def test_a_call_belongs_to_the_window_in_which_it_was_due() -> None:
    load = Load("host", ["/data"], "/created")
    load._calls[0] = [Call(1.0, 5.0, False), Call(2.0, 0.1, False), Call(3.0, 0.1, True)]
    assert [call.due for call in load.between(1.0, 3.0)] == [1.0, 2.0]


def test_questions_have_the_numbers_of_alluxios_messages() -> None:
    asked: list[tuple[str, bytes]] = []

    class Connection:
        def call(self, method: str, question: Raw, _answer: type[Raw]) -> Raw:
            asked.append((method.rpartition("/")[2], question.data))
            info = wire.bytes_field(1, wire.bytes_field(2, b"00") + wire.bytes_field(3, b"/data/00"))
            return Raw(info + wire.varint_field(2, 0))

    client = Client(Connection())  # type: ignore[arg-type]
    assert list(client.names("/data")) == ["00"]
    client.create("/new")
    client.status("/data/00")
    assert [method for method, _ in asked] == ["ListStatusPartial", "CreateFile", "GetStatus"]
    assert [wire.bytes_of(question, 1) for _, question in asked] == [b"/data", b"/new", b"/data/00"]
    listing = wire.bytes_of(wire.bytes_of(asked[0][1], 2) or b"", 1) or b""
    assert wire.value_of(listing, 2) == 0, "it never loads from the UFS"
    assert wire.bytes_of(listing, 3) == wire.varint_field(1, 2**64 - 1), "it never synchronises"


def side(calls: int, p99: float) -> dict[str, Any]:
    return {"calls": calls, "failed": 0, "p50_ms": 1.0, "p99_ms": p99, "longest_ms": 9.0}


@pytest.mark.parametrize(
    ("calls", "p99", "apart", "met"),
    [(6000, 14.0, True, True), (6000, 16.0, True, False), (4999, 14.0, True, None), (6000, 16.0, False, None)],
)
def test_a_percentile_needs_enough_calls_and_a_goal_a_leader_of_its_own(
    calls: int, p99: float, apart: bool, met: bool | None
) -> None:
    cluster = {"masters": 3, "files": 100_000, "apart": apart, "beside": side(6000, 10.0)}
    cluster |= {"writing": side(calls, p99), "verifying": side(6000, 99.0)}
    runs = Runs([{"subject": "ours", "size": 1, "measures": {backup_calls.NAME: cluster}}])
    goals = [one.met for one in backup_calls.figures(runs) if one.goal]
    assert goals == ([] if met is None else [met])


HELD = {
    "expected": 8000,
    "found": 8000,
    "missing": [],
    "mismatched": 0,
    "unhealthy": [],
    "rpo_seconds": 80.0,
    "objective_seconds": 300,
}


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({}, None),
        ({"expected": 0, "found": 0}, "no file was older than the objective: run for more minutes"),
        ({"found": 7999, "missing": ["001/001234"]}, "1 files are missing, such as 001/001234"),
        ({"mismatched": 2}, "2 files older than the objective can't be read, or have another content"),
        ({"unhealthy": ["10:00:00 too old"]}, "BackupHealthy wasn't True: 10:00:00 too old"),
        ({"rpo_seconds": 301.0}, "files of the last 301.0 s are lost"),
    ],
)
def test_a_missed_objective_is_named(change: dict[str, Any], failure: str | None) -> None:
    assert recovery.verdict(HELD | change) == ([failure] if failure else [])
