"""A clean backup: no secret, no job, no id that a stale block has, and every other byte as it was."""

from __future__ import annotations

import errno
import gzip
import io
import os
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import backup_files as made

from alluxio_operator.backup_file import clean as cleaning
from alluxio_operator.backup_file import entry, wire
from alluxio_operator.backup_file.clean import Cleaned, clean
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.rewrite import ID_MARGIN, LAST_CONTAINER, URI_SECRET, clean_entry, keeps
from alluxio_operator.backup_file.stream import EntryReader

UNKNOWN = wire.bytes_field(99, b"\x01\x02 of a newer version") + wire.varint_field(98, 7)


def cleaned(tmp_path: Path, entries: list[bytes]) -> tuple[Cleaned, list[bytes]]:
    target = tmp_path / "clean.gz"
    found = clean(io.BytesIO(made.backup(entries)), target)
    return found, list(EntryReader(io.BytesIO(target.read_bytes())))


def one(message: bytes, margin: int = 0) -> tuple[bytes | None, list[str]]:
    names: list[str] = []
    return clean_entry(message, names.append, margin), names


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


# --- the file --------------------------------------------------------------------------------------------------------


def test_a_clean_file_lacks_credentials_and_jobs_and_nothing_else(tmp_path: Path) -> None:
    entries = [*made.some(), UNKNOWN]
    found, left = cleaned(tmp_path, entries)
    expected = [
        made.generator(3000 + ID_MARGIN) if one == made.generator() else one
        for one in entries
        if one != made.load_job()
    ]
    place = next(place for place, one in enumerate(expected) if one.startswith(wire.encoded(2 << 3 | 2)))
    expected[place] = made.mount("/s3", "s3://bucket/data", {"alluxio.underfs.s3.region": "eu-central-1"})
    assert left == expected
    assert made.SECRET.encode() in made.stream(entries)
    assert made.SECRET.encode() not in content(tmp_path / "clean.gz")
    assert (found.dropped, found.options, found.option_names) == (1, 1, ("s3a.secretKey",))
    assert found.summary.entries == len(entries) - 1
    assert found.summary.next_block_container == 3000 + ID_MARGIN
    assert found.summary.clean


def test_a_clean_file_of_a_clean_file_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    first, second = tmp_path / "first.gz", tmp_path / "second.gz"
    clean(io.BytesIO(made.backup([*made.some(), UNKNOWN])), first)
    with first.open("rb") as file:
        found = clean(file, second)
    assert first.read_bytes() == second.read_bytes()
    assert (found.dropped, found.options) == (0, 0)


def test_ids_rise_again_in_a_later_backup_of_a_restored_cluster(tmp_path: Path) -> None:
    # Alluxio writes its own gzip header: a master that has restored a clean file takes backups that aren't clean.
    target = tmp_path / "clean.gz"
    clean(io.BytesIO(made.backup(made.some())), target)
    later = gzip.compress(content(target))
    assert clean(io.BytesIO(later), target).summary.next_block_container == 3000 + 2 * ID_MARGIN


def test_ids_near_their_end_are_not_raised_into_reuse(tmp_path: Path) -> None:
    with pytest.raises(BackupFileError) as found:
        cleaned(tmp_path, [made.generator(LAST_CONTAINER - ID_MARGIN + 1), made.directory(0)])
    assert found.value.reason == Reason.IDS_EXHAUSTED
    assert list(tmp_path.iterdir()) == []
    assert cleaned(tmp_path, [made.generator(LAST_CONTAINER - ID_MARGIN), made.directory(0)])[0].summary.entries == 2


@settings(max_examples=80, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(100, 2**29 - 1))
def test_entries_that_are_not_known_stay_byte_for_byte(values: list[bytes], number: int) -> None:
    for value in values:
        message = wire.bytes_field(number, value) + wire.varint_field(number, len(value)) + made.file(1)
        assert one(message, ID_MARGIN) == (message, [])


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "s3a.accessKeyId",
        "s3a.secretKey",
        "aws.secretKey",
        "fs.azure.account.key.example.blob.core.windows.net",
        "fs.oss.accessKeySecret",
        "fs.swift.user",
        "fs.cos.secret.key",
        "fs.kodo.secretkey",
        "alluxio.underfs.cephfs.auth.key",
        "alluxio.underfs.cephfs.conf.options",
        "some.library.option",
        "",
    ],
)
def test_an_option_that_is_not_known_to_be_harmless_is_left_out(name: str) -> None:
    message = made.mount("/m", "s3://bucket", {name: "value"})
    assert one(message) == (made.mount("/m", "s3://bucket"), [name])


