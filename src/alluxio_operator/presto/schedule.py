"""Which windows of a schedule are open at a moment, and when that changes next: pure, so that nothing is ever missed.

A window is open when its last start is not older than its last end. Nothing is remembered: after any downtime the
answer is that of the moment. Start and end are read by the clock of the window's time zone, as Debian's cron does it: a
start in the hour that a day skips comes at once after it, one in the hour that a day has twice comes once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from alluxio_operator.api.scaling import ScalingSchedule
from alluxio_operator.pipeline.problem import Problem

CHANGE = timedelta(hours=12)
"""For how long after a change of the clock moments are looked for by a walk that began before it."""


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
        try:
            ZoneInfo(schedule.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield Problem(
                f"{path}.timeZone",
                schedule.time_zone,
                "is no time zone",
                "give a name of the IANA database, such as Europe/Berlin or UTC",
            )
            continue
        for field, expression in (("start", schedule.start), ("end", schedule.end)):
            try:
                next(_moments(schedule, expression, now))
            except (CronSimError, StopIteration) as error:
                said = str(error) or "never comes"
                yield Problem(
                    f"{path}.{field}",
                    expression,
                    f"isn't a moment that comes again: {said[:1].lower()}{said[1:]}",
                    "give minute, hour, day of the month, month and day of the week, such as 0 7 * * 1-5",
                )


def _is_open(schedule: ScalingSchedule, now: datetime) -> bool:
    start, end = _last(schedule, schedule.start, now), _last(schedule, schedule.end, now)
    return start is not None and (end is None or start >= end)


def _next(schedule: ScalingSchedule, now: datetime) -> Iterable[datetime]:
    for expression in (schedule.start, schedule.end):
        moment = _around(schedule, expression, now)[1]
        if moment is not None:
            yield moment


def _last(schedule: ScalingSchedule, expression: str, now: datetime) -> datetime | None:
    return _around(schedule, expression, now)[0]


def _around(schedule: ScalingSchedule, expression: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the last moment that isn't after `now`, and the first one after it."""
    now = now.replace(microsecond=0)
    if _clock_changed(schedule, now):
        # In an hour that a day has twice, only a walk that began before it tells the moments apart.
        last = None
        for moment in _moments(schedule, expression, now - CHANGE):
            if moment > now:
                return last or _before(schedule, expression, now - CHANGE), moment
            last = moment
        return last, None
    return _before(schedule, expression, now), next(_moments(schedule, expression, now), None)


def _before(schedule: ScalingSchedule, expression: str, now: datetime) -> datetime | None:
    # Only moments before the given one are told, and now itself counts: a window opens at its very start.
    just_after = (now + timedelta(seconds=1)).astimezone(ZoneInfo(schedule.time_zone))
    found = next(CronSim(expression, just_after, reverse=True), None)
    return None if found is None else found.astimezone(UTC)


def _clock_changed(schedule: ScalingSchedule, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(schedule.time_zone))
    return local.utcoffset() != (now - CHANGE).astimezone(local.tzinfo).utcoffset()


def _moments(schedule: ScalingSchedule, expression: str, now: datetime) -> Iterator[datetime]:
    for moment in CronSim(expression, now.astimezone(ZoneInfo(schedule.time_zone))):
        yield moment.astimezone(UTC)
