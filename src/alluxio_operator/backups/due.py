"""Decides when a scheduled backup starts, and under which name; pure.

- The name contains the schedule's moment in UTC, so that a second try creates the same object.
- Backups of a schedule never overlap. A due one waits until the previous one ends.
- After downtime, only the newest missed moment is caught up.
- Daylight saving time works as in `engine/schedule.py`.
- A clock that jumps back never repeats a backup that exists, and holds the schedule for one interval at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.engine.schedule import Schedule
from alluxio_operator.engine.work import OwnerKey


@dataclass(frozen=True, slots=True)
class Existing:
    """A backup that a schedule created."""

    name: str
    unfinished: bool = False
    """True until it has succeeded or failed."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a schedule asks for now."""

    start: str | None = None
    """Name of the backup to create now."""
    record: datetime | None = None
    """The schedule's moment to record as `last`, once the backup `start`, if any, has been created."""
    waits_for: str | None = None
    """Name of the unfinished backup that a due one waits for."""
    following: datetime | None = None
    """The next moment after now, for a requeue; None if the schedule has none."""


def due_backup(
    schedule: Schedule, cluster: OwnerKey, last: datetime, existing: Iterable[Existing], now: datetime
) -> Due:
    """Return which backup of a schedule starts now.

    `last` is the last recorded moment, or the creation of the schedule. `existing` are the backups of this schedule.
    """
    newest, following = schedule.cron.around(now)
    if newest is None or (newest <= last and not _clock_jumped_back(last, now, following)):
        return Due(following=following)
    known = sorted(existing, key=lambda one: one.name)
    name = schedule.name_of(cluster, newest)
    if any(one.name == name for one in known):
        # Created but not recorded: the operator may have ended in between.
        return Due(record=newest, following=following)
    if unfinished := next((one.name for one in known if one.unfinished), None):
        return Due(waits_for=unfinished, following=following)
    return Due(name, newest, following=following)


def _clock_jumped_back(last: datetime, now: datetime, following: datetime | None) -> bool:
    """Return True if the recorded moment is too far in the future to wait for it.

    If it is the very next moment, waiting takes one interval at most, and avoids a backup too many.
    """
    return last > now and (following is None or last > following)
