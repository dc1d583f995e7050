"""How long the Jobs of a backup may run, and how often they are tried."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from alluxio_operator.engine.jobs import JobPolicy

VERIFICATION: Final = JobPolicy(
    deadline=timedelta(hours=6), attempts=3, stays=timedelta(hours=1), start=timedelta(minutes=30)
)
"""The deadline also covers the restore of a large journal. A PVC that doesn't exist costs the start only."""

REMOVAL: Final = JobPolicy(
    deadline=timedelta(minutes=30),
    attempts=1000,
    longest_pause=timedelta(hours=6),
    stays=timedelta(minutes=10),
)
"""A volume that is gone stays gone, mostly: the operator tries for months, and seldom."""
