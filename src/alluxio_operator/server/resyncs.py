"""Lists all owners, and compares their objects with the cache, in one thread: one resync at a time.

A hook only asks for a resync. If it waited for the result, it would give up on a slow API server and ask again, while
the first resync still ran.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import Flag, auto
from typing import Final

from alluxio_operator.engine.work import ListOwners, Reason, Request, Resync
from alluxio_operator.server.queue import KeyedQueue

log = logging.getLogger(__name__)

SETTLING: Final = 3.0
"""Seconds in which shell-operator reports all existing objects at its start. The owners are in the queue by then."""

PAUSES: Final = (1.0, 5.0, 15.0, 60.0)
"""Seconds between attempts while the API server doesn't answer; the last one repeats."""


REST: Final = 9.0
"""Pause after a comparison that events asked for, in multiples of its time: any user can take an owner's name off an
object, over and over, and each time all objects are compared."""


class Ask(Flag):
    """What a resync is asked for; several requests that wait are served together."""

    NOTHING = 0
    EDITS = auto()
    """Owners whose generation isn't reconciled: no event reports an edit before shell-operator's watch began."""
    DRIFT = auto()
    """Owners with an object that differs from the cache."""
    EVERY_OWNER_SOON = auto()
    """Drift, and every owner after SETTLING."""
    EVERY_OWNER_SPREAD = auto()
    """Drift, and every owner within the interval of resyncs."""


class Resyncs:
    """Runs resyncs in a thread and queues their requests; `spread` is the seconds over which it spreads all owners."""

    def __init__(
        self,
        queue: KeyedQueue,
        list_owners: ListOwners,
        resync: Resync,
        *,
        spread: float = 0.0,
        pauses: tuple[float, ...] = PAUSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._queue = queue
        self._list_owners = list_owners
        self._resync = resync
        self._spread = spread
        self._pauses = pauses
        self._asked = Ask.NOTHING
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="resync", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def alive(self) -> bool:
        """Return True while the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End the thread; a resync that runs ends with the process."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def ask(self, what: Ask) -> None:
        """Ask for a resync that begins after this call."""
        with self._changed:
            self._asked |= what
            self._changed.notify_all()

    def _run(self) -> None:
        failures = 0
        while (asked := self._take()) is not None:
            began = self._clock()
            try:
                self._serve(asked)
                failures = 0
                if asked == Ask.DRIFT:
                    self._rest(REST * (self._clock() - began))
            except Exception:  # the API server may be away; the next attempt may succeed
                log.exception("owners could not be listed")
                self.ask(asked)
                self._wait(self._pauses[min(failures, len(self._pauses) - 1)])
                failures += 1

    def _take(self) -> Ask | None:
        with self._changed:
            self._changed.wait_for(lambda: self._asked or self._closed)
            asked, self._asked = self._asked, Ask.NOTHING
            return None if self._closed else asked

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _rest(self, seconds: float) -> None:
        """Wait, or until there is something else to do than to compare again."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._asked & ~Ask.DRIFT, seconds)

    def _serve(self, asked: Ask) -> None:
        if asked == Ask.EDITS:
            self._queue.add_all(request for request in self._list_owners() if request.reason == Reason.EDIT)
            return
        found = list(self._resync())
        self._queue.add_all(request for request in found if request.reason != Reason.RESYNC)
        unchanged = [request for request in found if request.reason == Reason.RESYNC]
        if Ask.EVERY_OWNER_SOON in asked:
            self._plan(unchanged, lambda _: SETTLING)
        elif Ask.EVERY_OWNER_SPREAD in asked:
            self._plan(unchanged, lambda place: self._spread * place / len(unchanged))

    def _plan(self, requests: list[Request], delay: Callable[[int], float]) -> None:
        for place, request in enumerate(requests):
            self._queue.add_after(request, delay(place))
