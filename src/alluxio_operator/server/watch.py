"""Watch the objects that the operator manages, and wake their owners.

shell-operator keeps every watched object in full, which takes most of a mebibyte per cluster, and starts a process for
each handful of events. This watch drops an object after reading it, and keeps only a hash that detects changes, and the
owner to wake. See docs/decisions/0008.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.errors import Gone, error_for
from alluxio_operator.kube.kinds import Object
from alluxio_operator.kube.text import as_json
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import CallFailed

log = logging.getLogger(__name__)

WATCH_SECONDS = (240, 360)
"""Seconds that one watch lasts before the next; random within this range, so that watches don't end together."""

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0)
"""Seconds between attempts while the API server doesn't answer; the last one repeats."""


SHORTEST = 1.0
"""Seconds that a watch should last. After a shorter one, the next waits as after a failure."""


class Collections(Protocol):
    """The two API calls of a watch; both raise CallFailed."""

    def pages(self, path: str, label_selector: str = "", *, metadata_only: bool = False) -> Iterator[dict[str, Any]]:
        """Read a collection page by page."""
        ...

    def watch(
        self, path: str, label_selector: str, version: str, seconds: int, *, metadata_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Yield the events of a collection from `version` on, for `seconds`."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """A collection of objects of one kind, with the functions that read them.

    `version_of` returns the version for a wake-up; it is None for kinds whose events always need a reconcile.
    """

    kind: str
    path: str
    label_selector: str
    metadata_only: bool
    owner_of: Callable[[Object], OwnerKey | None]
    state_of: Callable[[Object], Hashable]
    version_of: Callable[[Object], str] | None = None


class Watch:
    """Watches one collection indefinitely in its own thread; it calls `wake` for each relevant change."""

    def __init__(
        self,
        kube: Collections,
        watched: Watched,
        wake: Callable[[Request], None],
        metrics: Metrics,
        *,
        pauses: tuple[float, ...] = PAUSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kube = kube
        self._watched = watched
        self._wake = wake
        self._metrics = metrics
        self._pauses = pauses
        self._clock = clock
        self._ending = threading.Event()
        self._known: dict[tuple[str, str], tuple[int, OwnerKey | None]] = {}
        self._version = ""
        self._thread = threading.Thread(target=self._run, name=f"watch-{watched.kind}", daemon=True)

    @property
    def name(self) -> str:
        """Path of the collection."""
        return self._watched.path

    def start(self) -> None:
        """Start the watch; it reports existing objects first."""
        self._thread.start()

    def alive(self) -> bool:
        """Return True while the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop waking owners. A watch that waits for an event ends with the process."""
        self._ending.set()

    def _run(self) -> None:
        failures = gone = 0
        while not self._ending.is_set():
            try:
                if not self._version:
                    self._list()
                began = self._clock()
                self._follow()
                gone = 0
                if self._clock() - began >= SHORTEST:
                    failures = 0
                else:
                    # A proxy or an overloaded server may end each watch at once.
                    self._metrics.watch_restarts.labels(self._watched.kind, "short").inc()
                    self._ending.wait(self._pauses[min(failures, len(self._pauses) - 1)])
                    failures += 1
            except Gone:
                self._restart("gone")
                # What was missed is listed at once. A server for which each version is too old is listed less often.
                self._ending.wait(self._pauses[min(gone, len(self._pauses)) - 1] if gone else 0.0)
                gone += 1
            except CallFailed as error:
                pause = self._pauses[min(failures, len(self._pauses) - 1)]
                failures += 1
                self._metrics.watch_restarts.labels(self._watched.kind, "failed").inc()
                fields = {"watch": self.name, "error": str(error), "retry_in_seconds": pause}
                log.warning("a watch failed", extra=fields)
                self._ending.wait(max(pause, min(error.retry_after or 0.0, 60.0)))
            except Exception:  # an unexpected object must not end the watch of its kind
                log.exception("a watch failed", extra={"watch": self.name})
                self._restart("error")
                self._ending.wait(self._pauses[-1])

    def _restart(self, cause: str) -> None:
        self._metrics.watch_restarts.labels(self._watched.kind, cause).inc()
        self._version = ""

    def _list(self) -> None:
        """List all objects, and wake the owner of each object that is new, changed or deleted."""
        watched = self._watched
        unseen = set(self._known)
        version = ""
        for page in self._kube.pages(watched.path, watched.label_selector, metadata_only=watched.metadata_only):
            # The same for all pages: the version of the collection at the request for the first page.
            version = page["metadata"]["resourceVersion"]
            # The API server returns null for an empty list of metadata.
            for obj in page.get("items") or ():
                unseen.discard(_key(obj))
                self._observe(obj)
        for key in unseen:
            self._deleted(key)
        self._version = version

    def _follow(self) -> None:
        watched = self._watched
        seconds = random.randint(*WATCH_SECONDS)  # noqa: S311 (spreads load, hides nothing)
        events = self._kube.watch(
            watched.path, watched.label_selector, self._version, seconds, metadata_only=watched.metadata_only
        )
        for event in events:
            if self._ending.is_set():
                return
            obj = event["object"]
            match event["type"]:
                case "ADDED" | "MODIFIED":
                    self._observe(obj)
                case "DELETED":
                    # Also an object that lost the label of the selector.
                    self._known.setdefault(_key(obj), (0, watched.owner_of(obj)))
                    self._deleted(_key(obj))
                case "ERROR":
                    raise error_for(f"WATCH {self.name}", int(obj.get("code", 0)), as_json(obj).encode(), None)
            self._version = obj["metadata"]["resourceVersion"]

    def _observe(self, obj: Object) -> None:
        watched, key = self._watched, _key(obj)
        before = self._known.get(key)
        # An object that lost its labels and references wakes its previous owner.
        owner = watched.owner_of(obj) or (before[1] if before else None)
        state = hash(watched.state_of(obj))
        self._known[key] = (state, owner)
        if before is None or before[0] != state:
            self._wake_owner(owner, key[1], watched.version_of(obj) if watched.version_of else "")

    def _deleted(self, key: tuple[str, str]) -> None:
        self._wake_owner(self._known.pop(key)[1], key[1], "")

    def _wake_owner(self, owner: OwnerKey | None, name: str, version: str) -> None:
        if owner is None:
            return
        self._metrics.watch_events.labels(self._watched.kind).inc()
        self._wake(Request(owner, Reason.CHILD, frozenset({ChildRef(self._watched.kind, name, version)})))


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]
