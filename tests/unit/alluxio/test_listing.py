"""What a listing says about data that only workers have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from alluxio_operator.alluxio.answers import UnpersistedFiles
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.listing import (
    LARGEST_FILE,
    LARGEST_SUM,
    MOST_HOSTS,
    OTHERS,
    Unpersisted,
    UnreadableError,
    files_in,
)

SINCE = 1_000


def unpersisted_in(files: Iterable[Any], since_ms: int) -> UnpersistedFiles:
    counted = Unpersisted(since_ms)
    for one in files:
        counted.add(one)
    return counted.found()


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


def sent(*files: Any) -> bytes:
    return bytes(messages.ListStatusAnswer(infos=files).SerializeToString())


def test_the_files_of_several_messages_are_read_one_after_the_other():
    parts = [sent(file("/a"), file("/b")), b"", sent(file("/c"))]
    assert [one.path for one in files_in(parts, lambda: False)] == ["/a", "/b", "/c"]


def test_a_message_of_empty_files_is_never_parsed_as_a_whole():
    files = files_in([b"\x0a\x00" * 4_000_000], lambda: False)
    assert next(files) == messages.FileInfo()


def test_a_listing_ends_in_time_also_amid_a_message():
    late = iter([False, False, True])
    files = files_in([sent(*(file(f"/{number}") for number in range(5)))], lambda: next(late))
    assert [next(files).path, next(files).path] == ["/0", "/1"]
    with pytest.raises(UnreadableError, match="no answer in time"):
        next(files)


@pytest.mark.parametrize("part", [b"\xff" * 20, b"\x0a\x05a", b"\x0a\x01\xff"], ids=["no end", "cut", "no file"])
def test_what_is_no_listing_is_refused(part: bytes):
    with pytest.raises(UnreadableError, match="can't be read"):
        list(files_in([part], lambda: False))


def test_a_file_with_too_many_blocks_is_refused():
    large = sent(file("/" + "x" * LARGEST_FILE))
    with pytest.raises(UnreadableError, match="too many blocks"):
        list(files_in([large], lambda: False))


def test_every_figure_fits_into_the_status():
    sizes = (-5, 2**63 - 1, 2**63 - 1)
    hostile = [file("/" + "x" * 5000, block(2**63 - 1, "h" * 300), block(-1, "h" * 300), length=size) for size in sizes]
    found = unpersisted_in(hostile, 0)
    assert (found.files, found.bytes) == (3, LARGEST_SUM)
    assert found.workers == {"h" * 253: (3, LARGEST_SUM)}
    assert max(map(len, found.paths)) == 512


def test_workers_beyond_a_number_are_summed_up():
    found = unpersisted_in((file(f"/{number}", block(1, f"w{number}")) for number in range(MOST_HOSTS + 5)), 0)
    assert (len(found.workers), found.workers[OTHERS]) == (MOST_HOSTS + 1, (5, 5))


def test_a_host_cannot_write_to_a_terminal():
    assert list(unpersisted_in([file("/a", block(1, "w\x1b[2J0"))], 0).workers) == ["w0"]
