"""Source of child events: hooks that shell-operator runs, or the server's own watches.

Hooks are the default of this operator. Their cost grows with the number of objects: the server watches a large fleet.
"""

from __future__ import annotations

import logging
from typing import Final

from alluxio_operator.environment import AUTO, HOOKS, WATCH
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

HOOKS_BELOW: Final = 100
"""Number of resources from which the server watches children itself; measured, see docs/decisions/0038."""


def source_for(setting: str, owners: int, limit: int = HOOKS_BELOW) -> str:
    """Return HOOKS or WATCH; resolve AUTO by the number of owners."""
    if setting != AUTO:
        return setting
    return HOOKS if owners < limit else WATCH


class ChildEvents:
    """Chooses the source once, at the start, and warns when the number of resources exceeds its limit."""

    def __init__(self, setting: str, metrics: Metrics, limit: int = HOOKS_BELOW) -> None:
        self._setting = setting
        self._metrics = metrics
        self._limit = limit
        self._source = ""
        self._outgrown = False

    def choose(self, owners: int) -> str:
        """Choose HOOKS or WATCH for the lifetime of the process and return it."""
        self._source = source_for(self._setting, owners, self._limit)
        for source in (HOOKS, WATCH):
            self._metrics.child_events_source.labels(source).set(source == self._source)
        self.count(owners)
        log.info("child events chosen", extra={"source": self._source, "owners": owners, "setting": self._setting})
        return self._source

    def count(self, owners: int) -> None:
        """Record the number of resources, and warn once if it exceeds the limit of hooks."""
        self._metrics.owners.set(owners)
        outgrown = self._source == HOOKS and source_for(self._setting, owners, self._limit) == WATCH
        self._metrics.child_events_outgrown.set(outgrown)
        if outgrown and not self._outgrown:
            log.warning(
                "too many resources for child events by hooks: restart the operator to switch to its own watches",
                extra={"owners": owners, "limit": self._limit},
            )
        self._outgrown = outgrown
