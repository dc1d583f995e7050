"""Computes the times of a graceful shutdown from spec.gracefulShutdown; pure.

A server that drains (PUT /v1/info/state) first waits until the coordinator hands it no more work, then for its tasks.
Then it waits as long again, so that the results of the tasks are fetched. That time depends on the version.
"""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.presto import GracefulShutdown, PrestoRole
from alluxio_operator.kinds.presto.versions import Dialect

MARGIN: Final = 10
"""Seconds for the hook to start and the process to end."""


def drain_seconds(given: GracefulShutdown, dialect: Dialect) -> int:
    """Return the least termination grace period, in seconds, in which a query of the given length finishes."""
    return 2 * dialect.announce_seconds + given.grace_period_seconds + MARGIN


def grace_of(role: PrestoRole, given: GracefulShutdown, dialect: Dialect) -> int:
    """Return the termination grace period of a role's pods, in seconds."""
    return max(role.termination_grace_period_seconds or 0, drain_seconds(given, dialect))
