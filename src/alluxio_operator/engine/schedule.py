"""Moments that come again and again by the clock of a time zone: pure, so that nothing is ever missed.

As Debian's cron does it: a moment in the hour that a day skips comes at once after it, one in the hour that a day has
twice comes once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from alluxio_operator.engine.problem import Problem

CHANGE = timedelta(hours=12)
"""For how long after a change of the clock moments are looked for by a walk that began before it."""


def around(expression: str, zone: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the last moment that isn't after `now`, and the first one after it."""
    now = now.replace(microsecond=0)
    if _clock_changed(zone, now):
        # In an hour that a day has twice, only a walk that began before it tells the moments apart.
        last = None
        for moment in _moments(expression, zone, now - CHANGE):
            if moment > now:
                return last or _before(expression, zone, now - CHANGE), moment
            last = moment
        return last, None
    return _before(expression, zone, now), next(_moments(expression, zone, now), None)


def zone_problem(path: str, zone: str) -> Problem | None:
    """Return what is wrong with a time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        remedy = "give a name of the IANA database, such as Europe/Berlin or UTC"
        return Problem(path, zone, "is no time zone", remedy)
    return None


def expression_problem(path: str, expression: str, zone: str, now: datetime) -> Problem | None:
    """Return what is wrong with an expression, in a time zone that there is."""
    try:
        next(_moments(expression, zone, now))
    except (CronSimError, StopIteration) as error:
        said = str(error) or "never comes"
        return Problem(
            path,
            expression,
            f"isn't a moment that comes again: {said[:1].lower()}{said[1:]}",
            "give minute, hour, day of the month, month and day of the week, such as 0 7 * * 1-5",
        )
    return None


def _before(expression: str, zone: str, now: datetime) -> datetime | None:
    # Only moments before the given one are told, and now itself counts: a window opens at its very start.
    just_after = (now + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    found = next(CronSim(expression, just_after, reverse=True), None)
    return None if found is None else found.astimezone(UTC)


def _clock_changed(zone: str, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(zone))
    return local.utcoffset() != (now - CHANGE).astimezone(local.tzinfo).utcoffset()


def _moments(expression: str, zone: str, now: datetime) -> Iterator[datetime]:
    for moment in CronSim(expression, now.astimezone(ZoneInfo(zone))):
        yield moment.astimezone(UTC)
