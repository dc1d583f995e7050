"""The queue of owners: each owner waits once, one worker at a time reconciles it, and edits go before resyncs.

`QueueState` has the rules and gets the time as an argument; `KeyedQueue` adds threads and waiting.
Every operation takes O(log n) time. Outdated entries stay in the heaps, and reading a heap skips them.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from alluxio_operator.engine.work import OwnerKey, Reason, Request

MOST_CHILDREN = 64
"""Maximum number of children in a request; with more, the reconcile ignores the cache instead."""

LONGEST_WAIT = 60.0
"""Seconds after which a waiting owner is overdue: it then shares the workers with more urgent owners."""

OVERDUE_SHARE = 4
"""While owners are overdue, one take in this many serves the oldest of them.

Not every take: after a minute of a large resync all its remaining owners are overdue, and edits would wait for them.
"""


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


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that a worker took; `waited`: its seconds in the queue."""

    request: Request
    waited: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: Request
    since: float
    """Time of the owner's first request; a merged request keeps it."""
    turn: int
    """Position among requests of the same reason. A heap entry with another turn is outdated."""


@dataclass(frozen=True, slots=True)
class _Later:
    request: Request
    at: float
    turn: int


def bounded(request: Request) -> Request:
    """Return the request; if it names too many children, return one with `everything` instead."""
    if len(request.children) <= MOST_CHILDREN:
        return request
    return Request(request.key, request.reason, everything=True)


def merged(one: Request, other: Request) -> Request:
    """Return one request that covers both."""
    children = one.children | other.children
    everything = one.everything or other.everything
    return bounded(Request(one.key, min(one.reason, other.reason), children, everything))


_Entry = tuple[float, int, OwnerKey]
_Heap = list[_Entry]
"""Entries of the sort key (urgency or time), the turn that shows if the entry is current, and the owner."""


class QueueState:
    """The queue's rules without threads; `now` is monotonic time in seconds.

    At most `max_slow` owners whose last reconcile was slow run at the same time, so that servers which hang can't take
    every worker from the other owners.
    """

    def __init__(self, max_slow: float = math.inf) -> None:
        self._max_slow = max_slow
        self._slow: set[OwnerKey] = set()
        self._held: list[tuple[_Heap, _Entry]] = []
        """Heap entries of slow owners, until another slow owner is done."""
        self._waiting: dict[OwnerKey, _Waiting] = {}
        self._by_urgency: _Heap = []
        self._by_age: _Heap = []
        self._later: dict[OwnerKey, _Later] = {}
        self._by_time: _Heap = []
        self._running: set[OwnerKey] = set()
        self._requeued: dict[OwnerKey, tuple[Request, float]] = {}
        self._turns = itertools.count()
        self._depth: Counter[Reason] = Counter()
        self._until_overdue_turn = OVERDUE_SHARE - 1

    def add(self, request: Request, now: float) -> None:
        """Add a request: merge it into a waiting one of the same owner, or queue it after a running reconcile."""
        if request.key not in self._running:
            self._wait(request, now)
        elif request.key in self._requeued:
            before, since = self._requeued[request.key]
            self._requeued[request.key] = merged(before, request), since
        else:
            self._requeued[request.key] = bounded(request), now

    def add_later(self, request: Request, at: float) -> None:
        """Add a request for the time `at`. An owner has one planned request, the earliest."""
        before = self._later.get(request.key)
        if before is not None:
            request, at = merged(before.request, request), min(before.at, at)
        if before is not None and before.at == at:
            self._later[request.key] = _Later(request, at, before.turn)
            return
        turn = next(self._turns)
        self._later[request.key] = _Later(bounded(request), at, turn)
        heapq.heappush(self._by_time, (at, turn, request.key))

    def take(self, now: float) -> Taken | None:
        """Return the next request, or None; the caller must call `done` afterwards."""
        self._wake(now)
        waiting = self._pick(now)
        if waiting is None:
            return None
        request = waiting.request
        # A reconcile sees the whole state and plans the next one itself, so merge the planned request into this one.
        planned = self._later.pop(request.key, None)
        if planned is not None:
            request = merged(request, planned.request)
        self._running.add(request.key)
        return Taken(request, now - waiting.since)

    def done(self, key: OwnerKey, *, slow: bool = False) -> None:
        """Record the end of the reconcile of `key`; requests that arrived during it wait from now on."""
        self._running.remove(key)
        if key in self._slow or slow:
            for heap, entry in self._held:
                heapq.heappush(heap, entry)
            self._held.clear()
        (self._slow.add if slow else self._slow.discard)(key)
        requeued = self._requeued.pop(key, None)
        if requeued is not None:
            self._wait(*requeued)

    def next_wake(self) -> float:
        """Return the time of the next planned request, or infinity."""
        while self._by_time:
            at, turn, key = self._by_time[0]
            if self._is_planned(key, turn):
                return at
            heapq.heappop(self._by_time)
        return math.inf

    def depth(self, reason: Reason) -> int:
        """Return the number of owners that wait for `reason`, without running and planned ones."""
        return self._depth[reason]

    def running(self) -> frozenset[OwnerKey]:
        """Return the owners of running reconciles."""
        return frozenset(self._running)

    def _wait(self, request: Request, since: float) -> None:
        before = self._waiting.get(request.key)
        if before is not None:
            request, since = merged(before.request, request), before.since
            if request.reason == before.request.reason:
                self._waiting[request.key] = _Waiting(request, since, before.turn)
                return
            self._depth[before.request.reason] -= 1
        else:
            request = bounded(request)
        turn = next(self._turns)
        self._waiting[request.key] = _Waiting(request, since, turn)
        self._depth[request.reason] += 1
        heapq.heappush(self._by_urgency, (request.reason, turn, request.key))
        heapq.heappush(self._by_age, (since, turn, request.key))

    def _wake(self, now: float) -> None:
        while self.next_wake() <= now:
            at, _, key = heapq.heappop(self._by_time)
            self.add(self._later.pop(key).request, at)

    def _pick(self, now: float) -> _Waiting | None:
        oldest = self._first(self._by_age)
        picked = self._first(self._by_urgency)
        if oldest is None or picked is None:
            return None
        if now - oldest.since > LONGEST_WAIT:
            if self._until_overdue_turn == 0:
                picked = oldest
            self._until_overdue_turn = (self._until_overdue_turn or OVERDUE_SHARE) - 1
        self._depth[picked.request.reason] -= 1
        return self._waiting.pop(picked.request.key)

    def _first(self, heap: _Heap) -> _Waiting | None:
        while heap:
            entry = heap[0]
            _, turn, key = entry
            waiting = self._waiting.get(key)
            if waiting is not None and waiting.turn == turn:
                if not self._is_held(key):
                    return waiting
                self._held.append((heap, entry))
            heapq.heappop(heap)
        return None

    def _is_held(self, key: OwnerKey) -> bool:
        return key in self._slow and len(self._slow & self._running) >= self._max_slow

    def _is_planned(self, key: OwnerKey, turn: int) -> bool:
        later = self._later.get(key)
        return later is not None and later.turn == turn


class KeyedQueue:
    """The queue for several threads. `clock` returns monotonic seconds, `chance` a random number in [0, 1)."""

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

    def done(self, key: OwnerKey, *, slow: bool = False) -> None:
        """Record the end of the reconcile of `key`, after a success or a failure."""
        with self._changed:
            self._state.done(key, slow=slow)
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
