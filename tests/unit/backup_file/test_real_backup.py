"""A backup that Alluxio 2.9.4 wrote: nine directories, five files, two mounts with credentials, a finished load."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from tests.support.backup_files import FIRST_COPY, REAL, grow

from alluxio_operator.backup_file import entry, wire
from alluxio_operator.backup_file.clean import clean
from alluxio_operator.backup_file.count import Summary, summarize
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.rewrite import ID_MARGIN
from alluxio_operator.backup_file.stream import EntryReader

REPORTED = 26
"""Alluxio's own count: in the answer to the backup, as LastBackupEntriesCount, and as LastBackupRestoreCount."""
REPORTED_PATHS = 14
"""Its gauge TotalPaths."""
SECRETS = (b"not-a-real-access-key", b"not-a-real-secret-key", b"not-a-real-account-key")


def entries_of(data: bytes) -> list[bytes]:
    return list(EntryReader(io.BytesIO(data)))


def test_the_counts_are_alluxio_s_own() -> None:
    with REAL.open("rb") as file:
        found = summarize(file)
    assert found == Summary(
        sha256="640af3c5a1675b70483f606ac09483eca2c5caead11b5235a215627e60907cc4",
        size=1255,
        expanded=3490,
        entries=REPORTED,
        kinds={
            "add_mount_point": 2,
            "block_container_id_generator": 1,
            "block_info": 5,
            "inode_directory": 9,
            "inode_directory_id_generator": 1,
            "inode_file": 5,
            "path_properties": 1,
            "cluster_info": 1,
            "load_job": 1,
        },
        files=5,
        directories=9,
        mounts=2,
        blocks=5,
        largest_block_container=5,
        next_block_container=1001,
        cluster_id="7a6b3daf-4d0f-4477-9b14-a53a628ad03c",
        last_kind="cluster_info",
    )
    assert found.files + found.directories == REPORTED_PATHS
    assert found.unrestorable == 0


def test_the_clean_file_differs_in_secrets_jobs_and_ids_only(tmp_path: Path) -> None:
    target = tmp_path / "clean.gz"
    with REAL.open("rb") as file:
        found = clean(file, target)
    before, after = entries_of(REAL.read_bytes()), entries_of(target.read_bytes())
    assert all(secret in gzip.decompress(REAL.read_bytes()) for secret in SECRETS)
    assert not any(secret in gzip.decompress(target.read_bytes()) for secret in SECRETS)
    assert found.option_names == ("fs.azure.account.key.example", "s3a.accessKeyId", "s3a.secretKey")
    kinds = [entry.kind_of(one)[0] for one in before]
    changed = {entry.ADD_MOUNT_POINT, entry.BLOCK_CONTAINER_ID_GENERATOR}
    left = [(kind, one) for kind, one in zip(kinds, before, strict=True) if kind != entry.LOAD_JOB]
    assert len(after) == len(left) == REPORTED - found.dropped == 25
    assert {kind for (kind, one), other in zip(left, after, strict=True) if one != other} == changed
    assert found.summary.next_block_container == 1001 + ID_MARGIN


def test_a_mount_keeps_its_place_its_id_and_its_harmless_options(tmp_path: Path) -> None:
    target = tmp_path / "clean.gz"
    with REAL.open("rb") as file:
        clean(file, target)
    mounts = [
        one[start:end]
        for one in entries_of(target.read_bytes())
        for kind, start, end in [entry.kind_of(one)]
        if kind == 2
    ]
    paths = [(wire.bytes_of(one, 1), wire.bytes_of(one, 2)) for one in mounts]
    assert paths == [(b"/mounts/one", b"/alluxio-mounts/one"), (b"/mounts/two", b"/alluxio-mounts/two")]
    assert all(wire.value_of(one, 6) for one in mounts)
    assert wire.value_of(mounts[1], 3) == wire.value_of(mounts[1], 5) == 1
    option = wire.bytes_of(mounts[0], 4)
    assert option is not None
    assert (wire.bytes_of(option, 1), wire.bytes_of(option, 2)) == (b"alluxio.underfs.s3.region", b"eu-central-1")
    assert wire.bytes_of(mounts[1], 4) is None


def test_every_cut_and_every_flipped_byte_of_it_is_found() -> None:
    data = REAL.read_bytes()
    for place in range(1, len(data)):
        with pytest.raises(BackupFileError) as found:
            summarize(io.BytesIO(data[:place]))
        assert found.value.reason == Reason.TRUNCATED
    for place in range(10, len(data)):
        flipped = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
        with pytest.raises(BackupFileError):
            summarize(io.BytesIO(flipped))


def test_no_path_of_the_machine_that_made_it_is_in_it() -> None:
    content = gzip.decompress(REAL.read_bytes())
    assert not any(word in content for word in (b"/tmp/", b"/home", b"/work", b"/var"))


def test_a_backup_grows_by_files_that_have_ids_of_their_own(tmp_path: Path) -> None:
    target = tmp_path / "grown.gz"
    assert grow(target, 500) == REPORTED + 1000
    with target.open("rb") as file:
        found = summarize(file)
    assert (found.entries, found.files, found.blocks, found.directories) == (REPORTED + 1000, 505, 505, 9)
    assert found.largest_block_container == FIRST_COPY + 499
    assert found.next_block_container > found.largest_block_container
    blocks = [one for one in entries_of(target.read_bytes()) if entry.kind_of(one)[0] == entry.BLOCK_INFO]
    assert len(set(blocks)) == 505
