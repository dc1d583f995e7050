"""How servers leave without failing queries: every time of it follows from the one that a user gives.

A server that is told to leave (PUT /v1/info/state) waits `ANNOUNCE` so that the coordinator hands it no more work, then
for its tasks, then `ANNOUNCE` again so that their results are fetched. With 2 s the coordinator hadn't noticed, with 10
it had (Presto 0.287, run).
"""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.presto import GracefulShutdown, PrestoRole

ANNOUNCE: Final = 10
"""Seconds (shutdown.grace-period)."""
MARGIN: Final = 10
"""Seconds for the hook to begin and the process to end."""


def drain_seconds(given: GracefulShutdown) -> int:
    """Return the least termination grace period with which a query of the given length is finished."""
    return 2 * ANNOUNCE + given.grace_period_seconds + MARGIN


def grace_of(role: PrestoRole, given: GracefulShutdown) -> int:
    """Return the termination grace period of a role's pods."""
    return max(role.termination_grace_period_seconds or 0, drain_seconds(given))
