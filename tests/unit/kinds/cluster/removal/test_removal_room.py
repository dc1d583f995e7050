"""Room on workers that stay, and which of them copies which block."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAME, ready_pod

from alluxio_operator.alluxio.removal import HeldBlock, WorkerUse
from alluxio_operator.kinds.cluster.removal.reading import Copies
from alluxio_operator.kinds.cluster.removal.room import AGAIN_MS, PER_WORKER, bytes_needed, next_copies, room_of
from alluxio_operator.kinds.cluster.removal.victims import Staying
from alluxio_operator.workloads.pods import parse_pod

SOURCE = ("victim", 29999)
NONE = Copies()


def target(number: int, **over: Any) -> Staying:
    use = {"host": f"host-{number}", "rpc_port": 29999, "web_port": 30000, "capacity": 1000, "free": {"MEM": 1000}}
    pod = parse_pod(ready_pod("worker", f"{NAME}-worker-{number}", ip=f"10.0.0.{number}"))
    return Staying(pod, WorkerUse(**{**use, **over}))


def block(number: int, length: int = 10, **over: Any) -> HeldBlock:
    return HeldBlock(number, length, f"/{number}", **{"hosts": ("victim",), **over})


def copied(blocks: Any, targets: Any, copies: Copies = NONE, times: tuple[int, int] = (1000, 2000)) -> Any:
    return next_copies(blocks, SOURCE, targets, copies, room_of(targets, blocks, copies, 0), times)


def test_a_share_and_two_blocks_stay_free():
    room = room_of([target(0)], [block(1, 100)], Copies(), 0)
    assert room.total == 1000 - 50 - 200


def test_what_is_in_flight_and_the_reserve_of_several_tiers_count_in_each():
    two = target(0, free={"MEM": 500, "SSD": 500})
    room = room_of([two], [block(1, 10)], Copies(bytes_in_flight={"host-0": 100}), 30)
    assert room.free == {"host-0": (500 - 25 - 20 - 30 - 100, 500 - 25 - 20 - 30 - 100)}


def test_a_block_has_to_fit_into_one_tier():
    two = target(0, free={"MEM": 300, "SSD": 300})
    assert copied([block(1, 90)], [two])
    assert copied([block(1, 150)], [two]) == ()


def test_the_worker_with_the_most_room_copies():
    [copy] = copied([block(1)], [target(0, free={"MEM": 500}), target(1, free={"MEM": 900})])
    assert (copy.target_host, copy.target, copy.source) == ("host-1", ("10.0.0.1", 29999), SOURCE)


def test_no_worker_copies_what_it_has_or_beyond_its_room():
    assert copied([block(1, hosts=("victim", "host-0"))], [target(0)]) == ()
    blocks = [block(number, 100) for number in range(20)]
    assert sum(copy.length for copy in copied(blocks, [target(0)])) <= 750


@pytest.mark.parametrize(
    ("copies", "copied_again"),
    [
        (Copies(in_flight={1: "host-0"}), False),
        (Copies(accepted={1: 1500}), False),
        (Copies(accepted={1: 500}), True),
        (Copies(tried={1: {"host-0": 1900}}), False),
        (Copies(tried={1: {"host-0": 2000 - AGAIN_MS}}), True),
    ],
)
def test_a_copy_is_repeated_once_a_later_listing_lacks_it(copies: Copies, copied_again: bool):
    assert bool(copied([block(1)], [target(0)], copies)) is copied_again


def test_a_worker_has_a_bounded_number_of_copies():
    blocks = [block(number, 1) for number in range(200)]
    assert len(copied(blocks, [target(0, capacity=10**6, free={"MEM": 10**6})])) == PER_WORKER


def test_copies_that_are_wanted_are_needed_once_for_each():
    hosts = frozenset({"host-0", "host-1"})
    assert bytes_needed([block(1), block(2, hosts=("victim", "host-0"))], hosts) == 10
    assert bytes_needed([block(1, persisted=True, replication_min=3)], hosts) == 20
    assert bytes_needed([block(1)], frozenset()) == 10
