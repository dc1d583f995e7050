"""Reconcile in the hook's process, without server, queue and Lease: for debugging from a recorded context.

ALLUXIO_OPERATOR_INLINE=1 BINDING_CONTEXT_PATH=recorded.json hooks/10-alluxioclusters.py
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from collections.abc import Mapping

from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.kube.client import Kube
from alluxio_operator.server.queue_state import QueueState
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.server.wakeups import wakeups_in
from alluxio_operator.server.work import ReconcilersModule
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry import logs
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

log = logging.getLogger(__name__)


def reconcile(message: bytes, environ: Mapping[str, str]) -> None:
    """Reconcile each owner in a hook's message once. An exception of a reconcile ends the run."""
    settings = Settings.from_env(environ)
    logs.configure(settings.log_level, sys.stderr)
    metrics = Metrics()
    kube = Kube.connect()
    module: ReconcilersModule = importlib.import_module(settings.reconcilers)
    changes = ChangesUnderWay()
    by_kind = module.reconcilers(kube, settings, metrics, changes)
    queue = QueueState()
    found = wakeups_in(json.loads(message), by_kind.keys())
    for request in (*found.requests, *found.children, *found.existing):
        queue.add(request, now=0)
    if found.resync:
        for request in module.list_owners(kube, settings, changes, Unlisted(metrics)):
            queue.add(request, now=0)
    while (taken := queue.take(now=0)) is not None:
        request = taken.request
        with logs.bound(**logs.owner_fields(request.key)):
            outcome = by_kind[request.key.kind](request, Deadline.after(settings.reconcile_deadline))
            log.info("reconciled", extra={"changed": outcome.changed, "requeue_after_seconds": outcome.requeue_after})
        queue.done(request.key, now=0)
