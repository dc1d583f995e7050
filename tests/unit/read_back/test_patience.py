"""Servers that don't answer once, or not for one file."""

import time
from contextlib import contextmanager

import grpc
import pytest

from alluxio_operator.read_back import __main__ as main
from alluxio_operator.read_back import live, through
from alluxio_operator.read_back.address import Address
from alluxio_operator.read_back.compare import Through, Verdict
from alluxio_operator.read_back.sample import Record, Share

SERVER = Address("server", 1)


class Refused(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode, details: str = "") -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


@pytest.fixture(autouse=True)
def without_network(monkeypatch):
    @contextmanager
    def connect(*_: object):
        yield None

    for module in (main, live):
        monkeypatch.setattr(module, "connect", connect)
    monkeypatch.setattr(time, "sleep", lambda _: None)


SUSPECTS = [(Record(f"/{number}", number, 1), Verdict.MISSING) for number in range(99)]
ODD = (Record("/odd", 1, 1), Verdict.MISSING)


def answering(monkeypatch, refusals: list[grpc.StatusCode]) -> None:
    """Let the live cluster have deleted all files, and refuse /odd as often as given."""

    def status(_: object, path: str) -> None:
        if path == "/odd" and refusals:
            raise Refused(refusals.pop())

    monkeypatch.setattr(through, "status", status)


@pytest.mark.parametrize("code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE])
@pytest.mark.parametrize("position", [0, 50, 99])
def test_a_file_without_an_answer_leaves_the_excuses_of_the_others(monkeypatch, code, position):
    answering(monkeypatch, [code] * 99)
    suspects = [*SUSPECTS[:position], ODD, *SUSPECTS[position:]]
    judged, answered = live.excused(suspects, SERVER, time.monotonic() + 99)
    assert not answered
    assert [one[0].path for one in judged] == [one[0].path for one in suspects]
    assert [verdict for record, verdict in judged if record.path == "/odd"] == [Verdict.UNSURE]
    assert {verdict for record, verdict in judged if record.path != "/odd"} == {Verdict.CHANGED}


def test_an_answer_of_the_second_try_counts(monkeypatch):
    answering(monkeypatch, [grpc.StatusCode.UNAVAILABLE])
    judged, answered = live.excused([ODD, *SUSPECTS], SERVER, time.monotonic() + 99)
    assert answered
    assert {verdict for _, verdict in judged} == {Verdict.CHANGED}


def test_a_file_that_the_cluster_still_lists_is_lost(monkeypatch):
    monkeypatch.setattr(through, "status", lambda _, path: Record(path, 1, 1))
    assert live.excused([ODD], SERVER, time.monotonic() + 99) == ([ODD], True)


def test_without_a_live_cluster_nothing_is_called_a_loss():
    matched = (Record("/a", 1, 1), Verdict.MATCHED)
    judged, answered = live.excused([matched, ODD], None, time.monotonic() + 99)
    assert not answered
    assert [verdict for _, verdict in judged] == [Verdict.MATCHED, Verdict.UNSURE]


def test_a_worker_that_restarts_between_two_files_is_waited_for(monkeypatch):
    answers: list[object] = [Refused(grpc.StatusCode.UNAVAILABLE, "Connection refused"), Through("digest")]

    def read(*_: object) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(through, "read", read)
    now = time.monotonic()
    share = Share(Record("/a", 1, 1), 1)
    assert list(main._read_all(SERVER, [share], now + 99)) == [(share, Through("digest"))]


def test_a_worker_that_stays_away_says_nothing_of_a_file(monkeypatch):
    def read(_: object, share: Share) -> Through:
        if share.record.path == "/first":
            return Through("digest")
        raise Refused(grpc.StatusCode.UNAVAILABLE, "Connection refused")

    monkeypatch.setattr(through, "read", read)
    monkeypatch.setattr(main, "PATIENCE", 0.0)
    first, second = Share(Record("/first", 1, 1), 1), Share(Record("/a", 1, 1), 1)
    found = main._read_all(SERVER, [first, second], time.monotonic() + 99)
    assert next(found) == (first, Through("digest"))
    with pytest.raises(grpc.RpcError):
        next(found)


class Worker:
    """A worker that refuses to read."""

    def __init__(self, error: Refused) -> None:
        self._error = error

    def stream(self, *_: object) -> object:
        raise self._error


@pytest.mark.parametrize(
    ("error", "absent"),
    [
        (Refused(grpc.StatusCode.UNKNOWN, "disk"), False),
        (Refused(grpc.StatusCode.NOT_FOUND, "x"), True),
        (Refused(grpc.StatusCode.UNAVAILABLE, "/a: No such file"), True),
    ],
)
def test_an_error_of_a_file_is_one_of_that_file(error, absent):
    share = Share(Record("/a", 1, 1, block_size=1, block_ids=(1,)), 1)
    found = through.read(Worker(error), share)  # type: ignore[arg-type]
    assert found.error
    assert found.absent is absent


def test_no_answer_of_a_worker_is_none_of_a_file():
    share = Share(Record("/a", 1, 1, block_size=1, block_ids=(1,)), 1)
    with pytest.raises(grpc.RpcError):
        through.read(Worker(Refused(grpc.StatusCode.UNAVAILABLE, "Connection refused")), share)  # type: ignore[arg-type]
