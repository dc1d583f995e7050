"""Calls to a worker, against a real gRPC server."""

from __future__ import annotations

import time
from collections.abc import Iterator

import grpc
import pytest
from tests.support.grpc_server import READ, Alluxio, Refusal

from alluxio_operator.alluxio import client
from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.client import AlluxioClient
from alluxio_operator.alluxio.removal import Accepted, CopyOutcome, Refused
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.worker import BLOCKS, LARGEST_ANSWER
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

CACHE = f"{BLOCKS}Cache"
BLOCK = 16_777_216


@pytest.fixture
def worker() -> Iterator[Alluxio]:
    worker = Alluxio()
    yield worker
    worker.server.stop(None).wait()


def copied(port: int, *, wait: bool = False, source: str = "w-1", seconds: float = 10.0) -> CopyOutcome:
    return AlluxioClient().copy_block(
        ("127.0.0.1", port), BLOCK, 512, (source, 29999), wait=wait, deadline=Deadline.after(seconds)
    )


def has(port: int, seconds: float = 10.0) -> bool | NoAnswer:
    return AlluxioClient().has_block("127.0.0.1", port, BLOCK, Deadline.after(seconds))


@pytest.mark.parametrize("wait", [False, True])
def test_a_copy_names_the_block_its_length_and_its_source_and_no_ufs(worker: Alluxio, wait: bool):
    worker.answers[CACHE] = lambda _: messages.Nothing()

    assert copied(worker.port, wait=wait) == Accepted()

    [asked] = worker.asked
    assert asked == messages.CacheRequest(
        block_id=BLOCK, source_host="w-1", source_port=29999, length=512, run_async=not wait
    )
    assert asked.SerializeToString().hex() == "08808080081203772d3118afea0128800430" + ("00" if wait else "01")


def test_a_worker_without_a_handshake_is_asked_without(worker: Alluxio):
    worker.handshake = False
    worker.answers |= {CACHE: lambda _: messages.Nothing(), READ: lambda _: [chunk(b"x")]}

    assert (copied(worker.port), has(worker.port)) == (Accepted(), True)


def test_a_worker_is_never_its_own_source(worker: Alluxio):
    worker.answers[CACHE] = lambda _: messages.Nothing()

    assert isinstance(copied(worker.port, source="127.0.0.1"), Refused)

    assert worker.asked == []


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.INTERNAL,
    ],
)
def test_a_refused_copy_says_why(worker: Alluxio, code: grpc.StatusCode):
    def refuse(_: object) -> object:
        raise Refusal(code, "no \x1b[31mroom" + "!" * 500)

    worker.answers[CACHE] = refuse

    said = copied(worker.port, wait=True)

    assert isinstance(said, Refused)
    assert said.reason.startswith(f"{code.name}: no room!!")
    assert len(said.reason) <= 200


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_a_worker_that_ends_meanwhile_may_have_copied(worker: Alluxio, code: grpc.StatusCode):
    def end(_: object) -> object:
        raise Refusal(code)

    worker.answers[CACHE] = end

    assert copied(worker.port) == NoAnswer(f"{code.name}: no", reached=True)


def test_a_server_that_is_no_worker_has_copied_nothing(worker: Alluxio):
    assert copied(worker.port) == NoAnswer("it is no worker", reached=False)
    assert has(worker.port) == NoAnswer("it is no worker", reached=False)


def test_a_rejected_handshake_is_no_answer_about_a_block(worker: Alluxio):
    worker.accepts = False

    assert copied(worker.port) == NoAnswer("UNAUTHENTICATED: no", reached=False)
    assert has(worker.port) == NoAnswer("UNAUTHENTICATED: no", reached=False)


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNKNOWN])
def test_an_error_of_the_handshake_is_no_answer_about_a_block(
    worker: Alluxio, monkeypatch: pytest.MonkeyPatch, code: grpc.StatusCode
):
    def greet(_: object, context: grpc.ServicerContext) -> Iterator[messages.SaslMessage]:
        context.abort(code, "no")
        yield messages.SaslMessage()

    monkeypatch.setattr(worker, "greet", greet)

    assert has(worker.port) == NoAnswer(f"{code.name}: no", reached=False)
    assert copied(worker.port) == NoAnswer(f"{code.name}: no", reached=False)


def test_a_worker_that_has_gone_has_no_answer(worker: Alluxio):
    worker.server.stop(None).wait()

    assert copied(worker.port) == NoAnswer("connection refused", reached=False)
    assert has(worker.port) == NoAnswer("connection refused", reached=False)


def test_a_copy_that_is_waited_for_has_more_time(worker: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.3)
    worker.answers[CACHE] = lambda _: messages.Nothing()
    worker.slow = 0.6

    assert copied(worker.port) == NoAnswer("no answer in time")
    assert copied(worker.port, wait=True) == Accepted()


def test_a_deadline_that_is_over_ends_the_reconcile(worker: Alluxio):
    with pytest.raises(DeadlineExceeded):
        copied(worker.port, seconds=-1)
    with pytest.raises(DeadlineExceeded):
        has(worker.port, seconds=-1)


def chunk(data: bytes) -> messages.ReadResponse:
    return messages.ReadResponse(chunk=messages.Chunk(data=data))


def test_a_block_is_there_if_its_first_byte_comes(worker: Alluxio):
    worker.answers[READ] = lambda _: [chunk(b""), chunk(b"x")]

    assert has(worker.port) is True

    [asked] = worker.asked
    assert asked == messages.ReadRequest(block_id=BLOCK, offset=0, length=1, promote=False, chunk_size=1)
    assert not asked.HasField("open_ufs_block_options"), "with them, the worker would read from the UFS"


def test_a_block_that_the_worker_does_not_find_is_not_there(worker: Alluxio):
    def refuse(_: object) -> object:
        raise Refusal(grpc.StatusCode.NOT_FOUND)

    worker.answers[READ] = refuse

    assert has(worker.port) is False


@pytest.mark.parametrize(
    "code", [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND)]
)
def test_no_other_error_says_that_a_block_is_not_there(worker: Alluxio, code: grpc.StatusCode):
    def refuse(_: object) -> object:
        raise Refusal(code)

    worker.answers[READ] = refuse

    assert isinstance(has(worker.port), NoAnswer)


def test_an_answer_without_a_byte_says_nothing(worker: Alluxio):
    for answer in ([], [chunk(b"")], [chunk(b"")] * 50):
        worker.answers[READ] = lambda _, answer=answer: answer
        assert has(worker.port) == NoAnswer("its answer has no byte of the block")


def test_an_answer_larger_than_a_byte_needs_is_not_read(worker: Alluxio):
    worker.answers[READ] = lambda _: [chunk(b"x" * (LARGEST_ANSWER + 1))]

    assert isinstance(has(worker.port), NoAnswer)


def test_a_read_that_hangs_ends_in_time(worker: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.3)

    def hang(_: object) -> Iterator[messages.ReadResponse]:
        time.sleep(1.0)
        yield chunk(b"x")

    worker.answers[READ] = hang

    assert has(worker.port) == NoAnswer("no answer in time")
