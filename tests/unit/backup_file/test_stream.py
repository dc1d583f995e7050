"""Reading a backup file: every damage is found, with its position and a remedy, in constant memory."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import backup_files as made

from alluxio_operator.backup_file import wire
from alluxio_operator.backup_file.count import Summary, summarize
from alluxio_operator.backup_file.errors import BackupFileError, Position, Reason
from alluxio_operator.backup_file.stream import EntryReader, Limits

WHOLE = made.backup(made.some())
TRAILER = 8


def refused(data: bytes, limits: Limits | None = None) -> BackupFileError:
    with pytest.raises(BackupFileError) as found:
        summarize(io.BytesIO(data), limits)
    return found.value


def test_a_reader_yields_the_entries_as_they_are() -> None:
    entries = made.some()
    reader = EntryReader(io.BytesIO(made.backup(entries)))
    assert list(reader) == entries
    assert reader.position == Position(len(entries), len(made.stream(entries)), len(made.backup(entries)))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3000) | st.sampled_from([127, 128, 16383, 16384, 2**20 + 1]), max_size=12))
def test_entries_of_any_length_cross_the_reader_s_blocks_unharmed(lengths: list[int]) -> None:
    entries = [bytes([place % 251]) * length for place, length in enumerate(lengths)]
    assert list(EntryReader(io.BytesIO(made.backup(entries)))) == entries


def test_the_memory_of_a_reader_is_bounded_for_a_file_of_any_size() -> None:
    entries = made.stream([made.file(1, "x" * 50_000)]) * 1_400
    data = gzip.compress(made.stream(made.least()) + entries, 1)
    tracemalloc.start()
    assert summarize(io.BytesIO(data)).expanded > 64 * 1024**2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024**2


# --- truncation ------------------------------------------------------------------------------------------------------


def test_an_empty_file_is_named_as_such() -> None:
    error = refused(b"")
    assert (error.reason, error.position) == (Reason.EMPTY, Position())
    assert "take another backup" in str(error)


def test_a_file_cut_off_at_any_byte_is_truncated() -> None:
    reasons = {cut: refused(WHOLE[:cut]).reason for cut in range(1, len(WHOLE))}
    assert {cut: reason for cut, reason in reasons.items() if reason != Reason.TRUNCATED} == {}


def test_the_position_of_a_truncation_is_told() -> None:
    entries = [*made.least(), *(made.file(number, f"{number:0>300}") for number in range(2000))]
    data = made.backup(entries)
    error = refused(data[: len(data) // 2])
    assert error.position is not None
    assert 0 < error.position.entry < 2002
    assert error.position.expanded == len(made.stream(entries[: error.position.entry]))
    assert f"after {error.position.entry} whole entries, at byte {error.position.expanded} of" in str(error)


@pytest.mark.parametrize("cut", [1, 2, 10])
def test_a_whole_gzip_that_ends_within_an_entry_is_truncated(cut: int) -> None:
    # This is what Alluxio restores without a word, one entry short.
    entries = made.some()
    error = refused(gzip.compress(made.stream(entries)[:-cut]))
    assert error.reason == Reason.TRUNCATED
    assert error.position is not None
    assert error.position.entry == len(entries) - 1


def test_a_whole_gzip_that_ends_within_the_length_of_an_entry_is_truncated() -> None:
    long = made.file(1, "x" * 300)
    data = gzip.compress(made.stream(made.least()) + wire.delimited(long)[:1])
    assert refused(data).reason == Reason.TRUNCATED


# --- damage ----------------------------------------------------------------------------------------------------------


def test_no_flipped_bit_behind_the_header_passes() -> None:
    # The lowest bit: the highest ones of the last byte before the checksum are padding.
    allowed = {Reason.CORRUPT, Reason.TRUNCATED, Reason.TRAILING_BYTES}
    for place in range(10, len(WHOLE)):
        data = bytearray(WHOLE)
        data[place] ^= 1
        assert refused(bytes(data)).reason in allowed, place


@pytest.mark.parametrize("place", range(1, TRAILER + 1))
def test_a_flipped_byte_of_the_checksum_or_length_is_corruption(place: int) -> None:
    data = bytearray(WHOLE)
    data[-place] ^= 0xFF
    assert refused(bytes(data)).reason == Reason.CORRUPT


def test_a_flipped_byte_of_the_content_is_found_by_the_checksum() -> None:
    # Stored, not compressed: only the checksum can tell.
    data = bytearray(gzip.compress(made.stream(made.some()), 0))
    data[data.index(b"part-7") + 5] ^= 1
    error = refused(bytes(data))
    assert error.reason == Reason.CORRUPT
    assert "incorrect data check" in str(error)


def test_an_entry_that_is_no_message_is_corruption() -> None:
    error = refused(made.backup([*made.least(), b"\x12\x7fshort"]))
    assert error.reason == Reason.CORRUPT
    assert error.position == Position(2, len(made.stream(made.least())), error.position.compressed)  # type: ignore[union-attr]


def test_a_length_without_an_end_is_corruption() -> None:
    assert refused(gzip.compress(made.stream(made.least()) + b"\xff" * 11)).reason == Reason.CORRUPT


def test_bytes_behind_the_end_are_found() -> None:
    assert refused(WHOLE + b"\0").reason == Reason.TRAILING_BYTES
    assert refused(WHOLE + b"more").reason == Reason.TRAILING_BYTES
    # They begin with the reader's next block.
    exact = made.backup([*made.least(), *(made.file(1, "") for _ in range(3))])
    assert refused(exact + b"more").reason == Reason.TRAILING_BYTES


def test_several_gzip_members_are_found_though_alluxio_reads_the_first_only() -> None:
    assert refused(WHOLE + WHOLE).reason == Reason.SEVERAL_MEMBERS


class Slow(io.BytesIO):
    """A file that gives one byte at a time, as a pipe or a network file system may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1 if size else 0)


