"""Derives whether a cluster is Ready: gates, phase and conditions from plan, observation and applied objects; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Final

from alluxio_operator.api.status import Phase
from alluxio_operator.engine import readiness
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.conditions import ConditionState, holds
from alluxio_operator.engine.gate import Gate, Severity, is_blocked, waiting
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import gates, layers, members, names
from alluxio_operator.kinds.cluster.decide import Plan
from alluxio_operator.kinds.cluster.masters.quorum import quorum_healthy
from alluxio_operator.kinds.cluster.masters.space import FULL, journal_space
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.references import references_resolved
from alluxio_operator.kinds.cluster.removal.victims import migrates
from alluxio_operator.kinds.cluster.roles import path_of
from alluxio_operator.kinds.cluster.rollout import rollback
from alluxio_operator.kinds.cluster.rollout.backup_place import Unusable, destination_of
from alluxio_operator.kinds.cluster.storage.decide import RECORDS
from alluxio_operator.kinds.cluster.storage.fields import volume_fields
from alluxio_operator.kinds.cluster.storage.owners import policy_not_in_effect
from alluxio_operator.kinds.cluster.storage.sharing import unshareable_volume
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.progress import WorkloadProgress, progress_of
from alluxio_operator.workloads.sharing import unshareable_claims

ROLLOUT: Final = "rollout"
"""Name of the operation whose gate is UpToDate."""

PAUSED: Final[Mapping[str, str]] = {
    ROLLOUT: "spec.paused is true: the operator replaces no pods",
    "expansion": "spec.paused is true: the operator expands no volumes",
}
"""By operation, the message of its closed gate while the cluster is paused."""

FIRST: Final = RECORDS
"""Name of the operation whose gate comes first, also while the cluster is paused: without their volumes, pods fail."""

Workloads = Mapping[Ref, WorkloadProgress]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Cluster readiness; `closed`: failing gates, `unsettled`: workloads that lack pods."""

    phase: Phase
    ready: bool
    closed: tuple[Gate, ...]
    unsettled: tuple[str, ...]
    workloads: Workloads
    capability_gates: Mapping[str, Gate]
    """The gates of operations, by name of the operation."""
    conditions: tuple[ConditionState, ...]
    """All conditions, in the order of the status."""

    @property
    def at_rest(self) -> bool:
        """Whether the cluster waits for nothing."""
        return self.ready or self.phase in ("Stopped", "Paused")

    @property
    def up_to_date(self) -> Gate:
        """The rollout's gate: open when all pods run the current spec."""
        return self.capability_gates[ROLLOUT]

    @property
    def rolled_back(self) -> bool:
        """Whether the cluster serves with the last good spec after a rollback."""
        return self.ready and self.up_to_date.reason == rollback.REASON


def is_settled(current: Readiness) -> bool:
    """Return True if the cluster is Ready and all pods run the current spec."""
    return current.ready and current.up_to_date.passed


def assess(plan: Plan, observed: Observed, applied: Applied) -> Readiness:
    """Return the readiness of a cluster after a reconcile."""
    before, paused = observed.status, plan.paused
    workloads = {ref: progress_of(obj) for ref, obj in applied.live.items() if ref.kind in WORKLOADS}
    of_operations = _of_operations(plan)
    space = _journal_space(plan)
    blocking = {one.name for one in plan.operations if one.blocking and (not paused or one.name == FIRST)}
    required = (
        *((of_operations[FIRST],) if FIRST in blocking else ()),
        *_installation(plan, observed, applied, workloads),
        *(gate for gate in space if gate.reason == FULL),
        *(gate for name, gate in of_operations.items() if name in blocking and name != FIRST),
    )
    closed = tuple(gate for gate in required if not gate.passed)
    roles = {plan.cluster.names.of(role): role for role in names.ROLES}
    unsettled = tuple(
        state.in_words(ref.name, path_of(roles.get(ref.name, "")) or "spec", observed.role(roles.get(ref.name, "")))
        for ref, state in sorted(workloads.items(), key=itemgetter(0))
        if not state.settled
    )
    ready = not closed and not unsettled
    installed = ready or holds(before.conditions, "Installed")
    up_to_date = of_operations[ROLLOUT]
    rolled_back = ready and up_to_date.reason == rollback.REASON
    phase = _phase(plan, observed, applied, workloads, closed, ready=ready, installed=installed)
    if rolled_back:
        phase = "Degraded"
    conditions = (
        _ready(plan, ready, closed, unsettled, up_to_date, rolled_back=rolled_back),
        readiness.progressing_condition(phase, closed, unsettled),
        _degraded(phase, closed, up_to_date, rolled_back=rolled_back),
        readiness.spec_valid(tuple(_warnings(plan, observed, applied))),
        readiness.installed_condition(installed),
        *(ConditionState.of(gate) for gate in required),
        *(ConditionState.of(gate) for gate in space if gate not in required),
        *(ConditionState.of(gate) for name, gate in of_operations.items() if name not in blocking),
        *((_paused(applied),) if paused else ()),
    )
    return Readiness(phase, ready, closed, unsettled, workloads, of_operations, conditions)


