"""The queue of owners for several threads: they wait for a request, and failed ones come back with back-off."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from alluxio_operator.engine.work import OwnerKey, Reason, Request
from alluxio_operator.server.queue_state import QueueState, Taken


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off of a failed owner: `first` seconds, doubling up to `most`, minus a random fraction.

    The random fraction (at most `jitter`) keeps owners that failed together from retrying together.
    """

    first: float = 0.5
    most: float = 300.0
    jitter: float = 0.25

    def delay(self, failures: int, chance: float) -> float:
        """Return the seconds to wait after `failures` in a row; `chance` is a random number in [0, 1)."""
        # The exponent is bounded, because 2.0 ** 1024 raises.
        return min(self.most, self.first * 2.0 ** min(failures - 1, 64)) * (1.0 - self.jitter * chance)


class KeyedQueue:
    """A `QueueState` behind a lock. `clock` returns monotonic seconds, `chance` a random number in [0, 1)."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        backoff: Backoff = Backoff(),
        max_slow: float = math.inf,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._backoff = backoff
        self._state = QueueState(max_slow)
        self._failures: Counter[OwnerKey] = Counter()
        self._closed = False
        self._changed = threading.Condition()

    def add(self, *requests: Request) -> None:
        """Add requests now."""
        self.add_all(requests)

    def add_all(self, requests: Iterable[Request]) -> None:
        """Add many requests in one step, so that workers take the most urgent of them first."""
        with self._changed:
            now = self._clock()
            for request in requests:
                self._state.add(request, now)
            self._changed.notify_all()

    def add_after(self, request: Request, delay: float) -> None:
        """Plan a request in `delay` seconds. An earlier request of the owner replaces it."""
        with self._changed:
            self._state.add_later(request, self._clock() + delay)
            self._changed.notify_all()

    def retry(self, request: Request, at_least: float = 0.0) -> float:
        """Requeue a failed request with its children; return the seconds until the next attempt.

        `at_least`: minimum pause that the API server requested, up to the limit of the back-off.
        """
        with self._changed:
            self._failures[request.key] += 1
            delay = self._backoff.delay(self._failures[request.key], self._chance())
        delay = max(delay, min(at_least, self._backoff.most))
        self.add_after(Request(request.key, Reason.REQUEUE, request.children, request.everything), delay)
        return delay

    def again(self, request: Request) -> float:
        """Requeue an owner that changed during its reconcile; return the seconds until the next attempt.

        At once, and with the back-off of failures if that happens several times in a row.
        """
        with self._changed:
            failures = self._failures[request.key]
            self._failures[request.key] += 1
            delay = self._backoff.delay(failures, self._chance()) if failures else 0.0
        self.add_after(Request(request.key, Reason.REQUEUE, request.children, request.everything), delay)
        return delay

    def forget_failures(self, key: OwnerKey) -> None:
        """Reset the back-off of `key` after a success."""
        with self._changed:
            self._failures.pop(key, None)

    def take(self) -> Taken | None:
        """Wait for a request and return it, or None after `close`; the caller must call `done` afterwards."""
        with self._changed:
            while not self._closed:
                now = self._clock()
                taken = self._state.take(now)
                if taken is not None:
                    return taken
                pause = self._state.next_wake() - now
                self._changed.wait(None if math.isinf(pause) else pause)
            return None

    def done(self, key: OwnerKey) -> None:
        """Record the end of the reconcile of `key`, after a success or a failure."""
        with self._changed:
            self._state.done(key, self._clock())
            self._changed.notify_all()

    def depth(self, reason: Reason) -> int:
        """Return the number of owners that wait for `reason`."""
        with self._changed:
            return self._state.depth(reason)

    def close(self) -> None:
        """Return no more requests from `take`. Drop waiting requests, because the next start rebuilds the queue."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_idle(self, timeout: float) -> frozenset[OwnerKey]:
        """Wait at most `timeout` seconds for running reconciles; return the owners of those that still run."""
        with self._changed:
            self._changed.wait_for(lambda: not self._state.running(), timeout)
            return self._state.running()
