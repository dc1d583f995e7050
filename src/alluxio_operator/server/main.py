"""Entry point of the hook server: a replica with the settings of the environment."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.environment import LEADING_FD
from alluxio_operator.kube.client import Kube
from alluxio_operator.server.operator_condition import OperatorCondition
from alluxio_operator.server.replica import Companion, Server
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.server.work import ReconcilersModule, Work
from alluxio_operator.settings import SettingError, Settings
from alluxio_operator.telemetry import logs
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def boot_time() -> float:
    """Return monotonic seconds, including the time of a suspended machine: a Lease expires then, too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _companions(kube: Kube, settings: Settings, changes: ChangesUnderWay) -> Sequence[Companion]:
    if not settings.operator_condition:
        return ()
    return (OperatorCondition(kube, settings.operator_namespace, settings.operator_condition, changes.verdict),)


def main() -> NoReturn:
    """Run a replica with the settings of the environment."""
    # Before any thread starts, because threads inherit the mask. Waiting for a signal is simpler than a handler, which
    # could interrupt code that holds a lock which the handler needs.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    logs.configure("info", sys.stdout)
    try:
        settings = Settings.from_env(os.environ)
    except SettingError as error:
        log.critical("a setting is invalid", extra={"setting": error.variable, "error": str(error)})
        sys.exit(2)
    logs.configure(settings.log_level, sys.stdout)
    metrics = Metrics()
    module: ReconcilersModule = importlib.import_module(settings.reconcilers)
    watched = module.watched(settings)
    # One for each worker and each watch, and one each for the Lease, a resync and the companion.
    kube = Kube.connect(connections=settings.workers + len(watched) + 3)
    changes = ChangesUnderWay()
    by_kind = module.reconcilers(kube, settings, metrics, changes)
    unlisted = Unlisted(metrics)
    work = Work(
        by_kind,
        lambda: module.list_owners(kube, settings, changes, unlisted),
        lambda: module.resync(kube, settings, by_kind, changes, unlisted),
        lambda request: by_kind[request.key.kind].is_news(request),
        watched,
        lambda: module.check_children(kube, settings, unlisted),
    )
    leading_fd = os.environ.get(LEADING_FD)
    server = Server(
        settings,
        kube,
        work,
        metrics,
        companions=_companions(kube, settings, changes),
        unlisted=unlisted,
        leading_fd=int(leading_fd) if leading_fd else None,
        clock=boot_time,
    )
    code = server.run(lambda seconds: signal.sigtimedwait(STOP_SIGNALS, seconds) is not None)
    log.info("ended", extra={"code": code})
    sys.exit(code)
