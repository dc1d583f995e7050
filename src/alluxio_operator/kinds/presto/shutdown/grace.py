"""How servers leave without failing queries: every time of it follows from the one that a user gives.

A server that is told to leave (PUT /v1/info/state) waits until the coordinator hands it no more work, then for its
tasks, then as long again so that their results are fetched. How long that takes is the version's.
"""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.presto import GracefulShutdown, PrestoRole
from alluxio_operator.kinds.presto.versions import Dialect

MARGIN: Final = 10
"""Seconds for the hook to begin and the process to end."""


def drain_seconds(given: GracefulShutdown, dialect: Dialect) -> int:
    """Return the least termination grace period with which a query of the given length is finished."""
    return 2 * dialect.announce_seconds + given.grace_period_seconds + MARGIN


def grace_of(role: PrestoRole, given: GracefulShutdown, dialect: Dialect) -> int:
    """Return the termination grace period of a role's pods."""
    return max(role.termination_grace_period_seconds or 0, drain_seconds(given, dialect))
