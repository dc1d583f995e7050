"""What a backup file holds, in numbers that agree with Alluxio's own, and small enough for a termination message."""

from __future__ import annotations

import gzip
import hashlib
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import backup_files as made

from alluxio_operator.backup_file import entry, wire
from alluxio_operator.backup_file.count import MOST_UNKNOWN, Summary, summarize
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.result import LONGEST, Result


def counted(*entries: bytes) -> Summary:
    return summarize(io.BytesIO(made.backup([*made.least(), *entries])))


def test_a_summary_names_what_the_file_holds() -> None:
    data = made.backup(made.some(20))
    assert summarize(io.BytesIO(data)) == Summary(
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        expanded=len(made.stream(made.some(20))),
        entries=47,
        kinds={
            "add_mount_point": 1,
            "block_container_id_generator": 1,
            "block_info": 20,
            "inode_directory": 2,
            "inode_directory_id_generator": 1,
            "inode_file": 20,
            "cluster_info": 1,
            "load_job": 1,
        },
        files=20,
        directories=2,
        mounts=1,
        blocks=20,
        largest_block_container=20,
        next_block_container=3000,
        cluster_id="7d0f5ac2-0000-4000-8000-000000000001",
        last_kind="load_job",
    )


def test_an_entry_of_a_newer_version_is_counted_by_its_number() -> None:
    found = counted(wire.bytes_field(99, b"x"), wire.varint_field(1000, 5), wire.bytes_field(99, b""))
    assert found.kinds == {
        "block_container_id_generator": 1,
        "inode_directory": 1,
        "unknown_99": 2,
        "unknown_1000": 1,
    }
    assert (found.entries, found.unrestorable) == (5, 3)


def test_many_unknown_kinds_are_summed_up() -> None:
    found = counted(*(wire.bytes_field(1000 + number, b"") for number in range(50)))
    assert found.kinds["unknown_others"] == 50 - MOST_UNKNOWN
    assert sum(found.kinds.values()) == found.entries == 52
    assert found.unrestorable == 50


def test_sequence_number_and_operation_id_are_no_kinds() -> None:
    envelope = wire.varint_field(1, 77) + wire.bytes_field(52, b"")
    found = counted(envelope + made.directory(5), made.file(6) + envelope, envelope)
    assert found.kinds == {"block_container_id_generator": 1, "inode_directory": 2, "inode_file": 1, "empty": 1}
    assert found.unrestorable == 1


def test_a_batch_is_one_entry_as_alluxio_counts_it() -> None:
    batch = wire.bytes_field(entry.BATCH, made.file(1)) + wire.bytes_field(entry.BATCH, made.file(2))
    found = counted(batch)
    assert (found.entries, found.kinds["journal_entries"], found.files) == (3, 1, 0)
    assert found.unrestorable == 1


def test_a_known_kind_with_another_encoding_is_damage() -> None:
    with pytest.raises(BackupFileError) as found:
        counted(wire.varint_field(entry.INODE_FILE, 3))
    assert found.value.reason == Reason.CORRUPT


def test_the_backup_that_alluxio_makes_of_a_failed_restore_is_none() -> None:
    # Read from a 2.9.4 whose restore had failed: it wrote this, and the marker of a complete backup.
    content = bytes.fromhex("051a0308e907065204080010 00")
    with pytest.raises(BackupFileError) as found:
        summarize(io.BytesIO(gzip.compress(content)))
    assert found.value.reason == Reason.NOT_A_BACKUP
    assert "none of its 2 entries is the root directory" in str(found.value)


def test_every_entry_of_alluxio_2_9_4_but_a_batch_can_be_restored() -> None:
    assert counted(*made.some()).unrestorable == 0


def test_the_largest_container_is_of_a_block_or_of_a_file_without_blocks() -> None:
    assert counted(made.block(9), made.file(4)).largest_block_container == 9
    assert counted(made.block(4), made.file(2**39)).largest_block_container == 2**39


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 2**29 - 1).filter(lambda number: number not in (1, 52)), max_size=60))
def test_no_entry_is_dropped_from_the_counts(numbers: list[int]) -> None:
    found = counted(*(wire.bytes_field(number, b"") for number in numbers))
    assert sum(found.kinds.values()) == found.entries == len(numbers) + 2


def test_the_result_of_any_file_fits_into_a_termination_message() -> None:
    kinds = [wire.bytes_field(number, b"") for number in entry.KINDS]
    unknown = [wire.bytes_field(2**29 - 1 - number, b"") for number in range(40)]
    found = counted(*kinds, *unknown, made.cluster_info("\U0001f600" * 500))
    assert len(json.dumps(found.as_dict())) < 3_500
    assert len(Result(summary=found).as_json()) < LONGEST


def test_a_summary_survives_json_and_fields_of_another_version() -> None:
    found = counted(made.file(1))
    assert Summary.of(json.loads(json.dumps(found.as_dict()))) == found
    assert Summary.of({**found.as_dict(), "of_a_newer_version": 1}) == found
    assert Summary.of({"entries": 5}).entries == 5
