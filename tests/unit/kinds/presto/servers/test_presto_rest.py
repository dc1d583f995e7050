"""Presto over HTTP: what its answers mean, on a server that gives them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.presto import Engine
from alluxio_operator.kinds.presto.servers import rest
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo, Server
from alluxio_operator.kinds.presto.servers.observe import ask_coordinator
from alluxio_operator.kinds.presto.servers.rest import PrestoRest
from alluxio_operator.kinds.presto.servers.views import NODES, QUERIES, unended
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.http import HttpAnswer
from alluxio_operator.workloads.pods import Pod

INFO = {"nodeVersion": {"version": "0.287"}, "environment": "q", "coordinator": True, "starting": False}
TRINO = {
    "/v1/info": {**INFO, "nodeVersion": {"version": "476"}},
    f"{NODES}/ActiveNodeCount": 3,
    f"{QUERIES}/RunningQueries": 4,
    f"{QUERIES}/FinishingQueries": 1,
    f"{QUERIES}/QueuedQueries": 2,
}
CLUSTER = {"runningQueries": 3, "blockedQueries": 1, "queuedQueries": 2, "activeWorkers": 4, "runningDrivers": 8}


class FakeServer:
    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"/v1/info": INFO, "/v1/cluster": CLUSTER}
        answers, self.users = self.answers, []
        users = self.users

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                users.extend(self.headers.get(name) for name in ("X-Presto-User", "X-Trino-User"))
                found = answers.get(self.path)
                refused = isinstance(found, PermissionError)
                body = b"" if refused else found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(404 if found is None else 403 if refused else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    made = FakeServer()
    yield made
    made.http.shutdown()
    made.http.server_close()


def address(server: FakeServer, engine: Engine = "Presto") -> Server:
    return Server("127.0.0.1", server.port, engine)


def ask(server: FakeServer, engine: Engine = "Presto") -> CoordinatorInfo | NoAnswer:
    return PrestoRest().coordinator(address(server, engine), Deadline.after(5))


def test_a_coordinator_tells_its_view(server: FakeServer):
    assert ask(server) == CoordinatorInfo(version="0.287", active_workers=4, running=4, queued=2)
    assert set(server.users) == {"alluxio-operator"}


def test_one_that_is_starting_does_not_serve_yet(server: FakeServer):
    server.answers["/v1/info"] = {**INFO, "starting": True}

    assert ask(server) == NoAnswer("it is starting")


def test_without_a_worker_the_queries_that_wait_are_counted_one_by_one(server: FakeServer):
    server.answers["/v1/cluster"] = {**CLUSTER, "activeWorkers": 0, "queuedQueries": 0}
    server.answers["/v1/query"] = [{"state": "WAITING_FOR_RESOURCES"}, {"state": "FINISHED"}, {"state": "QUEUED"}]

    found = ask(server)

    assert isinstance(found, CoordinatorInfo)
    assert found.queued == 2


def test_a_coordinator_of_trino_tells_its_view_of_which_it_is_a_part_itself(server: FakeServer):
    server.answers |= TRINO

    assert ask(server, "Trino") == CoordinatorInfo(version="476", active_workers=2, running=5, queued=2)
    assert set(server.users) == {"alluxio-operator"}


def test_without_a_worker_of_trino_the_queries_that_wait_are_counted_one_by_one(server: FakeServer):
    server.answers |= {**TRINO, f"{NODES}/ActiveNodeCount": 1, f"{QUERIES}/QueuedQueries": 0}
    server.answers["/v1/query"] = [{"state": "WAITING_FOR_RESOURCES"}, {"state": "FAILED"}]

    found = ask(server, "Trino")

    assert isinstance(found, CoordinatorInfo)
    assert (found.active_workers, found.queued) == (0, 1)


@pytest.mark.parametrize("version", [["0.287"], {"a": 1}, None, 287])
def test_a_version_that_is_no_text_is_not_understood(server: FakeServer, version: Any):
    server.answers["/v1/info"] = {**INFO, "nodeVersion": {"version": version}}

    assert ask(server) == NoAnswer("its answer isn't one of Presto: TypeError")


def test_a_status_can_hold_whatever_a_coordinator_says(server: FakeServer):
    """The API server refuses a longer text, and a number beyond 64 bits."""
    server.answers["/v1/info"] = {**INFO, "nodeVersion": {"version": "\x1b[31m" + "9" * 200_000}}
    server.answers["/v1/cluster"] = {
        "runningQueries": 10**30, "blockedQueries": 1, "queuedQueries": 10**4000, "activeWorkers": -7
    }  # fmt: skip
    server.answers["/v1/query"] = []

    found = ask(server)

    assert isinstance(found, CoordinatorInfo)
    assert (found.active_workers, found.running, found.queued) == (0, 2**31 - 1, 2**31 - 1)
    assert found.version == "9" * 123


@pytest.mark.parametrize(
    ("said", "load"), [("NaN", None), ("Infinity", None), (-5, 0.0), (10**300, 1.0), ("1e400", None), ([1], None)]
)
def test_a_load_is_a_share_or_nothing(server: FakeServer, said: Any, load: float | None):
    server.answers["/v1/status"] = {"processCpuLoad": said}

    assert PrestoRest().processor_load(address(server), Deadline.after(5)) == load


def test_one_coordinator_gets_a_limited_time_for_all_its_answers(server: FakeServer, monkeypatch: pytest.MonkeyPatch):
    """Each in time, and all together not: only the first gets its whole time."""
    given: list[float] = []

    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(rest, "time", clock)

    def get(url: str, deadline: Deadline, *, seconds: float, **rest: Any) -> HttpAnswer:
        given.append(seconds)
        clock.now += seconds
        return HttpAnswer(200, json.dumps(server.answers[url.partition(str(server.port))[2]]).encode())

    asked = PrestoRest()
    monkeypatch.setattr(asked._http, "get", get)
    server.answers |= TRINO
    asked.coordinator(address(server, "Trino"), Deadline.after(60))

    assert given[0] == rest.TIMEOUT
    assert sum(given) <= rest.TIMEOUT_OF_ALL + 0.1


def test_coordinators_that_hang_are_asked_side_by_side():
    """A user may give any number of pods the labels of a coordinator."""
    together = threading.Barrier(3, timeout=10)

    class Hanging:
        def coordinator(self, server: Server, deadline: Deadline) -> CoordinatorInfo | NoAnswer:
            together.wait()
            return CoordinatorInfo("0.287", 1, 0, 0) if server.host == "10.0.0.1" else NoAnswer("no answer in time")

    pods = tuple(Pod(f"p-{n}", "coordinator", f"10.0.0.{n}", True, True) for n in range(3))

    assert ask_coordinator(Hanging(), pods, Deadline.after(10)) == CoordinatorInfo("0.287", 1, 0, 0)  # type: ignore[arg-type]


def test_one_that_does_not_let_the_operator_look_says_who_is_to_be_let(server: FakeServer):
    server.answers |= {**TRINO, f"{NODES}/ActiveNodeCount": PermissionError()}

    found = ask(server, "Trino")

    assert isinstance(found, NoAnswer)
    assert found.reason.startswith("HTTP 403 of /v1/jmx/mbean/")
    assert found.reason.endswith("let the user alluxio-operator read system information in its access control")


def test_the_version_of_a_build_is_reported_in_full(server: FakeServer):
    server.answers |= {**TRINO, "/v1/info": {**INFO, "nodeVersion": {"version": "476-e.2"}}}

    assert ask(server, "Trino") == CoordinatorInfo(version="476-e.2", active_workers=2, running=5, queued=2)


@pytest.mark.parametrize("odd", [b"<html>", {"starting": False}, [], None])
def test_what_is_no_answer_of_presto_is_none(server: FakeServer, odd: Any):
    server.answers["/v1/info"] = odd

    assert isinstance(ask(server), NoAnswer)


def test_a_server_that_is_not_there_is_no_surprise(server: FakeServer):
    server.http.shutdown()
    server.http.server_close()

    assert isinstance(ask(server), NoAnswer)
    assert PrestoRest().processor_load(address(server), Deadline.after(5)) is None


def test_a_worker_tells_its_processors(server: FakeServer):
    server.answers["/v1/status"] = {"nodeId": "w", "processors": 2, "processCpuLoad": 0.42}

    assert PrestoRest().processor_load(address(server), Deadline.after(5)) == 0.42


def test_queries_that_ended_are_not_counted():
    assert unended([{"state": "FINISHED"}, {"state": "FAILED"}, {"state": "RUNNING"}]) == 1
