"""Worker threads that take owners from the queue and reconcile them, each within its deadline.

An exception of a reconcile affects only its owner: it is logged and counted, and the owner is requeued with back-off.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alluxio_operator.engine.work import Outcome, OwnerKey, Reason, Reconcile, Request
from alluxio_operator.server.queue import KeyedQueue
from alluxio_operator.server.queue_state import Taken
from alluxio_operator.telemetry.logs import bound, owner_fields
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import CallFailed, Deadline, DeadlineExceeded, NoLongerLeading

log = logging.getLogger(__name__)


def max_slow(workers: int) -> int:
    """Return how many workers slow owners may take together: one is kept for the others, if there are several."""
    return max(1, workers - 1)


@dataclass(frozen=True, slots=True)
class Running:
    """A running reconcile; `over`: seconds beyond its deadline (negative: seconds left)."""

    request: Request
    over: float


class Pool:
    """Runs `reconcilers` (by kind) on `workers` threads; `deadline` is in seconds.

    When `lost` returns True (the Lease is lost), a running reconcile ends before its next call.
    """

    def __init__(
        self,
        queue: KeyedQueue,
        reconcilers: Mapping[str, Reconcile],
        metrics: Metrics,
        *,
        workers: int,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
        lost: Callable[[], bool] = lambda: False,
    ) -> None:
        self._queue = queue
        self._reconcilers = reconcilers
        self._metrics = metrics
        self._deadline = deadline
        self._clock = clock
        self._lost = lost
        self._lock = threading.Lock()
        self._running: dict[OwnerKey, tuple[Request, Deadline]] = {}
        self._reported: set[OwnerKey] = set()
        # Daemon threads: a reconcile that hangs in a system call must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._work, name=f"reconcile-{n}", daemon=True) for n in range(workers)
        ]

    def start(self) -> None:
        """Start the workers."""
        for thread in self._threads:
            thread.start()

    def alive(self) -> bool:
        """Return True while every worker runs."""
        return all(thread.is_alive() for thread in self._threads)

    def running(self) -> list[Running]:
        """Return the running reconciles."""
        now = self._clock()
        with self._lock:
            return [Running(request, now - deadline.at) for request, deadline in self._running.values()]

    def report_overruns(self) -> None:
        """Log each reconcile beyond its deadline once. The main loop calls it, because a hung reconcile can't."""
        for run in self.running():
            if run.over > 0 and self._first_report(run.request.key):
                self._metrics.overruns.labels(run.request.key.kind).inc()
                log.warning(
                    "reconcile is over its deadline and holds a worker",
                    extra={**owner_fields(run.request.key), "deadline_seconds": self._deadline},
                )

    def stop(self, grace: float) -> bool:
        """Stop handing out work and wait at most `grace` seconds; return True if all reconciles have ended."""
        self._queue.close()
        running = self._queue.wait_until_idle(grace)
        for key in sorted(running):
            log.warning("reconcile did not end in time", extra=owner_fields(key))
        return not running

    def _work(self) -> None:
        while (taken := self._queue.take()) is not None:
            self._metrics.queue_wait.observe(taken.waited)
            try:
                with bound(**owner_fields(taken.request.key)):
                    self._attempt(taken)
            finally:
                self._queue.done(taken.request.key)

    def _attempt(self, taken: Taken) -> None:
        request = taken.request
        deadline = Deadline.after(self._deadline, self._clock, self._lost)
        began = self._clock()
        with self._lock:
            self._running[request.key] = request, deadline
        try:
            outcome, result, pause = self._reconcile(request, deadline)
        finally:
            self.report_overruns()
            with self._lock:
                del self._running[request.key]
                self._reported.discard(request.key)
        took = self._clock() - began
        self._metrics.reconcile_duration.labels(request.key.kind).observe(took)
        self._metrics.reconciles.labels(request.key.kind, result).inc()
        fields = {
            "reason": request.reason.name.lower(),
            "duration_seconds": round(took, 3),
            "waited_seconds": round(taken.waited, 3),
            "outcome": result,
        }
        if outcome is None:
            retry_after = self._queue.retry(request, pause)
            self._metrics.queue_retries.inc()
            log.warning("reconcile failed", extra={**fields, "retry_after_seconds": round(retry_after, 3)})
            return
        if outcome.requeue_after == 0:
            fields["requeue_after_seconds"] = self._queue.again(request)
            log.log(logging.INFO if outcome.changed else logging.DEBUG, "reconciled", extra=fields)
            return
        self._queue.forget_failures(request.key)
        if outcome.requeue_after is not None:
            fields["requeue_after_seconds"] = outcome.requeue_after
            self._queue.add_after(Request(request.key, Reason.REQUEUE), outcome.requeue_after)
        log.log(logging.INFO if outcome.changed else logging.DEBUG, "reconciled", extra=fields)

    def _reconcile(self, request: Request, deadline: Deadline) -> tuple[Outcome | None, str, float]:
        """Return the outcome (None after a failure), the result for metrics, and the minimum pause in seconds."""
        try:
            outcome = self._reconcilers[request.key.kind](request, deadline)
        except DeadlineExceeded:
            log.exception("reconcile ran out of time")
            return None, "deadline", 0.0
        except NoLongerLeading as error:
            log.warning("reconcile ended", extra={"error": str(error)})
            return None, "lease", 0.0
        except CallFailed as error:
            # No traceback: the error names the call, and the code has no bug.
            log.warning("a call failed", extra={"error": str(error)})
            return None, "error", error.retry_after or 0.0
        except Exception:  # an error of one owner must not end the worker
            log.exception("reconcile raised")
            return None, "error", 0.0
        return outcome, "changed" if outcome.changed else "unchanged", 0.0

    def _first_report(self, key: OwnerKey) -> bool:
        with self._lock:
            if key in self._reported or key not in self._running:
                return False
            self._reported.add(key)
            return True