@pytest.mark.parametrize(
    "name",
    [
        "alluxio.underfs.s3.endpoint",
        "alluxio.underfs.s3.region",
        "alluxio.underfs.s3.disable.dns.buckets",
        "alluxio.underfs.hdfs.configuration",
        "fs.oss.endpoint",
        "fs.gcs.credential.path",
    ],
)
def test_an_option_without_a_secret_stays(name: str) -> None:
    message = made.mount("/m", "s3://bucket", {name: "value"})
    assert one(message) == (message, [])


def test_a_known_option_with_a_user_in_its_value_is_left_out() -> None:
    assert not keeps("alluxio.underfs.s3.endpoint", "http://key:secret@store:9000")
    assert keeps("alluxio.underfs.s3.endpoint", "http://store:9000")


def test_a_mount_keeps_its_unknown_fields_and_their_order() -> None:
    value = wire.varint_field(6, 7) + wire.bytes_field(77, b"new") + made.text(1, "/m") + made.text(2, "s3://bucket")
    secret = wire.bytes_field(4, made.text(1, "s3a.secretKey") + made.text(2, made.SECRET))
    message = wire.varint_field(1, 9) + wire.bytes_field(2, value + secret + wire.varint_field(5, 1)) + UNKNOWN
    kept, names = one(message)
    assert kept == wire.varint_field(1, 9) + wire.bytes_field(2, value + wire.varint_field(5, 1)) + UNKNOWN
    assert names == ["s3a.secretKey"]


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        ("s3://key:secret@bucket/data", "s3://bucket/data"),
        ("s3://key:sec@ret@bucket", "s3://bucket"),
        ("hdfs://user@namenode:8020/data", "hdfs://user@namenode:8020/data"),
        ("hdfs://namenode:8020/a:b@c", "hdfs://namenode:8020/a:b@c"),
        ("/mnt/a:b@c", "/mnt/a:b@c"),
    ],
)
def test_a_password_in_the_uri_of_a_mount_is_left_out(uri: str, kept: str) -> None:
    names = [URI_SECRET] if uri != kept else []
    assert one(made.mount("/m", uri)) == (made.mount("/m", kept), names)


def test_passwords_are_left_out_wherever_alluxio_repeats_the_uri() -> None:
    uri, kept = "s3://key:secret@bucket/.tmp", "s3://bucket/.tmp"
    assert one(made.file(1, "a", uri))[0] == made.file(1, "a", kept)
    mode = wire.bytes_field(entry.UPDATE_UFS_MODE, made.text(1, uri) + wire.varint_field(2, 1))
    assert one(mode)[0] == wire.bytes_field(entry.UPDATE_UFS_MODE, made.text(1, kept) + wire.varint_field(2, 1))


def test_secrets_of_catalogs_and_of_path_properties_are_left_out() -> None:
    def pairs(number: int, **values: str) -> bytes:
        return b"".join(
            wire.bytes_field(number, made.text(1, name.replace("_", ".")) + made.text(2, value))
            for name, value in values.items()
        )

    database = wire.bytes_field(entry.ATTACH_DB, made.text(2, "thrift://a:b@host") + pairs(5, s3a_secretKey="x"))
    assert one(database)[0] == wire.bytes_field(entry.ATTACH_DB, made.text(2, "thrift://host"))
    paths = wire.bytes_field(
        entry.PATH_PROPERTIES,
        made.text(1, "/a") + pairs(2, alluxio_user_x="THROUGH", alluxio_security_login_password="p"),
    )
    assert one(paths)[0] == wire.bytes_field(
        entry.PATH_PROPERTIES, made.text(1, "/a") + pairs(2, alluxio_user_x="THROUGH")
    )


