"""Says the state of the whole cluster in one status: a pure function of plan, observation and what the server
returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.base import in_binary
from alluxio_operator.api.status import (
    ClusterStatus,
    Condition,
    Phase,
    RoleMemory,
    WorkersStatus,
)
from alluxio_operator.cluster import (
    dynamic,
    gates,
    members,
    names,
    roll,
    rollback,
    safeguard,
    volume_gates,
    volumes,
)
from alluxio_operator.cluster.decide import LAYERS, Plan
from alluxio_operator.cluster.history import Wished, history_after
from alluxio_operator.cluster.observed import Observed
from alluxio_operator.cluster.quorum import quorum_healthy
from alluxio_operator.cluster.references import references_resolved
from alluxio_operator.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.pipeline import standing
from alluxio_operator.pipeline.applied import WORKLOADS, Applied
from alluxio_operator.pipeline.conditions import Said, holds, merge
from alluxio_operator.pipeline.gate import Gate
from alluxio_operator.pipeline.problem import Problem
from alluxio_operator.pipeline.rollout import Rollout, rollout
from alluxio_operator.pipeline.usage import look_again, with_usage

NEEDS_A_PERSON = frozenset({"JournalMissing", "Refused", roll.TIMED_OUT, rollback.MISSING, safeguard.FAILED})
"""Reasons for which a gate is closed until somebody does something."""

LONGEST_WAIT = 3600.0
"""Seconds."""

TELL_AGAIN = 15.0
"""Seconds until a leader that didn't answer is told once more."""

