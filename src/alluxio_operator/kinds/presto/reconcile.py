"""One reconcile of a Presto, readable from top to bottom; each stage lives in a module of its own name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from alluxio_operator.api.presto import KIND
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.managed import AGAIN, Look, Owned
from alluxio_operator.engine.meter import Meter
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.upgradeable import Note, unnoted
from alluxio_operator.engine.work import Deadline, Outcome, Request
from alluxio_operator.kinds.presto.answers import PrestoServers
from alluxio_operator.kinds.presto.decide import Plan, decide
from alluxio_operator.kinds.presto.kind import FOLDER
from alluxio_operator.kinds.presto.observe import observe
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.report import report, report_problems
from alluxio_operator.kinds.presto.validate import Presto, validate
from alluxio_operator.kube.client import Kube
from alluxio_operator.telemetry.metrics import Metrics


class PrestoReconciler:
    """Brings one Presto closer to its spec; keeps between calls only what may be lost."""

    def __init__(
        self,
        kube: Kube,
        servers: PrestoServers,
        renderer: Renderer,
        metrics: Metrics,
        now: Callable[[], datetime],
        note: Note = unnoted,
    ) -> None:
        self._kube = kube
        self._servers = servers
        self._metrics = metrics
        self._now = now
        self._owned = Owned(KIND, FOLDER, kube, renderer, metrics, now, note)
        self._meter = Meter(now)

    def is_news(self, request: Request) -> bool:
        """Tell whether there may be something to do; not for an event of one of the operator's own writes."""
        return self._owned.is_news(request)

    def drifted(self, namespaces: Iterable[str]) -> Iterable[Request]:
        """Return requests for those of which an object is no longer as it was left."""
        return self._owned.drifted(namespaces)

    def __call__(self, request: Request, deadline: Deadline) -> Outcome:
        """Reconcile once."""
        kube, now = self._kube.within(deadline), self._now()
        with self._metrics.stage("observe"):
            observed = observe(kube, self._servers, request.key, deadline)
        if observed is None or "deletionTimestamp" in observed.resource["metadata"]:
            # Owner references delete the rest.
            self._owned.forget(request.key)
            self._meter.forget(request.key)
            return Outcome()
        kept = self._owned.kept(request)
        look = Look(observed.resource, observed.status)
        with self._metrics.stage("validate"):
            presto = validate(observed.resource, now)
        if not isinstance(presto, Presto):
            told = report_problems(presto, observed, now)
            return self._owned.publish(kube, look, told.status, None, told.requeue_after)
        with self._metrics.stage("decide"):
            plan = decide(presto, observed, now)
        if plan.context is None:
            told = report(plan, observed, Applied(), (), now)
            return self._owned.publish(kube, look, told.status, None, told.requeue_after)
        with self._metrics.stage("observe"):
            # Before anything is done: what is measured by then is what the pods used before.
            observed = self._measured(kube, request, plan, observed, deadline)
        manifests = self._owned.render(plan.context, kept)
        # How the cache is reached outlives its cluster only if it is on record before it is used.
        recorded = self._owned.record(kube, look, manifests, kept, {"alluxio": plan.alluxio})
        if recorded is None:
            # Changed or deleted since it was read.
            return AGAIN
        observed = observed.with_status(recorded.resource, recorded.status)
        applied = self._owned.apply(kube, request.key, recorded.status.inventory, manifests, plan.until, kept)
        told = report(plan, observed, applied, [m.ref for m in manifests], now)
        return self._owned.publish(kube, recorded, told.status, applied, told.requeue_after)

    def _measured(self, kube: Kube, request: Request, plan: Plan, observed: Observed, deadline: Deadline) -> Observed:
        """Return the look with what the pods use, where it is the cost of a change."""
        roles = {pod.name: pod.role for pod in observed.pods if pod.running}
        if not roles:
            return observed
        before, selector = observed.status, plan.presto.names.owned_by_selector
        begins = before.observed_generation != plan.presto.generation or before.workers.wanted != plan.target.workers
        told = self._meter.look(
            kube, request.key, selector, lambda pod, _: roles.get(pod), before.history, deadline, begins=begins
        )
        return replace(observed, used=told)
