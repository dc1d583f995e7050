"""Decides what to apply and do now: a pure function of the valid Presto, what was observed, and the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from alluxio_operator.engine.operation import Operation
from alluxio_operator.engine.rules import ApplyRules
from alluxio_operator.kinds.presto import layers
from alluxio_operator.kinds.presto.capabilities import CAPABILITIES
from alluxio_operator.kinds.presto.objects.optional import optional_objects
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto
from alluxio_operator.kinds.presto.view import View
from alluxio_operator.kube.kinds import Ref


@dataclass(frozen=True, slots=True)
class Plan:
    """What to apply: the templates below `until`, with the context; and what to do, as operations.

    Without a context all objects stay as they are: the operator has never seen the cache that the spec names. The gates
    of `layer` hold now. Layers that were reached before are kept up, though a gate has closed since.
    """

    view: View
    layer: int
    reached: int
    operations: tuple[Operation, ...]
    held_templates: frozenset[int] = frozenset()
    recreate: Mapping[Ref, str] = field(default_factory=dict)
    paused: bool = False
    questions: frozenset[str] = frozenset()

    @property
    def rules(self) -> ApplyRules:
        """What the driver may do with single objects."""
        return ApplyRules(optional=optional_objects(self.presto.names))

    @property
    def presto(self) -> Presto:
        """The Presto that is decided on."""
        return self.view.presto

    @property
    def context(self) -> Mapping[str, Any] | None:
        """Values for the templates."""
        return self.view.context

    @property
    def until(self) -> int:
        """Number of the first template that isn't due yet."""
        return layers.ENDS[self.reached]

    @property
    def held_pod_templates(self) -> frozenset[int]:
        """Numbers of the templates whose Deployment keeps its pod template for now."""
        return self.view.held_pod_templates

    @property
    def keeps_objects(self) -> bool:
        """Whether a whole installation stays as it is, unlooked at, since its context isn't known."""
        return self.context is None and self.view.before.layer == layers.SERVICES

    def with_operations(self, operations: Iterable[Operation]) -> Plan:
        """Return the plan after some of its operations were performed."""
        return replace(self, operations=tuple(operations))


def decide(presto: Presto, observed: Observed, now: datetime) -> Plan:
    """Return the plan: configuration, coordinator, workers once it serves, Service once they are active."""
    view = View(presto, observed, now)
    layer = _layer(view)
    operations = tuple(operation for capability in CAPABILITIES for operation in capability(view))
    return Plan(view, layer, max(layer, observed.status.layer), operations)


def _layer(view: View) -> int:
    if not view.can_render:
        return layers.NONE
    if not view.coordinator.passed:
        return layers.COORDINATOR
    return layers.SERVICES if view.workers.passed else layers.WORKERS