def _warnings(plan: Plan, observed: Observed, applied: Applied) -> Iterable[Problem]:
    yield from plan.cluster.warnings
    if plan.view.restore.warning:
        yield plan.view.restore.warning
    place = destination_of(plan.cluster.spec)
    if isinstance(place, Unusable):
        yield place.problem
    if plan.view.in_place.warning:
        yield plan.view.in_place.warning
    yield from unshareable_volume(plan.cluster, observed)
    yield from unshareable_claims(observed.shared_claims, observed.pods, volume_fields(plan.cluster, observed))
    yield from policy_not_in_effect(plan.cluster, observed, applied)


def _of_operations(plan: Plan) -> dict[str, Gate]:
    gates_by_name: dict[str, Gate] = {}
    for operation in plan.operations:
        gate = operation.gate
        if operation.name == FIRST and gate is not None:
            gates_by_name[FIRST] = gate
            continue
        if gate is None:
            continue
        if plan.paused and not gate.passed:
            gate = _while_paused(operation.name, gate)
        gates_by_name[operation.name] = gate
    return gates_by_name


def _while_paused(operation: str, gate: Gate) -> Gate:
    """Return the closed gate of an operation that a pause holds. Trouble that it reports doesn't end with a pause."""
    if operation in PAUSED:
        return waiting(gate.type, PAUSED[operation], "Paused")
    if gate.severity >= Severity.WARNING:
        return replace(gate, requeue=None)
    return waiting(gate.type, f"spec.paused is true: the operator does nothing about it. {gate.message}", "Paused")


def _installation(plan: Plan, observed: Observed, applied: Applied, workloads: Workloads) -> Iterable[Gate]:
    cluster, spec = plan.cluster, plan.cluster.spec
    if not spec.paused:
        yield readiness.configuration_applied(applied)
    restore = plan.view.restore
    if restore.gate and restore.holds_everything:
        yield restore.gate
    yield plan.view.journal.gate
    if restore.gate and not restore.holds_everything:
        yield restore.gate
    if references := references_resolved(spec, observed):
        yield references
    yield plan.masters
    if cluster.members > 1 and spec.masters.replicas:
        installed = holds(observed.status.conditions, "Installed")
        replaced = _masters_in_step(observed)
        lost = plan.view.rejoin.trouble or plan.view.replacement.trouble
        healthy = quorum_healthy(plan.view.quorum, lost, installed=installed, replaced=replaced)
        yield plan.view.hung.named_in(healthy)
    yield _workers(cluster, observed, worker_progress(cluster, workloads))
    if spec.job_service.enabled:
        yield gates.job_service_serving(observed)
    if spec.log_server.enabled:
        yield gates.log_server_ready(observed)
    if spec.proxy.enabled:
        yield gates.proxy_serving(observed)
    yield _services(plan, applied)
    if spec.fuse.enabled:
        before = observed.status.fuse
        known = before.wanted if before else 0
        yield gates.fuse_mounted(observed, _wanted(fuse_progress(cluster, workloads), known))


def _journal_space(plan: Plan) -> tuple[Gate, ...]:
    spec = plan.cluster.spec.masters
    known = plan.view.journal.gate.passed and spec.replicas
    return (journal_space(plan.view.low_space, spec.journal.free_space_watermark),) if known else ()


