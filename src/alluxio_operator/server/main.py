"""The hook server's life: stand by until it leads, rebuild the queue from the API, reconcile, hand over at the end."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from alluxio_operator.kube.client import Kube
from alluxio_operator.server.http import HttpServer
from alluxio_operator.server.lease import Election, KubeLeases, Times
from alluxio_operator.server.listener import Listener
from alluxio_operator.server.pool import Pool
from alluxio_operator.server.queue import KeyedQueue
from alluxio_operator.settings import LEADING_FD, SettingError, Settings
from alluxio_operator.telemetry import logs
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.work import ListOwners, OwnerKey, Reason, Reconciler, Request

log = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks at the lease, the workers and the supervisor."""

LISTING_PATIENCE = 60.0
"""Seconds of failing to list the owners after which another replica shall try."""


class Reconcilers(Protocol):
    """The module that says how each kind is reconciled (`alluxio_operator.reconcilers`)."""

    def reconcilers(self, kube: Kube, settings: Settings, metrics: Metrics) -> Mapping[str, Reconciler]:
        """Return what reconciles each kind."""
        ...

    def list_owners(self, kube: Kube, settings: Settings) -> Iterable[OwnerKey]:
        """Return every owner in the watched namespaces."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What a leader does: how each kind is reconciled, and which owners there are."""

    reconcilers: Mapping[str, Reconciler]
    list_owners: ListOwners


class Server:
    """One replica. `leading_fd` is where the supervisor hears that it leads; `exit_now` ends the process at once."""

    def __init__(
        self,
        settings: Settings,
        kube: KubeLeases,
        work: Work,
        metrics: Metrics,
        *,
        leading_fd: int | None = None,
        exit_now: Callable[[int], object] = os._exit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._work = work
        self._metrics = metrics
        self._leading_fd = leading_fd
        self._exit_now = exit_now
        self._clock = clock
        self._stop = threading.Event()
        self._stop_election = threading.Event()
        self._started = False
        self._queue = KeyedQueue(clock=clock)
        metrics.watch_queue(self._queue.depth)
        self._election = Election(
            kube,
            settings.operator_namespace,
            settings.lease_name,
            # Not the pod's name alone: after a restart its previous process may still be ending.
            f"{settings.pod_name}_{uuid.uuid4()}",
            Times(settings.lease_duration, settings.lease_renew_deadline, settings.lease_retry),
            clock=clock,
        )
        self._pool = Pool(
            self._queue,
            work.reconcilers,
            metrics,
            workers=settings.workers,
            deadline=settings.reconcile_deadline,
            clock=clock,
        )
        self._listener = Listener(
            settings.socket, self._queue.add_all, work.list_owners, work.reconcilers.keys(), metrics
        )
        self._http = HttpServer(
            settings.http_address, settings.http_port, self.unhealthy, self.unready, metrics.registry
        )
        self._threads = [
            threading.Thread(target=self._election.run, args=(self._stop_election,), name="election", daemon=True),
            threading.Thread(target=self._watch_lease, name="lease-watch", daemon=True),
        ]

    def stop(self) -> None:
        """End in good order; may be called by a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Serve until stopped; return the exit code."""
        self._http.start()
        for thread in self._threads:
            thread.start()
        try:
            return self._serve()
        finally:
            self._end()

    def unhealthy(self) -> list[str]:
        """Return why this process should be started anew."""
        wrong = [f"the thread {thread.name} has ended" for thread in self._threads if not thread.is_alive()]
        if self._started:
            if not self._pool.alive():
                wrong.append("a worker has ended")
            if not self._listener.alive():
                wrong.append("the hooks' socket is not served")
            wrong += [
                f"{run.request.key} is {run.over:.0f} s over its deadline"
                for run in self._pool.running()
                if run.over > self._settings.stuck_after
            ]
        return wrong

    def unready(self) -> list[str]:
        """Return what this replica still lacks; a standby that can see the lease is ready to take over."""
        if not self._election.in_touch():
            return ["the lease has not been seen yet"]
        if self._election.leading() and not self._started:
            return ["the owners are being listed"]
        return []

    def _serve(self) -> int:
        while not self._stop.wait(TICK):
            if any(not thread.is_alive() for thread in self._threads):
                log.critical("a thread has ended", extra={"wrong": self.unhealthy()})
                return 1
            if self._supervisor_is_gone():
                log.critical("the supervisor is gone")
                return 1
            if self._started:
                self._pool.report_overruns()
            elif self._election.leading() and not self._lead():
                return 1
        return 0

    def _lead(self) -> bool:
        owners = self._list_owners()
        if owners is None:
            return False
        self._queue.add_all(Request(key, Reason.RESYNC) for key in owners)
        self._pool.start()
        self._listener.start()
        self._started = True
        self._metrics.leader.set(1)
        log.info("leading", extra={"owners": len(owners)})
        if self._leading_fd is not None:
            os.write(self._leading_fd, b"leading\n")
        return True

    def _list_owners(self) -> list[OwnerKey] | None:
        give_up = self._clock() + LISTING_PATIENCE
        while True:
            try:
                return list(self._work.list_owners())
            except Exception:  # the next try, or the next replica, may have more luck
                log.exception("owners could not be listed")
            if self._clock() >= give_up or self._stop.wait(self._settings.lease_retry):
                return None

    def _watch_lease(self) -> None:
        # In a thread of its own, as nothing else may delay it: another replica may act by now.
        while not self._stop_election.wait(TICK):
            if self._election.lost():
                log.critical("the lease is lost, ending at once")
                self._exit_now(1)
                return

    def _supervisor_is_gone(self) -> bool:
        if self._leading_fd is None:
            return False
        try:
            os.write(self._leading_fd, b"")
        except OSError:
            return True
        return False

    def _end(self) -> None:
        log.info("ending")
        # The lease is kept while reconciles end, and the socket is served, so that no hook fails for nothing.
        if self._started:
            self._pool.stop(self._settings.drain)
            self._listener.close()
        self._stop_election.set()
        self._threads[0].join(self._settings.lease_renew_deadline)
        self._election.release()
        self._metrics.leader.set(0)
        self._http.close()


def main() -> NoReturn:
    """Run a replica by the environment's settings."""
    logs.configure("info", sys.stdout)
    try:
        settings = Settings.from_env(os.environ)
    except SettingError as error:
        log.critical("a setting cannot be used", extra={"setting": error.variable, "error": str(error)})
        sys.exit(2)
    logs.configure(settings.log_level, sys.stdout)
    metrics = Metrics()
    kube = Kube.connect()
    module: Reconcilers = importlib.import_module(settings.reconcilers)
    work = Work(
        module.reconcilers(kube, settings, metrics),
        lambda: module.list_owners(kube, settings),
    )
    leading_fd = os.environ.get(LEADING_FD)
    server = Server(settings, kube, work, metrics, leading_fd=int(leading_fd) if leading_fd else None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    code = server.run()
    log.info("ended", extra={"code": code})
    sys.exit(code)
