"""Calls to a leader about its workers, against a real gRPC server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from tests.support.grpc_server import Alluxio, Refusal

from alluxio_operator.alluxio import client
from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.client import AlluxioClient
from alluxio_operator.alluxio.removal import (
    NO_SUCH_WORKER,
    NOT_SUPPORTED,
    BlockPlaces,
    FilesFound,
    HeldBlock,
    PlacesFound,
    WorkersReport,
    WorkerUse,
    file_of,
)
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc import workers as workers_module
from alluxio_operator.alluxio.rpc.leader import META
from alluxio_operator.alluxio.rpc.listing import LARGEST_FILE
from alluxio_operator.alluxio.rpc.workers import FILES_BY_ID, LARGEST_WORKER, MASTER
from alluxio_operator.transport.deadline import Deadline

REPORT = f"{MASTER}GetWorkerReport"
DECOMMISSION = f"{MASTER}DecommissionWorker"
FILE_INFO = f"{FILES_BY_ID}GetFileInfo"
BLOCK_INFO = f"{MASTER}GetBlockInfo"
WHO = f"{META}GetMasterInfo"
LEADER = "m-0 77"


class Leaders:
    """Processes that lead one after the other, each for one question; the last one for all others."""

    def __init__(self, *started: int, address: str = "m-0/10.0.0.9:19998") -> None:
        self.started, self.address = list(started), address

    def __call__(self, _: object) -> messages.LeaderInfoAnswer:
        started = self.started.pop(0) if len(self.started) > 1 else self.started[0]
        return messages.LeaderInfoAnswer(info=messages.LeaderInfo(address=self.address, started_ms=started))


@pytest.fixture
def master() -> Iterator[Alluxio]:
    master = Alluxio()
    master.answers[WHO] = Leaders(77)
    yield master
    master.server.stop(None).wait()


def deadline() -> Deadline:
    return Deadline.after(10.0)


def report(master: Alluxio) -> WorkersReport | NoAnswer:
    return AlluxioClient().workers_report("127.0.0.1", master.port, deadline())


def reported(master: Alluxio, *infos: Any) -> WorkersReport:
    master.answers[REPORT] = lambda _: messages.WorkerReport(infos=infos)
    found = report(master)
    assert isinstance(found, WorkersReport)
    return found


def worker(host: str = "w-0", **over: Any) -> messages.WorkerInfo:
    address = messages.WorkerAddress(host=host, rpc_port=29999, web_port=30000)
    return messages.WorkerInfo(**{"id": 7, "address": address, "state": "ACTIVE", "started_ms": 5} | over)


def test_a_report_has_the_workers_of_all_states_with_their_room(master: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "time", SimpleNamespace(time=lambda: 1000.0))
    found = reported(
        master,
        worker(
            silent_seconds=3,
            capacity=100,
            used=30,
            capacity_on_tiers={"MEM": 60, "SSD": 40},
            used_on_tiers={"MEM": 30},
        ),
        worker("w-1", state="Decommissioned", id=8),
        worker("w-2", state="LOST", id=9),
    )
    assert found.leader == LEADER
    assert found.workers[0] == WorkerUse("w-0", 29999, 30000, 100, 30, {"MEM": 30, "SSD": 40}, "LIVE", 3, 997_000, 5, 7)
    assert [one.state for one in found.workers] == ["LIVE", "DECOMMISSIONED", "LOST"]
    assert found.at("w-1") == (found.workers[1],)
    asked = next(one for one in master.asked if isinstance(one, messages.WorkerReportRequest))
    assert (list(asked.fields), asked.range) == ([1, 2, 3, 4, 5, 6, 7, 8, 9], 1)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("m-0/<unresolved>:19998", "m-0"),
        ("m-0/10.0.0.9:19998", "m-0"),
        ("m-0:19998", "m-0"),
        ("/10.0.0.9:19998", "10.0.0.9"),
        ("/[fd00:0:0:0:0:0:0:9]:19998", "[fd00:0:0:0:0:0:0:9]"),
        ("", ""),
        ("\x1b[2J" + "x" * 500 + ":1", "x" * 300),
    ],
)
def test_the_name_of_a_leader_does_not_depend_on_how_its_host_is_resolved(master: Alluxio, address: str, name: str):
    master.answers[WHO] = Leaders(77, address=address)
    assert reported(master).leader == f"{name} 77"


@pytest.mark.parametrize(
    ("said", "state"),
    [("In Service", "LIVE"), ("Out of Service", "LOST"), ("Disabled", "OTHER"), ("", "OTHER"), ("LIVE!", "OTHER")],
)
def test_states_of_other_versions(master: Alluxio, said: str, state: str):
    assert reported(master, worker(state=said)).workers[0].state == state


def test_figures_of_a_hostile_leader_have_bounds(master: Alluxio):
    address = messages.WorkerAddress(host="\x1b[2J" + "h" * 400, rpc_port=-1, web_port=70_000)
    tiers = {"t" * 100 + f"{number:03d}": 2**63 - 1 for number in range(50)}
    [found] = reported(
        master,
        worker(
            address=address,
            capacity=-5,
            used=2**63 - 1,
            silent_seconds=-3,
            capacity_on_tiers=tiers,
            used_on_tiers={"t" * 100 + "000": -(2**63)},
        ),
    ).workers
    assert (found.rpc_port, found.web_port, found.capacity, found.silent_seconds) == (0, 0, 0, 0)
    assert found.used == 2**62
    assert "\x1b" not in found.host
    assert len(found.host) <= 253
    assert len(found.free) <= 16
    assert all(len(alias) <= 64 and 0 <= free <= 2**62 for alias, free in found.free.items())


def test_a_report_that_is_too_large_is_refused_and_not_cut(master: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers_module, "MOST_WORKERS", 3)
    master.answers[REPORT] = lambda _: messages.WorkerReport(infos=[worker()] * 4)
    assert report(master) == NoAnswer("its report has more than 3 workers")

    master.answers[REPORT] = lambda _: messages.WorkerReport(infos=[worker(state="x" * LARGEST_WORKER)])
    assert report(master) == NoAnswer("its report has a worker with too much text")


def test_a_report_that_is_none_is_refused(master: Alluxio):
    master.answers[REPORT] = lambda _: b"\x0a\x01\xff"
    assert report(master) == NoAnswer("its report of workers can't be read")


def test_a_leader_that_restarts_during_a_report_gives_none(master: Alluxio):
    master.answers |= {WHO: Leaders(77, 78), REPORT: lambda _: messages.WorkerReport()}
    assert report(master) == NoAnswer("the leader restarted meanwhile")


def test_a_standby_has_no_report(master: Alluxio):
    master.answers.clear()
    assert report(master) == NoAnswer("it doesn't lead", reached=False)


def test_a_leader_in_safe_mode_has_no_report(master: Alluxio):
    def refuse(_: object) -> object:
        raise Refusal(grpc.StatusCode.UNAVAILABLE, "in safe mode")

    master.answers[REPORT] = refuse
    assert report(master) == NoAnswer("UNAVAILABLE: in safe mode")


def decommission(master: Alluxio) -> str | NoAnswer:
    return AlluxioClient().decommission_worker("127.0.0.1", master.port, ("w-0", 30000), deadline())


def test_a_decommissioned_worker_may_register_again(master: Alluxio):
    master.answers[DECOMMISSION] = lambda _: messages.Nothing()

    assert decommission(master) == ""

    assert master.asked == [messages.DecommissionRequest(host="w-0", web_port=30000, can_register_again=True)]


def test_a_leader_before_2_9_4_has_no_such_call_and_a_standby_does_not_lead(master: Alluxio):
    assert decommission(master) == NOT_SUPPORTED

    master.answers.clear()
    assert decommission(master) == NoAnswer("it doesn't lead", reached=False)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (grpc.StatusCode.NOT_FOUND, NO_SUCH_WORKER),
        (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED: no room"),
        (grpc.StatusCode.UNAVAILABLE, NoAnswer("UNAVAILABLE: no room")),
        (grpc.StatusCode.DEADLINE_EXCEEDED, NoAnswer("no answer in time")),
    ],
)
def test_a_refused_decommission_says_why(master: Alluxio, code: grpc.StatusCode, answer: object):
    def refuse(_: object) -> object:
        raise Refusal(code, "no \x1b[31mroom")

    master.answers[DECOMMISSION] = refuse

    assert decommission(master) == answer


def places(master: Alluxio, *ids: int) -> PlacesFound | NoAnswer:
    return AlluxioClient().block_places("127.0.0.1", master.port, ids, deadline())


def test_the_places_of_blocks_and_one_that_the_leader_does_not_know(master: Alluxio):
    def answer(asked: messages.BlockInfoRequest) -> messages.BlockInfoAnswer:
        if asked.block_id == 3:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BlockMeta not found")
        hosts = ["w-1", "w-0", "w-1"] if asked.block_id == 1 else []
        locations = [messages.BlockLocation(address=messages.WorkerAddress(host=host)) for host in hosts]
        return messages.BlockInfoAnswer(info=messages.BlockInfo(block_id=asked.block_id, length=9, locations=locations))

    master.answers[BLOCK_INFO] = answer

    assert places(master, 1, 2, 3) == PlacesFound(
        {1: BlockPlaces(9, ("w-0", "w-1")), 2: BlockPlaces(9), 3: None}, LEADER
    )
    assert len(master.greetings) == 1


def test_ids_for_which_there_is_no_time_are_missing(master: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "TIMEOUT", 1.0)
    master.answers[BLOCK_INFO] = lambda _: messages.BlockInfoAnswer(info=messages.BlockInfo(length=1))
    master.slow = 0.1

    found = places(master, *range(1000))

    assert isinstance(found, PlacesFound)
    assert 0 < len(found.places) < 10


def test_no_block_is_taken_for_deleted_because_of_another_error(master: Alluxio):
    for code in grpc.StatusCode:
        if code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT):
            continue

        def refuse(_: object, code: grpc.StatusCode = code) -> object:
            raise Refusal(code)

        master.answers[BLOCK_INFO] = refuse
        assert isinstance(places(master, 1), NoAnswer)


def test_places_of_two_leaders_are_not_mixed(master: Alluxio):
    master.answers |= {
        WHO: Leaders(77, 78),
        BLOCK_INFO: lambda _: messages.BlockInfoAnswer(info=messages.BlockInfo(length=1)),
    }
    assert places(master, 1) == NoAnswer("the leader restarted meanwhile")


def files(master: Alluxio, *ids: int) -> FilesFound | NoAnswer:
    return AlluxioClient().files_found("127.0.0.1", master.port, ids, deadline())


def test_the_id_of_a_file_is_in_the_ids_of_its_blocks():
    assert {file_of(16_777_216), file_of(16_777_217), file_of(33_554_431)} == {33_554_431}
    assert file_of(33_554_432) == 50_331_647


def test_files_by_their_ids_with_all_their_blocks(master: Alluxio):
    def answer(asked: messages.FileByIdRequest) -> messages.GetStatusAnswer:
        if asked.file_id == 2:
            raise Refusal(grpc.StatusCode.NOT_FOUND)
        location = messages.BlockLocation(address=messages.WorkerAddress(host="w-0"))
        block = messages.FileBlock(info=messages.BlockInfo(block_id=7, length=9, locations=[location]))
        info = messages.FileInfo(
            path="/f",
            pinned=True,
            replication_min=2,
            replication_max=-1,
            completed=asked.file_id != 3,
            blocks=[block],
            block_ids=[7, 8],
            block_size=10,
            length=15,
            last_access_ms=5,
        )
        return messages.GetStatusAnswer(info=info)

    master.answers[FILE_INFO] = answer

    found = files(master, 1, 2, 3)

    assert isinstance(found, FilesFound)
    known = HeldBlock(7, 9, "/f", False, True, 2, -1, True, 5, ("w-0",))
    assert found.files[1] == (known, replace(known, block_id=8, length=5, hosts=(), is_known=False))
    assert found.files[2] is None
    assert found.files[3] == (replace(known, completed=False),), "the other block is being written"
    assert found.leader == LEADER


def test_no_file_is_taken_for_deleted_because_of_another_error(master: Alluxio):
    for code in grpc.StatusCode:
        if code in (grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND):
            continue

        def refuse(_: object, code: grpc.StatusCode = code) -> object:
            raise Refusal(code)

        master.answers[FILE_INFO] = refuse
        assert isinstance(files(master, 1), NoAnswer)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(b"\x0a\x05a", "its answer can't be read"), (b"\x7a" + b"\0" * LARGEST_FILE, "a file has too many blocks")],
)
def test_a_file_that_cannot_be_read_is_no_answer(master: Alluxio, sent: bytes, reason: str):
    master.answers[FILE_INFO] = lambda _: sent
    assert files(master, 1) == NoAnswer(reason)
