"""A client that writes files through the proxy at a steady rate, and notes which were acknowledged."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

SIZE: Final = 4096
PER_FOLDER: Final = 1000


@dataclass(frozen=True, slots=True)
class Written:
    """A file that the cluster has acknowledged, at a time (Unix)."""

    name: str
    at: float


def content(name: str) -> bytes:
    """Return the content of a file, which follows from its name."""
    seed = hashlib.sha256(name.encode()).digest()
    return seed * (SIZE // len(seed))


@dataclass
class Writer:
    """Writes while its block runs; `written` has the acknowledged files in their order."""

    bucket: S3Store
    per_second: float
    written: list[Written] = field(default_factory=list)
    failed: int = 0
    errors: list[str] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write during the block, until `stop`."""
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join(timeout=120)

    def stop(self) -> None:
        """Begin no further file; the block waits for the last one."""
        self.ending.set()

    def _work(self) -> None:
        began, number = time.monotonic(), 0
        while not self.ending.wait(max(0.0, began + number / self.per_second - time.monotonic())):
            name = f"{number // PER_FOLDER:03d}/{number:06d}"
            number += 1
            try:
                obstore.put(self.bucket, name, content(name), use_multipart=False)
                self.written.append(Written(name, time.time()))
            except BaseError as error:
                self.failed += 1
                if len(self.errors) < 5:
                    self.errors.append(str(error)[:300])
