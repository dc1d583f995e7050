"""What wakes the owners of changed children: hooks that shell-operator runs, or the watches of the server itself.

Hooks are the way of this operator. Their price grows with the objects, so a large fleet is watched by the server.
"""

from __future__ import annotations

import logging
from typing import Final

from alluxio_operator.environment import AUTO, HOOKS, WATCH
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

HOOKS_BELOW: Final = 100
"""Resources from which on the server watches their children itself; measured, see docs/decisions/0038."""


def source_for(setting: str, owners: int, limit: int = HOOKS_BELOW) -> str:
    """Return HOOKS or WATCH, for a setting that may be AUTO."""
    if setting != AUTO:
        return setting
    return HOOKS if owners < limit else WATCH


class ChildEvents:
    """Chooses the source once, at the start, and says when the number of resources has outgrown it."""

    def __init__(self, setting: str, metrics: Metrics, limit: int = HOOKS_BELOW) -> None:
        self._setting = setting
        self._metrics = metrics
        self._limit = limit
        self._source = ""
        self._outgrown = False

    def choose(self, owners: int) -> str:
        """Return HOOKS or WATCH for this life of the process."""
        self._source = source_for(self._setting, owners, self._limit)
        for source in (HOOKS, WATCH):
            self._metrics.child_events_source.labels(source).set(source == self._source)
        self.count(owners)
        log.info("child events chosen", extra={"source": self._source, "owners": owners, "setting": self._setting})
        return self._source

    def count(self, owners: int) -> None:
        """Take note of how many resources there are."""
        self._metrics.owners.set(owners)
        outgrown = self._source == HOOKS and source_for(self._setting, owners, self._limit) == WATCH
        self._metrics.child_events_outgrown.set(outgrown)
        if outgrown and not self._outgrown:
            log.warning(
                "too many resources for child events by hooks: restart the operator, and it watches them by itself",
                extra={"owners": owners, "limit": self._limit},
            )
        self._outgrown = outgrown
