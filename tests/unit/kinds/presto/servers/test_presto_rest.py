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
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo, Server
from alluxio_operator.kinds.presto.servers.rest import PrestoRest
from alluxio_operator.kinds.presto.servers.views import NODES, QUERIES, unended
from alluxio_operator.transport.deadline import Deadline

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
