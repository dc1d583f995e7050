"""Cron expressions in a time zone, windows between their moments, and due occurrences; pure.

Daylight saving time works as in Debian's cron. A moment in the hour that a day skips comes right after that hour. A
moment in the hour that a day has twice comes once. An expression whose minute or hour begins with `*` runs through both
hours, like an interval.

Known limit of the library: where the clock changes by half an hour (only Lord Howe Island), such an interval loses a
moment on the day of the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.text import digest

CLOCK_CHANGE: Final = timedelta(hours=12)
"""How long after a clock change the search for moments starts before that change."""

LONGEST_NAME: Final = 63
"""Characters of an occurrence's name, so that it is also valid as a label and for a Job's pods."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The moments of a cron expression, by the clock of a time zone."""

    expression: str
    zone: str = "UTC"

    def around(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return the last moment at or before `now`, and the first one after it."""
        return around(self.expression, self.zone, now)

    def last(self, now: datetime) -> datetime | None:
        """Return the last moment at or before `now`."""
        return self.around(now)[0]

    def following(self, now: datetime) -> datetime | None:
        """Return the first moment after `now`."""
        return self.around(now)[1]


@dataclass(frozen=True, slots=True)
class Window:
    """A recurring time span: it opens at the moments of `opens`, and closes at those of `closes` or after a duration.

    It has no state, so downtime of the operator doesn't affect it.
    """

    opens: Cron
    closes: Cron | timedelta

    def is_open(self, now: datetime) -> bool:
        """Return True if the window is open, from its start inclusive to its end exclusive."""
        opened = self.opens.last(now)
        if opened is None:
            return False
        if isinstance(self.closes, timedelta):
            return now < opened + self.closes
        closed = self.closes.last(now)
        return closed is None or opened >= closed

    def next_change(self, now: datetime) -> datetime | None:
        """Return the first moment after `now` at which the window may open or close."""
        opened, opens = self.opens.around(now)
        if isinstance(self.closes, timedelta):
            closes = opened + self.closes if opened is not None and now < opened + self.closes else None
        else:
            closes = self.closes.following(now)
        return min((one for one in (opens, closes) if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One due moment of a schedule.

    Record `at` in the status before acting on it, and pass it as `last` from then on, so that no moment counts twice.
    """

    at: datetime
    skipped: Literal["PreviousRunning", "DeadlineExceeded"] | None = None
    """Why the operation doesn't start; None to start it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A recurring operation of an owner, such as a backup."""

    name: str
    cron: Cron
    starting_deadline: timedelta | None = None
    """How late an occurrence may start, like a CronJob's startingDeadlineSeconds; None for no limit."""

    def due(self, last: datetime, now: datetime, *, running: bool = False) -> Occurrence | None:
        """Return the newest due moment after `last`; None if there is none.

        `last` is the last recorded moment, or the creation of the schedule. After downtime with several missed moments,
        only the newest counts. While the previous operation is `running`, a moment is skipped, not delayed, so that
        operations of a schedule never overlap.
        """
        newest = self.cron.last(now)
        if newest is None or newest <= last:
            return None
        if running:
            return Occurrence(newest, "PreviousRunning")
        if self.starting_deadline is not None and now > newest + self.starting_deadline:
            return Occurrence(newest, "DeadlineExceeded")
        return Occurrence(newest)

    def name_of(self, owner: OwnerKey, at: datetime) -> str:
        """Return the deterministic name of the object that an occurrence creates.

        It contains the minute in UTC. A digest distinguishes owners and schedules whose names give the same text.
        """
        tail = f"{at.astimezone(UTC):%Y%m%d%H%M}-{digest([owner.kind, owner.name, self.name])[:6]}"
        head = f"{owner.name}-{self.name}"[: LONGEST_NAME - len(tail) - 1]
        return f"{head.rstrip('-.')}-{tail}"


def around(expression: str, zone: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the last moment at or before `now`, and the first one after it."""
    now = now.replace(microsecond=0)
    if _clock_changed(zone, now):
        # In an hour that a day has twice, only a search that starts before it can distinguish the moments.
        last = None
        for moment in _moments(expression, zone, now - CLOCK_CHANGE):
            if moment > now:
                return last or _before(expression, zone, now - CLOCK_CHANGE), moment
            last = moment
        return last, None
    return _before(expression, zone, now), next(_moments(expression, zone, now), None)


def problems(zone: tuple[str, str], expressions: Mapping[str, str], now: datetime) -> Iterable[Problem]:
    """Yield the problem of a time zone, given as field and value, or else those of its expressions, by field."""
    field, name = zone
    if problem := zone_problem(field, name):
        yield problem
        return
    for path, expression in expressions.items():
        if problem := expression_problem(path, expression, name, now):
            yield problem


def zone_problem(path: str, zone: str) -> Problem | None:
    """Return the problem of a time zone; None if it is valid."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Problem(path, zone, "is no time zone", "use a name of the IANA database, such as Europe/Berlin or UTC")
    return None


def expression_problem(path: str, expression: str, zone: str, now: datetime) -> Problem | None:
    """Return the problem of an expression in a valid time zone; None if it is valid."""
    try:
        next(_moments(expression, zone, now))
    except (CronSimError, StopIteration) as error:
        cause = str(error) or "no date ever matches it"
        return Problem(
            path,
            expression,
            f"is no cron expression: {cause[:1].lower()}{cause[1:]}",
            "use minute, hour, day of the month, month and day of the week, such as 0 7 * * 1-5",
        )
    return None


def _before(expression: str, zone: str, now: datetime) -> datetime | None:
    # A reverse search excludes its start, but `now` itself counts: a window is open at its start.
    just_after = (now + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    moment = next(CronSim(expression, just_after, reverse=True), None)
    return None if moment is None else moment.astimezone(UTC)


def _clock_changed(zone: str, now: datetime) -> bool:
    # A reverse search starts a second later, and in the last second before a change that is in the other hour.
    local = (now + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    return local.utcoffset() != (now - CLOCK_CHANGE).astimezone(local.tzinfo).utcoffset()


def _moments(expression: str, zone: str, now: datetime) -> Iterator[datetime]:
    for moment in CronSim(expression, now.astimezone(ZoneInfo(zone))):
        yield moment.astimezone(UTC)
