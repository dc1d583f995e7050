"""Says the state of a Presto in one status: a pure function of plan, observation and what the server returned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.base import in_binary
from alluxio_operator.api.presto_status import (
    CoordinatorStatus,
    PrestoStatus,
    PrestoWorkersStatus,
    QueriesStatus,
    ShutdownStatus,
)
from alluxio_operator.api.status import Phase, RoleMemory
from alluxio_operator.engine import readiness as standing
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.conditions import ConditionState, holds, merge
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.usage import with_usage
from alluxio_operator.kinds.presto import gates, names, shutdown
from alluxio_operator.kinds.presto.decide import LAYERS, Plan
from alluxio_operator.kinds.presto.history import history_after
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.progress import WorkloadProgress, progress_of

NEEDS_A_PERSON: Final = frozenset({"Refused", "ClusterNotFound", "ClusterDeleting", "CrashLoopBackOff"})
"""Reasons for which a gate is closed until somebody does something."""

POLL: Final = 15.0
"""Seconds between two looks at a Presto at rest: no event tells of its queries, nor of the cluster's state."""
POLL_LOAD: Final = 5.0
"""The same while its load decides on the number of workers."""


def step(count: int) -> int:
    """Return the largest of 0, 1, 2, 5, 10, 20, 50 and so on that isn't above a count."""
    found, unit = 0, 1
    while unit <= count:
        found = max(times * unit for times in (1, 2, 5) if times * unit <= count)
        unit *= 10
    return found


