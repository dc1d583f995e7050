"""What a listing says about the blocks of workers that go."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import pytest

from alluxio_operator.alluxio.removal import Amount, Held, HeldBlock, HeldQuestion, VictimHolds
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.held_sums import HeldSums
from alluxio_operator.alluxio.rpc.listing import LARGEST_SUM, MOST_HOSTS

QUESTION = HeldQuestion(frozenset({"a"}), frozenset({"b", "c"}))


def block(number: int, length: int, *hosts: str) -> Any:
    locations = [messages.BlockLocation(address=messages.WorkerAddress(host=host)) for host in hosts]
    return messages.FileBlock(info=messages.BlockInfo(block_id=number, length=length, locations=locations))


def file(path: str, *blocks: Any, **over: Any) -> Any:
    fields: dict[str, Any] = {
        "path": path,
        "completed": True,
        "blocks": blocks,
        "block_ids": [one.info.block_id for one in blocks],
        "replication_max": -1,
    }
    return messages.FileInfo(**fields | over)


def summed(*files: Any, question: HeldQuestion = QUESTION) -> Held:
    sums = HeldSums(question)
    for one in files:
        sums.add(one)
    return sums.result(10, 20, "m 1", 70, 0.5, superuser=True)


def test_blocks_without_a_copy_that_stays_are_candidates_by_their_reason():
    found = summed(
        file("/sole", block(1, 10, "a"), block(2, 5, "b")),
        file("/two", block(3, 100, "a", "b")),
        file("/min", block(4, 20, "a", "b"), replication_min=2, persisted=True),
        file("/pinned", block(5, 30, "a"), pinned=True, persisted=True),
        file("/cached", block(6, 40, "a"), persisted=True),
        file("/elsewhere", block(7, 40, "b")),
        file("/folder", folder=True),
    )
    assert [(one.block_id, one.path, one.hosts) for one in found.candidates] == [
        (1, "/sole", ("a",)),
        (4, "/min", ("a", "b")),
        (5, "/pinned", ("a",)),
    ]
    assert found.victims == {
        "a": VictimHolds(Amount(5, 5, 200), Amount(1, 1, 10), Amount(1, 1, 20), Amount(1, 1, 30), Amount(1, 1, 40))
    }
    assert found.unsafe == Amount(3, 3, 60)
    assert list(found.kept_ids) == [1, 3, 4, 5]
    assert found.listed == {"a": 200, "b": 165}
    assert (found.complete, found.entries, found.started_ms, found.finished_ms, found.leader) == (
        True,
        7,
        10,
        20,
        "m 1",
    )
    assert (found.received, found.seconds) == (70, 0.5)


def test_a_copy_on_a_worker_that_neither_stays_nor_goes_does_not_count():
    found = summed(file("/silent", block(1, 10, "a", "x")))
    assert [one.block_id for one in found.candidates] == [1]


def test_a_copy_on_another_worker_that_goes_does_not_count_and_the_block_counts_once():
    question = HeldQuestion(frozenset({"a", "d"}), frozenset({"b"}))
    found = summed(file("/f", block(1, 10, "a", "d"), block(2, 10, "d")), question=question)
    assert found.unsafe == Amount(1, 2, 20)
    assert [len(found.candidates), found.victims["a"].unpersisted, found.victims["d"].unpersisted] == [
        2,
        Amount(1, 1, 10),
        Amount(1, 2, 20),
    ]


def test_a_worker_without_blocks_is_in_the_result():
    assert summed().victims == {"a": VictimHolds()}


def test_unpersisted_blocks_are_unsafe_also_if_no_worker_stays():
    question = HeldQuestion(frozenset({"a"}), frozenset())
    found = summed(file("/f", block(1, 10, "a")), file("/g", block(2, 9, "a"), persisted=True), question=question)
    assert found.unsafe == Amount(1, 1, 10)


@pytest.mark.parametrize("state", ["LOST", "TO_BE_PERSISTED", "NOT_PERSISTED"])
def test_the_state_of_a_persistence_is_no_persistence(state: str):
    assert summed(file("/f", block(1, 10, "a"), persistence_state=state)).unsafe.blocks == 1


def test_what_can_be_lost_needs_a_copy_also_if_no_worker_stays():
    assert HeldBlock(1, 1, "/f").copies_wanted(0) == 1
    assert HeldBlock(1, 1, "/f", persisted=True, pinned=True).copies_wanted(0) == 1
    assert HeldBlock(1, 1, "/f", persisted=True, replication_min=2).copies_wanted(0) == 0


def test_the_sums_and_the_blocks_have_one_rule():
    copies = ([], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "x"], ["b"], ["x"])
    for hosts, persisted, pinned, least in product(copies, (False, True), (False, True), (0, 1, 2, 3, 9)):
        one = file("/f", block(1, 1, *hosts), persisted=persisted, pinned=pinned, replication_min=least)
        held = HeldBlock(1, 1, "/f", persisted, pinned, least, hosts=tuple(hosts))
        missing = held.copies_on(QUESTION.staying) < held.copies_wanted(len(QUESTION.staying))
        assert (summed(one).unsafe.blocks == 1) is (missing and "a" in hosts), held


def test_blocks_without_a_location_are_named_with_the_latest_first():
    found = summed(
        file("/gone", block(9, 10), block(2, 5), block(4, 1, "b")),
        file("/gone-too", block(3, 5)),
        file("/in-ufs", block(5, 5), persisted=True),
    )
    assert [(one.block_id, one.length, one.is_known) for one in found.unlocated_blocks] == [
        (9, 10, True),
        (3, 5, True),
        (2, 5, True),
    ]
    assert (found.unlocated, found.unlocated_complete, found.writing) == (Amount(2, 3, 20), True, 0)


def test_a_block_only_on_a_worker_that_neither_goes_nor_stays_is_unlocated():
    found = summed(file("/f", block(1, 10, "x"), block(2, 5, "x", "b"), block(3, 7, "x", "a")))
    assert [(one.block_id, one.hosts) for one in found.unlocated_blocks] == [(1, ("x",))]
    assert (found.unlocated, found.unsafe) == (Amount(1, 1, 10), Amount(1, 1, 7))


def test_questions_one_after_the_other_name_all_blocks_without_a_location():
    files = [file("/f", *(block(number, 1) for number in Random(1).sample(range(100), 50)))]
    named: list[int] = []
    complete = False
    while not complete:
        below = named[-1] if named else 2**63 - 1
        found = summed(*files, question=HeldQuestion(frozenset({"a"}), frozenset(), 7, below))
        named += [one.block_id for one in found.unlocated_blocks]
        complete = found.unlocated_complete
    assert named == sorted(files[0].block_ids, reverse=True)


def test_blocks_that_the_leader_has_forgotten_have_the_length_in_their_file():
    found = summed(file("/f", block(1, 10, "b"), block_ids=[1, 2, 3], block_size=10, length=25))
    assert [(one.block_id, one.length, one.is_known) for one in found.unlocated_blocks] == [
        (3, 5, False),
        (2, 10, False),
    ]
    assert found.unlocated == Amount(1, 2, 15)


def test_a_block_that_is_being_written_is_not_lost():
    found = summed(file("/f", block(1, 10, "a"), block_ids=[1, 2], block_size=10, completed=False))
    assert (found.unlocated, found.writing) == (Amount(), 1)
    assert found.candidates[0].completed is False


def test_the_blocks_that_are_kept_are_the_first_by_reason_and_size():
    files = [
        file("/pinned", block(1, 500, "a"), pinned=True, persisted=True),
        *(file(f"/f{number}", block(10 + number, number, "a")) for number in Random(2).sample(range(50), 50)),
        file("/min", block(2, 900, "a"), replication_min=1, persisted=True),
    ]
    found = summed(*files, question=HeldQuestion(frozenset({"a"}), frozenset({"b"}), 3))
    assert [one.length for one in found.candidates] == [49, 48, 47]
    assert not found.complete
    assert found.unsafe == Amount(52, 52, 500 + 900 + sum(range(50)))
    found = summed(*files, question=HeldQuestion(frozenset({"a"}), frozenset({"b"}), 51))
    assert [one.block_id for one in found.candidates][-2:] == [10, 2]
    assert summed(*files, question=HeldQuestion(frozenset({"a"}), frozenset({"b"}), 52)).complete


def test_ids_beyond_a_number_are_missing_and_the_result_says_so():
    files = [file("/f", *(block(number, 1, "a") for number in range(5)))]
    found = summed(*files, question=HeldQuestion(frozenset({"a"}), frozenset(), most_ids=3))
    assert (list(found.kept_ids), found.kept_complete) == ([0, 1, 2], False)


def test_every_figure_of_a_hostile_leader_has_bounds():
    most = 2**63 - 1
    found = summed(
        file(
            "/\x1b[2J" + "x" * 5000,
            *(block(number, most, "a", *(f"{'h' * 300}{number}-{one}" for one in range(300))) for number in range(9)),
            block(-5, -most, "a"),
            block_ids=[-1, most],
            block_size=-1,
            length=most,
            replication_min=-5,
            replication_max=-9,
        ),
        *(file(f"/{number}", block(number, 1, f"h{number}")) for number in range(MOST_HOSTS + 9)),
    )
    assert found.unsafe.bytes == LARGEST_SUM
    assert found.listed["a"] == LARGEST_SUM
    assert len(found.listed) <= MOST_HOSTS
    assert all(len(one.path) <= 512 and "\x1b" not in one.path for one in found.candidates)
    assert all(len(one.hosts) <= 64 and len(one.hosts[0]) <= 253 for one in found.candidates)
    assert all((one.replication_min, one.replication_max) == (0, -1) for one in found.candidates)
    assert all(0 <= one.length <= most for one in (*found.candidates, *found.unlocated_blocks))
