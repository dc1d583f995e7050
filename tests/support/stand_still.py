"""An hour in which nothing around an operator moves, driven by the server's own queue and workers on a virtual clock.

The operator's own writes come back as the events that its hooks get. Nothing else happens: pods, controllers and
servers stay as they are, and each server gives the same answers, or none.

A reconcile that writes nothing leaves everything as it was, so the next ones differ by their time only. After such a
one the clock may leap; each reconcile that the queue would have run meanwhile counts.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import jq
from prometheus_client import CollectorRegistry
from tests.support.owner_world import OwnerWorld

from alluxio_operator.engine.children import CHILD_KINDS, owner_of, version_of
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.hook import FILTER
from alluxio_operator.server.pool import Pool
from alluxio_operator.server.queue import KeyedQueue
from alluxio_operator.server.queue_state import Taken
from alluxio_operator.server.replica import GATHERING
from alluxio_operator.telemetry.metrics import Metrics

Json = dict[str, Any]

HOUR = 3600.0
SETTLED = HOUR / 2
"""Seconds after which no time-out, retry or proof is under way any more: the state has settled."""
MOST = 2000
"""Reconciles in an hour at which a run ends as a hot loop."""
LONGEST_LEAP = 600.0
"""Seconds over which the clock leaps at most, and no further than as much time as has passed since the last write."""
ATTEMPTS = ("backup", "update_configuration", "test_write", "delete_folder")
"""Calls that change something in Alluxio. What comes of them is on record, so that each may cause writes."""
RESULT = 20.0
"""Seconds in which the result of an attempt is on record."""

_STATE_OF = {one.kind: one.state_of for one in CHILD_KINDS}
_EDITS = jq.compile(FILTER)


@dataclass
class Stretch:
    """What an operator did: the times of its reconciles and writes in seconds, and its calls of servers."""

    reconciles: list[tuple[float, int]] = field(default_factory=list)
    """Times at which reconciles ran, and how many each stands for."""
    writes: list[tuple[float, str, str]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    attempts: list[float] = field(default_factory=list)
    hot: bool = False

    def count(self, since: float = 0.0) -> int:
        """Return the number of reconciles."""
        return sum(number for at, number in self.reconciles if at >= since)

    def needless_writes(self, since: float = SETTLED) -> list[tuple[float, str, str]]:
        """Return the writes that follow from no attempt to change something in Alluxio."""
        late = [one for one in self.writes if one[0] >= since]
        return [one for one in late if not any(0 <= one[0] - at <= RESULT for at in self.attempts)]


@dataclass(frozen=True)
class Case:
    """A world that waits, and the condition that reports it: its type and reason.

    `every`: seconds between two reconciles at least, once it has waited for half an hour. `writes`: writes of the
    status in the second half of an hour that follow from its time alone, such as the next attempt of a step.
    """

    make: Callable[[], Any]
    condition: str
    reason: str
    every: float = 15.0
    writes: int = 0
    later: tuple[float, ...] = ()
    """Seconds between further reconciles until the world waits."""


class Cases(dict[str, Case]):
    """Worlds that wait, by name."""

    def __call__(
        self,
        condition: str,
        reason: str,
        *args: Any,
        every: float = 15.0,
        writes: int = 0,
        later: tuple[float, ...] = (),
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a world, which a function makes from the arguments."""

        def register(make: Callable[..., Any]) -> Callable[..., Any]:
            words = [make.__name__.replace("_", " "), condition, reason, *(_word(one) for one in args)]
            name = " ".join(word for word in words if word)
            assert name not in self, name
            self[name] = Case(partial(make, *args), condition, reason, every, writes, later)
            return make

        return register


def _word(value: Any) -> str:
    return str(getattr(value, "reason", getattr(value, "state", value if isinstance(value, str | float | int) else "")))


class VirtualQueue(KeyedQueue):
    """The server's queue, which moves the clock to the next request instead of waiting for it."""

    def __init__(self, stand_still: StandStill) -> None:
        super().__init__(clock=lambda: stand_still.t, chance=lambda: 0.0)
        self._run = stand_still
        self._retries = False
        self.ended = threading.Event()

    def retry(self, request: Request, at_least: float = 0.0) -> float:
        self._retries = True
        try:
            return super().retry(request, at_least)
        finally:
            self._retries = False

    def add_after(self, request: Request, delay: float) -> None:
        if request.reason == Reason.REQUEUE and not self._retries:
            delay = self._run.leap(delay)
        super().add_after(request, delay)

    def take(self) -> Taken | None:
        with self._changed:
            while (taken := self._state.take(self._run.t)) is None:
                if not self._run.move_to(self._state.next_wake()):
                    self.ended.set()
                    return None
            if self._run.begins():
                return taken
            self.ended.set()
            return None


