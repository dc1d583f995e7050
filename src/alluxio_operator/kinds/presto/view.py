"""A valid Presto with what was observed of it, and all that follows from both; pure.

Capabilities decide by it. What several of them need, such as the number of workers, is computed once, on first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from alluxio_operator.api.presto_status import AlluxioStatus, PrestoStatus
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.presto import gates, hashes, layers, names
from alluxio_operator.kinds.presto.autoscaling.target import Target, target_of
from alluxio_operator.kinds.presto.cache.connection import known_connection
from alluxio_operator.kinds.presto.context import context_of
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto
from alluxio_operator.workloads.pods import is_starting


class View:
    """The arguments of every decision."""

    def __init__(self, presto: Presto, observed: Observed, now: datetime) -> None:
        self.presto = presto
        self.observed = observed
        self.now = now

    @property
    def before(self) -> PrestoStatus:
        """The status as it was read."""
        return self.observed.status

    @cached_property
    def connection(self) -> AlluxioStatus | None:
        """How the cache is reached; None if that isn't known, or no cache is wanted."""
        unchanged = self.before.observed_generation == self.presto.generation
        return known_connection(self.presto.spec, self.observed.cluster, self.before.alluxio, unchanged=unchanged)

    @property
    def can_render(self) -> bool:
        """Whether all is known that the objects are made from: the cache has to have been seen once."""
        return self.presto.spec.alluxio is None or self.connection is not None

    @cached_property
    def target(self) -> Target:
        """How many workers to run."""
        return target_of(self.presto.spec, self.before.autoscaling, self.observed.load, self.now)

    @cached_property
    def context(self) -> dict[str, Any] | None:
        """The values for all templates; None while they aren't all known."""
        return self._context(self.hash_baseline) if self.can_render else None

    @cached_property
    def hash_baseline(self) -> Mapping[str, str] | None:
        """By role, the digest of the values that the hash of the pods leaves out; None while that isn't known."""
        if self.before.hash_baseline is not None or not self.can_render:
            return self.before.hash_baseline
        if not hashes.needs_baseline(self.before, self.presto.generation):
            return {}
        return hashes.baseline_of(self._context({}))

    def _context(self, baseline: Mapping[str, str] | None) -> dict[str, Any]:
        return context_of(self.presto, self.connection, self.target.workers, baseline)

    @property
    def held_pod_templates(self) -> frozenset[int]:
        """Numbers of the templates whose Deployment keeps its pod template for now."""
        # Kubernetes kills a lone coordinator that starts for each edit, and with edits in a row it never serves.
        starting = any(is_starting(pod, self.now) for pod in self.observed.role(names.COORDINATOR))
        return frozenset({layers.COORDINATOR_TEMPLATE} if starting else ())

    @cached_property
    def coordinator(self) -> Gate:
        """Whether the coordinator serves."""
        return gates.coordinator_serving(self.observed)

    @cached_property
    def workers(self) -> Gate:
        """Whether enough workers are active."""
        return gates.workers_active(self.observed, self.target.workers)
