"""Judges whether a Presto is Ready, from plan, observation and what was applied: gates, phase and conditions; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from alluxio_operator.api.status import Phase
from alluxio_operator.engine import readiness
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.conditions import ConditionState, holds
from alluxio_operator.engine.gate import Gate, waiting
from alluxio_operator.kinds.presto import gates, layers, names
from alluxio_operator.kinds.presto.decide import Plan
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.roles import PATHS, volume_fields
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.progress import WorkloadProgress, progress_of
from alluxio_operator.workloads.sharing import unshareable_claims


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a Presto is Ready, and by what. `closed` are the gates that hold it up, `unsettled` lack pods."""

    phase: Phase
    ready: bool
    gates: tuple[Gate, ...]
    unsettled: tuple[str, ...]
    workers: WorkloadProgress | None
    """The Deployment of the workers; None before it is applied."""
    conditions: tuple[ConditionState, ...]
    """All conditions, in the order in which they are shown."""

    @property
    def closed(self) -> tuple[Gate, ...]:
        """The gates that don't hold."""
        return tuple(gate for gate in self.gates if not gate.passed)


def assess(plan: Plan, observed: Observed, applied: Applied) -> Readiness:
    """Return whether a Presto is Ready that was reconciled."""
    workloads = {ref: progress_of(obj) for ref, obj in applied.live.items() if ref.kind in WORKLOADS}
    found = tuple(_gates(plan, observed, applied, workloads))
    closed = tuple(gate for gate in found if not gate.passed)
    roles = {plan.presto.names.of(role): role for role in names.ROLES}
    unsettled = tuple(
        state.in_words(ref.name, PATHS[roles[ref.name]], observed.role(roles[ref.name]))
        for ref, state in sorted(workloads.items(), key=itemgetter(0))
        if not state.settled
    )
    ready = not closed and not unsettled
    installed = ready or holds(observed.status.conditions, "Installed")
    phase = readiness.phase_of(ready, installed, _is_changing(plan, observed, applied), closed)
    shared = unshareable_claims(observed.shared_claims, observed.pods, volume_fields(plan.presto.spec))
    conditions = (
        readiness.ready_condition(ready, closed, unsettled, "all servers run the current spec"),
        readiness.progressing_condition(phase, closed, unsettled),
        readiness.degraded_condition(phase, closed),
        readiness.spec_valid((*plan.presto.warnings, *shared)),
        readiness.installed_condition(installed),
        *(ConditionState.of(gate) for gate in found),
    )
    return Readiness(phase, ready, found, unsettled, workloads.get(_workers(plan)), conditions)


def _gates(
    plan: Plan, observed: Observed, applied: Applied, workloads: Mapping[Ref, WorkloadProgress]
) -> Iterable[Gate]:
    yield from (one.gate for one in plan.operations if one.gate and one.blocking)
    yield _configuration(plan, applied)
    if references := gates.references_resolved(plan.presto, observed):
        yield references
    yield plan.view.coordinator
    if _workers(plan) in workloads or plan.keeps_objects:
        yield plan.view.workers
    else:
        yield waiting(gates.WORKERS_ACTIVE, "the workers are applied once the coordinator serves")
    yield _service(plan, applied)


def _workers(plan: Plan) -> Ref:
    return Ref("Deployment", plan.presto.names.workers)


def _is_changing(plan: Plan, observed: Observed, applied: Applied) -> bool:
    before = observed.status
    return (
        before.phase == "Updating"
        or before.observed_generation != plan.presto.generation
        or before.workers.wanted != plan.view.target.workers
        or bool(applied.changed or applied.created)
    )


def _configuration(plan: Plan, applied: Applied) -> Gate:
    if plan.context is None:
        return waiting(gates.CONFIGURATION_APPLIED, "the operator doesn't know yet how Alluxio is reached")
    return readiness.configuration_applied(applied)


def _service(plan: Plan, applied: Applied) -> Gate:
    published = Ref("Service", plan.presto.names.service) in applied.present
    if published and plan.layer == layers.SERVICES:
        return Gate(gates.SERVICES_PUBLISHED, True, "Published", "clients find the coordinator")
    if published or plan.keeps_objects:
        return Gate(gates.SERVICES_PUBLISHED, True, "Kept", "published before; another gate has closed since")
    return waiting(gates.SERVICES_PUBLISHED, "the Service is published once the workers are active")
