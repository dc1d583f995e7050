"""The command: connections to servers that come late or go, and what becomes of each file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from alluxio_operator.read_back import __main__ as command
from alluxio_operator.read_back import live, through
from alluxio_operator.read_back.compare import Through
from alluxio_operator.read_back.result import Result
from alluxio_operator.read_back.sample import Record, Share


class Gone(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "Connection refused"


class Servers:
    """Stand-ins for the servers of both clusters."""

    def __init__(self, files: int = 5) -> None:
        self.records = [Record(f"/{number}", number, 3, f"/none/{number}") for number in range(files)]
        self.refusals = 0
        """Connections that are refused before one is taken."""
        self.connected: list[str] = []
        self.breaks: set[str] = set()
        """Files whose reading fails, whatever the connection."""
        self.live: dict[str, Record | None] = {}

    @contextmanager
    def connect(self, host: str, port: int, seconds: float, largest: int = 0) -> Iterator[str]:
        if self.refusals:
            self.refusals -= 1
            raise Gone
        self.connected.append(host)
        yield host

    def read(self, worker: str, share: Share) -> Through:
        assert worker == "worker"
        return Through(error="INTERNAL: no") if share.record.path in self.breaks else Through("d")

    def status(self, master: str, path: str) -> Record | None:
        assert master == "live"
        return self.live.get(path)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    found = Servers()
    monkeypatch.setattr(command, "connect", found.connect)
    monkeypatch.setattr(live, "connect", found.connect)
    monkeypatch.setattr(command.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(through, "listed", lambda master: iter(found.records))
    monkeypatch.setattr(through, "read", found.read)
    monkeypatch.setattr(through, "status", found.status)
    return found


def run(tmp_path: Path, *words: str) -> tuple[int, Result]:
    result = tmp_path / "result"
    code = command.main(["--master", "master:1", "--worker", "worker:2", "--result", str(result), *words])
    parsed = Result.parse(result.read_text())
    assert parsed is not None
    return code, parsed


def test_all_files_are_read_over_one_connection(servers: Servers, tmp_path: Path):
    code, found = run(tmp_path)
    assert (code, found.listed, found.matched, found.compared) == (0, 5, 5, "Length")
    assert servers.connected == ["master", "worker"]


def test_servers_that_come_late_are_waited_for(servers: Servers, tmp_path: Path):
    servers.refusals = 3
    assert run(tmp_path)[1].matched == 5


def test_a_file_that_can_not_be_read_stops_no_other(servers: Servers, tmp_path: Path):
    servers.breaks = {"/2", "/3"}
    servers.live = {one.path: one for one in servers.records}
    code, found = run(tmp_path, "--live", "live:3")
    assert (code, found.matched, found.unreadable, found.live) == (0, 3, 2, True)
    assert sorted(found.examples) == ["unreadable: /2", "unreadable: /3"]


def test_the_live_cluster_excuses_what_it_has_changed(servers: Servers, tmp_path: Path):
    servers.breaks = {"/2"}
    _, found = run(tmp_path, "--live", "live:3")
    assert (found.changed, found.unreadable) == (1, 0)


def test_files_of_a_volume_are_compared_with_it(servers: Servers, tmp_path: Path):
    _, found = run(tmp_path, "--volume")
    assert (found.compared, found.unsure) == ("Volume", 5)


def test_an_empty_namespace_is_a_result(servers: Servers, tmp_path: Path):
    servers.records = []
    code, found = run(tmp_path)
    assert (code, found.sampled, found.first_read_ms > 0) == (0, 0, True)


def test_a_master_that_never_answers_is_tried_by_the_next_pod(servers: Servers, tmp_path: Path):
    servers.refusals = 10**6
    code, found = run(tmp_path, "--seconds", "0.5")
    assert (code, found.ok) == (1, False)
    assert "the restored cluster doesn't answer" in found.message


def test_a_defect_is_reported_as_one(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any) -> Any:
        raise ValueError("what")

    monkeypatch.setattr(through, "listed", broken)
    code, found = run(tmp_path)
    assert (code, found.message) == (3, "ValueError: what")
