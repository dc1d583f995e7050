"""Files of the root mount, read without Alluxio."""

import hashlib
import os
from socket import AF_UNIX, socket

import obstore
import pytest
from obstore.store import MemoryStore

from alluxio_operator.read_back.compare import Direct, Through, Verdict, local_mark, suspicion
from alluxio_operator.read_back.directly import PIECE, Bucket, UnreadableError, Volume
from alluxio_operator.read_back.sample import Record


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_file_in_a_volume(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"x" * (PIECE + 5))
    os.utime(file, ns=(1, 1_700_000_000_123_456_789))
    assert Volume().read(str(file), PIECE + 5) == Direct(
        PIECE + 5, local_mark(PIECE + 5, 1700000000123), digest(b"x" * (PIECE + 5))
    )
    found = Volume().read(str(file), 3)
    assert found is not None
    assert found.digest == digest(b"xxx")


def test_a_file_that_a_volume_lacks(tmp_path):
    assert Volume().read(str(tmp_path / "none"), 1) is None
    (tmp_path / "a").write_text("a")
    assert Volume().read(str(tmp_path / "a" / "below"), 1) is None


@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: socket(AF_UNIX).bind(path)])
def test_something_else_in_the_place_of_a_file_differs_from_it(make, tmp_path):
    """It ends neither the drill, nor waits for a writer of the pipe."""
    path = str(tmp_path / "a")
    make(path)
    record = Record(path, 1, 0, ufs_path=path)
    found = Volume().read(path, 0)
    assert suspicion(record, Through(digest(b"")), found, independent=True) is Verdict.DIFFERENT


def test_a_name_that_the_volume_refuses_says_nothing():
    with pytest.raises(UnreadableError, match="can't be read"):
        Volume().read("/" + "a" * 300, 1)


def test_an_object_in_a_bucket():
    store = MemoryStore()
    data = os.urandom(9 * PIECE)
    obstore.put(store, "warehouse/a", data)
    bucket = Bucket(store)  # type: ignore[arg-type]
    whole = bucket.read("s3://lake/warehouse/a", len(data))
    assert whole is not None
    assert (whole.size, whole.digest) == (len(data), digest(data))
    begin = bucket.read("s3://lake/warehouse/a", 10)
    assert begin is not None
    assert begin.digest == digest(data[:10])
    assert bucket.read("s3://lake/warehouse/none", 1) is None


def test_an_empty_object():
    store = MemoryStore()
    obstore.put(store, "a", b"")
    found = Bucket(store).read("s3://lake/a", 0)  # type: ignore[arg-type]
    assert found is not None
    assert (found.size, found.digest) == (0, digest(b""))


@pytest.mark.parametrize(
    ("key", "plain"),
    [
        ("warehouse/dt=2030-01-02/part 1.parquet", True),
        ("a+b@c:d,e;f", True),
        ("a%20b", False),
        ("a~b", False),
        ("a#b", False),
        ("ä", False),
        ("a//b", False),
        ("a/../b", False),
        ("a/./b", False),
        ("a?b", False),
    ],
)
def test_only_keys_that_are_sent_as_they_are_can_be_asked_for(key, plain):
    assert Bucket(MemoryStore()).can_read(f"s3://lake/{key}") is plain  # type: ignore[arg-type]
    assert Volume().can_read(f"/mnt/ufs/{key}") is True
