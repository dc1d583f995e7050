"""Decides what is to be applied now: a pure function of the cluster that is wished for and what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import gates, names
from alluxio_operator.kinds.cluster.context import context_of
from alluxio_operator.kinds.cluster.masters import journal, rejoin
from alluxio_operator.kinds.cluster.masters.journal import JournalStep
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, quorum_of
from alluxio_operator.kinds.cluster.masters.rejoin import RejoinStep
from alluxio_operator.kinds.cluster.objects import dynamic, properties
from alluxio_operator.kinds.cluster.objects.dynamic import DynamicUpdate
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout import deployments, rollout
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import next_pre_upgrade_backup
from alluxio_operator.kinds.cluster.rollout.rollout import Roles, RolloutStep
from alluxio_operator.kinds.cluster.rollout.ufs_guard import guarded
from alluxio_operator.kinds.cluster.storage import expansion
from alluxio_operator.kinds.cluster.storage.desired import wanted
from alluxio_operator.kinds.cluster.storage.expansion import ExpansionStep, Found
from alluxio_operator.kinds.cluster.validate import Cluster

WORKLOADS_FROM = 30
"""Number of the first template of layer 2, the workloads."""
SERVICES_FROM = 70
"""Number of the first template of layer 3, the Services for clients."""
ALL = 100
LAYERS = (WORKLOADS_FROM, SERVICES_FROM, ALL)
"""Where each layer ends: configuration and storage, workloads, Services."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to apply: the templates below `until`, with `context`.

    The gates of `layer` hold now. Layers that were reached before are kept up, though a gate has closed since.
    """

    cluster: Cluster
    context: dict[str, Any]
    layer: int
    reached: int
    journal: JournalStep
    masters: Gate
    quorum: Quorum
    rejoin: RejoinStep
    rollout: RolloutStep
    volumes: ExpansionStep
    hashes: Mapping[str, str]
    """By role, the hash that its pods carry once they run what the spec says."""
    dynamic_update: DynamicUpdate
    """What the leading master is told while it runs."""
    waiting: frozenset[int]
    """Numbers of the templates that are left as they are for now."""
    outdated: tuple[str, ...]
    """Roles of which a pod runs something else than what the spec says."""

    @property
    def until(self) -> int:
        """Number of the first template that isn't due yet."""
        return LAYERS[self.reached - 1]


def decide(cluster: Cluster, observed: Observed, now: datetime, found: Found | None = None) -> Plan:
    """Return the plan: configuration and storage, then workloads once the journal is there, then Services.

    `found` is what a look at the volumes found, when one was needed.
    """
    step = journal.next_step(observed, cluster.uid, cluster.members)
    quorum = quorum_of(observed, cluster.members)
    again = rejoin.next_step(observed, quorum)
    if step.status is not None:
        step = replace(step, status=step.status.model_copy(update={"rejoin": again.status}))
    masters = gates.masters_serving(observed) if cluster.spec.masters.replicas else gates.scaled_to_zero()
    if not step.gate.passed:
        layer = 1
    elif not masters.passed:
        layer = 2
    else:
        layer = 3
    sizes = expansion.next_step(
        wanted(cluster.spec, cluster.names), observed.status, found, {pod.name for pod in observed.pods}
    )
    context = context_of(
        expansion.with_quotas(cluster, sizes),
        journal_job=step.job,
        journal_operation=step.status.operation if step.status else "",
        journal_initialized=bool(step.status and step.status.state == "Initialized")
        or observed.journal_was_initialized,
        journal_made_for=step.status.members if step.status else observed.journal_members or cluster.members,
    )
    hashes = {role: values["configHash"] for role, values in context["roles"].items()}
    upgrade = cluster.spec.upgrade
    if observed.good_spec is not None:
        # What was begun in a window and failed is taken back outside of it, too: half of it is nobody's wish.
        upgrade = upgrade.model_copy(update={"maintenance_window": None})
    roles = Roles(observed, quorum, hashes, _counts(cluster, observed))
    rolled = rollout.next_step(roles, upgrade, now, next_pre_upgrade_backup(observed, cluster.spec, now))
    rolled = guarded(rolled, observed.ufs, wanted=upgrade.wait_for_ufs)
    return Plan(
        cluster=cluster,
        context=context,
        layer=layer,
        reached=max(layer, observed.status.layer),
        journal=step,
        masters=masters,
        quorum=quorum,
        rejoin=again,
        rollout=deployments.with_deployments(roles, rolled, upgrade, now),
        volumes=sizes,
        hashes=hashes,
        dynamic_update=_telling(cluster, observed, roles),
        waiting=deployments.waiting(roles, rolled, upgrade, now),
        outdated=_outdated(roles),
    )


def _telling(cluster: Cluster, observed: Observed, roles: Roles) -> DynamicUpdate:
    site = properties.for_role(cluster.spec, cluster.names, names.MASTER, cluster.members)
    leader = observed.master_named(roles.quorum.leader)
    current = leader if leader is not None and roles.is_current(leader) else None
    return dynamic.next_update(cluster.spec, site, observed, current)


def _outdated(roles: Roles) -> tuple[str, ...]:
    return tuple(
        role for role in (*rollout.ORDER, *deployments.TEMPLATES) if role in roles.wanted and roles.outdated(role)
    )


def _counts(cluster: Cluster, observed: Observed) -> Mapping[str, int]:
    workers, status = cluster.spec.workers, observed.status
    # Of a DaemonSet it is what its controller counted last: it knows the nodes.
    counted = status.workers.wanted if workers.workload == "DaemonSet" else workers.replicas
    return {names.WORKER: 1 if counted is None else counted, names.FUSE: status.fuse.wanted if status.fuse else 0}