ASK_AGAIN = 60.0
"""Seconds after which a claim that was refused to grow is asked again."""

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
    rollouts = {ref: rollout(obj) for ref, obj in applied.live.items() if ref.kind in WORKLOADS}
    workers = _worker_rollout(cluster, rollouts)
    references = references_resolved(cluster.spec, observed)
    paused = cluster.spec.paused
    telling = None if paused else plan.telling.gate
    back = before.rollback if paused else rollback.next_rollback(observed, plan.roll.gate, cluster.spec.upgrade, now)
    back_begins = back is not None and back != before.rollback
    up_to_date = rollback.instead_of(plan.roll.gate, observed)
    rolling = plan.roll.blocking and not paused and up_to_date.reason != rollback.REASON
    if paused and not up_to_date.passed:
        up_to_date = Gate(roll.GATE, False, "Paused", "nothing is replaced while spec.paused is true")
    grown = volumes.after_answers(plan.volumes, applied.not_grown)
    if paused and not grown.passed:
        grown = Gate(volume_gates.GATE, False, "Paused", "no volume grows while spec.paused is true")
    found = (
        *(() if paused else (standing.configuration_applied(applied),)),
        plan.journal.gate,
        *([references] if references else []),
        plan.masters,
        *_quorum(plan, observed),
        _workers(cluster, observed, workers),
        *([gates.job_service_serving(observed)] if cluster.spec.job_service.enabled else []),
        *([gates.log_server_ready(observed)] if cluster.spec.log_server.enabled else []),
        *([gates.proxy_serving(observed)] if cluster.spec.proxy.enabled else []),
        _services(plan, applied),
        *([gates.fuse_mounted(observed, _wanted_mounts(cluster, rollouts))] if cluster.spec.fuse.enabled else []),
        *([up_to_date] if rolling else []),
    )
    closed = [gate for gate in found if not gate.passed]
    unsettled = [ref.name for ref, state in sorted(rollouts.items()) if not state.settled]
    ready = not closed and not unsettled
    installed = ready or holds(before.conditions, "Installed")
    changing = before.observed_generation != cluster.generation or bool(applied.changed or applied.created)
    phase = standing.phase_of(ready, installed, changing or before.phase == "Updating", closed, NEEDS_A_PERSON)
    rolled_back = ready and up_to_date.reason == rollback.REASON
    if rolled_back:
        phase = "Degraded"
    if members.stopped(cluster, rollouts) and not _needs_a_person(closed):
        phase = "Stopped"
    if paused and phase != "Degraded":
        phase = "Paused"
    said = (
        _ready(ready, closed, unsettled, paused=paused),
        standing.progressing_said(phase, closed, unsettled),
        Said("Degraded", True, rollback.REASON, up_to_date.message)
        if rolled_back
        else standing.degraded_said(phase, closed),
        Said("SpecValid", True, "Valid"),
        Said("Installed", installed, "Installed" if installed else "Installing"),
        *(_said(gate) for gate in found),
        *(() if rolling else (_said(up_to_date),)),
        # No gate of Ready: the cluster serves, and an operator that can't reach this port changes nothing about that.
        *((_said(telling),) if telling else ()),
        _said(grown),
        *((_paused(applied),) if paused else ()),
    )
    conditions = merge(before.conditions, said, cluster.generation, now)
    at_rest = ready or phase in ("Stopped", "Paused")
    status = ClusterStatus(
        observed_generation=cluster.generation,
        phase=phase,
        summary=standing.summary(_in_one_line(phase, closed, unsettled, observed)),
        conditions=conditions,
        replicas=workers.existing if workers else 0,
        selector=",".join(f"{k}={v}" for k, v in sorted(cluster.names.selector(names.WORKER).items())),
        masters=members.masters_status(plan, observed),
        workers=_workers_status(observed, workers),
        # While it is paused nothing was begun or made, whatever the plan says.
        journal=before.journal if paused else plan.journal.status,
        memory=tuple(_memory(cluster)),
        roll=before.roll if paused else plan.roll.status,
        told=before.told if paused else plan.telling.status,
        volumes=before.volumes if paused else plan.volumes.volumes,
        anew=before.anew if paused else plan.volumes.anew,
        restarts=before.restarts if paused else dict(cluster.restarts),
        # An edit is a change once it is followed: the one that ends the pause tells of all that were held.
        history=before.history
        if paused
        else with_usage(
            before.history,
            history_after(
                before,
                observed.resource,
                cluster.restarts,
                _wished(cluster),
                applied,
                outdated=plan.outdated,
                ready=at_rest and grown.reason != volume_gates.GROWING,
                failed=up_to_date.reason == roll.TIMED_OUT,
                told=dynamic.newly_told(plan.telling, before.told),
                back=back if back_begins else None,
                now=now,
            ),
            observed.used,
        ),
        good=rollback.good_spec(observed.resource) if ready and up_to_date.passed and not paused else before.good,
        rollback=back,
        upgrade_backup=plan.roll.backup.status if plan.roll.backup and not paused else before.upgrade_backup,
        layer=before.layer if paused else plan.reached,
        inventory=before.inventory if paused else standing.inventory_after(before.inventory, applied, rendered),
    )
    if (plan.rejoin.status or plan.roll.under_way or back_begins) and not paused:
        return Report(status, 1.0)
    wait = members.look_again(plan) if at_rest else standing.wait_for(conditions, closed, now)
    if telling and not telling.passed:
        wait = _not_later(wait, TELL_AGAIN)
    wait = _sooner(wait, plan.roll.next_look, now)
    if not grown.passed and not paused:
        wait = _not_later(wait, _look_at_volumes(conditions, grown, now))
    measured_again = look_again(status.history, observed.used, now)
    return Report(status, wait if measured_again is None else _not_later(wait, measured_again))


def _wished(cluster: Cluster) -> Wished:
    workers = cluster.spec.workers
    number = None if workers.workload == "DaemonSet" else 1 if workers.replicas is None else workers.replicas
    return Wished(cluster.spec.version, number)


