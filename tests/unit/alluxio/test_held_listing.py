"""A listing of what workers that go hold: its pages are answered by one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.client import AlluxioClient
from alluxio_operator.alluxio.removal import Held, HeldQuestion
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc import pages
from alluxio_operator.alluxio.rpc.held_listing import PagedHeldListing
from alluxio_operator.alluxio.rpc.pages import PAGE

QUESTION = HeldQuestion(frozenset({"a"}), frozenset({"b"}))


class Failure(grpc.RpcError):
    """An error of a call."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNIMPLEMENTED

    def details(self) -> str:
        return "no"


class Leader:
    """A leader with sole blocks; a page takes `page_seconds`. It restarts before the call number `restarts`."""

    left = 5.0

    def __init__(self, entries: int) -> None:
        self.entries, self.page_seconds, self.restarts = entries, 0.0, 0
        self.calls = 0
        self.owner = "alluxio"
        self.t = 100.0

    @contextmanager
    def connect(self, *_: object) -> Iterator[Leader]:
        yield self

    def call(self, _method: str, _question: object, answer: type[Any]) -> Any:
        if answer is messages.GetStatusAnswer:
            return answer(info=messages.FileInfo(path="/", owner=self.owner))
        self.calls += 1
        started = 2 if self.restarts and self.calls >= self.restarts else 1
        return answer(info=messages.LeaderInfo(address="m:19998", started_ms=started))

    def call_bytes(self, _: str, question: messages.ListStatusPartialRequest) -> bytes:
        if self.entries < 0:
            raise Failure
        self.t += self.page_seconds
        first = int(question.options.start_after.lstrip("/") or -1) + 1
        numbers = range(first, min(first + question.options.batch_size, self.entries))
        location = messages.BlockLocation(address=messages.WorkerAddress(host="a"))
        infos = [
            messages.FileInfo(
                path=f"/{number:06d}",
                completed=True,
                block_ids=[number],
                blocks=[messages.FileBlock(info=messages.BlockInfo(block_id=number, length=1, locations=[location]))],
            )
            for number in numbers
        ]
        answer = messages.ListStatusPartialAnswer(infos=infos, truncated=numbers.stop < self.entries)
        return bytes(answer.SerializeToString())


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], tuple[Leader, PagedHeldListing]]:
    def made(entries: int) -> tuple[Leader, PagedHeldListing]:
        leader = Leader(entries)
        monkeypatch.setattr(pages, "connect", leader.connect)
        return leader, PagedHeldListing("10.0.0.1", 19998, QUESTION, lambda: leader.t, lambda: leader.t)

    return made


def test_a_listing_has_the_times_of_its_first_and_last_page_and_names_its_leader(begin: Any):
    leader, listing = begin(3 * PAGE)
    leader.page_seconds = 0.75
    assert listing.step() is None
    found = listing.step()
    assert isinstance(found, Held)
    assert (found.started_ms, found.finished_ms, found.leader) == (100_000, 102_250, "m 1")
    assert (found.unsafe.blocks, found.entries, found.complete) == (3 * PAGE, 3 * PAGE, True)
    assert found.seconds == pytest.approx(2.25)


@pytest.mark.parametrize(("owner", "superuser"), [("alluxio", True), ("root", False), ("", False)])
def test_a_user_that_does_not_own_the_root_may_not_see_all(begin: Any, owner: str, superuser: bool):
    leader, listing = begin(1)
    leader.owner = owner
    found = listing.step()
    assert isinstance(found, Held)
    assert found.superuser is superuser


@pytest.mark.parametrize("restarts", [2, 3, 4])
def test_a_leader_that_restarts_meanwhile_gives_no_result(begin: Any, restarts: int):
    leader, listing = begin(3 * PAGE)
    leader.page_seconds, leader.restarts = 0.75, restarts
    found = listing.step() or listing.step()
    assert found == NoAnswer("another process leads than at the listing's start")


def test_an_error_is_no_answer(begin: Any):
    _, listing = begin(-1)
    assert listing.step() == NoAnswer("it doesn't lead", reached=False)


def test_the_client_prepares_a_listing_and_asks_nothing_yet():
    assert isinstance(AlluxioClient().held_listing("10.0.0.1", 19998, QUESTION), PagedHeldListing)
