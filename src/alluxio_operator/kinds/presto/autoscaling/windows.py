"""The windows of spec.autoscaling.schedules: which are open, and when that changes next; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.api.scaling import ScalingSchedule
from alluxio_operator.engine import schedule as clock
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.schedule import Cron, Window


@dataclass(frozen=True, slots=True)
class OpenWindows:
    """The schedules whose windows are open now, and the moment at which any window opens or closes next."""

    schedules: tuple[ScalingSchedule, ...]
    next_change: datetime | None

    @property
    def largest(self) -> ScalingSchedule | None:
        """The schedule that counts: the one with the most workers."""
        return max(self.schedules, key=lambda schedule: schedule.replicas, default=None)


def open_windows(schedules: Sequence[ScalingSchedule], now: datetime) -> OpenWindows:
    """Return which windows are open at `now`."""
    windows = [(one, window_of(one)) for one in schedules]
    changes = (window.next_change(now) for _, window in windows)
    return OpenWindows(
        schedules=tuple(one for one, window in windows if window.is_open(now)),
        next_change=min((change for change in changes if change is not None), default=None),
    )


def window_of(schedule: ScalingSchedule) -> Window:
    """Return the window of a schedule."""
    return Window(Cron(schedule.start, schedule.time_zone), Cron(schedule.end, schedule.time_zone))


def problems(schedules: Sequence[ScalingSchedule], now: datetime) -> Iterable[Problem]:
    """Yield time zones that don't exist, and expressions that aren't cron's or that no date ever matches."""
    for one in schedules:
        path = f"spec.autoscaling.schedules[{one.name}]"
        expressions = {f"{path}.start": one.start, f"{path}.end": one.end}
        yield from clock.problems((f"{path}.timeZone", one.time_zone), expressions, now)
