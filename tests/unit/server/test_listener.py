"""The hooks' socket: what it takes in, what it refuses, and that nothing brings it down."""

from __future__ import annotations

import json
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from server_fakes import eventually

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.server import listener as module
from alluxio_operator.server.listener import Listener
from alluxio_operator.server.resyncs import Ask
from alluxio_operator.telemetry.metrics import Metrics

KIND = "AlluxioCluster"
ONE = OwnerKey(KIND, "data", "one")
TWO = OwnerKey(KIND, "data", "two")


def event(**wake: Any) -> dict[str, Any]:
    return {"type": "Event", "filterResult": {"wake": {"kind": KIND, "namespace": "data", "name": "one"} | wake}}


class Running:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.added: list[Request] = []
        self.planned: list[tuple[Request, float]] = []
        self.woken: list[Request] = []
        self.metrics = Metrics(CollectorRegistry())
        self.asked: list[Ask] = []
        self.listener = Listener(
            path,
            self,  # type: ignore[arg-type]
            self.asked.append,
            {KIND},
            self.metrics,
            self.woken.append,
        )

    def add_all(self, requests: Iterable[Request]) -> None:
        self.added.extend(requests)

    def add_after(self, request: Request, delay: float) -> None:
        self.planned.append((request, delay))

    def send(self, message: bytes) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.path))
            connection.sendall(message)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(4096):
                answer += chunk
        return json.loads(answer)

    def tell(self, *contexts: Any) -> dict[str, Any]:
        return self.send(json.dumps({"hook": "10-alluxioclusters", "contexts": contexts}).encode())


@pytest.fixture
def running() -> Iterator[Running]:
    # Not tmp_path: a unix socket's path has at most 108 characters.
    folder = tempfile.mkdtemp()
    found = Running(Path(folder, "new", "hooks.sock"))
    found.listener.start()
    yield found
    found.listener.close()
    shutil.rmtree(folder)


SCHEDULE = {"type": "Schedule", "binding": "resync"}


def test_wake_ups_are_queued(running: Running) -> None:
    exists = {"type": "Synchronization", "objects": [event(name="two")]}
    assert running.tell(event(), event(name="two"), exists) == {"accepted": 3}
    assert running.added == [Request(ONE, Reason.EDIT), Request(TWO, Reason.EDIT)]
    assert running.planned == [(Request(TWO, Reason.RESYNC), module.SETTLING)]
    labels = {"hook": "10-alluxioclusters"}
    assert running.metrics.registry.get_sample_value("alluxio_operator_hook_wakeups_total", labels) == 3


def test_existing_owners_have_edits_from_before_the_watch_looked_for(running: Running) -> None:
    running.tell({"type": "Synchronization", "objects": [event(), event(name="two")]})
    assert running.asked == [Ask.EDITS]


def test_a_resync_is_asked_for_and_not_waited_for(running: Running) -> None:
    assert running.tell(SCHEDULE) == {"accepted": 0}
    assert running.asked == [Ask.EVERY_OWNER_SPREAD]


CHILD = {"kind": "Job", "name": "one-journal"}


def test_a_changed_child_wakes_its_owner_as_the_servers_own_watch_does(running: Running) -> None:
    assert running.tell(event(child=CHILD)) == {"accepted": 1}
    assert running.woken == [Request(ONE, Reason.CHILD, frozenset({ChildRef("Job", "one-journal")}))]
    assert (running.added, running.planned) == ([], [])


def test_when_children_begin_to_be_watched_every_owner_is_looked_at_soon(running: Running) -> None:
    began = {"type": "Synchronization", "binding": "child-PodDisruptionBudget", "objects": [event(child=CHILD)]}
    assert running.tell(began) == {"accepted": 0}
    assert running.asked == [Ask.EVERY_OWNER_SOON]
    assert running.woken == []


def test_a_child_that_names_no_owner_any_more_has_drift_looked_for(running: Running) -> None:
    lost = event(kind=None, name=None, child=CHILD) | {"watchEvent": "Modified"}
    assert running.tell(lost) == {"accepted": 0}
    assert running.asked == [Ask.DRIFT]
    made = event(kind=None, name=None, child=CHILD) | {"watchEvent": "Added"}
    assert running.tell(made) == {"accepted": 0}
    assert running.asked == [Ask.DRIFT]


@pytest.mark.parametrize("message", [b"", b"{", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b'{"contexts": []}'])
def test_what_is_no_message_is_refused_and_nothing_breaks(running: Running, message: bytes) -> None:
    assert "error" in running.send(message)
    assert running.added == []
    assert running.tell(event()) == {"accepted": 1}


def test_a_message_has_a_largest_size(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_MESSAGE", 1000)
    assert running.send(b" " * 1001)["error"] == "a message has at most 1000 bytes"


def test_a_client_that_says_nothing_holds_up_nobody(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(running.path))
        assert running.tell(event()) == {"accepted": 1}
        silent.settimeout(5)
        assert silent.recv(1) == b""


def test_only_its_own_user_may_speak_to_it(running: Running) -> None:
    assert stat.S_IMODE(running.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(running.path.parent.stat().st_mode) == 0o700


def test_a_socket_that_an_earlier_process_left_is_replaced(running: Running) -> None:
    again = Running(running.path)
    again.listener.start()
    assert again.tell(event()) == {"accepted": 1}
    assert again.listener.alive()
    again.listener.close()
    assert not again.path.exists()
    eventually(lambda: not again.listener.alive())


def test_it_need_not_have_been_started_to_be_closed() -> None:
    Running(Path("/nonexistent/hooks.sock")).listener.close()
