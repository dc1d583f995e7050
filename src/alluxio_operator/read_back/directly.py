"""Reads files of the root mount in the UFS itself, without Alluxio."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from abc import ABC, abstractmethod
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from alluxio_operator.read_back.compare import Direct, local_mark

PIECE: Final = 1024**2

SOMETHING_ELSE: Final = Direct(-1, "", "")
"""A folder, a pipe or a socket in the place of a file: it differs from every file."""

_PLAIN: Final = re.compile(r"(?!.*(^|/)[.]{0,2}(/|$))[\w!$&'()+,./:;=@ -]+", re.ASCII)
"""Keys that every layer of obstore takes as they are."""


class UnreadableError(Exception):
    """The UFS doesn't answer, or refuses to be read: nothing can be said of the file."""


class Storage(ABC):
    """The storage of the root mount."""

    name: str
    """What a result calls the comparison."""

    def can_read(self, ufs_path: str) -> bool:  # noqa: ARG002 (a storage may know names that it can't ask for)
        """Return True if the storage can be asked for a file of this name."""
        return True

    @abstractmethod
    def read(self, ufs_path: str, count: int) -> Direct | None:
        """Return a file with a digest of its first bytes; None if there is none. Raise UnreadableError."""


def _key(ufs_path: str) -> str:
    return ufs_path.partition("://")[2].partition("/")[2]


class Volume(Storage):
    """A volume, mounted read-only at the path that Alluxio has as its root mount."""

    name = "Volume"

    def read(self, ufs_path: str, count: int) -> Direct | None:
        """Return a file with a digest of its first bytes."""
        path = urlsplit(ufs_path).path if "://" in ufs_path else ufs_path
        try:
            # Without O_NONBLOCK, a pipe would wait for its writer.
            with open(path, "rb", opener=_without_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return SOMETHING_ELSE
                digest = _digest(file, count)
                status = os.fstat(file.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except IsADirectoryError:
            return SOMETHING_ELSE
        except OSError as error:
            if error.errno == errno.ENXIO:
                return SOMETHING_ELSE
            raise UnreadableError(f"{ufs_path} can't be read: {error.strerror or error}") from error
        return Direct(status.st_size, local_mark(status.st_size, status.st_mtime_ns // 1_000_000), digest)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _digest(file: BinaryIO, count: int) -> str:
    found, left = hashlib.sha256(), count
    while left and (piece := file.read(min(left, PIECE))):
        found.update(piece)
        left -= len(piece)
    return found.hexdigest()


class Bucket(Storage):
    """A bucket, read by a client of its own."""

    name = "S3"

    def __init__(self, bucket: S3Store) -> None:
        self._bucket = bucket

    def can_read(self, ufs_path: str) -> bool:
        """Return True if every layer of obstore takes the key as it is."""
        return _PLAIN.fullmatch(_key(ufs_path)) is not None

    def read(self, ufs_path: str, count: int) -> Direct | None:
        """Return an object with a digest of its first bytes."""
        key = _key(ufs_path)
        found = hashlib.sha256()
        try:
            meta = obstore.head(self._bucket, key)
            size = int(meta["size"])
            for start in range(0, min(count, size), 8 * PIECE):
                end = min(start + 8 * PIECE, count, size)
                found.update(obstore.get_range(self._bucket, key, start=start, end=end))
        except (NotFoundError, FileNotFoundError):
            return None
        except BaseError as error:
            raise UnreadableError(f"{ufs_path} can't be read: {' '.join(str(error).split())[:200]}") from error
        return Direct(size, str(meta.get("e_tag") or ""), found.hexdigest())
