"""Reads the entries of a backup file one after the other, in constant memory, and finds every kind of damage."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from alluxio_operator.backup_file.errors import BackupFileError, Position, Reason
from alluxio_operator.backup_file.wire import LONGEST_VARINT

MAGIC: Final = b"\x1f\x8b"
NAMED: Final = b"\x1f\x8b\x08\x08"
"""Start of a gzip header that has a name and no other optional field."""

BLOCK: Final = 256 * 1024
EXPANDED_BLOCK: Final = 1024 * 1024
GZIP: Final = 31
"""zlib's number for a gzip stream whose checksum and length it verifies."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what a reader accepts, so that no file exhausts memory or time."""

    entry: int = 64 * 1024**2
    """Bytes of one entry. Alluxio's own limit for an entry of an embedded journal is 10 MB."""
    expanded: int = 64 * 1024**3
    """Bytes of the expanded stream: about 400 million files. gzip can expand a file by a factor of 1,032."""


class EntryReader:
    """One pass over a backup file.

    Iterate it once. A BackupFileError says what is wrong and where. `sha256`, `size` and `expanded` are final after the
    last entry.
    """

    def __init__(self, file: BinaryIO, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.entries = 0
        """Entries read so far."""
        self.expanded = 0
        """Bytes of the expanded stream before the next entry."""
        self.size = 0
        """Bytes of the file read so far."""
        self.gzip_name = ""
        """Name in the gzip header."""
        self._file = file
        self._hash = hashlib.sha256()
        self._decompressor = zlib.decompressobj(GZIP)

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes read so far."""
        return self._hash.hexdigest()

    @property
    def position(self) -> Position:
        """Where the reader stands."""
        return Position(self.entries, self.expanded, self.size)

    def __iter__(self) -> Iterator[bytes]:
        buffer = bytearray()
        for block in self._blocks():
            buffer += block
            at, size = 0, len(buffer)
            while at < size:
                if (length := buffer[at]) < 0x80:
                    start = at + 1
                else:
                    length, start = self._length(buffer, at)
                if start == 0 or start + length > size:
                    break
                yield bytes(buffer[start : start + length])
                self.entries += 1
                self.expanded += start + length - at
                at = start + length
            del buffer[:at]
        if buffer:
            # Alluxio takes such an end for the end of the file.
            self._fail(Reason.TRUNCATED, f"the last entry is cut off: only {len(buffer)} bytes of it are there")

    def _length(self, buffer: bytearray, at: int) -> tuple[int, int]:
        """Return the length of the entry at a position, and where it starts; (0, 0) if the buffer ends before."""
        length = shift = 0
        for end in range(at, min(at + LONGEST_VARINT, len(buffer))):
            byte = buffer[end]
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                if length > self.limits.entry:
                    self._fail(
                        Reason.ENTRY_TOO_LARGE,
                        f"an entry claims to have {length} bytes; the limit is {self.limits.entry}",
                    )
                return length, end + 1
            shift += 7
        if len(buffer) - at >= LONGEST_VARINT:
            self._fail(Reason.CORRUPT, "the length of an entry has no end")
        return 0, 0

    def _blocks(self) -> Iterator[bytes]:
        """Yield the expanded stream in blocks; the whole file has been read and verified after the last one."""
        total = 0
        for data in self._compressed():
            while data:
                try:
                    block = self._decompressor.decompress(data, EXPANDED_BLOCK)
                except zlib.error as error:
                    self._fail(Reason.CORRUPT, f"the gzip stream is damaged: {error}")
                total += len(block)
                if total > self.limits.expanded:
                    self._fail(
                        Reason.EXPANDS_TOO_FAR,
                        f"the file expands to more than {self.limits.expanded} bytes",
                        "check where the file comes from; if it is right, raise --max-expanded-bytes",
                    )
                if block:
                    yield block
                if self._decompressor.eof:
                    self._end(self._decompressor.unused_data)
                    return
                data = self._decompressor.unconsumed_tail
        self._fail(Reason.TRUNCATED, f"the file ends after {self.size} bytes, before the end of its gzip stream")

    def _compressed(self) -> Iterator[bytes]:
        while data := self._read():
            if self.size == len(data):
                self._begin(data)
            yield data
        if not self.size:
            self._fail(Reason.EMPTY, "the file is empty")

    def _read(self) -> bytes:
        try:
            data = self._file.read(BLOCK)
        except OSError as error:
            problem = f"the file can't be read: {error.strerror or error}"
            remedy = "check the volume, and that the process may read the file"
            raise BackupFileError(Reason.UNREADABLE, problem, self.position, remedy) from error
        self.size += len(data)
        self._hash.update(data)
        return data

    def _begin(self, data: bytes) -> None:
        if not data.startswith(MAGIC[: len(data)]):
            self._fail(
                Reason.NOT_A_BACKUP,
                f"the file begins with the bytes {data[:4].hex()}, not as gzip does",
                "name a file alluxio-backup-DATE-MS.gz that Alluxio wrote",
            )
        if data.startswith(NAMED):
            self.gzip_name = data[10:].partition(b"\0")[0][:255].decode("latin-1")

    def _end(self, rest: bytes) -> None:
        rest = rest or self._read()
        if not rest:
            return
        if rest.startswith(MAGIC):
            self._fail(Reason.SEVERAL_MEMBERS, "the file has several gzip members; Alluxio reads only the first one")
        self._fail(Reason.TRAILING_BYTES, f"bytes follow the end of the gzip stream: {rest[:8].hex()}")

    def _fail(self, reason: Reason, problem: str, remedy: str | None = None) -> NoReturn:
        if remedy is None:
            raise BackupFileError(reason, problem, self.position)
        raise BackupFileError(reason, problem, self.position, remedy)
