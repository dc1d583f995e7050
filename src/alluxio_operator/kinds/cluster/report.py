"""Says the state of the whole cluster in one status: a pure function of plan, observation and what the server
returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, FuseStatus, RollbackStatus, WorkersStatus
from alluxio_operator.api.base import in_binary
from alluxio_operator.api.status import Change, RoleMemory
from alluxio_operator.engine import readiness as standing
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.conditions import holds, merge
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.usage import requeue, with_usage
from alluxio_operator.kinds.cluster import members, names
from alluxio_operator.kinds.cluster.decide import Plan
from alluxio_operator.kinds.cluster.history import Wished, history_after
from alluxio_operator.kinds.cluster.objects import dynamic
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.readiness import Verdict, fuse_rollout, judge, worker_rollout
from alluxio_operator.kinds.cluster.requeue import AT_WORK, next_look, not_later
from alluxio_operator.kinds.cluster.rollout import rollback, rollout
from alluxio_operator.kinds.cluster.storage import gates as volume_gates
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.progress import WorkloadProgress, progress_of

STEP = 5
"""Percent by which the shown use of the cache moves; the exact value is a metric."""


@dataclass(frozen=True, slots=True)
class Report:
    """The status to publish and when to look again, in seconds; None to wait for an event."""

    status: ClusterStatus
    requeue_after: float | None


def report_problems(problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
    """Report a spec that can't be followed; what runs goes on and is still reported on."""
    before = observed.status
    serves = holds(before.conditions, "Installed") and isinstance(observed.master, MasterInfo)
    said = standing.invalid(problems, before.conditions, observed.generation, ready=serves, now=now)
    status = before.model_copy(update=said)
    return Report(status, None)


def report(plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
    """Report a cluster that was reconciled."""
    cluster, before = plan.cluster, observed.status
    rollouts = {ref: progress_of(obj) for ref, obj in applied.live.items() if ref.kind in WORKLOADS}
    verdict = judge(plan, observed, applied, rollouts)
    workers = worker_rollout(cluster, rollouts)
    status = ClusterStatus(
        observed_generation=cluster.generation,
        phase=verdict.phase,
        summary=standing.summary(_in_one_line(verdict, observed)),
        conditions=merge(before.conditions, verdict.said, cluster.generation, now),
        replicas=workers.existing if workers else 0,
        selector=",".join(f"{k}={v}" for k, v in sorted(cluster.names.selector(names.WORKER).items())),
        masters=members.masters_status(plan, observed),
        workers=_workers_status(observed, workers),
        fuse=_fuse_status(cluster, observed, fuse_rollout(cluster, rollouts)),
        memory=tuple(_memory(cluster)),
        last_good_spec=before.last_good_spec,
        # The rest is of what was begun or made: while it is paused nothing was, whatever the plan says.
        journal=before.journal,
        rollout=before.rollout,
        dynamic_properties=before.dynamic_properties,
        volumes=before.volumes,
        recreating=before.recreating,
        restarts=before.restarts,
        history=before.history,
        rollback=before.rollback,
        upgrade_backup=before.upgrade_backup,
        layer=before.layer,
        inventory=before.inventory,
    )
    begins = None
    if not cluster.spec.paused:
        back = rollback.next_rollback(observed, plan.rollout.gate, cluster.spec.upgrade, now)
        begins = back if back != before.rollback else None
        good = verdict.ready and verdict.up_to_date.passed
        done = {
            "last_good_spec": rollback.good_spec(observed.resource) if good else before.last_good_spec,
            "journal": plan.journal.status,
            "rollout": plan.rollout.status,
            "dynamic_properties": plan.dynamic_update.status,
            "volumes": plan.volumes.volumes,
            "recreating": plan.volumes.recreating,
            "restarts": dict(cluster.restarts),
            # An edit is a change once it is followed: the one that ends the pause tells of all that were held.
            "history": _history(plan, observed, applied, verdict, begins, now),
            "rollback": back,
            "upgrade_backup": plan.rollout.backup.status if plan.rollout.backup else before.upgrade_backup,
            "layer": plan.reached,
            "inventory": standing.inventory_after(before.inventory, applied, rendered),
        }
        status = status.model_copy(update=done)
    if begins:
        return Report(status, AT_WORK)
    wait = next_look(plan, verdict, status.conditions, now)
    measuring = requeue(status.history, observed.used, now)
    return Report(status, not_later(wait, measuring.seconds if measuring else None))


def _history(
    plan: Plan, observed: Observed, applied: Applied, verdict: Verdict, back: RollbackStatus | None, now: datetime
) -> tuple[Change, ...]:
    before = observed.status
    after = history_after(
        before,
        observed.resource,
        plan.cluster.restarts,
        _wished(plan.cluster),
        applied,
        outdated=plan.outdated,
        ready=verdict.at_rest and verdict.grown.reason != volume_gates.GROWING,
        failed=verdict.up_to_date.reason == rollout.TIMED_OUT,
        told=dynamic.newly_applied(plan.dynamic_update, before.dynamic_properties),
        back=back,
        now=now,
    )
    return with_usage(before.history, after, observed.used)


def _wished(cluster: Cluster) -> Wished:
    workers = cluster.spec.workers
    number = None if workers.workload == "DaemonSet" else 1 if workers.replicas is None else workers.replicas
    return Wished(cluster.spec.version, number)


def _in_one_line(verdict: Verdict, observed: Observed) -> str:
    if waiting := standing.waits_for(verdict.closed, verdict.unsettled):
        return waiting
    if verdict.rolled_back:
        return verdict.up_to_date.message
    if isinstance(observed.master, MasterInfo):
        info = observed.master
        lost = f", {info.lost_workers} lost" if info.lost_workers else ""
        return f"{info.live_workers} workers{lost}, {in_binary(info.capacity)} of cache"
    return verdict.phase


def _workers_status(observed: Observed, state: WorkloadProgress | None) -> WorkersStatus:
    ready, wanted = (state.ready, state.wanted) if state else (0, 0)
    if not isinstance(observed.master, MasterInfo):
        return observed.status.workers.model_copy(update={"ready": ready, "wanted": wanted, "live": 0})
    info = observed.master
    percent = None
    if info.capacity:
        percent = min(100, round(100 * info.used / info.capacity / STEP) * STEP)
    return WorkersStatus(
        ready=ready,
        wanted=wanted,
        live=info.live_workers,
        lost=info.lost_workers,
        capacity=in_binary(info.capacity),
        used_percent=percent,
    )


def _fuse_status(cluster: Cluster, observed: Observed, state: WorkloadProgress | None) -> FuseStatus | None:
    if not cluster.spec.fuse.enabled:
        return None
    return FuseStatus(ready=state.ready, wanted=state.wanted) if state else observed.status.fuse


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