def test_short_reads_change_nothing() -> None:
    assert summarize(Slow(WHOLE)) == summarize(io.BytesIO(WHOLE))
    with pytest.raises(BackupFileError) as found:
        summarize(Slow(WHOLE + WHOLE[:5]))
    # The first of the bytes alone could be anything.
    assert found.value.reason == Reason.TRAILING_BYTES


# --- what isn't a backup ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 a zip file",
        b"hello\n",
        b"\x1f",
        gzip.compress(b"# a text file\n" * 100),
        gzip.compress(b""),
        gzip.compress(made.stream([made.file(1), made.directory(2)])),
        gzip.compress(b"\0" * 1000),
    ],
    ids=["zip", "text", "one byte", "gzip of text", "gzip of nothing", "no generator", "zeros"],
)
def test_another_file_is_no_backup(data: bytes) -> None:
    error = refused(data)
    assert error.reason in (Reason.NOT_A_BACKUP, Reason.TRUNCATED)
    assert (error.reason == Reason.TRUNCATED) == (data == b"\x1f")


def test_a_file_that_fails_to_be_read_is_not_blamed() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(BackupFileError) as found:
        summarize(Failing(WHOLE))
    assert found.value.reason == Reason.UNREADABLE


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_at_all_raise_another_error(data: bytes, packed: bool) -> None:
    with pytest.raises(BackupFileError):
        summarize(io.BytesIO(gzip.compress(data) if packed else data))


# --- limits ----------------------------------------------------------------------------------------------------------


def test_an_entry_above_the_limit_is_refused_before_it_is_read() -> None:
    claimed = gzip.compress(made.stream(made.least()) + wire.encoded(2**40) + b"x" * 100)
    error = refused(claimed)
    assert error.reason == Reason.ENTRY_TOO_LARGE
    assert str(2**40) in str(error)
    assert refused(made.backup([*made.least(), made.file(1, "x" * 200)]), Limits(entry=100)).reason == (
        Reason.ENTRY_TOO_LARGE
    )


def test_a_gzip_bomb_is_refused_at_the_limit_of_expanded_bytes() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = made.stream(made.least())
    bomb = packer.compress(head + (wire.delimited(made.file(1, "\0" * 100_000))) * 200) + packer.flush()
    assert len(bomb) < 60_000
    error = refused(bomb, Limits(expanded=2_000_000))
    assert error.reason == Reason.EXPANDS_TOO_FAR
    assert error.position is not None
    assert error.position.expanded <= 2_000_000
    assert "--max-expanded-bytes" in str(error)


def test_the_name_in_the_header_is_read() -> None:
    file = io.BytesIO()
    with gzip.GzipFile("a-name", "wb", 6, file, mtime=0) as out:
        out.write(made.stream(made.least()))
    reader = EntryReader(io.BytesIO(file.getvalue()))
    list(reader)
    assert reader.gzip_name == "a-name"
    assert isinstance(summarize(io.BytesIO(file.getvalue())), Summary)
