"""Reads what takes too long for a reconcile, for all resources together: few at a time, and each at its own times.

A reading runs in steps of about a second. After each step its resource pauses nine times as long, and the next step may
run in another thread. So a reading that takes minutes holds no thread, and its server works for it a tenth of the time
at most. From one reading to the next, a resource waits at least for its interval and for a hundred times the seconds of
its steps. One namespace has one step at a time: servers of a tenant that hang can't stop the readings of others.

Readings are in memory only. After a restart, or a change of the leading replica, the operator repeats them, spread over
the first minutes.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from alluxio_operator.engine.reading import Reading, Steps
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.telemetry.logs import bound, owner_fields

log = logging.getLogger(__name__)

THREADS: Final = 4
PAUSES: Final = 9.0
"""Pause after a step, in its durations."""
TIME_SHARE: Final = 0.01
"""Largest share of the time in which a resource's server works for readings."""
FIRST_WITHIN: Final = 300.0
"""Seconds over which the first readings are spread after a start; fewer if the interval is shorter."""
FIRST_RETRY: Final = 60.0
"""Seconds from a failed reading to the next; they double with each failure in a row up to the interval."""

NEVER: Final = datetime.min.replace(tzinfo=UTC)

R = TypeVar("R")


@dataclass(slots=True)
class _Entry(Generic[R]):
    uid: str
    every: float
    begin: Callable[[], Steps[R]]
    due: float
    steps: Steps[R] | None = None
    running: bool = False
    began: float = 0.0
    began_at: datetime = NEVER
    worked: float = 0.0
    failures: int = 0
    reading: Reading[R] = field(default_factory=Reading)


class Background(Generic[R]):
    """The readings of all resources. `failed` returns True for a result that is a failure.

    `tell` is called with each result and the time at which its reading began, in the reading's thread. The last four
    arguments are for readings that something waits for: they run at once, and take a larger share of the time. Without
    `threads`, for tests, `want` does a step of what is due.
    """

    def __init__(
        self,
        failed: Callable[[R], bool],
        tell: Callable[[OwnerKey, R, datetime], None],
        *,
        threads: int = THREADS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pauses: float = PAUSES,
        time_share: float = TIME_SHARE,
        first_within: float = FIRST_WITHIN,
        first_retry: float = FIRST_RETRY,
    ) -> None:
        self._failed = failed
        self._tell = tell
        self._threads = threads
        self._clock = clock
        self._now = now
        self._pauses, self._time_share = pauses, time_share
        self._first_within, self._first_retry = first_within, first_retry
        self._entries: dict[OwnerKey, _Entry[R]] = {}
        self._started = False
        self._changed = threading.Condition()

    def want(self, key: OwnerKey, uid: str, every: float, begin: Callable[[], Steps[R]] | None) -> Reading[R]:
        """Return what is known of a resource, and read it every so many seconds; `begin` starts a reading.

        Without `begin`, which is for a server that doesn't serve, the next reading waits.
        """
        with self._changed:
            if self._note(key, uid, every, begin):
                self._start()
                self._changed.notify()
        if not self._threads:
            self.run_due()
        with self._changed:
            entry = self._entries.get(key)
            return entry.reading if entry is not None else Reading()

    def forget(self, key: OwnerKey) -> None:
        """End the readings of a resource."""
        with self._changed:
            self._entries.pop(key, None)

    def run_due(self) -> None:
        """Run a step of each reading that is due in this thread."""
        for _ in range(len(self._entries)):
            if (taken := self._take()) is not None:
                self._run(*taken)

    def _note(self, key: OwnerKey, uid: str, every: float, begin: Callable[[], Steps[R]] | None) -> bool:
        """Note what is wanted; return True if a reading may be due earlier than before."""
        entry = self._entries.get(key)
        if entry is not None and entry.uid != uid:
            # Another resource of the same name. A step that still runs ends without an effect.
            entry = None
        if entry is None:
            if begin is None:
                self._entries.pop(key, None)
                return False
            within = min(every, self._first_within)
            self._entries[key] = _Entry(uid, every, begin, self._clock() + within * _share(uid))
            return True
        sooner = every < entry.every or (entry.begin is _not_now and begin is not None)
        if entry.steps is None and every < entry.every and entry.began_at is not NEVER:
            entry.due = min(entry.due, entry.began + every)
        entry.every = every
        entry.begin = begin or _not_now
        return sooner

    def _start(self) -> None:
        if self._started or not self._entries:
            return
        self._started = True
        for number in range(self._threads):
            # A daemon: a step that hangs must not keep the process from ending.
            threading.Thread(target=self._work, name=f"background-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                while (taken := self._take()) is None:
                    self._changed.wait(self._pause())
            with bound(**owner_fields(taken[0])):
                self._run(*taken)

    def _pause(self) -> float:
        """Return the seconds until a step may be due. The end of a running one wakes a thread."""
        dues = [one.due for _, one in self._waiting()]
        return min(max(min(dues, default=60.0) - self._clock(), 0.05), 60.0)

    def _take(self) -> tuple[OwnerKey, _Entry[R]] | None:
        with self._changed:
            now = self._clock()
            first = min(((one.due, key) for key, one in self._waiting() if one.due <= now), default=None)
            if first is None:
                return None
            entry = self._entries[first[1]]
            entry.running = True
            if entry.steps is None:
                entry.began, entry.began_at, entry.worked = now, self._now(), 0.0
            return first[1], entry

    def _waiting(self) -> Iterable[tuple[OwnerKey, _Entry[R]]]:
        """Yield the readings that may go on, or begin, once they are due."""
        busy = {key.namespace for key, one in self._entries.items() if one.running}
        for key, one in self._entries.items():
            if key.namespace not in busy and one.begin is not _not_now:
                yield key, one

    def _run(self, key: OwnerKey, entry: _Entry[R]) -> None:
        began, result, done = self._clock(), None, False
        try:
            if entry.steps is None:
                entry.steps = entry.begin()
            result = entry.steps.step()
            done = result is not None
        except Exception:  # a defect must not end the thread; the resource keeps what is known
            log.exception("a reading raised")
            done = True
        took = self._clock() - began
        with self._changed:
            entry.running = False
            entry.worked += took
            if self._entries.get(key) is not entry:
                return
            if done:
                self._end(entry, result)
            else:
                entry.due = self._clock() + self._pauses * took
            if result is not None:
                # Under the lock: no result of a resource is published after the resource was forgotten.
                self._tell(key, result, entry.began_at)
            self._changed.notify()

    def _end(self, entry: _Entry[R], result: R | None) -> None:
        entry.steps = None
        if result is None or self._failed(result):
            entry.failures += 1
            since = entry.reading.failing_since or entry.began_at
            entry.reading = Reading(entry.reading.value, entry.reading.at, result, since)
            first = self._first_retry
            pause = min(first * 2.0 ** min(entry.failures - 1, 10), max(entry.every, first))
        else:
            entry.failures = 0
            entry.reading = Reading(result, entry.began_at)
            pause = entry.every
        entry.due = max(entry.began + pause, entry.began + entry.worked / self._time_share)


def _not_now() -> Steps[R]:
    raise AssertionError("no reading begins while there is nothing to ask")


def _share(uid: str) -> float:
    """Return a fraction of one that is the same for a resource each time."""
    return (zlib.crc32(uid.encode()) % 1000) / 1000