def test_a_secret_within_a_batch_is_left_out() -> None:
    batch = wire.bytes_field(entry.BATCH, made.mount("/m", "s3://b", {"s3a.secretKey": made.SECRET}))
    jobs = wire.bytes_field(entry.BATCH, made.load_job())
    assert one(batch + jobs)[0] == wire.bytes_field(entry.BATCH, made.mount("/m", "s3://b"))
    assert one(jobs)[0] is None


def test_a_job_goes_with_its_envelope() -> None:
    envelope = wire.varint_field(1, 4)
    copy = wire.bytes_field(entry.COPY_JOB, made.text(1, "/a"))
    assert one(envelope + made.load_job()) == (None, [])
    assert one(envelope + copy) == (None, [])
    assert one(envelope + made.load_job() + made.file(1)) == (envelope + made.file(1), [])


def test_names_in_the_result_are_few_short_and_printable(tmp_path: Path) -> None:
    names = {f"secret.{number}.{'x' * 200}\x1b": "v" for number in range(40)}
    found, _ = cleaned(tmp_path, [*made.least(), made.mount("/m", "s3://b", names)])
    assert found.options == 40
    assert len(found.option_names) == 16
    assert all(len(name) <= 64 and name.isprintable() for name in found.option_names)


# --- what a failure leaves -------------------------------------------------------------------------------------------


def test_a_damaged_source_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "clean.gz"
    with pytest.raises(BackupFileError) as found:
        clean(io.BytesIO(made.backup(made.some())[:-1]), target)
    assert found.value.reason == Reason.TRUNCATED
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    target = tmp_path / "clean.gz"
    target.write_bytes(b"before")
    with pytest.raises(BackupFileError):
        clean(io.BytesIO(b"no backup"), target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["clean.gz"]


def test_a_damaged_secret_bearing_entry_is_corruption(tmp_path: Path) -> None:
    broken = wire.bytes_field(entry.ADD_MOUNT_POINT, b"\x22\x7f")
    with pytest.raises(BackupFileError) as found:
        cleaned(tmp_path, [*made.least(), broken])
    assert found.value.reason == Reason.CORRUPT


def test_the_file_gets_its_name_when_it_is_complete_and_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, synced = tmp_path / "clean.gz", []

    def fsync(number: int) -> None:
        synced.append((target.exists(), Path(f"/proc/self/fd/{number}").is_dir()))

    monkeypatch.setattr(cleaning.os, "fsync", fsync)
    clean(io.BytesIO(made.backup(made.some())), target)
    assert synced == [(False, False), (True, True)]


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".clean.gz.0011aabb.partial").write_bytes(b"half")
    (tmp_path / ".other.gz.0011aabb.partial").write_bytes(b"of another file")
    cleaned(tmp_path, made.some())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.gz.0011aabb.partial", "clean.gz"]


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, Reason.NO_SPACE), (errno.EDQUOT, Reason.NO_SPACE), (errno.EACCES, Reason.UNWRITABLE)],
)
def test_a_target_that_takes_no_bytes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason
) -> None:
    def failing(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(cleaning.os, "fsync", failing)
    with pytest.raises(BackupFileError) as found:
        cleaned(tmp_path, made.some())
    assert found.value.reason == reason
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_while_bytes_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    class Full(io.FileIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def opened(self: Path, mode: str = "r") -> IO[bytes]:
        return Full(self, "xb") if mode == "xb" else real(self, mode)  # type: ignore[return-value]

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(BackupFileError) as found:
        clean(io.BytesIO(made.backup(made.some(3000))), tmp_path / "clean.gz")
    assert found.value.reason == Reason.NO_SPACE
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_created(tmp_path: Path) -> None:
    target = tmp_path / "cluster" / "clean.gz"
    clean(io.BytesIO(made.backup(made.some())), target)
    assert target.is_file()


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackupFileError) as found:
        clean(io.BytesIO(made.backup(made.some())), tmp_path / "file" / "clean.gz")
    assert found.value.reason == Reason.UNWRITABLE
    assert "check that the process may write" in str(found.value)
