"""Decides which backups are removed; pure.

Every rule of a policy keeps backups, as those of `restic forget` do, and only verified ones count for them. A verified
backup that no rule keeps is removed. These come first:

1. Nothing is removed while the newest try failed, or while there is no verified backup.
2. The newest verified backup stays, and everything newer.
3. A backup of another cluster stays, also of one that had the same name: its uid differs.
4. A running backup stays.
5. Of the failed and unverified backups older than the newest verified one, the newest few stay.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far in the future a backup may be, since clocks of machines differ."""


class Outcome(StrEnum):
    """The state of a backup, as far as retention needs it."""

    RUNNING = "Running"
    FAILED = "Failed"
    """It failed, or its check or its verification did."""
    UNVERIFIED = "Unverified"
    """It is complete, but no restore has proved it."""
    VERIFIED = "Verified"


class Hold(StrEnum):
    """Why nothing is removed at all."""

    NO_RULE = "NoRule"
    """The policy has no rule."""
    NEWEST_FAILED = "NewestFailed"
    NOTHING_VERIFIED = "NothingVerified"
    IN_THE_FUTURE = "InTheFuture"
    """The time of a backup hasn't come yet: one of the clocks is wrong, and so may be the order of the backups."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules that keep verified backups. Each defaults to none; without any rule nothing is removed."""

    last: int = 0
    """Keep the newest N."""
    within: timedelta | None = None
    """Keep those that are at most this much older than the newest: after a pause, or a jump of the clock, all stay."""
    hourly: int = 0
    """Keep the newest of each hour, for the last N hours that have a backup."""
    daily: int = 0
    weekly: int = 0
    """Weeks begin on Monday."""
    monthly: int = 0
    failed: int = 3
    """Keep the newest N failed and unverified ones that are older than the newest verified one; not a rule."""
    zone: str = "UTC"
    """Time zone of hours, days, weeks and months."""

    @property
    def has_rule(self) -> bool:
        """True if at least one rule keeps backups."""
        return self.within is not None or any((self.last, self.hourly, self.daily, self.weekly, self.monthly))


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that retention looks at."""

    name: str
    cluster_uid: str
    """The uid of the AlluxioCluster that it is a backup of."""
    taken: datetime
    """When Alluxio began it, or when it was created if it hasn't begun; with a time zone."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Retention:
    """Which backups are removed, and why the others stay."""

    removed: tuple[str, ...] = ()
    """Names, the oldest first."""
    hold: Hold | None = None
    """Why nothing is removed at all."""
    held_by: str = ""
    """Name of the backup that causes the hold."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """By name of a verified backup, the first rule that keeps it, such as `last` or `daily`."""


def backups_to_remove(policy: Policy, backups: Iterable[Backup], cluster_uid: str, now: datetime) -> Retention:
    """Return which backups of a cluster the policy removes."""
    own = sorted((one for one in backups if one.cluster_uid == cluster_uid), key=_age_order, reverse=True)
    verified = [one for one in own if one.outcome is Outcome.VERIFIED]
    tried = [one for one in own if one.outcome is not Outcome.RUNNING]
    if not policy.has_rule:
        return Retention(hold=Hold.NO_RULE)
    if not verified:
        return Retention(hold=Hold.NOTHING_VERIFIED)
    kept = _kept(policy, verified)
    if own[0].taken > now + CLOCK_SKEW:
        return Retention((), Hold.IN_THE_FUTURE, own[0].name, kept)
    if tried[0].outcome is Outcome.FAILED:
        return Retention((), Hold.NEWEST_FAILED, tried[0].name, kept)
    newest = verified[0]
    unproven = [
        one
        for one in own
        if one.outcome in (Outcome.FAILED, Outcome.UNVERIFIED) and _age_order(one) < _age_order(newest)
    ]
    superfluous = {one.name for one in verified if one.name not in kept}
    superfluous |= {one.name for one in unproven[max(policy.failed, 0) :]}
    return Retention(tuple(one.name for one in reversed(own) if one.name in superfluous), kept=kept)


def _kept(policy: Policy, verified: Sequence[Backup]) -> dict[str, str]:
    """Return the verified backups that stay, each with its first rule; they are given the newest first."""
    zone = ZoneInfo(policy.zone)
    kept = {verified[0].name: "newest"}

    def keep(rule: str, names: Iterable[str]) -> None:
        for name in names:
            kept.setdefault(name, rule)

    keep("last", (one.name for one in verified[: max(policy.last, 0)]))
    if policy.within is not None:
        keep("within", (one.name for one in verified if verified[0].taken - one.taken <= policy.within))
    for rule, number, period in (
        ("hourly", policy.hourly, _hour),
        ("daily", policy.daily, _day),
        ("weekly", policy.weekly, _week),
        ("monthly", policy.monthly, _month),
    ):
        keep(rule, _newest_of_each(verified, number, period, zone))
    return kept


def _newest_of_each(
    verified: Sequence[Backup], number: int, period: Callable[[datetime], Hashable], zone: ZoneInfo
) -> list[str]:
    newest: dict[Hashable, str] = {}
    for one in verified:
        newest.setdefault(period(one.taken.astimezone(zone)), one.name)
    return list(newest.values())[: max(number, 0)]


def _age_order(one: Backup) -> tuple[datetime, str]:
    # The name decides between backups of one moment, so that the same one stays each time.
    return one.taken, one.name


def _hour(local: datetime) -> Hashable:
    # An hour that a day has twice is two hours.
    return local.date(), local.hour, local.utcoffset()


def _day(local: datetime) -> Hashable:
    return local.date()


def _week(local: datetime) -> Hashable:
    return local.isocalendar()[:2]


def _month(local: datetime) -> Hashable:
    return local.year, local.month
