"""Windows of a schedule: by the clock of their zone, over both changes of daylight saving, whatever was missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.support.builders import NOW

from alluxio_operator.api.scaling import ScalingSchedule
from alluxio_operator.kinds.presto.schedule import open_windows, problems


def window(start: str, end: str, zone: str = "UTC", replicas: int = 3, name: str = "day") -> ScalingSchedule:
    return ScalingSchedule(name=name, time_zone=zone, start=start, end=end, replicas=replicas)


def at(zone: str, *moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


def is_open(given: ScalingSchedule, moment: datetime) -> bool:
    return bool(open_windows([given], moment).windows)


DAY = window("0 7 * * *", "0 19 * * *")


@pytest.mark.parametrize(
    ("hour", "minute", "second", "wanted"),
    [(6, 59, 59, False), (7, 0, 0, True), (12, 0, 0, True), (18, 59, 59, True), (19, 0, 0, False), (3, 0, 0, False)],
)
def test_a_window_is_open_from_its_start_until_just_before_its_end(hour: int, minute: int, second: int, wanted: bool):
    assert is_open(DAY, datetime(2030, 5, 6, hour, minute, second, tzinfo=UTC)) is wanted


def test_a_window_over_midnight_is_open_on_both_sides():
    night = window("0 22 * * *", "0 6 * * *")

    assert is_open(night, datetime(2030, 5, 6, 23, 0, tzinfo=UTC))
    assert is_open(night, datetime(2030, 5, 6, 5, 59, tzinfo=UTC))
    assert not is_open(night, datetime(2030, 5, 6, 6, 0, tzinfo=UTC))


def test_weekdays_leave_the_weekend_out():
    week = window("0 7 * * 1-5", "0 19 * * 1-5")

    assert is_open(week, datetime(2030, 5, 10, 12, tzinfo=UTC))  # a Friday
    assert not is_open(week, datetime(2030, 5, 11, 12, tzinfo=UTC))


def test_start_and_end_in_one_moment_keep_it_open():
    assert is_open(window("0 0 * * *", "0 0 * * *"), datetime(2030, 5, 6, 0, 0, tzinfo=UTC))


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
        assert not is_open(office, at(zone, *day, 6, 59))
        assert is_open(office, at(zone, *day, 7, 0))
        assert is_open(office, at(zone, *day, 18, 59))
        assert not is_open(office, at(zone, *day, 19, 0))


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_a_start_in_the_skipped_hour_is_not_lost(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    early = window(f"5 {skipped} * * *", "0 19 * * *", zone)

    assert not is_open(early, at(zone, *spring, skipped - 1, 59))
    assert is_open(early, at(zone, *spring, skipped + 1, 0) + timedelta(minutes=1))


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_an_end_in_the_skipped_hour_is_not_lost(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    night = window("0 20 * * *", f"5 {skipped} * * *", zone)

    assert is_open(night, at(zone, *spring, skipped - 1, 59))
    assert not is_open(night, at(zone, *spring, skipped + 1, 0) + timedelta(minutes=1))


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_a_start_in_the_doubled_hour_comes_once(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    short = window(f"40 {doubled} * * *", f"50 {doubled} * * *", zone)
    opened = [
        minute
        for minute in range(-60, 180)
        if is_open(short, at(zone, *autumn, doubled, 0) + timedelta(minutes=minute))
        and not is_open(short, at(zone, *autumn, doubled, 0) + timedelta(minutes=minute - 1))
    ]

    assert len(opened) == 1


@pytest.mark.parametrize(("zone", "spring", "skipped", "autumn", "doubled"), CHANGES)
def test_walking_a_change_by_its_next_moments_never_misses_one(
    zone: str, spring: tuple[int, int, int], skipped: int, autumn: tuple[int, int, int], doubled: int
):
    windows = [window("30 1 * * *", "45 3 * * *", zone), window("0 7 * * *", "0 19 * * *", zone, 5, "office")]
    for day in (spring, autumn):
        now = at(zone, *day, 0, 0) - timedelta(hours=30)
        while now < at(zone, *day, 0, 0) + timedelta(hours=48):
            found = open_windows(windows, now)
            assert found.next_change is not None
            assert found.next_change > now
            between = now + (found.next_change - now - timedelta(seconds=1)) * 0.9
            assert open_windows(windows, max(now, between)).windows == found.windows, (zone, now, between)
            now = found.next_change


# --- several windows, downtime, bad input -------------------------------------------------------------------------


def test_of_windows_that_overlap_the_largest_counts():
    peak = window("0 9 * * *", "0 11 * * *", replicas=8, name="peak")
    inside, after = (open_windows([DAY, peak], datetime(2030, 5, 6, h, tzinfo=UTC)).largest for h in (10, 12))

    assert inside is not None
    assert inside.name == "peak"
    assert after is not None
    assert after.name == "day"


def test_after_any_downtime_the_answer_is_that_of_the_moment():
    before, later = datetime(2030, 5, 6, 6, tzinfo=UTC), datetime(2030, 8, 1, 12, tzinfo=UTC)

    assert not is_open(DAY, before)
    assert is_open(DAY, later), "nothing is remembered that a missed start could have left behind"


def test_the_next_change_is_the_soonest_of_all():
    peak = window("0 9 * * *", "0 11 * * *", name="peak")

    found = open_windows([DAY, peak], datetime(2030, 5, 6, 8, tzinfo=UTC))

    assert found.next_change == datetime(2030, 5, 6, 9, tzinfo=UTC)
    assert open_windows([], NOW).next_change is None


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (
            {"time_zone": "Europe/Atlantis"},
            'spec.autoscaling.schedules[day].timeZone "Europe/Atlantis" is no time zone',
        ),
        ({"start": "0 25 * * *"}, 'spec.autoscaling.schedules[day].start "0 25 * * *" isn\'t a moment'),
        ({"end": "0 0 31 2 *"}, 'spec.autoscaling.schedules[day].end "0 0 31 2 *" isn\'t a moment'),
    ],
)
def test_what_is_no_moment_is_refused_by_name(over: dict[str, Any], said: str):
    [problem] = problems([DAY.model_copy(update=over)], NOW)

    assert str(problem).startswith(said)
