"""The queue of owners: each owner waits once, one worker at a time reconciles it, and edits go before resyncs.

Among requests of one reason, namespaces take turns: a tenant who edits a hundred resources a second, or whose
reconciles take seconds, delays another tenant by one turn. The rule is start-time fair queueing (Goyal, Vin and Cheng):
a request gets the number of the last one taken, or of its namespace's request before plus what that one cost.

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
from dataclasses import dataclass, replace
from typing import Final

from alluxio_operator.engine.work import OwnerKey, Reason, Request

MOST_CHILDREN = 64
"""Maximum number of children in a request; with more, the reconcile ignores the cache instead."""

LONGEST_WAIT = 60.0
"""Seconds after which a waiting owner is overdue: it then shares the workers with more urgent owners."""

OVERDUE_SHARE = 4
"""While owners are overdue, one take in this many serves the oldest of them.

Not every take: after a minute of a large resync all its remaining owners are overdue, and edits would wait for them.
"""


SLOW: Final = 2.0
"""Seconds after which a reconcile counts as slow: a server that hangs takes 3, and a healthy reconcile about 0.2."""

SLOW_FOR: Final = 600.0
"""Seconds for which a slow reconcile marks its namespace: servers that hang every other time stay slow."""

TURN: Final = 0.2
"""Seconds of a worker that count as one turn of a namespace."""

MOST_TURNS: Final = 300.0
"""Turns that one reconcile costs at most: a minute."""


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
    """Position among requests of the same reason and share. A heap entry with another turn is outdated."""
    share: float
    """Position among requests of the same reason, by what their namespaces had before."""


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


_Entry = tuple[float, float, int, OwnerKey]
_Heap = list[_Entry]
"""Entries of the sort key (urgency and share, or time), the turn that shows if the entry is current, and the owner."""

_Account = tuple[Reason, str]
"""Requests of one reason in one namespace."""


class QueueState:
    """The queue's rules without threads; `now` is monotonic time in seconds.

    At most `max_slow` owners of namespaces with a slow reconcile run at the same time, so that servers which hang can't
    take every worker from the other owners. By namespace, since a tenant creates new owners at will.
    """

    def __init__(self, max_slow: float = math.inf) -> None:
        self._max_slow = max_slow
        self._slow_until: dict[str, float] = {}
        self._slow_running: set[OwnerKey] = set()
        self._taken: dict[Reason, float] = {}
        """Share of the last request taken, by reason."""
        self._owed: dict[_Account, float] = {}
        """Share of the next request of a namespace, if it is ahead of the others."""
        self._held: tuple[_Heap, _Heap] = [], []
        """Entries of slow owners by urgency and by age, until another slow owner is done."""
        self._waiting: dict[OwnerKey, _Waiting] = {}
        self._by_urgency: _Heap = []
        self._by_age: _Heap = []
        self._later: dict[OwnerKey, _Later] = {}
        self._by_time: _Heap = []
        self._running: dict[OwnerKey, tuple[Reason, float]] = {}
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
        heapq.heappush(self._by_time, (at, 0.0, turn, request.key))

    def take(self, now: float) -> Taken | None:
        """Return the next request, or None; the caller must call `done` afterwards."""
        self._wake(now)
        # A reconcile that is slow for the first time counts while it still runs.
        self._slow_running.update(key for key, (_, began) in self._running.items() if now - began > SLOW)
        self._end_marks(now)
        waiting = self._pick(now)
        if waiting is None:
            if not self._waiting:
                # A namespace that comes later owes nothing for what others had.
                self._owed.clear()
                self._taken.clear()
            return None
        request = waiting.request
        # A reconcile sees the whole state and plans the next one itself, so merge the planned request into this one.
        planned = self._later.pop(request.key, None)
        if planned is not None:
            request = merged(request, planned.request)
        self._running[request.key] = request.reason, now
        if request.key.namespace in self._slow_until:
            self._slow_running.add(request.key)
        return Taken(request, now - waiting.since)

    def done(self, key: OwnerKey, now: float) -> None:
        """Record the end of the reconcile of `key`; requests that arrived during it wait from now on."""
        reason, began = self._running.pop(key)
        self._charge((reason, key.namespace), min((now - began) / TURN, MOST_TURNS))
        if now - began > SLOW:
            self._slow_until[key.namespace] = now + SLOW_FOR
        if key in self._slow_running:
            self._slow_running.remove(key)
            # One may run in its place: to put all of a thousand back, for each that ends, takes milliseconds.
            for held, heap in self._lines():
                self._put_back(held, heap)
        requeued = self._requeued.pop(key, None)
        if requeued is not None:
            self._wait(*requeued)

    def next_wake(self) -> float:
        """Return the time of the next planned request, or infinity."""
        while self._by_time:
            at, _, turn, key = self._by_time[0]
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
                self._waiting[request.key] = replace(before, request=request, since=since)
                return
            self._depth[before.request.reason] -= 1
        else:
            request = bounded(request)
        turn = next(self._turns)
        share = self._charge((request.reason, request.key.namespace), 1.0)
        self._waiting[request.key] = _Waiting(request, since, turn, share)
        self._depth[request.reason] += 1
        heapq.heappush(self._by_urgency, (request.reason, share, turn, request.key))
        heapq.heappush(self._by_age, (since, 0.0, turn, request.key))

    def _charge(self, account: _Account, turns: float) -> float:
        """Return the share of the account's next request, and add what it costs."""
        share = max(self._owed.get(account, 0.0), self._taken.get(account[0], 0.0))
        self._owed[account] = share + turns
        return share

    def _wake(self, now: float) -> None:
        while self.next_wake() <= now:
            at, _, _, key = heapq.heappop(self._by_time)
            self.add(self._later.pop(key).request, at)

    def _pick(self, now: float) -> _Waiting | None:
        picked, oldest = (self._first(heap, held) for held, heap in self._lines())
        if oldest is None or picked is None:
            return None
        if now - oldest.since > LONGEST_WAIT:
            if self._until_overdue_turn == 0:
                picked = oldest
            self._until_overdue_turn = (self._until_overdue_turn or OVERDUE_SHARE) - 1
        reason = picked.request.reason
        self._depth[reason] -= 1
        self._taken[reason] = max(self._taken.get(reason, 0.0), picked.share)
        return self._waiting.pop(picked.request.key)

    def _lines(self) -> tuple[tuple[_Heap, _Heap], tuple[_Heap, _Heap]]:
        """Return the held and the other entries by urgency, and by age."""
        return (self._held[0], self._by_urgency), (self._held[1], self._by_age)

    def _first(self, heap: _Heap, held: _Heap) -> _Waiting | None:
        while heap:
            entry = heap[0]
            if waiting := self._current(entry):
                if not self._is_held(waiting.request.key):
                    return waiting
                heapq.heappush(held, entry)
            heapq.heappop(heap)
        return None

    def _put_back(self, held: _Heap, heap: _Heap) -> None:
        """Put the first held entry that is current back into its heap."""
        while held:
            entry = heapq.heappop(held)
            if self._current(entry):
                heapq.heappush(heap, entry)
                return

    def _current(self, entry: _Entry) -> _Waiting | None:
        """Return the waiting request of an entry; None if the entry is outdated."""
        *_, turn, key = entry
        waiting = self._waiting.get(key)
        return waiting if waiting is not None and waiting.turn == turn else None

    def _is_held(self, key: OwnerKey) -> bool:
        return len(self._slow_running) >= self._max_slow and key.namespace in self._slow_until

    def _end_marks(self, now: float) -> None:
        """Forget namespaces that haven't been slow for a while, and hold none of their owners any longer."""
        ended = [namespace for namespace, until in self._slow_until.items() if until <= now]
        for namespace in ended:
            del self._slow_until[namespace]
        if ended:
            for held, heap in self._lines():
                while held:
                    self._put_back(held, heap)

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
