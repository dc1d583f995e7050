"""Asking a master, against a server that answers as Alluxio 2.9.4 does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from alluxio_operator.alluxio import rest
from alluxio_operator.alluxio.answers import Answer, JournalDisk, MasterInfo, NoAnswer, Standby, WorkerRegistration
from alluxio_operator.alluxio.rest import AlluxioRest, parse_journal_disk, parse_master_info, refusal
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

Json = dict[str, Any]

INFO: Json = {
    "capacity": {"total": 1073741824, "used": 524288},
    "configuration": {},
    "lostWorkers": [],
    "metrics": {},
    "mountPoints": {},
    "rpcAddress": "small-master-0:19998",
    "startTimeMs": 1,
    "ufsCapacity": {"total": -1, "used": -1},
    "uptimeMs": 2,
    "version": "2.9.4",
    "workers": [
        {
            "address": {"host": "10.0.0.9", "rpcPort": 29999},
            "capacityBytes": 1073741824,
            "id": 1,
            "lastContactSec": 3,
            "startTimeMs": 1796083456123,
            "state": "ACTIVE",
            "usedBytes": 524288,
        }
    ],
}
OVERVIEW: Json = {"masterRole": "LEADER", "leaderId": "small-master-0.small-master.data.svc_19200", "debug": False}
METRICS = """# HELP Master_JournalLastAppliedCommitIndex Generated
# TYPE Master_JournalLastAppliedCommitIndex gauge
Master_JournalLastAppliedCommitIndex 1234.0
Master_EmbeddedJournalSnapshotLastIndex -1.0
Master_JournalEntriesSinceCheckPoint 99999.0
"""


class Server(ThreadingHTTPServer):
    """Answers each path with (status, body); what is not known with 404; `slow` seconds late."""

    daemon_threads = True
    answers: dict[str, tuple[int, bytes]]
    slow = 0.0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        time.sleep(self.server.slow)
        status, body = self.server.answers.get(self.path.split("?")[0], (404, b"<html>not found</html>"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.answers = {
        "/api/v1/master/info": (200, json.dumps(INFO).encode()),
        "/api/v1/master/webui_overview": (200, json.dumps(OVERVIEW).encode()),
    }
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(port: int, within: float = 5.0) -> Answer:
    return AlluxioRest().master_info("127.0.0.1", port, Deadline.after(within))


def test_a_leading_master_says_how_the_cluster_is(server: Server):
    worker = WorkerRegistration("10.0.0.9", 3, 1796083456123, 1073741824, 524288)

    assert ask(server.port) == MasterInfo("2.9.4", (worker,))


def test_workers_that_the_leader_has_lost_are_marked():
    answer = parse_master_info({**INFO, "workers": [], "lostWorkers": INFO["workers"]})

    assert [(one.host, one.lost) for one in answer.workers] == [("10.0.0.9", True)]


def test_a_worker_without_an_address_has_no_host():
    assert [one.host for one in parse_master_info({**INFO, "workers": [{"id": 1}]}).workers] == [""]


LOW_DISK = (
    "The journal disk /dev/sdb backing the journal has only 6.56% space left - JournalDiskInfo{diskPath=/dev/sdb, "
    "totalAllocatedBytes=67108864, usedBytes=62709760, availableBytes=4399104, percentAvailable=6.55517578125, "
    "mountPath=/journal}"
)
DISK = JournalDisk(6.55517578125, 4399104)


def test_each_master_says_how_little_space_its_journal_has(server: Server):
    def says(**over: Any) -> None:
        overview = {**OVERVIEW, "journalDiskWarnings": [LOW_DISK], **over}
        server.answers["/api/v1/master/webui_overview"] = (200, json.dumps(overview).encode())

    says()
    leader = ask(server.port)
    assert isinstance(leader, MasterInfo)
    assert leader.journal_disk == DISK

    says(masterRole="STANDBY")
    standby = ask(server.port)
    assert isinstance(standby, Standby)
    assert standby.journal_disk == DISK

    says()
    server.answers["/api/v1/master/info"] = (500, b'{"message": "safe mode"}')
    assert ask(server.port) == NoAnswer("safe mode", leads=True, journal_disk=DISK)


@pytest.mark.parametrize(
    ("warnings", "disk"),
    [
        (None, None),
        ([], None),
        ("text", None),
        ([7, "another warning"], None),
        ([LOW_DISK.replace("6.55517578125", "0.0").replace("4399104", "0")], JournalDisk(0.0, 0)),
        ([LOW_DISK.replace("6.55517578125", "4.2E-4")], JournalDisk(0.00042, 4399104)),
        ([LOW_DISK, LOW_DISK.replace("6.55517578125", "3.5")], JournalDisk(3.5, 4399104)),
    ],
)
def test_the_fullest_disk_counts_and_other_texts_do_not(warnings: Any, disk: JournalDisk | None):
    assert parse_journal_disk({**OVERVIEW, "journalDiskWarnings": warnings}) == disk


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, b'{"statusCode":"UNAVAILABLE","message":"the master is in safe mode"}', "the master is in safe mode"),
        (500, b"<html>oops</html>", "HTTP 500: <html>oops</html>"),
        (500, b'{"statusCode":"INTERNAL","message":null}', 'HTTP 500: {"statusCode":"INTERNAL","message":null}'),
        (503, b"", "HTTP 503:"),
        (500, b"[1]", "HTTP 500: [1]"),
    ],
)
def test_a_leader_that_refuses_says_why(status: int, body: bytes, reason: str, server: Server):
    server.answers["/api/v1/master/info"] = (status, body)

    assert ask(server.port) == NoAnswer(reason, leads=True)


def test_a_master_that_does_not_tell_its_role_says_why(server: Server):
    server.answers["/api/v1/master/webui_overview"] = (500, b'{"message": "starting"}')

    assert ask(server.port) == NoAnswer("starting")


def test_a_long_refusal_is_cut():
    assert len(refusal(500, b"x" * 5000)) == 200


@pytest.mark.parametrize(
    ("overview", "follows"),
    [
        (
            {"masterRole": "FOLLOWER", "leaderId": "small-master-2.small-master.data.svc_19200"},
            "small-master-2.small-master.data.svc",
        ),
        ({"masterRole": "CANDIDATE", "leaderId": None}, ""),
        ({"masterRole": "FOLLOWER"}, ""),
    ],
)
def test_a_master_that_does_not_lead_says_whom_it_follows(overview: Json, follows: str, server: Server):
    server.answers["/api/v1/master/webui_overview"] = (200, json.dumps(overview).encode())
    # A standby answers this one too, and knows of no worker.
    server.answers["/api/v1/master/info"] = (200, json.dumps({**INFO, "workers": []}).encode())

    assert ask(server.port) == Standby(follows)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"version":"2.9.4","workers":null}',
        b'{"version":"2.9.4","workers":[1],"lostWorkers":[]}',
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/master/info", "/api/v1/master/webui_overview"])
def test_a_document_that_is_not_the_expected_one_is_no_answer(path: str, body: bytes, server: Server):
    server.answers[path] = (200, body)

    answer = ask(server.port)

    assert isinstance(answer, NoAnswer)
    assert answer.reason.startswith("unexpected answer")


@pytest.mark.parametrize("missing", ["version", "workers", "lostWorkers"])
def test_a_document_with_a_field_missing_is_not_understood(missing: str):
    with pytest.raises(KeyError):
        parse_master_info({key: value for key, value in INFO.items() if key != missing})


@pytest.mark.parametrize(
    ("metrics", "index"),
    [
        (METRICS, 1234),
        (METRICS.replace("1234.0", "-1.0").replace("LastIndex -1.0", "LastIndex 77.0"), 77),
        (METRICS.replace("1234.0", "1.2345678E7"), 12345678),
        (METRICS.replace("1234.0", "NaN").replace("LastIndex -1.0", "LastIndex NaN"), None),
        (METRICS + "Master_Other{ 1\n", 1234),
        (METRICS.replace("1234.0", "soon"), None),
        ("Master_RoleId 2.0\n", None),
        ("", None),
        (METRICS.replace(" 1234.0", "{" + ",".join(f'a{n}="b"' for n in range(150_000)) + "} 1234.0"), -1),
        (METRICS.replace("1234.0", "1e308"), 2**62),
    ],
    ids=[
        "applied",
        "a snapshot stands for it",
        "large",
        "not a number",
        "another line is broken",
        "its line is broken",
        "other metrics",
        "nothing",
        "as many labels as fit, whose parser would take minutes",
        "beyond all journals",
    ],
)
def test_how_far_a_master_has_the_journal(metrics: str, index: int | None, server: Server):
    server.answers["/metrics/prometheus/"] = (200, metrics.encode())

    assert AlluxioRest().journal_index("127.0.0.1", server.port, Deadline.after(5)) == index


def test_a_master_that_refuses_its_metrics_does_not_say_how_far_it_has_the_journal(server: Server):
    server.answers["/metrics/prometheus/"] = (500, METRICS.encode())

    assert AlluxioRest().journal_index("127.0.0.1", server.port, Deadline.after(5)) is None


@pytest.mark.parametrize(
    ("document", "entries"),
    [
        ('{"gauges": {"Master.LastBackupRestoreCount": {"value": 1042}}}', 1042),
        ('{"gauges": {"Master.LastBackupRestoreCount": {"value": -1}}}', -1),
        ('{"gauges": {"Master.LastBackupRestoreCount": {"value": 1e400}}}', None),
        ('{"gauges": {"Master.LastBackupRestoreCount": {"value": true}}}', None),
        ('{"gauges": {"Master.LastBackupRestoreCount": {}}}', None),
        ('{"gauges": {}}', None),
        ("[]", None),
        ("<html>", None),
    ],
)
def test_how_many_entries_a_master_has_restored(document: str, entries: int | None, server: Server):
    server.answers["/metrics/json/"] = (200, document.encode())

    assert AlluxioRest().restored_entries("127.0.0.1", server.port, Deadline.after(5)) == entries


def test_a_master_without_an_answer_says_nothing_of_a_restore(server: Server):
    server.answers["/metrics/json/"] = (500, b'{"gauges": {"Master.LastBackupRestoreCount": {"value": 1042}}}')

    assert AlluxioRest().restored_entries("127.0.0.1", server.port, Deadline.after(5)) is None


def test_a_port_that_nobody_listens_on(server: Server):
    server.shutdown()
    server.server_close()

    assert ask(server.port) == NoAnswer("connection refused")


def test_an_answer_that_comes_too_late(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rest, "TIMEOUT", 0.05)
    server.slow = 0.3

    assert ask(server.port) == NoAnswer("no answer in time")


def test_an_expired_deadline_ends_the_reconcile_and_is_not_taken_for_no_answer(server: Server):
    with pytest.raises(DeadlineExceeded):
        ask(server.port, within=-1)


@pytest.mark.parametrize(("status", "serves"), [(200, True), (404, False), (500, False)])
def test_whether_a_path_is_served(status: int, serves: bool, server: Server):
    server.answers["/api/v1/job_master/info"] = (status, b"{}")

    assert AlluxioRest().serves("127.0.0.1", server.port, "/api/v1/job_master/info", Deadline.after(5)) is serves


def test_a_server_that_is_not_there_serves_nothing(server: Server):
    server.shutdown()
    server.server_close()

    assert not AlluxioRest().serves("127.0.0.1", server.port, "/", Deadline.after(5))


def test_an_address_of_ipv6_is_put_in_brackets():
    answer = AlluxioRest().master_info("::1", 1, Deadline.after(5))

    assert isinstance(answer, NoAnswer)
    assert "unexpected answer" not in answer.reason


ADDRESSES = "alluxio.master.embedded.journal.addresses"


@pytest.mark.parametrize(
    ("configuration", "hosts"),
    [
        ({ADDRESSES: "a-0.data.svc:19200,a-1.data.svc:19200"}, ("a-0.data.svc", "a-1.data.svc")),
        ({ADDRESSES: "a-0.data.svc:19200"}, ("a-0.data.svc",)),
        ({ADDRESSES: ["a-0"]}, ()),
        ({ADDRESSES: ",".join(f"a-{n}:1" for n in range(99))}, tuple(f"a-{n}" for n in range(16))),
        ({}, ()),
        (None, ()),
        ("text", ()),
    ],
)
def test_a_leader_tells_the_masters_that_its_own_properties_list(configuration: Any, hosts: tuple[str, ...]):
    assert parse_master_info({**INFO, "configuration": configuration}).members == hosts
