"""Wait with watches: for the objects of all clusters, for their readiness, for an edit to reach a child."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.workloads.progress import progress_of
from bench.api import Api, Watch
from bench.clusters import ObjectName, Place

OURS = "app.kubernetes.io/name=alluxio"
"""Selects the objects of all clusters, by a label that Helm leaves unchanged, too."""


class Arrivals:
    """Records the first appearance of each of the `wanted` objects; times are monotonic seconds."""

    def __init__(self, wanted: Collection[ObjectName]) -> None:
        self._missing = set(wanted)
        self._lock = threading.Lock()
        self._all = threading.Event()
        self.times: list[float] = []

    def saw(self, kind: str, line: bytes) -> None:
        """Process one line of a watch."""
        # Only ADDED counts: workloads change their status often, and decoding that would slow the measured subject.
        if not line.startswith(b'{"type":"ADDED"'):
            return
        meta = json.loads(line)["object"]["metadata"]
        name = ObjectName(kind, meta["namespace"], meta["name"])
        with self._lock:
            if name in self._missing:
                self._missing.remove(name)
                self.times.append(time.monotonic())
                if not self._missing:
                    self._all.set()

    def wait(self, seconds: float) -> float:
        """Wait until all have appeared and return the time of the last one. Raise TimeoutError."""
        if not self._all.wait(seconds):
            with self._lock:
                some = ", ".join(f"{one.kind} {one.name}" for one in sorted(self._missing)[:5])
                raise TimeoutError(f"{len(self._missing)} objects are missing after {seconds:.0f} s, such as {some}")
        return self.times[-1]


@contextmanager
def arrivals(api: Api, wanted: Collection[ObjectName]) -> Iterator[Arrivals]:
    """Watch the metadata of objects from now on."""
    found = Arrivals(wanted)
    kinds = sorted({one.kind for one in wanted})
    watches = [partial(api.watch, KINDS[kind].path(""), metadata_only=True, labels=OURS) for kind in kinds]
    with reading(watches, [partial(found.saw, kind) for kind in kinds]):
        yield found


class Texts:
    """Records when a text appears in a named object; used for one edit at a time."""

    def __init__(self) -> None:
        self._awaited: tuple[bytes, bytes, bytes] | None = None
        self._seen = threading.Event()
        self._at = 0.0

    def saw(self, line: bytes) -> None:
        """Process one line of a watch."""
        awaited = self._awaited
        if awaited is not None and all(part in line for part in awaited):
            self._at = time.monotonic()
            self._awaited = None
            self._seen.set()

    def expect(self, child: ObjectName, text: bytes) -> None:
        """Expect a text in a child from now on."""
        self._seen.clear()
        self._awaited = (f'"name":"{child.name}"'.encode(), f'"namespace":"{child.namespace}"'.encode(), text)

    def wait(self, seconds: float) -> float | None:
        """Return the time at which the text appeared; None if it didn't in time."""
        return self._at if self._seen.wait(seconds) else None


@contextmanager
def texts(api: Api, kind: str, namespace: str = "") -> Iterator[Texts]:
    """Watch the objects of a kind for the texts of edits."""
    found = Texts()
    watch = partial(api.watch, KINDS[kind].path(namespace), metadata_only=False, labels=OURS)
    with reading([watch], [found.saw]):
        yield found


def until_ready(api: Api, wanted: Collection[Place], seconds: float) -> float:
    """Wait until clusters are Ready, with a check every two seconds; return the seconds. Raise TimeoutError."""
    began = time.monotonic()
    while not_ready := _not_ready(api, wanted):
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{len(not_ready)} clusters aren't Ready after {seconds:.0f} s, such as {not_ready[0]}")
        time.sleep(2)
    return time.monotonic() - began


def until_settled(api: Api, wanted: Collection[ObjectName], seconds: float) -> None:
    """Wait until all pods of workloads are ready, with a check every two seconds. Raise TimeoutError."""
    began = time.monotonic()
    while missing := set(wanted) - _settled(api, {one.kind for one in wanted}):
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{len(missing)} workloads lack pods after {seconds:.0f} s, such as {missing.pop()}")
        time.sleep(2)


def _settled(api: Api, kinds: Collection[str]) -> set[ObjectName]:
    return {
        ObjectName(kind, one["metadata"]["namespace"], one["metadata"]["name"])
        for kind in kinds
        for one in api.list(KINDS[kind].path(""))
        if progress_of({**one, "kind": kind}).settled
    }


def _not_ready(api: Api, wanted: Collection[Place]) -> list[Place]:
    ready = {
        (one["metadata"]["namespace"], one["metadata"]["name"])
        for one in api.list(KINDS[KIND].path(""))
        if one.get("status", {}).get("phase") == "Ready"
    }
    return [place for place in wanted if (place.namespace, place.name) not in ready]


class _Reader:
    """Reads a watch in its own thread and reopens it at its end, because the API server disconnects slow readers."""

    def __init__(self, watch: Callable[..., Watch], take_in: Callable[[bytes], None]) -> None:
        self._open = watch
        self._take_in = take_in
        self._ending = threading.Event()
        self._watch = watch()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            for line in self._watch:
                self._take_in(line)
            if self._ending.wait(0.2):
                return
            self._watch = self._open(replay=True)

    def close(self) -> None:
        """Stop reading."""
        self._ending.set()
        self._watch.close()
        self._thread.join(timeout=10)


@contextmanager
def reading(watches: Iterable[Callable[..., Watch]], readers: Iterable[Callable[[bytes], None]]) -> Iterator[None]:
    """Pass each line of a watch to the reader at the same position."""
    with ExitStack() as stack:
        for watch, take_in in zip(watches, readers, strict=True):
            stack.enter_context(closing(_Reader(watch, take_in)))
        yield


class Drift:
    """Tracks the ConfigMaps that contain a foreign text, by the last event of each."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._spoiled: set[bytes] = set()
        self._lock = threading.Lock()

    def saw(self, line: bytes) -> None:
        """Process one line of a watch."""
        name = _UID.search(line)
        if name is None:
            return
        with self._lock:
            if self._text in line:
                self._spoiled.add(name[1])
            else:
                self._spoiled.discard(name[1])

    def spoiled(self) -> int:
        """Return the number of ConfigMaps that contain it now."""
        with self._lock:
            return len(self._spoiled)


_UID = re.compile(rb'"namespace":"[^"]+","uid":"([^"]+)"')


@contextmanager
def drift(api: Api, text: bytes) -> Iterator[Drift]:
    """Watch the ConfigMaps for a text that another client adds, and for its removal."""
    found = Drift(text)
    watch = partial(api.watch, KINDS["ConfigMap"].path(""), metadata_only=False, labels=OURS)
    with reading([watch], [found.saw]):
        yield found
