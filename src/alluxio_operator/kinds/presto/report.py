"""Reports the state of a Presto in one status: a pure function of plan, observation and what the server returned.

Fields that belong to a capability come with its operation. Those here describe the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.presto_status import PrestoWorkersStatus
from alluxio_operator.api.status import Change
from alluxio_operator.engine import readiness
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import holds, merge, severities
from alluxio_operator.engine.gate import WHILE_NOT_READY, After, Requeue
from alluxio_operator.engine.operation import status_of
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.requeue import next_look
from alluxio_operator.engine.usage import with_usage
from alluxio_operator.kinds.presto import names
from alluxio_operator.kinds.presto.decide import Plan
from alluxio_operator.kinds.presto.history import history_after
from alluxio_operator.kinds.presto.objects.memory import memory_status
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.readiness import Readiness, assess
from alluxio_operator.kinds.presto.servers.status import coordinator_status, queries_status
from alluxio_operator.kube.kinds import Ref


def report_problems(problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
    """Report a spec that the operator can't follow; servers that run keep running, and their state is reported."""
    before = observed.status
    serves = holds(before.conditions, "Installed") and _a_worker_serves(observed)
    update = readiness.invalid(problems, before.conditions, observed.generation, ready=serves, now=now)
    return Report(before.model_copy(update=update), None)


def _a_worker_serves(observed: Observed) -> bool:
    if isinstance(observed.coordinator, NoAnswer):
        return False
    ready = any(pod.ready for pod in observed.role(names.WORKER))
    return not observed.status.workers.wanted or (observed.coordinator.active_workers > 0 and ready)


def report(plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
    """Report a Presto that was reconciled."""
    found = assess(plan, observed, applied)
    described = _described(plan, observed, found, now)
    recorded = _recorded(plan, observed, applied, found, rendered, now)
    status = observed.status.model_copy(update={**status_of(plan.operations), **described, **recorded})
    also: list[Requeue | None] = [After(one.requeue_after) for one in plan.operations if one.requeue_after is not None]
    if found.unsettled and not found.closed:
        also.append(WHILE_NOT_READY)
    return Report(status, next_look(found.gates, status.conditions, now, also), severities(found.conditions))


def _described(plan: Plan, observed: Observed, found: Readiness, now: datetime) -> dict[str, Any]:
    """Return the fields that describe the Presto as it is."""
    presto = plan.presto
    return {
        "observed_generation": presto.generation,
        "phase": found.phase,
        "summary": readiness.summary(_in_one_line(plan, observed, found)),
        "conditions": merge(observed.status.conditions, found.conditions, presto.generation, now),
        "replicas": _replicas(plan, found),
        "selector": ",".join(f"{k}={v}" for k, v in sorted(presto.names.selector(names.WORKER).items())),
        "coordinator": coordinator_status(presto, observed),
        "workers": _workers(plan, observed, found),
        "queries": queries_status(observed.coordinator),
        "memory": memory_status(presto.memory.values()),
    }


def _recorded(
    plan: Plan, observed: Observed, applied: Applied, found: Readiness, rendered: Sequence[Ref], now: datetime
) -> dict[str, Any]:
    """Return the fields that record what was begun and done."""
    before = observed.status.inventory
    return {
        "history": _history(plan, observed, found, now),
        "layer": plan.reached,
        "inventory": before if plan.context is None else readiness.inventory_after(before, applied, rendered),
    }


def _history(plan: Plan, observed: Observed, found: Readiness, now: datetime) -> tuple[Change, ...]:
    before, target = observed.status, plan.view.target
    changes = history_after(before, observed.resource, target.workers, target.reason, ready=found.ready, now=now)
    return with_usage(before.history, changes, observed.used)


def _in_one_line(plan: Plan, observed: Observed, found: Readiness) -> str:
    if waiting := readiness.waits_for(found.closed, found.unsettled):
        return waiting
    if isinstance(observed.coordinator, NoAnswer):
        return found.phase
    target = plan.view.target
    why = f" ({target.reason})" if target.reason else ""
    return f"{target.workers} workers{why}, {len(plan.presto.spec.catalogs)} catalogs"


def _replicas(plan: Plan, found: Readiness) -> int:
    # Without workers they weren't looked at, or the API server refused an object before them: they are as they were.
    return found.workers.existing if found.workers else plan.view.before.replicas


def _workers(plan: Plan, observed: Observed, found: Readiness) -> PrestoWorkersStatus:
    ready = sum(pod.ready for pod in observed.role(names.WORKER))
    return PrestoWorkersStatus(
        ready=found.workers.ready if found.workers else ready,
        wanted=plan.view.target.workers,
        active=0 if isinstance(observed.coordinator, NoAnswer) else observed.coordinator.active_workers,
    )
