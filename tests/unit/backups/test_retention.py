"""Which backups are removed: exactly those that the policy names, and never what a restore may need."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alluxio_operator.backups.retention import CLOCK_SKEW, Backup, Hold, Outcome, Policy, Retention, backups_to_remove

NOW = datetime(2030, 5, 6, 12, 30, tzinfo=UTC)
OURS = "uid-1"
VERIFIED, FAILED, UNVERIFIED, RUNNING = Outcome.VERIFIED, Outcome.FAILED, Outcome.UNVERIFIED, Outcome.RUNNING


def backup(hours_ago: float, outcome: Outcome = VERIFIED, uid: str = OURS, name: str = "") -> Backup:
    taken = NOW - timedelta(hours=hours_ago)
    return Backup(name or f"b-{taken:%Y%m%d%H%M%S}-{outcome}", uid, taken, outcome)


def decided(policy: Policy, *backups: Backup, now: datetime = NOW) -> Retention:
    return backups_to_remove(policy, backups, OURS, now)


def removed(policy: Policy, *backups: Backup) -> set[int]:
    """Return the places in `backups` of those that are removed."""
    names = set(decided(policy, *backups).removed)
    return {place for place, one in enumerate(backups) if one.name in names}


# --- the rules -------------------------------------------------------------------------------------------------------


def test_the_newest_of_a_count_stay() -> None:
    assert removed(Policy(last=2), backup(3), backup(1), backup(2), backup(4)) == {0, 3}


def test_backups_within_an_age_stay_with_its_last_moment() -> None:
    policy = Policy(within=timedelta(hours=2))
    assert removed(policy, backup(0.5), backup(2.5), backup(2.501)) == {2}


def test_each_hour_keeps_its_newest_for_hours_that_have_a_backup() -> None:
    # 12:10, 12:00, 11:50, 11:30, and then nothing before 06:30.
    backups = [backup(20 / 60), backup(30 / 60), backup(40 / 60), backup(1), backup(6)]
    assert removed(Policy(hourly=3), *backups) == {1, 3}
    assert removed(Policy(hourly=2), *backups) == {1, 3, 4}


def test_each_day_begins_in_the_zone_of_the_policy() -> None:
    late, early = datetime(2030, 5, 5, 22, 30, tzinfo=UTC), datetime(2030, 5, 5, 21, 30, tzinfo=UTC)
    backups = [backup(0), Backup("late", OURS, late, VERIFIED), Backup("early", OURS, early, VERIFIED)]
    assert removed(Policy(daily=5), *backups) == {2}
    # In Berlin, 22:30 UTC is the next day, which has a newer one.
    assert removed(Policy(daily=5, zone="Europe/Berlin"), *backups) == {1}


def test_a_week_begins_on_monday_also_over_new_year() -> None:
    now = datetime(2027, 1, 5, tzinfo=UTC)
    days = [datetime(2027, 1, 4, tzinfo=UTC), datetime(2027, 1, 3, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC)]
    backups = [Backup(f"{day:%d}", OURS, day, VERIFIED) for day in days]
    # 3 January is in the week of 28 December.
    assert decided(Policy(weekly=9), *backups, now=now).removed == ("28",)


def test_each_month_keeps_its_newest() -> None:
    days = [datetime(2030, month, day, tzinfo=UTC) for month in (5, 4, 3) for day in (2, 1)]
    backups = [Backup(f"{day:%m-%d}", OURS, day, VERIFIED) for day in days]
    assert decided(Policy(monthly=2), *backups).removed == ("03-01", "03-02", "04-01", "05-01")


def test_an_hour_that_a_day_has_twice_is_two_hours() -> None:
    zone = ZoneInfo("Europe/Berlin")
    first = datetime(2030, 10, 27, 2, 30, tzinfo=zone, fold=0).astimezone(UTC)
    second = datetime(2030, 10, 27, 2, 30, tzinfo=zone, fold=1).astimezone(UTC)
    assert second - first == timedelta(hours=1)
    backups = [Backup("first", OURS, first, VERIFIED), Backup("second", OURS, second, VERIFIED)]
    found = decided(Policy(hourly=2, zone="Europe/Berlin"), *backups, now=second + timedelta(hours=1))
    assert found.removed == ()


def test_a_backup_stays_if_any_rule_keeps_it_and_names_the_first() -> None:
    backups = [backup(0), backup(1), backup(24), backup(48), backup(72)]
    found = decided(Policy(last=2, daily=3), *backups)
    rules = {backups[0].name: "newest", backups[1].name: "last", backups[2].name: "daily", backups[3].name: "daily"}
    assert found == Retention((backups[4].name,), kept=rules)


# --- what never goes -------------------------------------------------------------------------------------------------


def test_the_newest_verified_stays_however_old_it_is() -> None:
    assert removed(Policy(within=timedelta(hours=1)), backup(900), backup(800), backup(1, UNVERIFIED)) == {0}


def test_only_verified_backups_count() -> None:
    backups = [backup(1, UNVERIFIED), backup(2, RUNNING), backup(3), backup(4, UNVERIFIED), backup(5), backup(6)]
    assert removed(Policy(last=2), *backups) == {5}


def test_nothing_goes_while_the_newest_try_failed() -> None:
    failed = backup(1, FAILED)
    found = decided(Policy(last=1), failed, backup(2), backup(3))
    assert (found.removed, found.hold, found.held_by) == ((), Hold.NEWEST_FAILED, failed.name)
    # One that runs has no outcome yet: the failure before it still holds.
    assert decided(Policy(last=1), backup(0, RUNNING), failed, backup(2), backup(3)).hold is Hold.NEWEST_FAILED
    assert removed(Policy(last=1), backup(0.5), failed, backup(2), backup(3)) == {2, 3}


def test_nothing_goes_without_a_verified_backup_or_a_rule() -> None:
    many = [backup(hours, UNVERIFIED) for hours in range(9)]
    assert decided(Policy(last=1), *many) == Retention(hold=Hold.NOTHING_VERIFIED)
    assert decided(Policy(), backup(1), backup(2)) == Retention(hold=Hold.NO_RULE)
    assert decided(Policy(last=1)) == Retention(hold=Hold.NOTHING_VERIFIED)


def test_backups_of_another_cluster_neither_count_nor_go() -> None:
    other = backup(1, uid="uid-of-a-deleted-cluster-with-the-same-name")
    assert removed(Policy(last=1), other, backup(2), backup(3), replace(other, name="o", taken=backup(9).taken)) == {2}
    # A failure of the other one holds nothing.
    assert removed(Policy(last=1), replace(other, outcome=FAILED), backup(2), backup(3)) == {2}


def test_nothing_goes_while_a_backup_is_from_the_future() -> None:
    future = backup(-CLOCK_SKEW.total_seconds() / 3600 - 0.01)
    found = decided(Policy(last=1), future, backup(2), backup(3))
    assert (found.removed, found.hold, found.held_by) == ((), Hold.IN_THE_FUTURE, future.name)
    assert removed(Policy(last=1), backup(-CLOCK_SKEW.total_seconds() / 3600), backup(2)) == {1}


def test_a_few_failed_ones_stay_and_those_after_the_newest_verified() -> None:
    backups = [backup(1, UNVERIFIED), backup(2), *(backup(hours, FAILED) for hours in (3, 4, 5)), backup(6, UNVERIFIED)]
    assert removed(Policy(last=9, failed=2), *backups) == {4, 5}
    assert removed(Policy(last=9, failed=0), *backups) == {2, 3, 4, 5}
    assert removed(Policy(last=9, failed=4), *backups) == set()


def test_the_oldest_go_first() -> None:
    backups = [backup(2), backup(4), backup(1), backup(3)]
    assert decided(Policy(last=1), *backups).removed == tuple(backups[place].name for place in (1, 3, 0))


# --- against a slow reference ----------------------------------------------------------------------------------------

ages = st.integers(0, 24 * 90 * 4).map(lambda quarters: quarters / 4)
fleets = st.lists(
    st.builds(
        lambda age, outcome, uid, number: backup(age, outcome, uid, f"{number:04}"),
        ages,
        st.sampled_from([VERIFIED] * 6 + [FAILED, UNVERIFIED, RUNNING]),
        st.sampled_from([OURS] * 5 + ["uid-2"]),
        st.integers(0, 9999),
    ),
    max_size=40,
    unique_by=lambda one: one.name,
)
policies = st.builds(
    Policy,
    last=st.integers(0, 4),
    within=st.none() | st.integers(0, 200).map(lambda hours: timedelta(hours=hours)),
    hourly=st.integers(0, 5),
    daily=st.integers(0, 5),
    weekly=st.integers(0, 5),
    monthly=st.integers(0, 4),
    failed=st.integers(0, 3),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]),
)


def reference(policy: Policy, backups: list[Backup]) -> set[str]:
    """Return what goes, by asking of each backup alone whether something keeps it."""
    own = [one for one in backups if one.cluster_uid == OURS]
    verified = [one for one in own if one.outcome == VERIFIED]
    ended = [one for one in own if one.outcome != RUNNING]
    if not policy.has_rule or not verified or max(ended, key=age_of).outcome == FAILED:
        return set()
    newest = max(verified, key=age_of)
    return {one.name for one in own if goes(policy, one, own, verified, newest)}


def goes(policy: Policy, one: Backup, own: list[Backup], verified: list[Backup], newest: Backup) -> bool:
    if one.outcome == RUNNING or age_of(one) >= age_of(newest):
        return False
    if one.outcome != VERIFIED:
        later = [x for x in own if x.outcome in (FAILED, UNVERIFIED) and age_of(one) < age_of(x) < age_of(newest)]
        return len(later) >= policy.failed
    newer = [x for x in verified if age_of(x) > age_of(one)]
    if len(newer) < policy.last or (policy.within is not None and one.taken >= newest.taken - policy.within):
        return False
    zone = ZoneInfo(policy.zone)
    for number, form in (
        (policy.hourly, "%Y-%m-%d %H %z"),
        (policy.daily, "%Y-%m-%d"),
        (policy.weekly, "%G-%V"),
        (policy.monthly, "%Y-%m"),
    ):
        period = f"{one.taken.astimezone(zone):{form}}"
        newer_periods = {f"{x.taken.astimezone(zone):{form}}" for x in newer}
        if period not in newer_periods and len(newer_periods) < number:
            return False
    return True


def age_of(one: Backup) -> tuple[datetime, str]:
    return one.taken, one.name


@settings(max_examples=200, deadline=None)
@given(fleets, policies)
def test_exactly_what_the_policy_says_is_removed(backups: list[Backup], policy: Policy) -> None:
    assert set(decided(policy, *backups).removed) == reference(policy, backups)


@settings(max_examples=200, deadline=None)
@given(fleets, policies)
def test_after_a_removal_nothing_more_goes_and_the_newest_is_there(backups: list[Backup], policy: Policy) -> None:
    gone = set(decided(policy, *backups).removed)
    left = [one for one in backups if one.name not in gone]
    assert decided(policy, *left).removed == ()
    verified = [one for one in backups if one.cluster_uid == OURS and one.outcome == VERIFIED]
    assert not verified or max(verified, key=age_of) in left
    assert all(one in left for one in backups if one.cluster_uid != OURS or one.outcome == RUNNING)


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_below_one_is_no_rule_of_its_own(number: int) -> None:
    assert removed(Policy(last=1, daily=number, hourly=number), backup(1), backup(2)) == {1}
