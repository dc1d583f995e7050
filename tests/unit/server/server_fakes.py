"""Stand-ins that the tests of the server share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from alluxio_operator.kube.errors import ApiError, Conflict, NotFound
from alluxio_operator.transport.deadline import Deadline


class Clock:
    """Time that only passes when told."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FakeLeases:
    """The API server's leases, with versions and conflicts; `broken` makes every call fail."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.broken: Exception | None = None
        self.watched: list[dict[str, Any]] = []
        self.before_write: Callable[[], None] = lambda: None
        self._version = 0
        self._lock = threading.Lock()

    def within(self, deadline: Deadline) -> FakeLeases:
        deadline.remaining(1)
        return self

    def get(self, path: str) -> dict[str, Any]:
        self._call("get")
        if path not in self.objects:
            raise NotFound(path, 404, "not found")
        return deepcopy(self.objects[path])

    def pages(self, path: str, label_selector: str = "", *, metadata_only: bool = False) -> Iterator[dict[str, Any]]:
        del path, label_selector, metadata_only
        yield {"metadata": {"resourceVersion": "1"}, "items": self.watched}

    def watch(
        self, path: str, label_selector: str, version: str, seconds: int, *, metadata_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        del path, label_selector, version, seconds, metadata_only
        time.sleep(0.02)
        return iter(())

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.before_write()
        self._call("create")
        with self._lock:
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                raise Conflict(path, 409, "already exists")
            return self._store(path, body)

    def replace(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.before_write()
        self._call("replace")
        with self._lock:
            if path not in self.objects:
                raise NotFound(path, 404, "not found")
            if body["metadata"]["resourceVersion"] != self.objects[path]["metadata"]["resourceVersion"]:
                raise Conflict(path, 409, "the object has been modified")
            return self._store(path, body)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.broken:
            raise self.broken

    def _store(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        stored = deepcopy(body)
        stored["metadata"]["resourceVersion"] = str(self._version)
        self.objects[path] = stored
        return deepcopy(stored)


UNREACHABLE = ApiError("GET /", 0, "no answer")


def eventually(check: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `check` is true."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
