"""What a reconcile means for a Presto; `engine.driver` says in which order it happens."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.api.presto import KIND
from alluxio_operator.engine.conditions import holds
from alluxio_operator.engine.driver import BaseLogic, Driver
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.meter import Meter
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.upgradeable import Note, unnoted
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.presto.decide import Plan, decide
from alluxio_operator.kinds.presto.events import with_events
from alluxio_operator.kinds.presto.kind import FOLDER
from alluxio_operator.kinds.presto.observe import observe
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.report import report, report_problems
from alluxio_operator.kinds.presto.servers.answers import PrestoServers
from alluxio_operator.kinds.presto.validate import Presto, validate
from alluxio_operator.kinds.presto.view import View
from alluxio_operator.kube.client import Kube
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

USAGE: Final = "usage"
"""Question: what do the pods use? It is asked before a change is applied, so that the usage before it is known."""

EVENTS: Final = "events"
"""Question: why does the Presto lack pods, and why do pods not start?"""


class PrestoLogic(BaseLogic[Observed, Presto, Plan]):
    """What a reconcile means for a Presto."""

    decide = staticmethod(decide)
    report = staticmethod(report)
    report_problems = staticmethod(report_problems)

    def __init__(self, servers: PrestoServers) -> None:
        self._servers = servers
        self._meter = Meter()

    def observe(self, kube: Kube, key: OwnerKey, deadline: Deadline) -> Observed | None:
        """Observe a Presto; None when it is gone."""
        return observe(kube, self._servers, key, deadline)

    def validate(self, observed: Observed, now: datetime) -> Presto | tuple[Problem, ...]:
        """Return the typed Presto, or all problems of its spec."""
        return validate(observed.resource, now)

    def questions(self, model: Presto, observed: Observed) -> Collection[str]:  # noqa: ARG002 (kinds differ)
        """Return what has to be asked before anything can be decided."""
        waits = not holds(observed.status.conditions, "Ready")
        return (*((USAGE,) if any(pod.running for pod in observed.pods) else ()), *((EVENTS,) if waits else ()))

    def ask(self, look: Look, model: Presto, observed: Observed, questions: Collection[str]) -> Observed:
        """Return the observation with the answers to questions."""
        if EVENTS in questions:
            observed = with_events(look, model, observed)
        return self._with_usage(look, model, observed) if USAGE in questions else observed

    def _with_usage(self, look: Look, model: Presto, observed: Observed) -> Observed:
        roles = {pod.name: pod.role for pod in observed.pods if pod.running}
        before, selector = observed.status, model.names.owned_by_selector
        target = View(model, observed, look.now).target
        begins = before.observed_generation != model.generation or before.workers.wanted != target.workers
        used = self._meter.look(look, selector, lambda pod, _: roles.get(pod), before.history, begins=begins)
        return replace(observed, used=used)

    def forget(self, key: OwnerKey) -> None:
        """Drop what is kept of a Presto that is gone."""
        self._meter.forget(key)


def presto_reconciler(
    kube: Kube,
    servers: PrestoServers,
    renderer: Renderer,
    metrics: Metrics,
    now: Callable[[], datetime],
    note: Note = unnoted,
) -> Driver[Observed, Presto, Plan]:
    """Return what reconciles Prestos."""
    return Driver(PrestoLogic(servers), Parts(KIND, kube, renderer, FOLDER, metrics, now, note))
