"""Decides what is to be applied now: a pure function of the wish, of what was observed, and of the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.presto_status import AlluxioStatus
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.presto import cache, gates
from alluxio_operator.kinds.presto.context import context_of
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.scaling import Target, target_of
from alluxio_operator.kinds.presto.validate import Presto
from alluxio_operator.kube.kinds import Ref

COORDINATOR_FROM: Final = 30
"""Number of the first template of layer 2, the coordinator."""
WORKERS_FROM: Final = 40
"""Number of the first template of layer 3, the workers."""
SERVICES_FROM: Final = 70
"""Number of the first template of layer 4, the Service for clients."""
ALL: Final = 100
LAYERS: Final = (0, COORDINATOR_FROM, WORKERS_FROM, SERVICES_FROM, ALL)
"""Where each layer ends: none, configuration, coordinator, workers, Services."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to apply: the templates below `until`, with `context`.

    Without a context nothing can be said of any object, and whatever there is stays as it is: the cache that the Presto
    is to go through was never seen. The gates of `layer` hold now; layers that were reached before are kept up.
    """

    presto: Presto
    context: Mapping[str, Any] | None
    layer: int
    reached: int
    target: Target
    connected: Gate | None
    coordinator: Gate
    workers: Gate
    alluxio: AlluxioStatus | None

    operations: tuple[Operation, ...] = ()
    held_templates: frozenset[int] = frozenset()
    recreate: Mapping[Ref, str] = field(default_factory=dict)
    paused: bool = False
    questions: frozenset[str] = frozenset()

    @property
    def until(self) -> int:
        """Number of the first template that isn't due yet."""
        return LAYERS[self.reached]

    def with_operations(self, operations: Iterable[Operation]) -> Plan:
        """Return the plan after some of its operations were performed."""
        return replace(self, operations=tuple(operations))


def decide(presto: Presto, observed: Observed, now: datetime) -> Plan:
    """Return the plan: configuration, coordinator, workers once it serves, Service once they are active."""
    spec, before = presto.spec, observed.status
    known = cache.known_connection(spec, observed.cache, before.alluxio)
    connected = cache.gate(spec, observed.cache)
    target = target_of(spec, before.autoscaling, observed.load, now)
    coordinator, workers = gates.coordinator_serving(observed), gates.workers_active(observed, target.workers)
    if spec.alluxio is not None and known is None:
        layer, context = 0, None
    else:
        layer = 2 if not coordinator.passed else 3 if not workers.passed else 4
        context = context_of(presto, known, target.workers)
    # How the cache is reached outlives its cluster only if it is on record before it is used.
    connection = Operation("connection", status={"alluxio": known}, intent={"alluxio": known})
    reached = max(layer, before.layer)
    return Plan(presto, context, layer, reached, target, connected, coordinator, workers, known, (connection,))
