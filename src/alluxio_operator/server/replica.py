"""Life cycle of a replica: wait until it leads, list the owners, reconcile, release the Lease at the end."""

from __future__ import annotations

import logging
import math
import os
import select
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from alluxio_operator.engine.work import Request
from alluxio_operator.environment import WATCH
from alluxio_operator.server.child_events import ChildEvents
from alluxio_operator.server.http import HttpServer
from alluxio_operator.server.lease import Election, KubeLeases, Times
from alluxio_operator.server.listener import Listener
from alluxio_operator.server.pool import Pool, max_slow
from alluxio_operator.server.queue import KeyedQueue
from alluxio_operator.server.resyncs import Ask, Resyncs
from alluxio_operator.server.shell_operator import shell_operator_metrics
from alluxio_operator.server.unlisted import RETRY_SECONDS, Unlisted
from alluxio_operator.server.watch import Collections, Watch
from alluxio_operator.server.work import Work
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two checks of the Lease, the workers and the supervisor."""

SPREAD = 0.9
"""Fraction of the resync interval over which a resync spreads its reconciles."""

GATHERING = 0.1
"""Seconds from the first event of a child to the reconcile: a rollout causes many events for one reconcile."""

WaitForStop = Callable[[float], bool]
"""Waits at most the given seconds and returns True if the process should stop."""


class ServerKube(KubeLeases, Collections, Protocol):
    """The API calls of the server itself."""


class Companion(Protocol):
    """A background task of a leader. No reconcile depends on it."""

    def start(self) -> None:
        """Start the task."""
        ...

    def close(self) -> None:
        """End the task."""
        ...


class Server:
    """One replica; `exit_now` ends the process at once.

    It writes its leadership, and the source of child events, to `leading_fd` for the supervisor.
    """

    def __init__(
        self,
        settings: Settings,
        kube: ServerKube,
        work: Work,
        metrics: Metrics,
        *,
        companions: Sequence[Companion] = (),
        unlisted: Unlisted | None = None,
        leading_fd: int | None = None,
        exit_now: Callable[[int], object] = os._exit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._work = work
        self._metrics = metrics
        self._companions = companions
        self._unlisted = unlisted or Unlisted(metrics)
        self._retry_at = math.inf
        self._listing_error = ""
        self._leading_fd = leading_fd
        self._exit_now = exit_now
        self._clock = clock
        self._started = False
        self._queue = KeyedQueue(clock=clock, max_slow=max_slow(settings.workers))
        metrics.watch_queue(self._queue.depth)
        # Not only the pod's name: after a restart the previous process may still be running.
        identity = f"{settings.pod_name}_{uuid.uuid4()}"
        times = Times(settings.lease_duration, settings.lease_renew_deadline, settings.lease_retry)
        self._election = Election(kube, settings.operator_namespace, settings.lease_name, identity, times, clock=clock)
        self._pool = Pool(
            self._queue,
            work.reconcilers,
            metrics,
            workers=settings.workers,
            deadline=settings.reconcile_deadline,
            clock=clock,
            lost=self._election.lost,
        )
        spread = settings.resync_minutes * 60 * SPREAD
        self._resyncs = Resyncs(self._queue, self._list_again, self._resync, spread=spread)
        self._listener = Listener(
            settings.socket,
            self._queue,
            self._resyncs.ask,
            work.reconcilers.keys(),
            metrics,
            self._wake,
        )
        self._child_events = ChildEvents(settings.child_events, metrics)
        self._kube = kube
        self._watches: list[Watch] = []
        self._http = HttpServer(
            settings.http_address,
            settings.http_port,
            self.unhealthy,
            self.unready,
            metrics.registry,
            self._shell_operator_metrics,
        )
        self._no_election = threading.Event()
        self._candidate = threading.Thread(
            target=self._election.run, args=(self._no_election,), name="election", daemon=True
        )
        self._watch = threading.Thread(target=self._watch_lease, name="lease-watch", daemon=True)

    def run(self, wait_for_stop: WaitForStop) -> int:
        """Serve until `wait_for_stop` returns True; return the exit code."""
        self._http.start()
        self._candidate.start()
        self._watch.start()
        try:
            return self._serve(wait_for_stop)
        finally:
            self._end()

    def _shell_operator_metrics(self) -> bytes:
        # A standby has none, and an error would look like a target that is down.
        if not self._started:
            return b""
        return shell_operator_metrics(self._settings.shell_operator_address, self._settings.shell_operator_port)

    def unhealthy(self) -> list[str]:
        """Return the problems for which the kubelet should restart this process."""
        wrong = [f"the thread {one.name} has ended" for one in (self._candidate, self._watch) if not one.is_alive()]
        if not self._started:
            return wrong
        if not self._pool.alive():
            wrong.append("a worker has ended")
        if not self._listener.alive():
            wrong.append("the hooks' socket is not served")
        if not self._resyncs.alive():
            wrong.append("the thread of resyncs has ended")
        wrong += [f"the watch of {watch.name} has ended" for watch in self._watches if not watch.alive()]
        stuck = [run for run in self._pool.running() if run.over > self._settings.stuck_after]
        return wrong + [f"{run.request.key} is {run.over:.0f} s over its deadline" for run in stuck]

    def unready(self) -> list[str]:
        """Return why this replica isn't ready. A standby that can read the Lease is ready to take over."""
        if not self._election.in_touch():
            return ["the lease has not been read yet"]
        if self._election.leading() and not self._started:
            return [f"the owners are being listed{f': {self._listing_error}' if self._listing_error else ''}"]
        return []

    def _serve(self, wait_for_stop: WaitForStop) -> int:
        while not wait_for_stop(TICK):
            if not (self._candidate.is_alive() and self._watch.is_alive()):
                log.critical("a thread has ended", extra={"wrong": self.unhealthy()})
                return 1
            if self._supervisor_is_gone():
                log.critical("the supervisor is gone")
                return 1
            if self._started:
                self._pool.report_overruns()
                if self._may_watch_more():
                    return 0
            elif self._election.leading() and not self._lead(wait_for_stop):
                return 1
        return 0

    def _may_watch_more(self) -> bool:
        """Retry what couldn't be listed; return True if a restart would let the hooks watch more."""
        if self._clock() >= self._retry_at:
            self._retry_at = self._clock() + RETRY_SECONDS
            if self._unlisted.any():
                self._resyncs.ask(Ask.EDITS)
        recovered = self._unlisted.recovered()
        if recovered:
            log.warning("ending, so that the next start watches more resources", extra={"resources": recovered})
        return bool(recovered)

    def _lead(self, wait_for_stop: WaitForStop) -> bool:
        owners = self._listed_owners(wait_for_stop)
        if owners is None:
            return False
        self._queue.add_all(owners)
        unlisted = self._unlisted.mark_start()
        self._retry_at = self._clock() + RETRY_SECONDS
        self._pool.start()
        self._resyncs.start()
        self._listener.start()
        source = self._child_events.choose(len(owners))
        if source == WATCH:
            self._watches = [Watch(self._kube, one, self._wake, self._metrics) for one in self._work.watched]
        for watch in self._watches:
            watch.start()
        for companion in self._companions:
            companion.start()
        self._started = True
        self._metrics.leader.set(1)
        log.info("leading", extra={"owners": len(owners)})
        if self._leading_fd is not None:
            try:
                os.write(self._leading_fd, f"leading {source} {unlisted}\n".encode())
            except BrokenPipeError:
                log.critical("the supervisor is gone")
                return False
        return True

    def _listed_owners(self, wait_for_stop: WaitForStop) -> list[Request] | None:
        # Without end: a process that gives up is restarted with a back-off, and then tries less often.
        while True:
            try:
                found = list(self._work.list_owners())
                self._work.check()
                return found
            except Exception as error:  # the next attempt may succeed
                self._listing_error = str(error)
                log.exception("owners could not be listed")
            if wait_for_stop(self._settings.lease_retry):
                return None

    def _list_again(self) -> Iterable[Request]:
        if self._unlisted.any():
            self._work.check()
        return self._work.list_owners()

    def _resync(self) -> list[Request]:
        found = list(self._work.resync())
        self._child_events.count(len({request.key for request in found}))
        return found

    def _wake(self, request: Request) -> None:
        if request.key.kind in self._work.reconcilers and self._work.is_news(request):
            self._queue.add_after(request, GATHERING)

    def _watch_lease(self) -> None:
        # In a separate thread, so that nothing delays it: another replica may already act.
        while not self._no_election.wait(TICK):
            if self._election.lost():
                log.critical("the lease is lost: ending at once")
                self._exit_now(1)
                return

    def _supervisor_is_gone(self) -> bool:
        if self._leading_fd is None:
            return False
        poll = select.poll()
        poll.register(self._leading_fd, 0)
        return bool(poll.poll(0))

    def _end(self) -> None:
        log.info("ending")
        for companion in self._companions:
            companion.close()
        for watch in self._watches:
            watch.close()
        # Keep the Lease and serve the socket while reconciles end, so that no hook fails without need.
        idle = not self._started or self._pool.stop(self._settings.drain)
        self._listener.close()
        self._resyncs.close()
        self._no_election.set()
        self._candidate.join(self._settings.lease_renew_deadline)
        # A reconcile that still runs must not overlap with another replica's: then let the Lease expire instead.
        if idle:
            self._election.release()
        self._metrics.leader.set(0)
        self._http.close()
