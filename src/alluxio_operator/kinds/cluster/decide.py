"""Decides what to apply and which operations to run: a pure function of the cluster, the observation and the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.status import OperationStatus
from alluxio_operator.engine.arbiter import arbitrate
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import Operation
from alluxio_operator.engine.rules import ApplyRules
from alluxio_operator.kinds.cluster import gates, layers
from alluxio_operator.kinds.cluster.capabilities import CAPABILITIES
from alluxio_operator.kinds.cluster.objects.optional import optional_objects
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.storage.records import MAX_MASTERS
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref

UFS: Final = "ufs"
"""Question: does the UFS of the root mount answer?"""
RESTORE: Final = "restore"
"""Question: which AlluxioBackup is the cluster to restore?"""
LOSS: Final = "loss"
"""Question: which data would a restore in place lose?"""
UPGRADE_BACKUP: Final = "upgrade backup"
"""Question: what became of the AlluxioBackup that masters wait for before they change their version?"""
WRITTEN_BACKUPS: Final = "written backups"
"""Question: does Alluxio write a backup?"""


@dataclass(frozen=True, slots=True)
class Plan:
    """The templates to apply, which are those below `until`, their context, and the operations.

    The gates allow `layer` now. `reached` is the highest layer so far: the operator keeps applying it, even if a gate
    has closed since.
    """

    view: View
    layer: int
    reached: int
    masters: Gate
    operations: tuple[Operation, ...]
    arbitration: tuple[OperationStatus, ...]
    """The operation that may disrupt the cluster now, and those that wait for it."""

    @property
    def cluster(self) -> Cluster:
        """The valid cluster."""
        return self.view.cluster

    @property
    def context(self) -> Mapping[str, Any]:
        """Values for the templates."""
        return self.view.context

    @property
    def until(self) -> int:
        """Number of the first template that the operator doesn't apply yet."""
        restore = self.view.restore
        if restore.holds_everything:
            return 0
        if restore.has_masters:
            return layers.AFTER_MASTERS
        return layers.ENDS[self.reached - 1]

    @property
    def paused(self) -> bool:
        """Whether spec.paused is true: the operator changes nothing."""
        return self.cluster.spec.paused

    @property
    def held_templates(self) -> frozenset[int]:
        """Numbers of the templates whose objects have to stay as they are."""
        return self.view.held_templates

    @property
    def held_pod_templates(self) -> frozenset[int]:
        """Numbers of the Deployments whose pods wait for the rollout or the maintenance window."""
        return self.view.held_pod_templates

    @property
    def recreate(self) -> Mapping[Ref, str]:
        """Objects to recreate without deleting their dependents, since a field is immutable; with their uids."""
        return {Ref("StatefulSet", one.name): one.uid for one in self.view.expansion.recreating}

    @property
    def rules(self) -> ApplyRules:
        """What the driver may do with single objects."""
        records = self.view.records
        optional = optional_objects(self.cluster.names)
        never = frozenset() if self.view.in_place.disrupts else records.never_created
        # The restore fills the journals' volumes, whether they are those of before or empty ones.
        journals = {self.cluster.names.journal_claim(ordinal) for ordinal in range(MAX_MASTERS)}
        never |= {ref for ref in records.never_created if ref.name not in journals}
        return ApplyRules(never, records.known_uids, optional)

    @property
    def questions(self) -> frozenset[str]:
        """Questions to answer before the driver may execute this plan."""
        view = self.view
        needed = view.rollout.needs_ufs_probe or view.hung.needs_ufs_probe or view.writability.needs_ufs_probe
        needed = needed or view.restore.needs_ufs_probe or view.in_place.needs_ufs_probe
        needed = needed or view.membership.needs_ufs_probe
        needed = needed or (view.marking is not None and view.marking.needs_ufs_probe)
        backup = view.rollout.backup
        asked = {
            UFS: needed and not self.paused,
            RESTORE: view.restore.needs_backup or view.in_place.needs_backup,
            LOSS: view.in_place.needs_loss,
            UPGRADE_BACKUP: backup is not None and backup.unread,
            WRITTEN_BACKUPS: (view.rollout.needs_backups or view.membership.needs_backups) and not self.paused,
        }
        return frozenset(question for question, needed in asked.items() if needed)

    def operation(self, name: str) -> Operation:
        """Return the operation with a name."""
        return next(one for one in self.operations if one.name == name)

    def with_operations(self, operations: Iterable[Operation]) -> Plan:
        """Return the plan with other operations, such as those concluded."""
        return replace(self, operations=tuple(operations))


def decide(cluster: Cluster, observed: Observed, now: datetime) -> Plan:
    """Return the plan: first configuration and storage, workloads after the journal, Services once masters serve."""
    view = View(cluster, observed, now)
    masters = gates.masters_serving(observed) if cluster.spec.masters.replicas else gates.scaled_to_zero()
    masters = view.hung.named_in(masters)
    restored = view.restore.gate is None or view.restore.gate.passed
    if not view.journal.gate.passed or not restored:
        layer = 1
    elif not masters.passed:
        layer = layers.WORKLOADS
    else:
        layer = layers.SERVICES
    operations = [operation for capability in CAPABILITIES for operation in capability(view)]
    decided = arbitrate(operations, observed.status.operations, now)
    recorded = tuple(_with_turn(operation, decided.status) for operation in decided.operations)
    return Plan(view, layer, max(layer, observed.status.layer), masters, recorded, decided.status)


def _with_turn(operation: Operation, turns: tuple[OperationStatus, ...]) -> Operation:
    """Return an operation that also records whose turn it is before it acts: an AlluxioBackup looks there."""
    if operation.disruption is None or not operation.intent:
        return operation
    return replace(operation, intent={**operation.intent, "operations": turns})
