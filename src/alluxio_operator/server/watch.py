"""Watches the objects that the operator made, and wakes their owners.

Not by shell-operator, which keeps every object that it watches in full, in memory that grows by most of a mebibyte
with each cluster, and starts a process for each handful of events. Here an object is looked at and let go: what stays
of it is a number that tells whether it has changed, and whom to wake. See docs/decisions/0008.
"""

from __future__ import annotations

import logging
import random
import threading
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
"""How long one watch lasts before it is asked for anew; drawn from this range, so that watches don't end together."""

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0)
"""Seconds between tries while the API server doesn't answer; the last one from then on."""


class Collections(Protocol):
    """The two calls that a watch makes; both raise CallFailed."""

    def pages(self, path: str, label_selector: str = "", *, metadata_only: bool = False) -> Iterator[dict[str, Any]]:
        """Read a collection page by page."""
        ...

    def watch(
        self, path: str, label_selector: str, version: str, seconds: int, *, metadata_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Yield what happens in a collection from `version` on, for `seconds`."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """A collection of objects of one kind, and how to read them.

    `version_of` is the version that a wake-up carries, or None for kinds whose events are always looked into.
    """

    kind: str
    path: str
    label_selector: str
    metadata_only: bool
    owner_of: Callable[[Object], OwnerKey | None]
    state_of: Callable[[Object], Hashable]
    version_of: Callable[[Object], str] | None = None


class Watch:
    """Follows one collection for ever, in a thread of its own; `wake` is called for each change that matters."""

    def __init__(
        self,
        kube: Collections,
        watched: Watched,
        wake: Callable[[Request], None],
        metrics: Metrics,
        *,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._kube = kube
        self._watched = watched
        self._wake = wake
        self._metrics = metrics
        self._pauses = pauses
        self._ending = threading.Event()
        self._known: dict[tuple[str, str], tuple[int, OwnerKey | None]] = {}
        self._version = ""
        self._thread = threading.Thread(target=self._run, name=f"watch-{watched.kind}", daemon=True)

    @property
    def name(self) -> str:
        """What it watches."""
        return self._watched.path

    def start(self) -> None:
        """Begin; what exists is told first."""
        self._thread.start()

    def alive(self) -> bool:
        """Tell whether it goes on."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Wake nobody any more. A watch that waits for an event is left to end with the process."""
        self._ending.set()

    def _run(self) -> None:
        failures = 0
        while not self._ending.is_set():
            try:
                if not self._version:
                    self._list()
                self._follow()
                failures = 0
            except Gone:
                self._begin_anew("gone")
            except CallFailed as error:
                pause = self._pauses[min(failures, len(self._pauses) - 1)]
                failures += 1
                self._metrics.watch_restarts.labels(self._watched.kind, "failed").inc()
                log.warning("a watch failed", extra={"watch": self.name, "error": str(error), "again_in": pause})
                self._ending.wait(max(pause, min(error.retry_after or 0.0, 60.0)))
            except Exception:  # whatever an object may hold, its kind stays watched
                log.exception("a watch failed", extra={"watch": self.name})
                self._begin_anew("error")
                self._ending.wait(self._pauses[-1])

    def _begin_anew(self, cause: str) -> None:
        self._metrics.watch_restarts.labels(self._watched.kind, cause).inc()
        self._version = ""

    def _list(self) -> None:
        """Read what exists: everything that is not as it was known wakes its owner, also what is gone."""
        watched = self._watched
        unseen = set(self._known)
        version = ""
        for page in self._kube.pages(watched.path, watched.label_selector, metadata_only=watched.metadata_only):
            # Of all pages the same: the state of the collection when the first was asked for.
            version = page["metadata"]["resourceVersion"]
            # An empty list of metadata comes with null.
            for obj in page.get("items") or ():
                unseen.discard(_key(obj))
                self._saw(obj)
        for key in unseen:
            self._lost(key)
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
                    self._saw(obj)
                case "DELETED":
                    # Also what lost the label by which it is watched.
                    self._known.setdefault(_key(obj), (0, watched.owner_of(obj)))
                    self._lost(_key(obj))
                case "ERROR":
                    raise error_for(f"WATCH {self.name}", int(obj.get("code", 0)), as_json(obj).encode(), None)
            self._version = obj["metadata"]["resourceVersion"]

    def _saw(self, obj: Object) -> None:
        watched, key = self._watched, _key(obj)
        before = self._known.get(key)
        # What lost its labels and references was somebody's a moment ago, who will want to know.
        owner = watched.owner_of(obj) or (before[1] if before else None)
        state = hash(watched.state_of(obj))
        self._known[key] = (state, owner)
        if before is None or before[0] != state:
            self._tell(owner, key[1], watched.version_of(obj) if watched.version_of else "")

    def _lost(self, key: tuple[str, str]) -> None:
        self._tell(self._known.pop(key)[1], key[1], "")

    def _tell(self, owner: OwnerKey | None, name: str, version: str) -> None:
        if owner is None:
            return
        self._metrics.watch_events.labels(self._watched.kind).inc()
        self._wake(Request(owner, Reason.CHILD, frozenset({ChildRef(self._watched.kind, name, version)})))


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]
