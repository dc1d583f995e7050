"""The form of a backup that is restored as a test: read-only mounts without credentials, and the rest as it was."""

from __future__ import annotations

import gzip
import hashlib
import io
from pathlib import Path

import pytest
from tests.support import backup_files as made

from alluxio_operator.backup_file import entry, wire
from alluxio_operator.backup_file.clean import clean
from alluxio_operator.backup_file.count import summarize
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.rewrite import trial_entry
from alluxio_operator.backup_file.stream import EntryReader
from alluxio_operator.backup_file.trial import write_trial

READ_ONLY = 3
"""`optional bool readOnly = 3` of AddMountPointEntry in proto/journal/file.proto of 2.9.4."""


def written(tmp_path: Path, data: bytes) -> list[bytes]:
    target = tmp_path / "trial.gz"
    write_trial(io.BytesIO(data), target, hashlib.sha256(data).hexdigest())
    return entries_of(target.read_bytes())


def entries_of(data: bytes) -> list[bytes]:
    return list(EntryReader(io.BytesIO(data)))


def mounts_of(entries: list[bytes]) -> list[bytes]:
    return [one[start:end] for one in entries for kind, start, end in [entry.kind_of(one)] if kind == 2]


def last(mount: bytes, number: int) -> int:
    """Return the value that a protobuf reader takes: that of the last field with the number."""
    return [
        wire.varint(mount, at)[0] for one, kind, _, at, _ in wire.fields(mount) if (one, kind) == (number, wire.VARINT)
    ][-1]


def test_every_mount_is_read_only_and_every_other_entry_stays_byte_for_byte(tmp_path: Path) -> None:
    before, after = entries_of(made.REAL.read_bytes()), written(tmp_path, made.REAL.read_bytes())
    kinds = [entry.kind_of(one)[0] for one in before]
    assert [entry.kind_of(one)[0] for one in after] == kinds
    assert {kind for kind, one, other in zip(kinds, before, after, strict=True) if one != other} == {
        entry.ADD_MOUNT_POINT
    }
    assert [last(one, READ_ONLY) for one in mounts_of(before)] == [0, 1]
    assert [last(one, READ_ONLY) for one in mounts_of(after)] == [1, 1]
    for one, other in zip(mounts_of(before), mounts_of(after), strict=True):
        assert all(wire.bytes_of(one, number) == wire.bytes_of(other, number) for number in (1, 2))
        assert all(last(one, number) == last(other, number) for number in (5, 6))


def test_no_credential_of_a_mount_is_in_it(tmp_path: Path) -> None:
    written(tmp_path, made.REAL.read_bytes())
    content = gzip.decompress((tmp_path / "trial.gz").read_bytes())
    assert b"not-a-real" in gzip.decompress(made.REAL.read_bytes())
    assert b"not-a-real" not in content
    assert b"eu-central-1" in content


def test_the_trial_of_a_clean_file_has_its_numbers(tmp_path: Path) -> None:
    kept = tmp_path / "clean.gz"
    with made.REAL.open("rb") as source:
        cleaned = clean(source, kept).summary
    after = written(tmp_path, kept.read_bytes())
    with (tmp_path / "trial.gz").open("rb") as file:
        found = summarize(file)
    assert (found.entries, found.kinds, found.next_block_container) == (
        cleaned.entries,
        cleaned.kinds,
        cleaned.next_block_container,
    )
    assert not found.clean
    assert [last(one, READ_ONLY) for one in mounts_of(after)] == [1, 1]


@pytest.mark.parametrize(
    "value",
    [
        made.text(1, "/m") + made.text(2, "s3://bucket"),
        wire.varint_field(READ_ONLY, 1) + made.text(1, "/m") + wire.varint_field(READ_ONLY, 0),
        made.text(1, "/" + "m" * 126) + wire.bytes_field(77, b"of a newer version"),
        b"",
    ],
)
def test_the_field_is_the_last_one_of_the_mount_and_lengths_are_right(value: bytes) -> None:
    found = trial_entry(wire.bytes_field(entry.ADD_MOUNT_POINT, value))
    assert found == wire.bytes_field(entry.ADD_MOUNT_POINT, value + wire.varint_field(READ_ONLY, 1))


def test_mounts_beside_other_fields_and_in_batches_are_read_only() -> None:
    mount, read_only = (
        wire.bytes_field(entry.ADD_MOUNT_POINT, made.text(1, "/m") + more) for more in (b"", b"\x18\x01")
    )
    envelope, unknown = wire.varint_field(1, 9), wire.bytes_field(99, b"new")
    assert trial_entry(envelope + mount + unknown) == envelope + read_only + unknown
    assert trial_entry(wire.bytes_field(entry.BATCH, mount)) == wire.bytes_field(entry.BATCH, read_only)
    other = envelope + made.file(1)
    assert trial_entry(other) == other


def test_a_password_in_the_uri_of_a_mount_is_left_out() -> None:
    [found] = mounts_of([trial_entry(made.mount("/m", "s3://key:secret@bucket/data"))])
    assert wire.bytes_of(found, 2) == b"s3://bucket/data"


def test_a_file_that_changed_since_it_was_checked_is_not_restored(tmp_path: Path) -> None:
    target = tmp_path / "trial.gz"
    target.write_bytes(b"before")
    with pytest.raises(BackupFileError) as found:
        write_trial(io.BytesIO(made.backup(made.some())), target, "0" * 64)
    assert found.value.reason == Reason.UNREADABLE
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("trial.gz", b"before")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (made.backup(made.some())[:-1], Reason.TRUNCATED),
        (made.backup([*made.least(), wire.bytes_field(entry.ADD_MOUNT_POINT, b"\x22\x7f")]), Reason.CORRUPT),
    ],
)
def test_a_damaged_file_leaves_none(tmp_path: Path, data: bytes, reason: Reason) -> None:
    with pytest.raises(BackupFileError) as found:
        written(tmp_path, data)
    assert found.value.reason == reason
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackupFileError) as found:
        write_trial(io.BytesIO(made.backup(made.some())), tmp_path / "file" / "trial.gz", "")
    assert found.value.reason == Reason.UNWRITABLE
    assert "the trial file" in str(found.value)
