"""Workers and the queue that they share, with real threads."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry
from server_fakes import Clock, eventually

from alluxio_operator.engine.work import ChildRef, Outcome, OwnerKey, Reason, Reconciler, Request
from alluxio_operator.kube.errors import ApiError
from alluxio_operator.server import fairness
from alluxio_operator.server.pool import Pool
from alluxio_operator.server.queue import Backoff, KeyedQueue
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

KIND = "AlluxioCluster"
QUICK = Backoff(first=0.01, most=0.05)
Start = Callable[..., tuple[KeyedQueue, Pool, Metrics]]


@pytest.fixture
def start() -> Iterator[Start]:
    pools = []

    def begin(
        reconciler: Reconciler, workers: int = 2, deadline: float = 5.0, max_slow: float = math.inf, **options: object
    ):
        queue = KeyedQueue(backoff=QUICK, max_slow=max_slow)
        metrics = Metrics(CollectorRegistry())
        pool = Pool(queue, {KIND: reconciler}, metrics, workers=workers, deadline=deadline, **options)  # type: ignore[arg-type]
        pool.start()
        pools.append(pool)
        return queue, pool, metrics

    yield begin
    for pool in pools:
        pool.stop(5)


def key(name: str = "one") -> OwnerKey:
    """Return the key of NAME, or of NAMESPACE/NAME."""
    namespace, _, name = name.rpartition("/")
    return OwnerKey(KIND, namespace or "data", name)


def edit(name: str = "one") -> Request:
    return Request(key(name), Reason.EDIT)


def sample(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"alluxio_operator_{name}", labels) or 0.0


def test_one_owner_is_never_reconciled_twice_at_once_and_no_wake_up_is_lost(start: Start) -> None:
    running: Counter[OwnerKey] = Counter()
    seen: set[ChildRef] = set()
    lock = threading.Lock()
    clashes = []

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        with lock:
            running[request.key] += 1
            if running[request.key] > 1:
                clashes.append(request.key)
        time.sleep(0.001)
        with lock:
            running[request.key] -= 1
            seen.update(request.children)
        return Outcome()

    queue, _, _ = start(reconcile, workers=8)
    refs = [ChildRef("ConfigMap", f"{n}") for n in range(400)]

    def wake(part: int) -> None:
        for n, ref in enumerate(refs[part::4]):
            queue.add(Request(key(f"{n % 3}"), Reason.CHILD, frozenset({ref})))
            time.sleep(0.0005)

    threads = [threading.Thread(target=wake, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: seen == set(refs))
    assert clashes == []


def test_an_owner_that_hangs_holds_up_nobody_else(start: Start) -> None:
    release, done = threading.Event(), threading.Event()

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        (release.wait if request.key.name == "hangs" else done.set)()
        return Outcome()

    queue, pool, _ = start(reconcile)
    queue.add(edit("hangs"))
    eventually(lambda: pool.running())
    queue.add(edit("other"))
    assert done.wait(5)
    release.set()


def test_owners_with_hanging_servers_leave_a_worker_to_the_others(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fairness, "SLOW", 0.02)
    release, served = threading.Event(), threading.Event()
    seen: Counter[str] = Counter()

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        name = request.key.name
        seen[name] += 1
        if name.startswith("slow"):
            time.sleep(0.05) if seen[name] == 1 else release.wait(10)
        else:
            served.set()
        return Outcome()

    queue, pool, _ = start(reconcile, workers=3, max_slow=2)
    slow = [f"slow/slow-{number}" for number in range(6)]
    queue.add(*map(edit, slow))
    eventually(lambda: sum(seen.values()) == 6 and not pool.running())
    queue.add(*map(edit, slow))
    eventually(lambda: len(pool.running()) == 2)

    queue.add(edit("good/good"))

    assert served.wait(5)
    assert len(pool.running()) == 2
    release.set()
    eventually(lambda: all(seen[name.rpartition("/")[2]] == 2 for name in slow))


def test_a_failure_is_retried_with_all_that_was_asked_for(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    tries: list[Request] = []

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        tries.append(request)
        if len(tries) < 3:
            raise RuntimeError("no luck")
        return Outcome(changed=True)

    queue, _, metrics = start(reconcile)
    child = frozenset({ChildRef("StatefulSet", "one-master")})
    queue.add(Request(key(), Reason.CHILD, child, everything=True))
    eventually(lambda: sample(metrics, "reconcile_total", kind=KIND, outcome="changed") == 1)
    assert [request.reason for request in tries] == [Reason.CHILD, Reason.REQUEUE, Reason.REQUEUE]
    assert all(request.children == child and request.everything for request in tries)
    assert sample(metrics, "reconcile_total", kind=KIND, outcome="error") == 2
    assert sample(metrics, "queue_retries_total") == 2
    assert sample(metrics, "reconcile_duration_seconds_count", kind=KIND) == 3
    assert "RuntimeError: no luck" in caplog.text


def test_backoff_doubles_up_to_its_limit_and_jitter_only_shortens() -> None:
    backoff = Backoff()
    assert [backoff.delay(n, 0) for n in (1, 2, 3, 10, 11, 5000)] == [0.5, 1, 2, 256, 300, 300]
    assert backoff.delay(1, 0.999) == pytest.approx(0.375, abs=0.001)


def test_the_back_off_grows_with_each_failure_and_begins_anew_after_a_success(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    queue = KeyedQueue(chance=lambda: 0.0, backoff=Backoff(first=1, most=3))
    assert [queue.retry(edit()) for _ in range(4)] == [1, 2, 3, 3]
    queue.forget_failures(key())
    assert queue.retry(edit()) == 1
    assert queue.retry(edit("other")) == 1


def test_the_api_server_is_left_alone_for_as_long_as_it_wants_within_bounds(start: Start) -> None:
    queue = KeyedQueue(chance=lambda: 0.0, backoff=Backoff(first=1, most=30))
    assert queue.retry(edit(), at_least=20) == 20
    assert queue.retry(edit("other"), at_least=0.5) == 1
    assert queue.retry(edit("third"), at_least=86_400) == 30


def test_a_refusal_is_logged_without_a_traceback_and_keeps_its_retry_after(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        raise ApiError("GET /pods", 429, "slow down", retry_after=QUICK.most)

    queue, _, _ = start(reconcile)
    with caplog.at_level(logging.WARNING):
        queue.add(edit())
        eventually(lambda: any(record.message == "reconcile failed" for record in caplog.records))

    [told, failed] = caplog.records[:2]
    assert told.error == "GET /pods: slow down (HTTP 429)"  # type: ignore[attr-defined]
    assert told.exc_info is None
    assert failed.retry_after_seconds == QUICK.most  # type: ignore[attr-defined]


def test_a_reconcile_whose_lease_is_lost_makes_no_further_call(start: Start) -> None:
    lost, calls = threading.Event(), []

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        while len(calls) < 3:
            deadline.remaining(1)
            calls.append("call")
            lost.set()
        return Outcome()

    queue, _, metrics = start(reconcile, lost=lost.is_set)
    queue.add(edit())
    eventually(lambda: sample(metrics, "reconcile_total", kind=KIND, outcome="lease") >= 1)
    assert calls == ["call"]


def test_a_reconcile_may_ask_to_be_called_again(start: Start) -> None:
    seen = []

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        seen.append(request.reason)
        return Outcome(requeue_after=0.01 if len(seen) < 3 else None)

    queue, _, metrics = start(reconcile)
    queue.add(edit())
    eventually(lambda: len(seen) == 3)
    assert seen == [Reason.EDIT, Reason.REQUEUE, Reason.REQUEUE]
    eventually(lambda: sample(metrics, "reconcile_total", kind=KIND, outcome="unchanged") == 3)


def test_an_owner_that_changes_during_each_reconcile_is_repeated_less_often() -> None:
    planned: list[float] = []

    class Planned(KeyedQueue):
        def add_after(self, request: Request, delay: float) -> None:
            planned.append(delay)

    queue = Planned(chance=lambda: 0.0)
    for _ in range(12):
        queue.again(edit())
    assert planned == [0, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]

    queue.forget_failures(edit().key)
    assert queue.again(edit()) == 0


def test_a_changed_owner_is_repeated_with_what_the_events_named(start: Start) -> None:
    seen: list[Request] = []

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        seen.append(request)
        return Outcome(requeue_after=0.0 if len(seen) == 1 else None)

    queue, _, _ = start(reconcile)
    children = frozenset({ChildRef("ConfigMap", "a")})
    queue.add(Request(key(), Reason.CHILD, children))
    eventually(lambda: len(seen) == 2)
    assert (seen[1].reason, seen[1].children) == (Reason.REQUEUE, children)


def test_a_reconcile_that_runs_out_of_time_counts_as_such(start: Start) -> None:
    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        raise DeadlineExceeded("the reconcile ran out of time")

    queue, _, metrics = start(reconcile)
    queue.add(edit())
    eventually(lambda: sample(metrics, "reconcile_total", kind=KIND, outcome="deadline") >= 1)


def test_an_owner_over_its_deadline_is_reported_once(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    clock, release = Clock(), threading.Event()

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        release.wait()
        return Outcome()

    queue, pool, metrics = start(reconcile, deadline=60.0, clock=clock)
    queue.add(edit())
    eventually(lambda: pool.running())
    pool.report_overruns()
    assert sample(metrics, "reconcile_overruns_total", kind=KIND) == 0
    clock.now += 61
    assert [run.over for run in pool.running()] == [1]
    pool.report_overruns()
    pool.report_overruns()
    assert sample(metrics, "reconcile_overruns_total", kind=KIND) == 1
    assert [record.owner_name for record in caplog.records if "over its deadline" in record.msg] == ["one"]
    release.set()


def test_stop_waits_for_what_runs_but_not_for_ever(start: Start) -> None:
    release = threading.Event()

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        release.wait()
        return Outcome()

    queue, pool, _ = start(reconcile)
    queue.add(edit())
    eventually(lambda: pool.running())
    queue.add(edit("never"))
    assert pool.stop(0.05) is False
    release.set()
    assert pool.stop(5) is True


def test_what_is_added_while_all_workers_sleep_is_taken_at_once(start: Start) -> None:
    done = threading.Event()
    queue, _, _ = start(lambda request, deadline: done.set() or Outcome())
    queue.add_after(edit("later"), 60)
    time.sleep(0.05)
    queue.add(edit())
    assert done.wait(5), "the planned request is due in 60 s"


def test_a_line_tells_of_each_reconcile_that_did_something(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    queue, _, _ = start(lambda request, deadline: Outcome(changed=request.key.name == "busy"))
    queue.add(edit("busy"), edit("idle"))
    eventually(lambda: sum(record.msg == "reconciled" for record in caplog.records) == 2)
    levels = {record.outcome: record.levelname for record in caplog.records if record.msg == "reconciled"}
    assert levels == {"changed": "INFO", "unchanged": "DEBUG"}


def test_the_lines_are_json_and_carry_the_owner(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    from alluxio_operator.telemetry import logs

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure("info", sys.stdout)

        def reconcile(request: Request, deadline: Deadline) -> Outcome:
            logging.getLogger("deep.below").warning("quorum lost", extra={"step": "observe"})
            raise RuntimeError("no luck")

        queue, pool, metrics = start(reconcile)
        queue.add(edit())
        eventually(lambda: sample(metrics, "queue_retries_total") >= 1)
        pool.stop(5)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    deep, raised, failed = lines[:3]
    assert deep["step"] == "observe"
    assert deep["level"] == "warn"
    assert "RuntimeError: no luck" in raised["traceback"]
    assert failed["outcome"] == "error"
    assert failed["reason"] == "edit"
    assert failed["retry_after_seconds"] > 0
    for line in lines[:3]:
        assert (line["owner_kind"], line["owner_namespace"], line["owner_name"]) == (KIND, "data", "one")
        assert line["time"].endswith("Z")
