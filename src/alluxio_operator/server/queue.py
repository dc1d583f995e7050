"""The queue of owners: each waits once, is reconciled by one worker at a time, and edits go before resyncs.

`QueueState` holds the rules and takes the time as an argument; `KeyedQueue` adds threads and waiting.
Every operation takes O(log n) time; entries that were overtaken stay in the heaps and are skipped when met.
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
"""More named children than this are not listed one by one; the reconcile then looks at everything."""

LONGEST_WAIT = 60.0
"""Seconds after which a waiting owner is overdue: it then shares the workers with what is more urgent."""

OVERDUE_SHARE = 4
"""While owners are overdue, one take in this many serves the oldest of them.

Not every take: after a minute of a large resync all its rest is overdue, and edits would wait for all of it.
"""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a failed owner waits: doubling from `first` to `most` seconds, less a random part of it.

    The random part (`jitter`, of 1) keeps owners that failed together from coming back together.
    """

    first: float = 0.5
    most: float = 300.0
    jitter: float = 0.25

    def delay(self, failures: int, chance: float) -> float:
        """Return the seconds to wait after `failures` in a row; `chance` is a random number in [0, 1)."""
        # The exponent is bounded, as 2.0 ** 1024 raises.
        return min(self.most, self.first * 2.0 ** min(failures - 1, 64)) * (1.0 - self.jitter * chance)


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that was handed out, and the seconds that it had waited."""

    request: Request
    waited: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: Request
    since: float
    """When the owner first asked; being asked for again doesn't make it younger."""
    turn: int
    """Its place among those of the same reason; the heap entry with another turn is out of date."""


@dataclass(frozen=True, slots=True)
class _Later:
    request: Request
    at: float
    turn: int


def bounded(request: Request) -> Request:
    """Return the request, or one that asks to look at everything where it names too many children."""
    if len(request.children) <= MOST_CHILDREN:
        return request
    return Request(request.key, request.reason, everything=True)


def merged(one: Request, other: Request) -> Request:
    """Return the one request that asks for what both ask for."""
    children = one.children | other.children
    everything = one.everything or other.everything
    return bounded(Request(one.key, min(one.reason, other.reason), children, everything))


_Heap = list[tuple[float, int, OwnerKey]]
"""What comes first (urgency or time), then the turn that tells whether the entry still holds."""


class QueueState:
    """The queue's rules without threads; `now` is monotonic time in seconds and never goes back."""

    def __init__(self) -> None:
        self._waiting: dict[OwnerKey, _Waiting] = {}
        self._by_urgency: _Heap = []
        self._by_age: _Heap = []
        self._later: dict[OwnerKey, _Later] = {}
        self._by_time: _Heap = []
        self._running: set[OwnerKey] = set()
        self._again: dict[OwnerKey, tuple[Request, float]] = {}
        self._turns = itertools.count()
        self._depth: Counter[Reason] = Counter()
        self._until_overdue_turn = OVERDUE_SHARE - 1

    def add(self, request: Request, now: float) -> None:
        """Ask for a reconcile; one that already waits takes this one in, one that runs is followed by it."""
        if request.key not in self._running:
            self._wait(request, now)
        elif request.key in self._again:
            before, since = self._again[request.key]
            self._again[request.key] = merged(before, request), since
        else:
            self._again[request.key] = bounded(request), now

    def add_later(self, request: Request, at: float) -> None:
        """Ask for a reconcile at the time `at`; an owner has one such wake-up, the earliest asked for."""
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
        """Hand out the owner whose turn it is, or None; `done` must follow."""
        self._wake(now)
        waiting = self._pick(now)
        if waiting is None:
            return None
        request = waiting.request
        # It looks at all there is and says itself when to look again, so a planned look is taken in.
        planned = self._later.pop(request.key, None)
        if planned is not None:
            request = merged(request, planned.request)
        self._running.add(request.key)
        return Taken(request, now - waiting.since)

    def done(self, key: OwnerKey) -> None:
        """Say that the reconcile of `key` has ended; what came for it meanwhile waits from now on."""
        self._running.remove(key)
        again = self._again.pop(key, None)
        if again is not None:
            self._wait(*again)

    def next_wake(self) -> float:
        """Return the time of the next planned look, or infinity."""
        while self._by_time:
            at, turn, key = self._by_time[0]
            if self._is_planned(key, turn):
                return at
            heapq.heappop(self._by_time)
        return math.inf

    def depth(self, reason: Reason) -> int:
        """Return how many owners wait for `reason`; those that run or are planned for later do not count."""
        return self._depth[reason]

    def running(self) -> frozenset[OwnerKey]:
        """Return the owners that are being reconciled."""
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
            _, turn, key = heap[0]
            waiting = self._waiting.get(key)
            if waiting is not None and waiting.turn == turn:
                return waiting
            heapq.heappop(heap)
        return None

    def _is_planned(self, key: OwnerKey, turn: int) -> bool:
        later = self._later.get(key)
        return later is not None and later.turn == turn


class KeyedQueue:
    """The queue that threads share. `clock` is monotonic seconds, `chance` a random number in [0, 1)."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        backoff: Backoff = Backoff(),
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._backoff = backoff
        self._state = QueueState()
        self._failures: Counter[OwnerKey] = Counter()
        self._closed = False
        self._changed = threading.Condition()

    def add(self, *requests: Request) -> None:
        """Ask for reconciles now."""
        self.add_all(requests)

    def add_all(self, requests: Iterable[Request]) -> None:
        """Ask for many reconciles in one go, so that the most urgent of them is served first."""
        with self._changed:
            now = self._clock()
            for request in requests:
                self._state.add(request, now)
            self._changed.notify_all()

    def add_after(self, request: Request, delay: float) -> None:
        """Ask for a reconcile in `delay` seconds, unless an earlier one is planned or one comes before it."""
        with self._changed:
            self._state.add_later(request, self._clock() + delay)
            self._changed.notify_all()

    def retry(self, request: Request, at_least: float = 0.0) -> float:
        """Put back what failed, with all that it had asked for; return the seconds until its next try.

        `at_least` is how long the API server wants to be left alone; within the bounds of the back-off it is.
        """
        with self._changed:
            self._failures[request.key] += 1
            delay = self._backoff.delay(self._failures[request.key], self._chance())
        delay = max(delay, min(at_least, self._backoff.most))
        again = Request(request.key, Reason.REQUEUE, request.children, request.everything)
        self.add_after(again, delay)
        return delay

    def forget_failures(self, key: OwnerKey) -> None:
        """Let the back-off of `key` begin anew: it succeeded."""
        with self._changed:
            self._failures.pop(key, None)

    def take(self) -> Taken | None:
        """Wait for an owner and hand it out; None once the queue is closed. `done` must follow."""
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
        """Say that the reconcile of `key` has ended, well or badly."""
        with self._changed:
            self._state.done(key)
            self._changed.notify_all()

    def depth(self, reason: Reason) -> int:
        """Return how many owners wait for `reason`."""
        with self._changed:
            return self._state.depth(reason)

    def close(self) -> None:
        """Hand out nothing more. What runs may end, what waits is dropped: a start rebuilds it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_idle(self, timeout: float) -> frozenset[OwnerKey]:
        """Wait at most `timeout` seconds until nothing runs; return what still does."""
        with self._changed:
            self._changed.wait_for(lambda: not self._state.running(), timeout)
            return self._state.running()