def report_problems(problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
    """Report a spec that can't be followed; what runs goes on and is still reported on."""
    before = observed.status
    serves = holds(before.conditions, "Installed") and not isinstance(observed.coordinator, NoAnswer)
    said = standing.invalid(problems, before.conditions, observed.generation, ready=serves, now=now)
    status = before.model_copy(update=said)
    return Report(status, None)


def report(plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
    """Report a Presto that was reconciled."""
    presto, before = plan.presto, observed.status
    rollouts = {ref: progress_of(obj) for ref, obj in applied.live.items() if ref.kind in WORKLOADS}
    workers = rollouts.get(Ref("Deployment", presto.names.workers))
    # Without a context nothing was applied, and nothing is known anew of what was applied before.
    untouched = plan.context is None and before.layer == len(LAYERS) - 1
    references = gates.references_resolved(presto, observed)
    found = (
        *([plan.connected] if plan.connected else []),
        _configuration(plan, applied),
        *([references] if references else []),
        plan.coordinator,
        plan.workers if workers or untouched else _not_applied("WorkersActive", "the workers are not applied yet"),
        _service(plan, applied, kept=untouched),
    )
    closed = [gate for gate in found if not gate.passed]
    unsettled = [ref.name for ref, state in sorted(rollouts.items()) if not state.settled]
    ready = not closed and not unsettled
    installed = ready or holds(before.conditions, "Installed")
    changing = (
        before.observed_generation != presto.generation
        or bool(applied.changed or applied.created)
        or before.workers.wanted != plan.target.workers
    )
    phase = standing.phase_of(ready, installed, changing or before.phase == "Updating", closed, NEEDS_A_PERSON)
    said = (
        standing.ready_condition(ready, closed, unsettled, "the Presto is as the spec says"),
        standing.progressing_condition(phase, closed, unsettled),
        standing.degraded_condition(phase, closed),
        ConditionState("SpecValid", True, "Valid"),
        ConditionState("Installed", installed, "Installed" if installed else "Installing"),
        *(ConditionState(gate.type, gate.passed, gate.reason, gate.message) for gate in found),
    )
    conditions = merge(before.conditions, said, presto.generation, now)
    reason = plan.target.status.reason if plan.target.status else ""
    status = PrestoStatus(
        observed_generation=presto.generation,
        phase=phase,
        summary=standing.summary(_in_one_line(plan, phase, closed, unsettled, observed)),
        conditions=conditions,
        replicas=before.replicas if untouched else workers.existing if workers else 0,
        selector=",".join(f"{k}={v}" for k, v in sorted(presto.names.selector(names.WORKER).items())),
        coordinator=_coordinator(presto, observed, ready=plan.coordinator.passed),
        workers=_workers(plan, observed, workers),
        queries=_queries(observed),
        autoscaling=plan.target.status,
        graceful_shutdown=ShutdownStatus(
            announce_seconds=presto.dialect.announce_seconds,
            termination_grace_period_seconds=shutdown.grace_of(
                presto.spec.workers, presto.spec.graceful_shutdown, presto.dialect
            ),
        ),
        alluxio=plan.alluxio,
        memory=tuple(_memory(presto)),
        history=with_usage(
            before.history,
            history_after(before, observed.resource, plan.target.workers, reason, ready=ready, now=now),
            observed.used,
        ),
        layer=plan.reached,
        inventory=standing.inventory_after(before.inventory, applied, rendered) if plan.context else before.inventory,
    )
    return Report(status, _look_again(plan, standing.wait_for(conditions, closed, now), ready))


def _look_again(plan: Plan, wait: float, ready: bool) -> float:
    autoscaling = plan.presto.spec.autoscaling
    by_load = plan.coordinator.passed and autoscaling is not None and autoscaling.load is not None
    at_rest = POLL_LOAD if by_load else POLL
    soonest = at_rest if ready else min(wait, at_rest)
    # A moment of a schedule is met to the second: a look just before it would see the window closed.
    return soonest if plan.target.look_after is None else min(soonest, plan.target.look_after + 0.5)


def _configuration(plan: Plan, applied: Applied) -> Gate:
    if plan.context is None:
        return Gate("ConfigurationApplied", False, "Waiting", "how Alluxio is reached isn't known yet")
    return standing.configuration_applied(applied)


def _service(plan: Plan, applied: Applied, *, kept: bool) -> Gate:
    published = Ref("Service", plan.presto.names.service) in applied.present
    if published and plan.layer == len(LAYERS) - 1:
        return Gate("ServicesPublished", True, "Published", "clients find the coordinator")
    if published or kept:
        return Gate("ServicesPublished", True, "Kept", "published before; not all that it needs holds now")
    return _not_applied("ServicesPublished", "published once the workers are active")


def _not_applied(kind: str, message: str) -> Gate:
    return Gate(kind, False, "Waiting", message)


def _in_one_line(plan: Plan, phase: Phase, closed: Sequence[Gate], unsettled: Sequence[str], observed: Observed) -> str:
    if waiting := standing.waits_for(closed, unsettled):
        return waiting
    if isinstance(observed.coordinator, NoAnswer):
        return phase
    autoscaling = plan.target.status
    asked = f", asked for by {autoscaling.reason}" if autoscaling else ""
    return f"{plan.target.workers} workers{asked}, {len(plan.presto.spec.catalogs)} catalogs"


def _coordinator(presto: Presto, observed: Observed, *, ready: bool) -> CoordinatorStatus:
    told = observed.coordinator
    version = observed.status.coordinator.version if isinstance(told, NoAnswer) else told.version
    address = f"http://{presto.names.host(presto.names.service)}:{presto.spec.coordinator.ports.http}"
    return CoordinatorStatus(ready=ready, version=version, address=address)


def _workers(plan: Plan, observed: Observed, state: WorkloadProgress | None) -> PrestoWorkersStatus:
    told = observed.coordinator
    return PrestoWorkersStatus(
        ready=state.ready if state else observed.status.workers.ready if plan.context is None else 0,
        wanted=plan.target.workers,
        active=0 if isinstance(told, NoAnswer) else told.active_workers,
    )


def _queries(observed: Observed) -> QueriesStatus:
    if isinstance(observed.coordinator, NoAnswer):
        return QueriesStatus()
    return QueriesStatus(running=step(observed.coordinator.running), queued=step(observed.coordinator.queued))


def _memory(presto: Presto) -> Iterable[RoleMemory]:
    for role, division in presto.memory.items():
        yield RoleMemory(
            role=role,
            heap=in_binary(division.heap),
            direct=in_binary(division.direct),
            overhead=in_binary(division.overhead),
            limit=in_binary(division.limit),
        )
