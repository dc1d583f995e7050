"""Backup files in a bucket, on obstore's store in memory."""

from __future__ import annotations

import json
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import GenericError, NotFoundError, PermissionDeniedError
from obstore.store import MemoryStore

from alluxio_operator.backup_file import store
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.kinds.backup.context import CHECK_MEMORY

PUT = ("put", "--bucket", "lake", "--key", "backups/first.gz")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of several parts."""
    made = tmp_path / "first.gz"
    made.write_bytes(bytes(range(256)) * (store.PART // 128))
    return made


def test_a_file_is_stored_and_read_back(file):
    bucket = MemoryStore()
    store.put(bucket, file, "backups/first.gz")
    assert bytes(obstore.get(bucket, "backups/first.gz").bytes()) == file.read_bytes()


def test_the_parts_that_are_sent_at_once_are_few(file, monkeypatch):
    bucket, stored, given = MemoryStore(), obstore.put, {}

    def put(*arguments: object, **options: object) -> object:
        given.update(options)
        return stored(*arguments, **options)

    monkeypatch.setattr(obstore, "put", put)
    store.put(bucket, file, "backups/first.gz")
    assert given["chunk_size"] * given["max_concurrency"] <= CHECK_MEMORY // 4


def test_a_bucket_that_returns_other_bytes_is_found_out(file, monkeypatch):
    bucket, stored = MemoryStore(), obstore.put
    monkeypatch.setattr(obstore, "put", lambda bucket, key, _, **__: stored(bucket, key, b"other"))
    with pytest.raises(BackupFileError) as caught:
        store.put(bucket, file, "backups/first.gz")
    assert caught.value.reason is Reason.STORED_DIFFERS


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (PermissionDeniedError("403"), "AccessDenied", 1),
        (NotFoundError("no such bucket"), "NoBucket", 1),
        (GenericError("connection refused"), "NotStored", 1),
    ],
)
def test_a_refusal_ends_in_a_reason_with_a_remedy(file, tmp_path, monkeypatch, error, reason, code):
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(obstore, "put", refuse)
    result = tmp_path / "result"
    assert store.main([PUT[0], str(file), *PUT[1:], "--result", str(result)]) == code
    said = json.loads(result.read_text())
    assert said["reason"] == reason
    assert "Remedy: " in said["message"]


def test_what_is_gone_counts_as_deleted():
    bucket = MemoryStore()
    bucket.put("backups/first.gz", b"1")
    store.delete(bucket, "backups/first.gz")
    assert [one for page in obstore.list(bucket) for one in page] == []


def test_keys_come_from_the_environment_only(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "lake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    options = store.parser().parse_args([PUT[0], "first.gz", *PUT[1:], "--endpoint", "http://s3:9000/", "--path-style"])
    bucket = store.open_bucket(options)
    assert bucket.config["access_key_id"] == "lake"
    assert bucket.config["endpoint"] == "http://s3:9000"
