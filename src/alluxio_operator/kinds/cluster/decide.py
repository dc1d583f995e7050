"""Decides what is to be applied and done now: a pure function of the valid cluster, what was observed, and the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.status import OperationStatus
from alluxio_operator.engine.arbiter import arbitrate
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.cluster import gates, layers
from alluxio_operator.kinds.cluster.capabilities import CAPABILITIES
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref

UFS: Final = "ufs"
"""Question: does the storage of the root mount answer?"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to apply: the templates below `until`, with the context; and what to do, as operations.

    The gates of `layer` hold now. Layers that were reached before are kept up, though a gate has closed since.
    """

    view: View
    layer: int
    reached: int
    masters: Gate
    operations: tuple[Operation, ...]
    arbitration: tuple[OperationStatus, ...]
    """Which operation disrupts the cluster, and which wait for it."""

    @property
    def cluster(self) -> Cluster:
        """The cluster that is decided on."""
        return self.view.cluster

    @property
    def context(self) -> Mapping[str, Any]:
        """Values for the templates."""
        return self.view.context

    @property
    def until(self) -> int:
        """Number of the first template that isn't due yet."""
        return layers.ENDS[self.reached - 1]

    @property
    def paused(self) -> bool:
        """Whether nothing is changed."""
        return self.cluster.spec.paused

    @property
    def held_templates(self) -> frozenset[int]:
        """Numbers of the templates that are left as they are for now."""
        return self.view.held_templates

    @property
    def recreate(self) -> Mapping[Ref, str]:
        """Objects to recreate around what they own where they can't be changed, with their uids."""
        return {Ref("StatefulSet", one.name): one.uid for one in self.view.expansion.recreating}

    @property
    def questions(self) -> frozenset[str]:
        """What has to be asked before this plan can be carried out."""
        return frozenset({UFS} if self.view.rollout.needs_ufs_probe and not self.paused else ())

    def operation(self, name: str) -> Operation:
        """Return an operation by its name."""
        return next(one for one in self.operations if one.name == name)

    def with_operations(self, operations: Iterable[Operation]) -> Plan:
        """Return the plan after some of its operations were performed."""
        return replace(self, operations=tuple(operations))


def decide(cluster: Cluster, observed: Observed, now: datetime) -> Plan:
    """Return the plan: configuration and storage, then workloads once the journal is there, then Services."""
    view = View(cluster, observed, now)
    masters = gates.masters_serving(observed) if cluster.spec.masters.replicas else gates.scaled_to_zero()
    if not view.journal.gate.passed:
        layer = 1
    elif not masters.passed:
        layer = layers.WORKLOADS
    else:
        layer = layers.SERVICES
    operations = [operation for capability in CAPABILITIES for operation in capability(view)]
    decided = arbitrate(operations, observed.status.operations, now)
    return Plan(view, layer, max(layer, observed.status.layer), masters, decided.operations, decided.status)