class StandStill:
    """One owner in a world that stands still."""

    def __init__(self, world: OwnerWorld, servers: Any, *, leaps: bool = True) -> None:
        self.world = world
        self.t = 0.0
        self._leaps = leaps
        self._began = world.now
        self._stretch = Stretch()
        self._start = 0.0
        self._writes = 0
        self._delay = 0.0
        self._wrote_at = 0.0
        self.queue = VirtualQueue(self)
        world.kube.changed = self._changed
        world.kube.after_write = self._wrote
        for name in (one for one in dir(servers) if not one.startswith("_") and callable(getattr(servers, one))):
            setattr(servers, name, self._counted(name, getattr(servers, name)))

    def pass_an_hour(self) -> Stretch:
        """Let an hour pass; return what the operator did in it."""
        self._stretch, self._start = Stretch(), self.t
        self.queue.add(Request(self.world.key, Reason.CHILD, everything=True))
        pool = Pool(
            self.queue,
            {self.world.key.kind: self.world.reconciler},
            Metrics(CollectorRegistry()),
            workers=1,
            deadline=60,
            clock=lambda: self.t,
        )
        self.queue.ended.clear()
        pool.start()
        self.queue.ended.wait()
        self.t = self._start + HOUR
        self.world.now = self._began + timedelta(seconds=self.t)
        return self._stretch

    # --- for the queue -----------------------------------------------------------------------------------------------

    def move_to(self, at: float) -> bool:
        """Move the clock to the next request; return False if the hour is over."""
        if at > self._start + HOUR or math.isinf(at):
            return False
        self.t = at
        self.world.now = self._began + timedelta(seconds=at)
        return True

    def begins(self) -> bool:
        """Count a reconcile that begins; return False if there were too many."""
        self._stretch.reconciles.append((self.t - self._start, 1))
        self._stretch.hot = self._stretch.count() > MOST
        self._writes = len(self.world.kube.writes)
        return not self._stretch.hot

    def leap(self, delay: float) -> float:
        """Return the delay, or a multiple of it if the reconcile wrote nothing.

        A delay that has become shorter ends at a moment, such as that of a retry, over which the clock doesn't leap.
        """
        before, self._delay = self._delay, delay
        passed = self.t - self._start
        since_write = self.t - max(self._start, self._wrote_at)
        times = int(min(since_write, LONGEST_LEAP, HOUR - passed) / delay) if delay > 0 else 0
        if not self._leaps or delay < before or times < 2 or len(self.world.kube.writes) > self._writes:
            return delay
        self._stretch.reconciles.append((passed, times - 1))
        return delay * times

    # --- the operator's calls and their events -----------------------------------------------------------------------

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._stretch.calls[name] += 1
            if name in ATTEMPTS:
                self._stretch.attempts.append(self.t - self._start)
            return call(*args, **kwargs)

        return counted

    def _wrote(self, verb: str, path: str) -> None:
        self._wrote_at = self.t
        self._stretch.writes.append((self.t - self._start, verb, path))

    def _changed(self, before: Json, after: Json) -> None:
        obj = after or before
        if obj["kind"] == self.world.key.kind:
            if _edit(before) != _edit(after):
                self.queue.add(Request(self.world.key, Reason.EDIT))
            return
        if obj["kind"] not in _STATE_OF or _state(before) == _state(after):
            return
        for owner in _owners(before, after):
            version = version_of(after) if after else ""
            request = Request(owner, Reason.CHILD, frozenset({ChildRef(obj["kind"], obj["metadata"]["name"], version)}))
            if owner == self.world.key and self.world.reconciler.is_news(request):
                self.queue.add_after(request, GATHERING)


def _owners(*objects: Json) -> set[OwnerKey]:
    return {owner for owner in (owner_of(obj) for obj in objects if obj) if owner is not None}


def _state(obj: Json) -> Any:
    return _STATE_OF[obj["kind"]](obj) if obj else None


def _edit(obj: Json) -> Any:
    return _EDITS.input_value(obj).first() if obj else None


logging.getLogger("alluxio_operator.server.pool").setLevel(logging.CRITICAL)