def _masters_in_step(observed: Observed) -> frozenset[str]:
    """Return the masters that the rollout's recorded step replaces."""
    step = observed.status.rollout
    return frozenset(pod.name for pod in step.pods) if step and step.role == names.MASTER else frozenset()


def _phase(
    plan: Plan, observed: Observed, applied: Applied, workloads: Workloads, closed: Sequence[Gate],
    *, ready: bool, installed: bool,
) -> Phase:  # fmt: skip
    before, cluster = observed.status, plan.cluster
    changing = before.observed_generation != cluster.generation or bool(applied.changed or applied.created)
    phase = readiness.phase_of(ready, installed, changing or before.phase == "Updating", closed)
    if members.stopped(cluster, workloads) and not is_blocked(closed):
        phase = "Stopped"
    return "Paused" if plan.paused and phase != "Degraded" else phase


def _degraded(phase: Phase, closed: Sequence[Gate], up_to_date: Gate, *, rolled_back: bool) -> ConditionState:
    if rolled_back:
        return ConditionState("Degraded", True, rollback.REASON, up_to_date.message)
    return readiness.degraded_condition(phase, closed)


def _paused(applied: Applied) -> ConditionState:
    if not applied.held:
        return ConditionState("Paused", True, "Paused", "spec.paused is true; no change is held")
    held = ", ".join(f"{ref.kind}/{ref.name}" for ref in applied.held)
    message = f"spec.paused is true; the operator will create or change, once it is false: {held}"
    return ConditionState("Paused", True, "ChangesHeld", message[:4096])


def _services(plan: Plan, applied: Applied) -> Gate:
    service = Ref("Service", plan.cluster.names.of("client"))
    published = service in applied.present or service in applied.live
    if plan.layer == layers.SERVICES and published:
        return Gate("ServicesPublished", True, "Published", "clients find the masters")
    if published:
        return Gate("ServicesPublished", True, "Kept", "the Services exist, but no master serves now")
    return waiting("ServicesPublished", "the operator creates the Services once the masters serve")


def _workers(cluster: Cluster, observed: Observed, state: WorkloadProgress | None) -> Gate:
    wanted = _wanted(state, observed.status.workers.wanted)
    if wanted is None:
        message = "the operator creates the workers once the journal is initialized"
        return waiting("WorkersRegistered", "the nodes for workers aren't counted yet" if state else message)
    if cluster.spec.workers.workload == "DaemonSet" and wanted == 0:
        return Gate(
            "WorkersRegistered",
            False,
            "NoNode",
            "no node can run a worker: compare spec.workers.nodeSelector and spec.workers.tolerations with the labels "
            "and taints of the nodes",
        )
    if migrates(cluster.spec.workers):
        # One that is being removed may be decommissioned, which counts as not registered.
        return gates.workers_registered(observed, min(wanted, cluster.spec.workers.count), emptied=True)
    return gates.workers_registered(observed, wanted)


def _wanted(state: WorkloadProgress | None, known: int) -> int | None:
    """Return the wanted number of pods; without a count of now the last `known` one, and None if there was none."""
    return state.wanted if state and state.counted else known or None


def _ready(
    plan: Plan, ready: bool, closed: Sequence[Gate], unsettled: Sequence[str], up_to_date: Gate, *, rolled_back: bool
) -> ConditionState:
    if ready and plan.paused:
        message = "the cluster serves; the operator changes nothing while spec.paused is true"
        return ConditionState("Ready", True, "Paused", message)
    if rolled_back:
        message = "the cluster serves with an older spec after a rollback; see condition UpToDate"
        return ConditionState("Ready", True, rollback.REASON, message)
    message = "all pods run the current spec"
    if not up_to_date.passed:
        message = "the cluster serves; some pods run an older spec, see condition UpToDate"
    return readiness.ready_condition(ready, closed, unsettled, message)


def worker_progress(cluster: Cluster, workloads: Workloads) -> WorkloadProgress | None:
    """Return the progress of the workers' workload; None if it doesn't exist yet."""
    return workloads.get(Ref(cluster.spec.workers.workload, cluster.names.of(names.WORKER)))


def fuse_progress(cluster: Cluster, workloads: Workloads) -> WorkloadProgress | None:
    """Return the progress of the DaemonSet of the mounts; None if it doesn't exist yet."""
    return workloads.get(Ref("DaemonSet", cluster.names.of(names.FUSE)))
