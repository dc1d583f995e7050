"""What a listing says about data that single workers hold."""

from __future__ import annotations

from typing import Any

from alluxio_operator.alluxio.at_risk import AtRisk, Holders, WorkerRisk
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.listing import LARGEST_SUM
from alluxio_operator.alluxio.rpc.risk_sums import MOST_PATHS, RiskSums

NOW = 10_000_000
HOLDERS = Holders({"10.0.0.1": "w-0", "w-0.host": "w-0", "10.0.0.2": "w-1"}, frozenset({"SSD"}))


def block(length: int, *hosts: str, tier: str = "MEM") -> Any:
    locations = [messages.BlockLocation(address=messages.WorkerAddress(host=host), tier=tier) for host in hosts]
    return messages.FileBlock(info=messages.BlockInfo(length=length, locations=locations))


def file(path: str, *blocks: Any, **over: Any) -> Any:
    length = min(sum(one.info.length for one in blocks), LARGEST_SUM)
    fields = {"path": path, "length": length, "completed": True, "created_ms": 5, "modified_ms": 9, "blocks": blocks}
    return messages.FileInfo(**fields | over)


def summed(*files: Any, holders: Holders = HOLDERS) -> AtRisk:
    sums = RiskSums(holders, NOW)
    for one in files:
        sums.add(one)
    return sums.result(70, 0.5)


def test_only_sole_copies_count_and_persisted_ones_apart():
    found = summed(
        file("/a/lost", block(10, "10.0.0.1"), block(5, "10.0.0.2")),
        file("/a/two", block(100, "10.0.0.1", "10.0.0.2")),
        file("/a/read", block(7, "10.0.0.2"), persisted=True),
        file("/a/cached-twice", block(100, "10.0.0.1", "10.0.0.2"), persisted=True),
        file("/a/not-cached", block(100), persisted=True),
        file("/a", folder=True),
    )
    assert found.workers == {
        "w-0": WorkerRisk(unpersisted=10, on_restart=10, files=1, oldest_ms=9),
        "w-1": WorkerRisk(unpersisted=5, on_restart=5, cached_once=7, files=1, oldest_ms=9),
    }
    assert found.total == WorkerRisk(unpersisted=15, on_restart=15, cached_once=7, files=1, oldest_ms=9)
    assert (found.unavailable, found.entries, found.received, found.seconds) == (0, 6, 70, 0.5)


def test_a_tier_that_outlives_the_pod_is_not_lost_by_a_restart():
    found = summed(file("/a", block(10, "10.0.0.1", tier="SSD"), block(3, "10.0.0.1", tier="MEM")))
    assert (found.total.unpersisted, found.total.on_restart) == (13, 3)


def test_pinned_files_count_whether_persisted_or_not():
    found = summed(
        file("/a", block(10, "10.0.0.1"), pinned=True),
        file("/b", block(4, "10.0.0.1"), pinned=True, persisted=True),
        file("/c", block(4, "10.0.0.1", "10.0.0.2"), pinned=True),
    )
    assert found.workers["w-0"].pinned == 14


def test_a_worker_without_a_pod_holds_no_copy():
    found = summed(
        file("/restarted", block(10, "10.0.0.1", "10.9.9.9")),
        file("/gone", block(20, "10.9.9.9")),
        file("/gone-too", block(30, "10.9.9.9"), persisted=True),
    )
    assert found.workers["w-0"].unpersisted == 10
    assert (found.unavailable, found.unavailable_files) == (20, 1)


def test_both_names_of_one_worker_are_one_copy():
    assert summed(file("/a", block(10, "10.0.0.1", "w-0.host"))).workers["w-0"].unpersisted == 10


def test_blocks_that_the_leader_has_forgotten_are_unavailable():
    found = summed(
        file("/a", block(10, "10.0.0.1"), length=25),
        file("/b", length=5),
        file("/c", persisted=True, length=9),
    )
    assert (found.unavailable, found.unavailable_files) == (20, 2)
    assert found.total.unpersisted == 10


def test_a_file_that_is_being_written_counts_with_what_it_has():
    found = summed(file("/a", block(10, "10.0.0.1"), completed=False, length=0), file("/b", completed=False))
    assert (found.incomplete, found.total.unpersisted, found.unavailable) == (2, 10, 0)


def test_the_oldest_change_is_kept_for_each_worker_and_never_lies_in_the_future():
    found = summed(
        file("/a", block(1, "10.0.0.1"), modified_ms=50),
        file("/b", block(1, "10.0.0.1"), modified_ms=30),
        file("/c", block(1, "10.0.0.2"), modified_ms=2**62),
        file("/d", block(1, "10.0.0.2"), created_ms=-7, modified_ms=-9, persisted=True),
    )
    assert (found.workers["w-0"].oldest_ms, found.workers["w-1"].oldest_ms) == (30, NOW)


def test_paths_are_summed_up_by_their_first_folders():
    found = summed(
        file("/top", block(1, "10.0.0.1")),
        file("/a/b/x", block(2, "10.0.0.1")),
        file("/a/b/c/d/e/y", block(8, "10.0.0.1")),
        file("/a/b/c/f/z", block(16, "10.0.0.2")),
        file("/a/b/w", block(4, "10.0.0.1")),
        file("/a/q/w", block(3, "10.0.0.1"), persisted=True),
    )
    assert [(one.path, one.unpersisted, one.files) for one in found.paths] == [
        ("/a/b/c", 24, 2),
        ("/a/b", 6, 2),
        ("/", 1, 1),
    ]


def test_the_largest_paths_are_kept_of_any_number():
    found = summed(*(file(f"/{number:05d}/a", block(number, "10.0.0.1")) for number in range(1, 3000)))
    assert [one.unpersisted for one in found.paths] == list(range(2999, 2999 - MOST_PATHS, -1))


def test_every_figure_has_a_bound():
    large = block(2**63 - 1, "10.0.0.1")
    found = summed(
        file("/" + "x" * 9000 + "/y", large, large, block(-5, "10.0.0.1")),
        file("/b", block(2**63 - 1), block(2**63 - 1)),
    )
    assert found.total.unpersisted == found.workers["w-0"].unpersisted == LARGEST_SUM
    assert found.unavailable == LARGEST_SUM
    assert max(len(one.path) for one in found.paths) <= 512


def test_a_path_cannot_write_to_a_terminal():
    assert summed(file("/a\x1b[2J/b", block(1, "10.0.0.1"))).paths[0].path == "/a"


def test_a_cluster_without_workers_has_only_unavailable_data():
    found = summed(file("/a", block(4, "10.0.0.1")), holders=Holders())
    assert (found.workers, found.unavailable) == ({}, 4)
