"""Which windows of a schedule are open at a moment, and when that changes next: pure, so that nothing is ever missed.

A window is open when its last start is not older than its last end. Nothing is remembered: after any downtime the
answer is that of the moment. Start and end are read by the clock of the window's time zone, as Debian's cron does it: a
start in the hour that a day skips comes at once after it, one in the hour that a day has twice comes once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.api.scaling import ScalingSchedule
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.schedule import around, expression_problem, zone_problem


@dataclass(frozen=True, slots=True)
class Open:
    """The windows that are open now, and the moment at which any window opens or closes next."""

    windows: tuple[ScalingSchedule, ...]
    next_change: datetime | None

    @property
    def largest(self) -> ScalingSchedule | None:
        """The window that counts."""
        return max(self.windows, key=lambda window: window.replicas, default=None)


def open_windows(schedules: Sequence[ScalingSchedule], now: datetime) -> Open:
    """Return which windows are open at `now`."""
    found = tuple(schedule for schedule in schedules if _is_open(schedule, now))
    changes = [moment for schedule in schedules for moment in _next(schedule, now)]
    return Open(found, min(changes, default=None))


def problems(schedules: Sequence[ScalingSchedule], now: datetime) -> Iterable[Problem]:
    """Yield the time zones that don't exist and the expressions that aren't cron's or never come."""
    for schedule in schedules:
        path = f"spec.autoscaling.schedules[{schedule.name}]"
        if problem := zone_problem(f"{path}.timeZone", schedule.time_zone):
            yield problem
            continue
        for field, expression in (("start", schedule.start), ("end", schedule.end)):
            if problem := expression_problem(f"{path}.{field}", expression, schedule.time_zone, now):
                yield problem


def _is_open(schedule: ScalingSchedule, now: datetime) -> bool:
    start, end = (around(one, schedule.time_zone, now)[0] for one in (schedule.start, schedule.end))
    return start is not None and (end is None or start >= end)


def _next(schedule: ScalingSchedule, now: datetime) -> Iterable[datetime]:
    for expression in (schedule.start, schedule.end):
        moment = around(expression, schedule.time_zone, now)[1]
        if moment is not None:
            yield moment
