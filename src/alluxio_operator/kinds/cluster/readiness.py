"""Judges how a cluster stands, from plan, observation and what was applied: gates, phase and conditions; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alluxio_operator.api.status import Phase
from alluxio_operator.engine import readiness as standing
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import ConditionState, holds
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import gates, members, names
from alluxio_operator.kinds.cluster.decide import LAYERS, Plan
from alluxio_operator.kinds.cluster.masters.quorum import quorum_healthy
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.references import references_resolved
from alluxio_operator.kinds.cluster.rollout import pre_upgrade, rollback, rollout
from alluxio_operator.kinds.cluster.storage import expansion
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.progress import WorkloadProgress

NEEDS_USER = frozenset({"JournalMissing", "Refused", rollout.TIMED_OUT, rollback.MISSING, pre_upgrade.FAILED})
"""Reasons for which a gate is closed until somebody does something."""

Rollouts = Mapping[Ref, WorkloadProgress]
"""How each workload stands that the server told of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a cluster stands. `closed` are the gates that are, `unsettled` the workloads that lack pods."""

    phase: Phase
    ready: bool
    closed: tuple[Gate, ...]
    unsettled: tuple[str, ...]
    up_to_date: Gate
    grown: Gate
    dynamic_update: Gate | None
    said: tuple[ConditionState, ...]
    """All conditions, in the order in which they are shown."""

    @property
    def at_rest(self) -> bool:
        """Whether nothing is waited for."""
        return self.ready or self.phase in ("Stopped", "Paused")

    @property
    def rolled_back(self) -> bool:
        """Whether it serves by an older spec than the resource's."""
        return self.ready and self.up_to_date.reason == rollback.REASON


def judge(plan: Plan, observed: Observed, applied: Applied, rollouts: Rollouts) -> Verdict:
    """Return how a cluster stands that was reconciled."""
    before, paused = observed.status, plan.cluster.spec.paused
    up_to_date = rollback.instead_of(plan.rollout.gate, observed)
    rolling = plan.rollout.blocking and not paused and up_to_date.reason != rollback.REASON
    grown = expansion.after_answers(plan.volumes, applied.not_grown)
    if paused:
        up_to_date = _held(up_to_date, "nothing is replaced while spec.paused is true")
        grown = _held(grown, "no volume grows while spec.paused is true")
    found = (*_gates(plan, observed, applied, rollouts), *([up_to_date] if rolling else []))
    closed = tuple(gate for gate in found if not gate.passed)
    unsettled = tuple(ref.name for ref, state in sorted(rollouts.items()) if not state.settled)
    ready = not closed and not unsettled
    installed = ready or holds(before.conditions, "Installed")
    dynamic_update = None if paused else plan.dynamic_update.gate
    rolled_back = ready and up_to_date.reason == rollback.REASON
    phase = _phase(plan, observed, applied, rollouts, closed, ready=ready, installed=installed, rolled_back=rolled_back)
    said = (
        _ready(ready, closed, unsettled, paused=paused, rolled_back=rolled_back),
        standing.progressing_condition(phase, closed, unsettled),
        _degraded(phase, closed, up_to_date, rolled_back=rolled_back),
        ConditionState("SpecValid", True, "Valid"),
        ConditionState("Installed", installed, "Installed" if installed else "Installing"),
        *(_said(gate) for gate in found),
        *(() if rolling else (_said(up_to_date),)),
        # No gate of Ready: the cluster serves, and an operator that can't reach this port changes nothing about that.
        *((_said(dynamic_update),) if dynamic_update else ()),
        _said(grown),
        *((_paused(applied),) if paused else ()),
    )
    return Verdict(phase, ready, closed, unsettled, up_to_date, grown, dynamic_update, said)


def _gates(plan: Plan, observed: Observed, applied: Applied, rollouts: Rollouts) -> Iterable[Gate]:
    cluster, spec = plan.cluster, plan.cluster.spec
    if not spec.paused:
        yield standing.configuration_applied(applied)
    yield plan.journal.gate
    if references := references_resolved(spec, observed):
        yield references
    yield plan.masters
    yield from _quorum(plan, observed)
    yield _workers(cluster, observed, worker_rollout(cluster, rollouts))
    if spec.job_service.enabled:
        yield gates.job_service_serving(observed)
    if spec.log_server.enabled:
        yield gates.log_server_ready(observed)
    if spec.proxy.enabled:
        yield gates.proxy_serving(observed)
    yield _services(plan, applied)
    if spec.fuse.enabled:
        mounts = fuse_rollout(cluster, rollouts)
        yield gates.fuse_mounted(observed, mounts.wanted if mounts else None)


def _phase(
    plan: Plan, observed: Observed, applied: Applied, rollouts: Rollouts, closed: Sequence[Gate],
    *, ready: bool, installed: bool, rolled_back: bool,
) -> Phase:  # fmt: skip
    before, cluster = observed.status, plan.cluster
    changing = before.observed_generation != cluster.generation or bool(applied.changed or applied.created)
    phase = standing.phase_of(ready, installed, changing or before.phase == "Updating", closed, NEEDS_USER)
    if rolled_back:
        phase = "Degraded"
    if members.stopped(cluster, rollouts) and not any(gate.reason in NEEDS_USER for gate in closed):
        phase = "Stopped"
    return "Paused" if cluster.spec.paused and phase != "Degraded" else phase


def _held(gate: Gate, message: str) -> Gate:
    return gate if gate.passed else Gate(gate.type, False, "Paused", message)


def _degraded(phase: Phase, closed: Sequence[Gate], up_to_date: Gate, *, rolled_back: bool) -> ConditionState:
    if rolled_back:
        return ConditionState("Degraded", True, rollback.REASON, up_to_date.message)
    return standing.degraded_condition(phase, closed)


def _said(gate: Gate) -> ConditionState:
    return ConditionState(gate.type, gate.passed, gate.reason, gate.message)


def _paused(applied: Applied) -> ConditionState:
    if not applied.held:
        return ConditionState("Paused", True, "Paused", "spec.paused is true; all is as it is rendered")
    names = ", ".join(f"{ref.kind}/{ref.name}" for ref in applied.held)
    return ConditionState(
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


def _workers(cluster: Cluster, observed: Observed, state: WorkloadProgress | None) -> Gate:
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


def _ready(
    ready: bool, closed: Sequence[Gate], unsettled: Sequence[str], *, paused: bool, rolled_back: bool
) -> ConditionState:
    if ready and paused:
        return ConditionState(
            "Ready", True, "Paused", "the cluster serves; nothing is changed while spec.paused is true"
        )
    if rolled_back:
        return ConditionState("Ready", True, rollback.REASON, "the cluster serves, by an older spec: see UpToDate")
    return standing.ready_condition(ready, closed, unsettled, "the cluster is as the spec says")


def worker_rollout(cluster: Cluster, rollouts: Rollouts) -> WorkloadProgress | None:
    """Return how the workers' workload stands; None before it is applied."""
    return rollouts.get(Ref(cluster.spec.workers.workload, cluster.names.of(names.WORKER)))


def fuse_rollout(cluster: Cluster, rollouts: Rollouts) -> WorkloadProgress | None:
    """Return how the workload of the mounts stands; None before it is applied."""
    return rollouts.get(Ref("DaemonSet", cluster.names.of(names.FUSE)))
