"""Builds backup files as Alluxio writes them, entry by entry."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Mapping

from alluxio_operator.backup_file import entry, wire

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
