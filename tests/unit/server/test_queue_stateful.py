"""Whatever is done to the queue: one reconcile per owner at a time, nothing lost, in the promised order."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.server.queue_state import LONGEST_WAIT, MOST_CHILDREN, OVERDUE_SHARE, QueueState

KEYS = strategies.sampled_from([OwnerKey("AlluxioCluster", "data", name) for name in "abc"])
REASONS = strategies.sampled_from(Reason)
CHILDREN = strategies.frozensets(strategies.integers(0, 99).map(lambda n: ChildRef("ConfigMap", str(n))), max_size=40)
SECONDS = strategies.floats(0, 100)


@dataclass
class Wanted:
    """What one owner has asked for and not got yet, kept the slow and simple way."""

    reason: Reason
    joined: int
    since: float
    children: frozenset[ChildRef] = frozenset()
    everything: bool = False

    def take_in(self, request: Request, joined: int) -> None:
        if request.reason < self.reason:
            self.reason, self.joined = request.reason, joined
        self.children |= request.children
        self.everything |= request.everything or len(self.children) > MOST_CHILDREN


@dataclass
class Model:
    waiting: dict[OwnerKey, Wanted] = field(default_factory=dict)
    again: dict[OwnerKey, Wanted] = field(default_factory=dict)
    planned: dict[OwnerKey, tuple[float, int, Request]] = field(default_factory=dict)
    running: set[OwnerKey] = field(default_factory=set)


class QueueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = QueueState()
        self.model = Model()
        self.now = 0.0
        self.step = 0
        self.passed_over = 0

    def _add(self, request: Request, since: float) -> None:
        self.step += 1
        place = self.model.again if request.key in self.model.running else self.model.waiting
        if request.key not in place:
            place[request.key] = Wanted(request.reason, self.step, since)
        place[request.key].take_in(request, self.step)

    def _wake(self) -> None:
        due = sorted((at, step, k) for k, (at, step, _) in self.model.planned.items() if at <= self.now)
        for at, _, k in due:
            self._add(self.model.planned.pop(k)[2], at)

    @rule(key=KEYS, reason=REASONS, children=CHILDREN, everything=strategies.booleans())
    def add(self, key: OwnerKey, reason: Reason, children: frozenset[ChildRef], everything: bool) -> None:
        request = Request(key, reason, children, everything)
        self.queue.add(request, self.now)
        self._add(request, self.now)

    @rule(key=KEYS, children=CHILDREN, delay=SECONDS)
    def add_later(self, key: OwnerKey, children: frozenset[ChildRef], delay: float) -> None:
        request = Request(key, Reason.REQUEUE, children)
        at = self.now + delay
        self.queue.add_later(request, at)
        self.step += 1
        before = self.model.planned.get(key)
        if before is None:
            self.model.planned[key] = at, self.step, request
            return
        everything = before[2].everything or len(before[2].children | children) > MOST_CHILDREN
        both = Request(key, Reason.REQUEUE, before[2].children | children, everything)
        first = (at, self.step) if at < before[0] else before[:2]
        self.model.planned[key] = *first, both

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def take(self) -> None:
        self._wake()
        overdue = [w for w in self.model.waiting.values() if self.now - w.since > LONGEST_WAIT]
        taken = self.queue.take(self.now)
        if taken is None:
            assert not self.model.waiting
            return
        key = taken.request.key
        assert key not in self.model.running, "one reconcile per owner at a time"
        got = self.model.waiting.pop(key)
        self.model.running.add(key)

        first = min(((w.reason, w.joined) for w in self.model.waiting.values()), default=None)
        oldest = min((w.since for w in self.model.waiting.values()), default=None)
        in_turn = first is None or (got.reason, got.joined) < first
        if got.since <= (oldest if oldest is not None else got.since):
            self.passed_over = 0
        elif overdue:
            self.passed_over += 1
        assert in_turn or (overdue and got.since <= min(w.since for w in overdue))
        assert self.passed_over < 2 * OVERDUE_SHARE, "the oldest overdue owner is served in time"

        planned = self.model.planned.pop(key, None)
        if planned is not None:
            got.take_in(planned[2], got.joined)
        assert taken.waited == self.now - got.since
        assert taken.request.reason == got.reason
        if got.everything:
            assert taken.request.everything
            assert len(taken.request.children) <= MOST_CHILDREN
        else:
            assert taken.request == Request(key, got.reason, got.children)

    @precondition(lambda self: self.model.running)
    @rule(data=strategies.data())
    def done(self, data: strategies.DataObject) -> None:
        key = data.draw(strategies.sampled_from(sorted(self.model.running)))
        self.queue.done(key, self.now)
        self.model.running.remove(key)
        again = self.model.again.pop(key, None)
        if again is not None:
            self.step += 1
            again.joined = self.step
            self.model.waiting[key] = again

    @invariant()
    def counts_agree(self) -> None:
        for reason in Reason:
            waits = sum(wanted.reason == reason for wanted in self.model.waiting.values())
            assert self.queue.depth(reason) == waits
        assert self.queue.running() == self.model.running
        assert self.queue.next_wake() == min((at for at, _, _ in self.model.planned.values()), default=float("inf"))

    def teardown(self) -> None:
        for key in self.model.running:
            self.queue.done(key, self.now)
        owed = self.model.waiting.keys() | self.model.again.keys() | self.model.planned.keys()
        got = set()
        while (taken := self.queue.take(self.now + 1e6)) is not None:
            got.add(taken.request.key)
            self.queue.done(taken.request.key, self.now + 1e6)
        assert got == owed, "nothing is lost"


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
