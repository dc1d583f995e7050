"""Recurring moments by the clock of a zone, over both changes of daylight saving, whatever was missed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alluxio_operator.engine.schedule import LONGEST_NAME, Cron, Occurrence, Schedule, Window, problems
from alluxio_operator.engine.work import OwnerKey

NOW = datetime(2030, 5, 6, 12, tzinfo=UTC)
OWNER = OwnerKey("AlluxioCluster", "data", "small")


def window(start: str, end: str, zone: str = "UTC") -> Window:
    return Window(Cron(start, zone), Cron(end, zone))


def at(zone: str, *moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


DAY = window("0 7 * * *", "0 19 * * *")
NIGHTLY = Schedule("nightly", Cron("0 2 * * *"))

# --- windows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "second", "wanted"),
    [(6, 59, 59, False), (7, 0, 0, True), (12, 0, 0, True), (18, 59, 59, True), (19, 0, 0, False), (3, 0, 0, False)],
)
def test_a_window_is_open_from_its_start_until_just_before_its_end(hour: int, minute: int, second: int, wanted: bool):
    assert DAY.is_open(datetime(2030, 5, 6, hour, minute, second, tzinfo=UTC)) is wanted


def test_a_window_over_midnight_is_open_on_both_sides():
    night = window("0 22 * * *", "0 6 * * *")

    assert night.is_open(datetime(2030, 5, 6, 23, 0, tzinfo=UTC))
    assert night.is_open(datetime(2030, 5, 6, 5, 59, tzinfo=UTC))
    assert not night.is_open(datetime(2030, 5, 6, 6, 0, tzinfo=UTC))


def test_weekdays_leave_the_weekend_out():
    week = window("0 7 * * 1-5", "0 19 * * 1-5")

    assert week.is_open(datetime(2030, 5, 10, 12, tzinfo=UTC))  # a Friday
    assert not week.is_open(datetime(2030, 5, 11, 12, tzinfo=UTC))


def test_start_and_end_in_one_moment_keep_it_open():
    assert window("0 0 * * *", "0 0 * * *").is_open(datetime(2030, 5, 6, 0, 0, tzinfo=UTC))


# --- daylight saving: skipped hours, doubled hours ----------------------------------------------------------------

CHANGES = [
    # zone, the day that skips an hour and the hour that isn't there, the day that has one twice and that hour
    ("Europe/Berlin", (2030, 3, 31), 2, (2030, 10, 27), 2),
    ("America/New_York", (2030, 3, 10), 2, (2030, 11, 3), 1),
    ("Australia/Lord_Howe", (2030, 10, 6), 2, (2030, 4, 7), 1),
]


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_office_hours_keep_to_the_clock_on_both_days_of_the_change(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    office = window("0 7 * * *", "0 19 * * *", zone)

    for day in (spring, autumn):
        assert not office.is_open(at(zone, *day, 6, 59))
        assert office.is_open(at(zone, *day, 7, 0))
        assert office.is_open(at(zone, *day, 18, 59))
        assert not office.is_open(at(zone, *day, 19, 0))


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_a_start_in_the_skipped_hour_is_not_lost(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    early = window(f"5 {skipped} * * *", "0 19 * * *", zone)

    assert not early.is_open(at(zone, *spring, skipped - 1, 59))
    assert early.is_open(at(zone, *spring, skipped + 1, 0) + timedelta(minutes=1))


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_an_end_in_the_skipped_hour_is_not_lost(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    night = window("0 20 * * *", f"5 {skipped} * * *", zone)

    assert night.is_open(at(zone, *spring, skipped - 1, 59))
    assert not night.is_open(at(zone, *spring, skipped + 1, 0) + timedelta(minutes=1))


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_a_start_in_the_doubled_hour_comes_once(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    short = window(f"40 {doubled} * * *", f"50 {doubled} * * *", zone)
    opened = [
        minute
        for minute in range(-60, 180)
        if short.is_open(at(zone, *autumn, doubled, 0) + timedelta(minutes=minute))
        and not short.is_open(at(zone, *autumn, doubled, 0) + timedelta(minutes=minute - 1))
    ]

    assert len(opened) == 1


@pytest.mark.parametrize(
    ("after", "is_open"),
    [(timedelta(0), True), (timedelta(minutes=89), True), (timedelta(minutes=90), False), (timedelta(hours=-1), False)],
)
def test_a_window_can_last_a_time_instead(after: timedelta, is_open: bool):
    night = Window(Cron("0 2 * * 6"), timedelta(minutes=90))
    saturday = datetime(2030, 5, 11, 2, tzinfo=UTC)

    assert night.is_open(saturday + after) is is_open


def test_a_window_that_lasts_a_time_says_when_it_closes_and_opens():
    night = Window(Cron("0 2 * * *"), timedelta(hours=3))
    opens = datetime(2030, 5, 6, 2, tzinfo=UTC)

    assert night.next_change(opens - timedelta(hours=1)) == opens
    assert night.next_change(opens) == opens + timedelta(hours=3)
    assert night.next_change(opens + timedelta(hours=3)) == opens + timedelta(days=1)


def test_a_window_that_never_opens_is_closed():
    never = Window(Cron("0 0 30 2 1"), timedelta(hours=1))

    assert Window(Cron("0 0 29 2 *"), timedelta(hours=1)).next_change(NOW) == datetime(2032, 2, 29, tzinfo=UTC)
    assert not never.is_open(NOW)


def test_after_any_downtime_a_window_is_what_it_is_at_the_moment():
    assert not DAY.is_open(datetime(2030, 5, 6, 6, tzinfo=UTC))
    assert DAY.is_open(datetime(2030, 8, 1, 12, tzinfo=UTC)), "nothing is remembered that a missed start leaves behind"


# --- every moment around a change of the clock, against a plain search of all minutes --------------------------------

HALF_AN_HOUR = "Australia/Lord_Howe"
ZONES = {
    "Europe/Berlin": ((2030, 3, 31), (2030, 10, 27)),
    "America/New_York": ((2030, 3, 10), (2030, 11, 3)),
    "America/St_Johns": ((2030, 3, 10), (2030, 11, 3)),
    # Half an hour, two hours, a change at midnight, and none at all.
    HALF_AN_HOUR: ((2030, 10, 6), (2030, 4, 7)),
    "Antarctica/Troll": ((2030, 3, 31), (2030, 10, 27)),
    "America/Havana": ((2030, 3, 10), (2030, 11, 3)),
    "Asia/Kathmandu": ((2030, 3, 31), (2030, 10, 27)),
}
AROUND = timedelta(hours=36)


@cache
def minutes(zone: str, day: tuple[int, int, int]) -> tuple[tuple[datetime, datetime], ...]:
    """Return each minute around the day, in UTC and by the zone's clock."""
    start = at(zone, *day, 0, 0) - AROUND
    found = (start + timedelta(minutes=one) for one in range(int(2 * AROUND.total_seconds() // 60) + 24 * 60))
    return tuple((moment, moment.astimezone(ZoneInfo(zone))) for moment in found)


def interval(zone: str, day: tuple[int, int, int], matches: Callable[[datetime], bool]) -> list[datetime]:
    """Return the moments of an expression that goes on by the clock: each minute that matches."""
    return [moment for moment, local in minutes(zone, day) if matches(local)]


def daily(zone: str, day: tuple[int, int, int], hour: int, minute: int) -> list[datetime]:
    """Return the moments of a time of the day: the first minute of each day that isn't earlier by the clock."""
    found: dict[object, datetime] = {}
    for moment, local in minutes(zone, day):
        if (local.hour, local.minute) >= (hour, minute):
            found.setdefault(local.date(), moment)
    first = minutes(zone, day)[0][1].date()
    return [moment for date, moment in found.items() if date != first]


@st.composite
def expressions(draw: st.DrawFn) -> tuple[Cron, list[datetime]]:
    """Return an expression around a change of the clock, and its moments."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    day = draw(st.sampled_from(ZONES[zone]))
    minute, every = draw(st.integers(0, 59)), draw(st.sampled_from([5, 10, 15, 20, 30]))
    # Most of the clock's changes happen in the first hours of a day.
    hour = draw(st.integers(0, 4) | st.integers(0, 23))
    # The library loses moments of an interval where the clock changes by half an hour.
    forms = ["daily"] if zone == HALF_AN_HOUR else ["daily", "hourly", "every", "within"]
    match draw(st.sampled_from(forms)):
        case "daily":
            return Cron(f"{minute} {hour} * * *", zone), daily(zone, day, hour, minute)
        case "hourly":
            return Cron(f"{minute} * * * *", zone), interval(zone, day, lambda local: local.minute == minute)
        case "every":
            return Cron(f"*/{every} * * * *", zone), interval(zone, day, lambda local: local.minute % every == 0)
        case _:
            found = interval(zone, day, lambda local: local.hour == hour and local.minute % every == 0)
            return Cron(f"*/{every} {hour} * * *", zone), found


def last_of(moments: Sequence[datetime], now: datetime) -> datetime | None:
    return max((one for one in moments if one <= now), default=None)


# Two days from the first of three daily moments to the last, or an hour less where the clock goes forward.
@given(expressions(), st.integers(0, 47 * 3600 - 1), st.integers(0, 999_999))
@settings(max_examples=300)
def test_no_moment_is_missed_or_doubled_around_a_change_of_the_clock(
    made: tuple[Cron, list[datetime]], seconds: int, microseconds: int
):
    cron, moments = made
    now = moments[0] + timedelta(seconds=seconds, microseconds=microseconds)
    following = min(one for one in moments if one > now)

    assert cron.around(now) == (last_of(moments, now), following)


@given(expressions(), st.lists(st.integers(120, 299), min_size=20, max_size=40))
@settings(max_examples=20)
def test_a_scheduler_that_looks_often_enough_starts_each_moment_once(
    made: tuple[Cron, list[datetime]], steps: list[int]
):
    cron, moments = made
    schedule = Schedule("s", cron)
    begin = now = last = hours_before_change(cron, moments)
    started: list[datetime] = []
    for step in steps * 4:
        now += timedelta(seconds=step)
        if found := schedule.due(last, now):
            started.append(found.at)
            last = found.at

    assert started == [one for one in moments if begin < one <= now]
    names = [schedule.name_of(OWNER, one) for one in started]
    assert len(set(names)) == len(names)


def hours_before_change(cron: Cron, moments: Sequence[datetime]) -> datetime:
    """Return the time two hours before the clock changes, or the first moment where it doesn't."""
    zone = ZoneInfo(cron.zone)
    for before, after in pairwise(moments[0] + timedelta(minutes=one) for one in range(48 * 60)):
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            return max(before - timedelta(hours=2), moments[0])
    return moments[0]


@given(expressions(), st.integers(0, 40), st.integers(0, 46 * 3600))
@settings(max_examples=100)
def test_after_a_downtime_exactly_one_occurrence_is_caught_up_with(
    made: tuple[Cron, list[datetime]], recorded: int, seconds: int
):
    cron, moments = made
    schedule = Schedule("s", cron)
    last = moments[min(recorded, len(moments) - 1)]
    now = last + timedelta(seconds=seconds)
    if now >= moments[-1]:
        return
    newest = last_of(moments, now)
    found = schedule.due(last, now)

    assert found == (Occurrence(newest) if newest and newest > last else None)
    if found:
        assert schedule.due(found.at, now) is None, "the older ones are not caught up with"
        following = min(one for one in moments if one > now)
        assert schedule.due(found.at, following - timedelta(seconds=1)) is None
        assert schedule.due(found.at, following) == Occurrence(following)


def test_a_window_is_open_in_the_last_second_before_the_clock_goes_back():
    # The hour from midnight comes twice on this day in Havana: after 04:59:59 UTC, or 00:59:59, it is 00:00 again.
    opened = datetime(2030, 11, 3, 4, 51, tzinfo=UTC)
    window = Window(Cron("51 0 * * *", "America/Havana"), timedelta(minutes=30))
    seconds = [opened + timedelta(seconds=number) for number in range(-2, 1802)]
    assert [one for one in seconds if window.is_open(one)] == seconds[2:-2]


@given(expressions(), expressions(), st.integers(30, 600), st.integers(0, 40 * 3600))
@settings(max_examples=60)
def test_between_two_changes_a_window_stays_as_it_is(
    opens: tuple[Cron, list[datetime]], closes: tuple[Cron, list[datetime]], lasts: int, seconds: int
):
    cron, moments = opens
    start = moments[0] + timedelta(seconds=seconds)
    closing = "45 1 * * *" if cron.zone == HALF_AN_HOUR else closes[0].expression
    for made in (Window(cron, timedelta(minutes=lasts)), Window(cron, Cron(closing, cron.zone))):
        now = start
        for _ in range(6):
            changes = made.next_change(now)
            assert changes is not None
            assert changes > now
            for part in (0.3, 0.7, 1.0):
                between = now + (changes - now - timedelta(seconds=1)) * part
                assert made.is_open(max(now, between)) is made.is_open(now), (made, now, between)
            now = changes


# --- occurrences ---------------------------------------------------------------------------------------------------


def test_a_new_schedule_does_not_catch_up_with_what_was_before_it():
    created = datetime(2030, 5, 6, 1, 59, tzinfo=UTC)

    assert NIGHTLY.due(created, created) is None
    assert NIGHTLY.due(created, created + timedelta(minutes=1)) == Occurrence(datetime(2030, 5, 6, 2, tzinfo=UTC))


def test_a_clock_that_is_set_back_starts_nothing_twice():
    last = datetime(2030, 5, 6, 2, tzinfo=UTC)

    assert NIGHTLY.due(last, last - timedelta(hours=3)) is None
    assert NIGHTLY.due(last, last + timedelta(hours=3)) is None


def test_an_occurrence_that_could_not_start_in_time_is_skipped():
    schedule = Schedule("nightly", Cron("0 2 * * *"), starting_deadline=timedelta(hours=1))
    last, moment = datetime(2030, 5, 3, 2, tzinfo=UTC), datetime(2030, 5, 6, 2, tzinfo=UTC)

    assert schedule.due(last, moment + timedelta(hours=1)) == Occurrence(moment)
    assert schedule.due(last, moment + timedelta(hours=1, seconds=1)) == Occurrence(moment, "DeadlineExceeded")


def test_while_the_previous_one_runs_a_moment_is_skipped_for_good():
    last, moment = datetime(2030, 5, 5, 2, tzinfo=UTC), datetime(2030, 5, 6, 2, tzinfo=UTC)
    found = NIGHTLY.due(last, moment + timedelta(minutes=5), running=True)

    assert found == Occurrence(moment, "PreviousRunning")
    assert NIGHTLY.due(found.at, moment + timedelta(hours=1)) is None, "it isn't put off until the other one ends"
    assert NIGHTLY.due(last, last + timedelta(hours=1), running=True) is None


def test_the_name_of_an_occurrence_has_its_minute_in_utc():
    moment = at("Europe/Berlin", 2030, 5, 6, 4, 0)

    name = NIGHTLY.name_of(OWNER, moment)

    assert re.fullmatch(r"small-nightly-203005060200-[0-9a-f]{6}", name)
    assert NIGHTLY.name_of(OWNER, moment.astimezone(ZoneInfo("Europe/Berlin"))) == name


def test_owners_and_schedules_of_one_joined_name_have_different_occurrence_names():
    cron = Cron("0 2 * * *")
    names = {
        Schedule(schedule, cron).name_of(OwnerKey(kind, "data", owner), NOW)
        for kind, owner, schedule in (
            ("AlluxioCluster", "a-b", "c"),
            ("AlluxioCluster", "a", "b-c"),
            ("Presto", "a", "b-c"),
        )
    }

    assert len(names) == 3


@given(st.from_regex(r"[a-z]([-a-z0-9]{0,60}[a-z0-9])?", fullmatch=True), st.text("ab-", min_size=1, max_size=63))
def test_the_name_of_an_occurrence_is_a_label_however_long_its_parts_are(owner: str, schedule: str):
    name = Schedule(schedule.strip("-") or "s", Cron("0 2 * * *")).name_of(OwnerKey("Presto", "data", owner), NOW)

    assert len(name) <= LONGEST_NAME
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "start", "said"),
    [
        ("Europe/Atlantis", "0 2 * * *", 'spec.zone "Europe/Atlantis" is no time zone; use a name of the IANA'),
        ("UTC", "0 25 * * *", 'spec.start "0 25 * * *" is no cron expression: bad hour; use minute, hour'),
        ("UTC", "0 0 31 2 *", 'spec.start "0 0 31 2 *" is no cron expression: bad day-of-month; use minute'),
    ],
)
def test_what_is_no_moment_is_refused_by_name(zone: str, start: str, said: str):
    [problem] = problems(("spec.zone", zone), {"spec.start": start}, NOW)

    assert str(problem).startswith(said)


def test_several_expressions_are_judged_at_once():
    found = list(problems(("spec.zone", "UTC"), {"spec.start": "0 25 * * *", "spec.end": "x"}, NOW))

    assert [problem.field for problem in found] == ["spec.start", "spec.end"]
    assert list(problems(("spec.zone", "UTC"), {"spec.start": "0 7 * * *"}, NOW)) == []
