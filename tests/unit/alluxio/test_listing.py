"""What a listing says about data that only workers have."""

from __future__ import annotations

from typing import Any

from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.listing import unpersisted_in

SINCE = 1_000


def block(length: int, *hosts: str) -> Any:
    locations = [messages.BlockLocation(address=messages.WorkerAddress(host=host)) for host in hosts]
    return messages.FileBlock(info=messages.BlockInfo(length=length, locations=locations))


def file(path: str, *blocks: Any, **over: Any) -> Any:
    length = sum(one.info.length for one in blocks)
    fields = {"path": path, "length": length, "created_ms": SINCE, "modified_ms": SINCE, "blocks": blocks}
    return messages.FileInfo(**fields | over)


def test_only_newer_files_that_no_ufs_has_count():
    found = unpersisted_in(
        [
            file("/new", block(10, "w0"), block(5, "w1", "w0")),
            file("/changed", block(3, "w1"), created_ms=1),
            file("/old", block(100, "w0"), created_ms=1, modified_ms=2),
            file("/persisted", block(100, "w0"), persisted=True),
            file("/folder", folder=True),
            file("/gone", length=7),
        ],
        SINCE,
    )
    assert (found.files, found.bytes) == (3, 25)
    assert found.workers == {"w0": (1, 15), "w1": (2, 8)}
    assert found.paths == ("/new", "/changed", "/gone")


def test_without_a_time_all_of_them_count_and_the_list_is_bounded():
    found = unpersisted_in((file(f"/{number}", created_ms=1, modified_ms=1) for number in range(50)), 0)
    assert (found.files, len(found.paths)) == (50, 20)


def test_a_path_cannot_write_to_a_terminal():
    assert "\x1b" not in unpersisted_in([file("/a\x1b[2J")], 0).paths[0]
