"""Reports the state of a drill in one status: a pure function of plan, observation and what the server returned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alluxio_operator.api.alluxiodrill import DrillStatus
from alluxio_operator.engine import readiness
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import merge, severities, stamp
from alluxio_operator.engine.operation import status_of
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.requeue import next_look, sooner
from alluxio_operator.engine.tasks import kept_conditions, task_conditions
from alluxio_operator.kinds.drill.decide import Plan
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kinds.drill.reading import in_words
from alluxio_operator.kube.kinds import Ref


def report_problems(problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
    """Report a spec that the operator can't follow."""
    before = observed.status
    update = readiness.invalid(problems, before.conditions, observed.generation, ready=False, now=now)
    return Report(before.model_copy(update=update), None)


def report(plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
    """Report a drill that was reconciled."""
    fields = status_of(plan.operations)
    before = observed.status.model_copy(update=fields)
    configuration = readiness.configuration_applied(applied)
    gates = plan.gates if configuration.passed else (configuration, *plan.gates)
    closed = [gate for gate in gates if not gate.passed]
    ended = before.finished is not None or (plan.ended and configuration.passed)
    failed = ended and bool(before.failure)
    completed = ended and not failed
    message = _in_one_line(before, ended=ended) or (closed[0].message if closed else before.summary)
    states = task_conditions(gates, closed, message, failed=failed, completed=completed)
    states += kept_conditions(before.conditions, states)
    status = before.model_copy(
        update={
            "observed_generation": observed.generation,
            "phase": plan.phase if ended or not plan.ended else "Cleaning",
            "passed": completed,
            "summary": readiness.summary(message),
            "conditions": merge(observed.status.conditions, states, observed.generation, now),
            "finished": before.finished or (stamp(now) if ended else None),
            "inventory": readiness.inventory_after(before.inventory, applied, rendered),
        }
    )
    waits = [plan.requeue] if plan.requeue is not None else []
    soonest = next_look(closed, status.conditions, now, waits)
    if fields and status != observed.status and not ended:
        # What was recorded is acted on at once.
        soonest = sooner(soonest, 1.0)
    return Report(status, soonest if not ended or plan.requeue is not None or closed else None, severities(states))


def _in_one_line(status: DrillStatus, *, ended: bool) -> str:
    if status.failure:
        return status.failure
    if status.files is not None and ended:
        return f"{in_words(status.files)}. RPO {status.rpo_seconds} s, RTO {status.rto_seconds} s"
    return ""
