"""Computes the status of a cluster: a pure function of plan, observation and the API server's answers.

Most fields belong to a capability, whose operation sets them. This module sets the fields of the whole cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import FuseStatus, WorkersStatus
from alluxio_operator.api.base import in_binary
from alluxio_operator.api.status import Change, RoleMemory
from alluxio_operator.engine import readiness
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import holds, merge, severities, with_gate
from alluxio_operator.engine.gate import WHILE_NOT_READY, After, Gate, Requeue
from alluxio_operator.engine.operation import status_of
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.requeue import next_look, slowest
from alluxio_operator.engine.usage import requeue, with_usage
from alluxio_operator.kinds.cluster import members, names
from alluxio_operator.kinds.cluster.decide import Plan
from alluxio_operator.kinds.cluster.history import Facts, history_after
from alluxio_operator.kinds.cluster.objects.dynamic import newly_applied
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.readiness import Readiness, assess, fuse_progress, worker_progress
from alluxio_operator.kinds.cluster.records import unread_records
from alluxio_operator.kinds.cluster.registrations import registrations
from alluxio_operator.kinds.cluster.restore.record import restores_of
from alluxio_operator.kinds.cluster.rollout.rollout import TIMED_OUT
from alluxio_operator.kinds.cluster.storage import records
from alluxio_operator.kinds.cluster.storage.gates import EXPANDING
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.progress import WorkloadProgress

LEAVING_POLL: Final = After(30.0)
"""No event announces that the leader forgets a worker that stopped."""

STEP = 5
"""Percent to which the status rounds the use of the cache; a metric has the exact value."""


def report_problems(problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
    """Return the report for an invalid spec; a cluster that serves stays Ready: its leader and a worker answer."""
    before = observed.status
    volumes = records.next_records_step(None, observed, now)
    serves = holds(before.conditions, "Installed") and _a_worker_serves(observed) and not volumes.blocking
    current = with_gate(before.conditions, volumes.gate, observed.generation, now)
    update = readiness.invalid(problems, current, observed.generation, ready=serves, now=now)
    return Report(before.model_copy(update=update | unread_records(observed)), None)


def _a_worker_serves(observed: Observed) -> bool:
    if not isinstance(observed.master, MasterInfo):
        return False
    # The leader counts a worker that died for a while, so a pod has to be ready, too.
    ready = any(pod.ready for pod in observed.role(names.WORKER))
    return not observed.status.workers.wanted or (registrations(observed).live > 0 and ready)


def report(plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
    """Return the report after a reconcile."""
    current = assess(plan, observed, applied)
    update = _described(plan, observed, current, now)
    if not plan.paused:
        # A paused cluster records no operation: the driver has executed none.
        update |= _done(plan, observed, applied, current, rendered, now)
    status = observed.status.model_copy(update=update)
    return Report(status, _requeue_after(plan, observed, current, status, now), severities(current.conditions))


def _described(plan: Plan, observed: Observed, current: Readiness, now: datetime) -> dict[str, Any]:
    """Return the fields that describe the current state of the cluster."""
    cluster, before = plan.cluster, observed.status
    workers = worker_progress(cluster, current.workloads)
    return {
        "observed_generation": cluster.generation,
        "phase": current.phase,
        "summary": readiness.summary(_in_one_line(current, observed)),
        "conditions": merge(before.conditions, current.conditions, cluster.generation, now),
        # Without workers the API server refused an object before them: they are as they were.
        "replicas": workers.existing if workers else before.replicas,
        "selector": ",".join(f"{k}={v}" for k, v in sorted(cluster.names.selector(names.WORKER).items())),
        "masters": members.masters_status(plan, observed),
        "workers": _workers_status(observed, workers),
        "fuse": _fuse_status(cluster, observed, fuse_progress(cluster, current.workloads)),
        "memory": tuple(_memory(cluster)),
    }


def _done(
    plan: Plan, observed: Observed, applied: Applied, current: Readiness, rendered: Sequence[Ref], now: datetime
) -> dict[str, Any]:
    """Return the fields that record operations, changes and applied objects."""
    after = status_of(plan.operations)
    return {
        **after,
        "operations": plan.arbitration,
        # Record a paused edit when it is applied, not when it is made.
        "history": _history(plan, observed, applied, current, after, now),
        "layer": plan.reached,
        "inventory": readiness.inventory_after(observed.status.inventory, applied, rendered),
    }


def _history(
    plan: Plan, observed: Observed, applied: Applied, current: Readiness, after: dict[str, Any], now: datetime
) -> tuple[Change, ...]:
    before, back = observed.status, after.get("rollback")
    expansion = current.capability_gates["expansion"]
    facts = Facts(
        restarts=plan.cluster.restarts,
        version=plan.cluster.spec.version,
        workers=_worker_count(plan.cluster),
        outdated=plan.view.outdated,
        applied_dynamically=tuple(newly_applied(before.dynamic_properties, after.get("dynamic_properties"))),
        rollback=back if back != before.rollback else None,
        removal=plan.view.removal.finished if "removal" in after else None,
        ready=current.at_rest and expansion.reason != EXPANDING,
        failed=current.up_to_date.reason == TIMED_OUT,
        restores=restores_of(before.model_copy(update=after)),
    )
    return with_usage(before.history, history_after(before, observed.resource, facts, applied, now), observed.used)


def _worker_count(cluster: Cluster) -> int | None:
    return None if cluster.spec.workers.workload == "DaemonSet" else cluster.spec.workers.count


def _requeue_after(plan: Plan, observed: Observed, current: Readiness, status: Any, now: datetime) -> float | None:
    also: list[Requeue | None] = [members.requeue_at_rest(plan) if current.at_rest else None]
    if status.workers.leaving or status.workers.lost:
        also.append(LEAVING_POLL)
    gates: list[Gate] = [] if current.at_rest else list(current.closed)
    if not current.at_rest and not current.closed:
        also.append(WHILE_NOT_READY)
    if not plan.paused:
        least = slowest(current.closed, status.conditions, now)
        also += [After(max(one.requeue_after, least)) for one in plan.operations if one.requeue_after is not None]
        also.append(requeue(status.history, observed.used, now))
        gates += [gate for gate in current.capability_gates.values() if gate.requeue is not None and gate not in gates]
    return next_look(gates, status.conditions, now, also)


def _in_one_line(current: Readiness, observed: Observed) -> str:
    if waiting := readiness.waits_for(current.closed, current.unsettled):
        return waiting
    if current.rolled_back:
        return current.up_to_date.message
    if isinstance(observed.master, MasterInfo):
        known = registrations(observed)
        others = "".join(f", {n} {word}" for n, word in ((known.lost, "lost"), (known.leaving, "leaving")) if n)
        return f"{known.live} workers{others}, {in_binary(known.capacity)} of cache"
    return current.phase


def _workers_status(observed: Observed, state: WorkloadProgress | None) -> WorkersStatus:
    before = observed.status.workers
    # Without a state the workload wasn't applied, perhaps since the API server refused an object before it.
    known = sum(pod.ready for pod in observed.role(names.WORKER)), before.wanted
    ready, wanted = (state.ready, state.wanted) if state and state.counted else known
    if not isinstance(observed.master, MasterInfo):
        return before.model_copy(update={"ready": ready, "wanted": wanted, "live": 0, "leaving": 0})
    counted = registrations(observed)
    percent = None
    if counted.capacity:
        percent = min(100, round(100 * counted.used / counted.capacity / STEP) * STEP)
    return WorkersStatus(
        ready=ready,
        wanted=wanted,
        live=counted.live,
        lost=counted.lost,
        leaving=counted.leaving,
        capacity=in_binary(counted.capacity),
        used_percent=percent,
    )


def _fuse_status(cluster: Cluster, observed: Observed, state: WorkloadProgress | None) -> FuseStatus | None:
    if not cluster.spec.fuse.enabled:
        return None
    return FuseStatus(ready=state.ready, wanted=state.wanted) if state and state.counted else observed.status.fuse


def _memory(cluster: Cluster) -> Iterable[RoleMemory]:
    for role, division in cluster.memory.items():
        yield RoleMemory(
            role=role,
            heap=in_binary(division.heap),
            direct=in_binary(division.direct),
            overhead=in_binary(division.overhead),
            tiers=in_binary(division.tiers),
            limit=in_binary(division.limit),
        )
