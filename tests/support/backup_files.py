"""Builds backup files as Alluxio writes them, entry by entry."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from alluxio_operator.backup_file import entry, wire
from alluxio_operator.backup_file.stream import EntryReader

SECRET = "not-a-real-secret-key"


def message(*fields: bytes) -> bytes:
    return b"".join(fields)


def text(number: int, value: str) -> bytes:
    return wire.bytes_field(number, value.encode())


def generator(following: int = 3000) -> bytes:
    return wire.bytes_field(entry.BLOCK_CONTAINER_ID_GENERATOR, wire.varint_field(1, following))


def least() -> list[bytes]:
    """Return the entries that every backup has."""
    return [generator(), directory(0, "")]


def file(container: int, name: str = "a.parquet", temporary: str = "") -> bytes:
    identity = wire.varint_field(1, container << 24 | 0xFFFFFF)
    return wire.bytes_field(
        entry.INODE_FILE, message(identity, text(3, name), *([text(23, temporary)] if temporary else []))
    )


def directory(number: int, name: str = "data") -> bytes:
    return wire.bytes_field(entry.INODE_DIRECTORY, message(wire.varint_field(1, number), text(3, name)))


def block(container: int, length: int = 1000) -> bytes:
    return wire.bytes_field(
        entry.BLOCK_INFO, message(wire.varint_field(1, container << 24), wire.varint_field(2, length))
    )


def mount(path: str, ufs: str, options: Mapping[str, str] | None = None) -> bytes:
    pairs = [wire.bytes_field(4, message(text(1, name), text(2, value))) for name, value in (options or {}).items()]
    return wire.bytes_field(
        entry.ADD_MOUNT_POINT,
        message(text(1, path), text(2, ufs), wire.varint_field(3, 0), *pairs, wire.varint_field(6, 7)),
    )


def load_job(path: str = "/data") -> bytes:
    return wire.bytes_field(entry.LOAD_JOB, message(text(1, path), wire.varint_field(2, 1), text(7, "job-1")))


def cluster_info(identity: str = "7d0f5ac2-0000-4000-8000-000000000001") -> bytes:
    return wire.bytes_field(entry.CLUSTER_INFO, text(1, identity))


def stream(entries: Iterable[bytes]) -> bytes:
    return b"".join(map(wire.delimited, entries))


def backup(entries: Iterable[bytes]) -> bytes:
    return gzip.compress(stream(entries), mtime=0)


def opened(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)


def some(files: int = 20) -> list[bytes]:
    """Return the entries of a small cluster, in the order of Alluxio's masters."""
    return [
        cluster_info(),
        generator(),
        *(block(number) for number in range(1, files + 1)),
        wire.bytes_field(10, message(wire.varint_field(1, 0), wire.varint_field(2, 3))),
        directory(0, ""),
        directory(1),
        *(file(number, f"part-{number}") for number in range(1, files + 1)),
        mount("/s3", "s3://bucket/data", {"s3a.secretKey": SECRET, "alluxio.underfs.s3.region": "eu-central-1"}),
        load_job(),
    ]


REAL = Path(__file__).parents[1] / "unit" / "backup_file" / "data" / "alluxio-2.9.4.gz"
"""A backup that Alluxio 2.9.4 wrote."""

FIRST_COPY = 1_000_000
"""Container id of the first file that `grow` adds."""


def grow(target: Path, files: int, source: Path = REAL) -> int:
    """Write a backup with more files, which Alluxio restores, and return its number of entries.

    Each is a copy of a persisted file of the source, with a block, a name and ids of its own.
    """
    written = 0
    with source.open("rb") as packed, gzip.open(target, "wb", 6) as out:
        for one in grown(list(EntryReader(packed)), files):
            out.write(wire.delimited(one))
            written += 1
    return written


def grown(entries: list[bytes], files: int) -> Iterator[bytes]:
    """Yield the entries with copies of their last file and its block, in the order of Alluxio's masters."""
    kinds = [entry.kind_of(one)[0] for one in entries]
    last_block = len(kinds) - 1 - kinds[::-1].index(entry.BLOCK_INFO)
    last_file = len(kinds) - 1 - kinds[::-1].index(entry.INODE_FILE)
    of_file = value_of(entries[last_file], 12)
    file_block = next(
        one
        for kind, one in zip(kinds, entries, strict=True)
        if kind == entry.BLOCK_INFO and value_of(one, 1) == of_file
    )
    ids = range(FIRST_COPY, FIRST_COPY + files)
    for place, (kind, one) in enumerate(zip(kinds, entries, strict=True)):
        yield generator(FIRST_COPY + files + 1000) if kind == entry.BLOCK_CONTAINER_ID_GENERATOR else one
        if place == last_block:
            yield from (changed(file_block, {1: number << 24}) for number in ids)
        if place == last_file:
            for number in ids:
                name = f"copy-{number - FIRST_COPY:07}.parquet"
                yield changed(one, {1: number << 24 | 0xFFFFFF, 3: name, 12: number << 24})


def value_of(one: bytes, number: int) -> int:
    """Return a number in an entry's kind."""
    _, start, end = entry.kind_of(one)
    return wire.value_of(one[start:end], number)


def changed(one: bytes, fields: Mapping[int, int | str]) -> bytes:
    """Return an entry with other values in some fields of its kind."""
    kind, start, end = entry.kind_of(one)
    value = one[start:end]
    kept = [
        value[tag_at:at]
        if (new := fields.get(number)) is None
        else wire.varint_field(number, new)
        if isinstance(new, int)
        else text(number, new)
        for number, _, tag_at, _, at in wire.fields(value)
    ]
    return wire.bytes_field(kind, b"".join(kept))
