"""A backup file that is copied from a bucket."""

import hashlib
import os

import obstore
import pytest
from obstore.store import MemoryStore

from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.store import PART, get


def test_an_object_is_copied_byte_by_byte(tmp_path):
    store, data = MemoryStore(), os.urandom(PART + 7)
    obstore.put(store, "backups/a.gz", data)
    get(store, "backups/a.gz", tmp_path / "a.gz")  # type: ignore[arg-type]
    copied = (tmp_path / "a.gz").read_bytes()
    assert hashlib.sha256(copied).digest() == hashlib.sha256(data).digest()


def test_an_object_that_is_gone_is_named(tmp_path):
    with pytest.raises(BackupFileError, match=r"the bucket has no object backups/a\.gz") as caught:
        get(MemoryStore(), "backups/a.gz", tmp_path / "a.gz")  # type: ignore[arg-type]
    assert caught.value.reason is Reason.MISSING


def test_a_folder_that_can_not_be_written_is_named(tmp_path):
    store = MemoryStore()
    obstore.put(store, "a.gz", b"a")
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFileError) as caught:
        get(store, "a.gz", tmp_path / "file" / "a.gz")  # type: ignore[arg-type]
    assert caught.value.reason is Reason.UNWRITABLE
