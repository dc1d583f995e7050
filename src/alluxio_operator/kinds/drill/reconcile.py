"""What a reconcile means for an AlluxioDrill; `engine.driver` says in which order it happens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.driver import BaseLogic, Driver
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.operation import Perform
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.drill.decide import Plan, decide
from alluxio_operator.kinds.drill.execute import Executor
from alluxio_operator.kinds.drill.observe import observe, with_events
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kinds.drill.report import report, report_problems
from alluxio_operator.kinds.drill.validate import Drill, validate
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.transport.deadline import Deadline

EVENTS: Final = "events"
"""Question: why does a Job lack its pod, and why doesn't the pod start?"""


class DrillLogic(BaseLogic[Observed, Drill, Plan]):
    """What a reconcile means for an AlluxioDrill."""

    def __init__(self, image: OwnImage) -> None:
        self._image = image

    def observe(self, kube: Kube, key: OwnerKey, deadline: Deadline) -> Observed | None:  # noqa: ARG002 (kinds differ)
        """Observe a drill; None when it is gone."""
        return observe(kube, self._image, key)

    def validate(self, observed: Observed, now: datetime) -> Drill | tuple[Problem, ...]:  # noqa: ARG002
        """Return the typed drill, or all problems of its spec."""
        return validate(observed.resource)

    def questions(self, model: Drill, observed: Observed) -> Collection[str]:  # noqa: ARG002 (kinds differ)
        """Return what has to be asked before anything can be decided."""
        runs = (observed.status.prepare, observed.status.read)
        return (EVENTS,) if any(run is not None and run.state in ("Requested", "Running") for run in runs) else ()

    def ask(self, look: Look, model: Drill, observed: Observed, questions: Collection[str]) -> Observed:  # noqa: ARG002
        """Return the observation with what Events report."""
        return with_events(look, observed) if EVENTS in questions else observed

    def decide(self, model: Drill, observed: Observed, now: datetime) -> Plan:
        """Return the plan."""
        return decide(model, observed, now)

    def executor(self, kube: Kube, observed: Observed, applied: Applied, deadline: Deadline) -> Perform:  # noqa: ARG002
        """Return what performs the effects of operations."""
        return Executor(kube, observed.resource["metadata"]["namespace"], applied)

    def report(
        self, plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime
    ) -> Report:
        """Return the status of a drill that was reconciled."""
        return report(plan, observed, applied, rendered, now)

    def report_problems(self, problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
        """Return the status of a drill whose spec can't be followed."""
        return report_problems(problems, observed, now)


def drill_reconciler(parts: Parts) -> Driver[Observed, Drill, Plan]:
    """Return what reconciles AlluxioDrills."""
    return Driver(DrillLogic(parts.image), parts)
