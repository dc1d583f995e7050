"""A listing in pages: each small, one after the other, and with an end whatever answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, Holders
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc import risk_listing
from alluxio_operator.alluxio.rpc.risk_listing import METHOD, PAGE, PagedRiskListing

HOLDERS = Holders({"h": "w"}, frozenset())
Answer = Callable[[messages.ListStatusPartialRequest], messages.ListStatusPartialAnswer | bytes]


class Failure(grpc.RpcError):
    """An error of a call."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__()
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "no"


class Leader:
    """Answers as `answer` says; `asked` are the requests, `connections` how many connections there were."""

    left = 5.0

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[messages.ListStatusPartialRequest] = []
        self.connections = 0
        self.t = 0.0
        self.call_seconds = 0.0

    @contextmanager
    def connect(self, host: str, port: int, seconds: float, largest: int) -> Iterator[Leader]:
        self.connections += 1
        yield self

    def call_bytes(self, method: str, question: messages.ListStatusPartialRequest) -> bytes:
        assert method == METHOD
        self.asked.append(question)
        self.t += self.call_seconds
        answer = self.answer(question)
        return answer if isinstance(answer, bytes) else bytes(answer.SerializeToString())


def file(path: str, length: int = 1) -> messages.FileInfo:
    location = messages.BlockLocation(address=messages.WorkerAddress(host="h"))
    block = messages.FileBlock(info=messages.BlockInfo(length=length, locations=[location]))
    return messages.FileInfo(path=path, length=length, completed=True, blocks=[block])


def serving(files: list[messages.FileInfo]) -> Answer:
    """Return the answers of a leader with these files, in order of their paths."""

    def answer(question: messages.ListStatusPartialRequest) -> messages.ListStatusPartialAnswer:
        rest = [one for one in files if one.path > question.options.start_after]
        size = question.options.batch_size
        return messages.ListStatusPartialAnswer(infos=rest[:size], truncated=len(rest) > size)

    return answer


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], tuple[Leader, PagedRiskListing]]:
    def made(answer: Answer) -> tuple[Leader, PagedRiskListing]:
        leader = Leader(answer)
        monkeypatch.setattr(risk_listing, "connect", leader.connect)
        return leader, PagedRiskListing("10.0.0.1", 19998, HOLDERS, 10, lambda: leader.t)

    return made


def test_pages_follow_each_other_to_the_end(begin: Any):
    files = [file(f"/{number:06d}") for number in range(2 * PAGE + 7)]
    leader, listing = begin(serving(files))
    found = listing.step()
    assert isinstance(found, AtRisk)
    assert (found.total.unpersisted, found.entries) == (2 * PAGE + 7, 2 * PAGE + 7)
    assert [one.options.start_after for one in leader.asked] == ["", files[PAGE - 1].path, files[2 * PAGE - 1].path]
    assert found.received == sum(len(leader.answer(one).SerializeToString()) for one in leader.asked)


def test_the_leader_is_asked_for_what_it_knows_without_the_ufs(begin: Any):
    leader, listing = begin(serving([]))
    listing.step()
    options = leader.asked[0].options.options
    assert leader.asked[0].path == "/"
    assert (options.load_metadata_type, options.common.sync_interval_ms, options.recursive) == (0, -1, True)
    assert options.exclude_mount_info
    assert options.skip_loaded_check
    # The first page starts after a name, too: only then Alluxio yields names in order.
    assert leader.asked[0].options.HasField("start_after")


def test_a_step_begins_no_page_after_a_second_and_the_next_one_goes_on(begin: Any):
    leader, listing = begin(serving([file(f"/{number:06d}") for number in range(5 * PAGE)]))
    leader.call_seconds = 0.6
    assert listing.step() is None
    assert len(leader.asked) == 2
    assert listing.step() is None
    found = listing.step()
    assert isinstance(found, AtRisk)
    assert (found.entries, leader.connections) == (5 * PAGE, 3)
    assert found.seconds == pytest.approx(3.0)


def test_a_page_that_is_too_large_for_a_message_becomes_smaller(begin: Any):
    files = [file(f"/{number:06d}") for number in range(PAGE)]

    def answer(question: messages.ListStatusPartialRequest) -> messages.ListStatusPartialAnswer:
        if question.options.batch_size > 200:
            raise Failure(grpc.StatusCode.RESOURCE_EXHAUSTED)
        return serving(files)(question)  # type: ignore[return-value]

    _, listing = begin(answer)
    found = listing.step()
    assert isinstance(found, AtRisk)
    assert found.entries == PAGE


def test_a_single_file_that_is_too_large_ends_the_listing(begin: Any):
    def answer(_: messages.ListStatusPartialRequest) -> bytes:
        raise Failure(grpc.StatusCode.RESOURCE_EXHAUSTED)

    leader, listing = begin(answer)
    assert isinstance(listing.step(), NoAnswer)
    assert len(leader.asked) < 10


@pytest.mark.parametrize(
    "answer",
    [
        messages.ListStatusPartialAnswer(truncated=True),
        messages.ListStatusPartialAnswer(infos=[messages.FileInfo(path="")], truncated=True),
        messages.ListStatusPartialAnswer(infos=[file("/a")], truncated=True),
        b"\xff" * 9,
    ],
    ids=["empty", "without a path", "the same again", "no message"],
)
def test_a_listing_that_does_not_go_on_has_an_end(begin: Any, answer: Any):
    leader, listing = begin(lambda _: answer)
    assert isinstance(listing.step(), NoAnswer)
    assert len(leader.asked) <= 2


def test_a_listing_without_end_is_given_up(begin: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(risk_listing, "MOST_ENTRIES", 100)
    number = iter(range(10_000))
    _, listing = begin(lambda _: messages.ListStatusPartialAnswer(infos=[file(f"/{next(number)}")], truncated=True))
    found = listing.step()
    assert isinstance(found, NoAnswer)
    assert "100 entries" in found.reason


@pytest.mark.parametrize(
    ("code", "reached"), [(grpc.StatusCode.UNIMPLEMENTED, False), (grpc.StatusCode.DEADLINE_EXCEEDED, True)]
)
def test_an_error_is_no_answer(begin: Any, code: grpc.StatusCode, reached: bool):
    def answer(_: messages.ListStatusPartialRequest) -> bytes:
        raise Failure(code)

    _, listing = begin(answer)
    found = listing.step()
    assert isinstance(found, NoAnswer)
    assert found.reached is reached