def _sooner(wait: float | None, moment: datetime | None, now: datetime) -> float | None:
    if moment is None:
        return wait
    # A moment that is far away is looked for again: a clock may be set meanwhile.
    seconds = min(max(1.0, (moment - now).total_seconds()), LONGEST_WAIT)
    return seconds if wait is None else min(wait, seconds)


def _look_at_volumes(conditions: Sequence[Condition], grown: Gate, now: datetime) -> float:
    # Nobody is told when a class or a quota is changed.
    return standing.wait_for(conditions, [grown], now) if grown.reason == volume_gates.GROWING else ASK_AGAIN


def _not_later(wait: float | None, seconds: float) -> float:
    return seconds if wait is None else min(wait, seconds)


def _said(gate: Gate) -> Said:
    return Said(gate.type, gate.passed, gate.reason, gate.message)


def _paused(applied: Applied) -> Said:
    if not applied.held:
        return Said("Paused", True, "Paused", "spec.paused is true; all is as it is rendered")
    names = ", ".join(f"{ref.kind}/{ref.name}" for ref in applied.held)
    return Said(
        "Paused", True, "ChangesHeld", f"spec.paused is true; to be made or changed once it isn't: {names}"[:4096]
    )


def _services(plan: Plan, applied: Applied) -> Gate:
    service = Ref("Service", plan.cluster.names.of("client"))
    published = service in applied.present or service in applied.live
    if plan.layer == len(LAYERS) and published:
        return Gate("ServicesPublished", True, "Published", "clients find the masters")
    if published:
        return Gate("ServicesPublished", True, "Kept", "published before; the masters are not serving now")
    return Gate("ServicesPublished", False, "Waiting", "published once the masters serve")


def _quorum(plan: Plan, observed: Observed) -> Iterable[Gate]:
    if plan.cluster.members > 1 and plan.cluster.spec.masters.replicas:
        installed = holds(observed.status.conditions, "Installed")
        yield quorum_healthy(plan.quorum, plan.rejoin.trouble, installed=installed)


def _workers(cluster: Cluster, observed: Observed, state: Rollout | None) -> Gate:
    if state is None:
        return Gate("WorkersRegistered", False, "Waiting", "the workers are not applied yet")
    if cluster.spec.workers.workload == "DaemonSet" and state.wanted == 0:
        return Gate(
            "WorkersRegistered",
            False,
            "NoNode",
            "no node takes a worker; look at spec.workers.nodeSelector, tolerations and the nodes' labels and taints",
        )
    return gates.workers_registered(observed, state.wanted)


def _needs_a_person(closed: Sequence[Gate]) -> bool:
    return any(gate.reason in NEEDS_A_PERSON for gate in closed)


def _ready(ready: bool, closed: Sequence[Gate], unsettled: Sequence[str], *, paused: bool) -> Said:
    if ready and paused:
        return Said("Ready", True, "Paused", "the cluster serves; nothing is changed while spec.paused is true")
    return standing.ready_said(ready, closed, unsettled, "the cluster is as the spec says")


def _in_one_line(phase: Phase, closed: Sequence[Gate], unsettled: Sequence[str], observed: Observed) -> str:
    if waiting := standing.waits_for(closed, unsettled):
        return waiting
    if isinstance(observed.master, MasterInfo):
        info = observed.master
        lost = f", {info.lost_workers} lost" if info.lost_workers else ""
        return f"{info.live_workers} workers{lost}, {in_binary(info.capacity)} of cache"
    return phase


def _workers_status(observed: Observed, state: Rollout | None) -> WorkersStatus:
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


def _worker_rollout(cluster: Cluster, rollouts: dict[Ref, Rollout]) -> Rollout | None:
    return rollouts.get(Ref(cluster.spec.workers.workload, cluster.names.of(names.WORKER)))


def _wanted_mounts(cluster: Cluster, rollouts: dict[Ref, Rollout]) -> int | None:
    state = rollouts.get(Ref("DaemonSet", cluster.names.of(names.FUSE)))
    return state.wanted if state else None


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
