"""How servers of Trino leave: the hooks of the pods, run against servers that answer as Trino does."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.support.builders import TEMPLATES

CREATED = "/v1/jmx/mbean/trino.execution:name=SqlTaskManager/CreatedTasks.TotalCount"
RUNNING = "/v1/jmx/mbean/trino.execution.executor.dedicated:name=ThreadPerDriverTaskExecutor/Tasks"
NEVER = 3600
POLL = 0.02
CLOCK = "sleep() { SECONDS=$((SECONDS + $1)); }\n"
"""Time passes at once, also where the hooks look at bash's own clock."""


class Server:
    """Answers each question by the next of its answers, the last of them for ever."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = {"/v1/info/state": answers["state"]} if "state" in answers else {}
        self.answers |= {CREATED: answers.get("created", [7]), RUNNING: answers.get("running", [0])}
        self.answers["/v1/query"] = answers.get("queries", [[]])
        self.told: list[tuple[str, str | None]] = []
        self.refuses = False
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                left = server.answers[self.path]
                self._say(200, json.dumps(left.pop(0) if len(left) > 1 else left[0], separators=(",", ":")))

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                server.told.append((body, self.headers.get("X-Trino-User")))
                self._say(403 if server.refuses else 200, "")

            def _say(self, status: int, text: str) -> None:
                # As Trino does, whatever version is asked for.
                self.wfile.write(f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\n\r\n{text}".encode())

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(POLL,), daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Any]:
    made: list[Server] = []

    def start(**answers: list[Any]) -> Server:
        made.append(Server(**answers))
        return made[-1]

    yield start
    for server in made:
        server.close()


def drain(role: str, port: int, announce: int = NEVER) -> subprocess.CompletedProcess[str]:
    script = (TEMPLATES / "presto" / "files" / f"trino-{role}-drain.sh").read_text()
    command = ["bash", "-c", CLOCK + script, "drain", str(port), "X-Trino-User", str(announce)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_worker_with_tasks_is_waited_for_until_it_is_drained(serve: Any):
    server = serve(state=["ACTIVE", "DRAINING", "DRAINING", "DRAINED"], running=[1])

    done = drain("worker", server.port, announce=0)

    assert (done.returncode, done.stderr) == (0, "")
    assert server.told == [('"DRAINING"', "alluxio-operator")]
    assert len(server.answers["/v1/info/state"]) == 1, "all of its states were seen"


def test_a_worker_without_a_task_goes_when_the_coordinator_has_taken_notice(serve: Any):
    # It is never drained, and would be waited for.
    server = serve(state=["ACTIVE", "DRAINING"])

    assert drain("worker", server.port, announce=0).returncode == 0
    assert server.told == [('"DRAINING"', "alluxio-operator")]


def test_a_worker_without_a_task_does_not_go_before_that(serve: Any):
    server = serve(state=["ACTIVE", "DRAINING", "DRAINING", "DRAINED"])

    assert drain("worker", server.port, announce=NEVER).returncode == 0
    assert len(server.answers["/v1/info/state"]) == 1, "all of its states were seen"


@pytest.mark.parametrize(
    "answers",
    [
        {"created": [7, 8]},
        # Counted as running a moment after it was counted as created.
        {"running": [1, 0]},
        {"running": [None]},
        {"created": [None]},
    ],
)
def test_one_that_got_a_task_meanwhile_or_does_not_tell_is_waited_for(serve: Any, answers: dict[str, list[Any]]):
    server = serve(state=["ACTIVE", *["DRAINING"] * 3, "DRAINED"], **answers)

    assert drain("worker", server.port, announce=0).returncode == 0
    assert len(server.answers["/v1/info/state"]) == 1


def test_a_worker_that_is_put_back_is_drained_again(serve: Any):
    server = serve(state=["ACTIVE", "ACTIVE", "DRAINED"])

    assert drain("worker", server.port).returncode == 0
    assert len(server.told) == 2


def test_a_worker_that_may_not_be_drained_says_who_may(serve: Any):
    server = serve(state=["ACTIVE"])
    server.refuses = True

    done = drain("worker", server.port)

    assert done.returncode == 1
    assert "let the user alluxio-operator write system information" in done.stderr


def test_a_coordinator_is_waited_for_until_it_has_no_query_left(serve: Any):
    ended = [{"state": "FINISHED", "query": 'SELECT \'"state":"RUNNING"\''}, {"state": "FAILED"}]
    running = [[{"state": state}, *ended] for state in ("RUNNING", "QUEUED", "PLANNING", "FINISHING")]
    server = serve(queries=[*running, ended])

    done = drain("coordinator", server.port)

    assert (done.returncode, done.stderr) == (0, "")
    assert server.answers["/v1/query"] == [ended]
    assert server.told == [], "it knows no leaving"


@pytest.mark.parametrize("role", ["worker", "coordinator"])
def test_a_server_that_is_gone_needs_no_waiting(serve: Any, role: str):
    server = serve()
    server.close()

    assert drain(role, server.port).returncode == 0
