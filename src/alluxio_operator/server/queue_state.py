"""The rules of the queue of owners; pure.

Each owner waits once, one worker at a time reconciles it, and edits go before resyncs. Among requests of one reason,
namespaces take turns.

Every operation takes O(log n) time. Outdated entries stay in the heaps, and reading a heap skips them.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from dataclasses import dataclass, replace

from alluxio_operator.engine.work import OwnerKey, Reason, Request
from alluxio_operator.server.fairness import Shares, SlowNamespaces

MOST_CHILDREN = 64
"""Maximum number of children in a request; with more, the reconcile ignores the cache instead."""

LONGEST_WAIT = 60.0
"""Seconds after which a waiting owner is overdue: it then shares the workers with more urgent owners."""

OVERDUE_SHARE = 4
"""While owners are overdue, one take in this many serves the oldest of them.

Not every take: after a minute of a large resync all its remaining owners are overdue, and edits would wait for them.
"""


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


class QueueState:
    """The queue's rules without threads; `now` is monotonic time in seconds.

    At most `max_slow` owners of namespaces with a slow reconcile run at the same time.
    """

    def __init__(self, max_slow: float = math.inf) -> None:
        self._shares = Shares()
        self._slow = SlowNamespaces(max_slow)
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
        self._slow.observe(((key, began) for key, (_, began) in self._running.items()), now)
        if self._slow.forget_expired(now):
            self._release()
        waiting = self._pick(now)
        if waiting is None:
            if not self._waiting:
                self._shares.forget()
            return None
        request = waiting.request
        # A reconcile sees the whole state and plans the next one itself, so merge the planned request into this one.
        planned = self._later.pop(request.key, None)
        if planned is not None:
            request = merged(request, planned.request)
        self._running[request.key] = request.reason, now
        self._slow.begin(request.key)
        return Taken(request, now - waiting.since)

    def done(self, key: OwnerKey, now: float) -> None:
        """Record the end of the reconcile of `key`; requests that arrived during it wait from now on."""
        reason, began = self._running.pop(key)
        self._shares.charge_for(now - began, reason, key.namespace)
        if self._slow.end(key, began, now):
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
        share = self._shares.next_share(request.reason, request.key.namespace)
        self._waiting[request.key] = _Waiting(request, since, turn, share)
        self._depth[request.reason] += 1
        heapq.heappush(self._by_urgency, (request.reason, share, turn, request.key))
        heapq.heappush(self._by_age, (since, 0.0, turn, request.key))

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
        self._shares.take(picked.share, reason)
        return self._waiting.pop(picked.request.key)

    def _lines(self) -> tuple[tuple[_Heap, _Heap], tuple[_Heap, _Heap]]:
        """Return the held and the other entries by urgency, and by age."""
        return (self._held[0], self._by_urgency), (self._held[1], self._by_age)

    def _first(self, heap: _Heap, held: _Heap) -> _Waiting | None:
        while heap:
            entry = heap[0]
            if waiting := self._current(entry):
                if not self._slow.holds(waiting.request.key):
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

    def _release(self) -> None:
        """Put all held entries back."""
        for held, heap in self._lines():
            while held:
                self._put_back(held, heap)

    def _is_planned(self, key: OwnerKey, turn: int) -> bool:
        later = self._later.get(key)
        return later is not None and later.turn == turn
