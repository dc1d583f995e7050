"""What a reconcile means for an AlluxioBackup; `engine.driver` says in which order it happens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.alluxio.answers import AlluxioRpc
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.driver import BaseLogic, Driver
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.operation import Perform
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.backup.decide import NEIGHBOURS, Plan, decide
from alluxio_operator.kinds.backup.execute import Executor
from alluxio_operator.kinds.backup.observe import observe, with_events, with_neighbours
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.report import report, report_problems
from alluxio_operator.kinds.backup.validate import Backup, validate
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.transport.deadline import Deadline

EVENTS: Final = "events"
"""Question: why does the Job lack its pod, and why doesn't the pod start?"""


class BackupLogic(BaseLogic[Observed, Backup, Plan]):
    """What a reconcile means for an AlluxioBackup."""

    def __init__(self, alluxio: AlluxioRpc, image: OwnImage, most_jobs: int) -> None:
        self._alluxio = alluxio
        self._image = image
        self._most_jobs = most_jobs

    def observe(self, kube: Kube, key: OwnerKey, deadline: Deadline) -> Observed | None:
        """Observe a backup; None when it is gone."""
        observed = observe(kube, self._alluxio, self._image, key, deadline)
        return replace(observed, most_jobs=self._most_jobs) if observed is not None else None

    def validate(self, observed: Observed, now: datetime) -> Backup | tuple[Problem, ...]:  # noqa: ARG002
        """Return the typed backup, or all problems of its spec."""
        return validate(observed.resource)

    def questions(self, model: Backup, observed: Observed) -> Collection[str]:  # noqa: ARG002 (kinds differ)
        """Return what has to be asked before anything can be decided."""
        job = observed.status.job
        return (EVENTS,) if job is not None and job.state in ("Requested", "Running") else ()

    def ask(self, look: Look, model: Backup, observed: Observed, questions: Collection[str]) -> Observed:  # noqa: ARG002
        """Return the observation with the answers to questions."""
        if NEIGHBOURS in questions:
            observed = with_neighbours(look.kube, look.key, observed)
        return with_events(look, observed) if EVENTS in questions else observed

    def decide(self, model: Backup, observed: Observed, now: datetime) -> Plan:
        """Return the plan."""
        return decide(model, observed, now)

    def executor(self, kube: Kube, observed: Observed, applied: Applied, deadline: Deadline) -> Perform:
        """Return what performs the effects of operations."""
        return Executor(kube, self._alluxio, observed.resource["metadata"]["namespace"], applied, deadline)

    def report(
        self, plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime
    ) -> Report:
        """Return the status of a backup that was reconciled."""
        return report(plan, observed, applied, rendered, now)

    def report_problems(self, problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
        """Return the status of a backup whose spec can't be followed."""
        return report_problems(problems, observed, now)


def backup_reconciler(alluxio: AlluxioRpc, parts: Parts) -> Driver[Observed, Backup, Plan]:
    """Return what reconciles AlluxioBackups."""
    return Driver(BackupLogic(alluxio, parts.image, parts.backup_jobs), parts)
