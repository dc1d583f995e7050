"""When a scheduled backup starts: once for each moment, never two at once, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alluxio_operator.backups.due import Due, Existing, due_backup
from alluxio_operator.engine.schedule import LONGEST_NAME, Cron, Schedule
from alluxio_operator.engine.work import OwnerKey

CLUSTER = OwnerKey("AlluxioCluster", "data", "small")
NIGHTLY = Schedule("nightly", Cron("0 2 * * *"))
HOURLY = Schedule("hourly", Cron("0 * * * *"))


def utc(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2030, 5, day, hour, minute, second, tzinfo=UTC)


def due(schedule: Schedule, last: datetime, now: datetime, *existing: Existing) -> Due:
    return due_backup(schedule, CLUSTER, last, existing, now)


def test_a_backup_starts_at_its_moment_under_the_name_of_the_moment() -> None:
    found = due(NIGHTLY, utc(6, 2), utc(7, 2))
    assert found == Due(NIGHTLY.name_of(CLUSTER, utc(7, 2)), utc(7, 2), following=utc(8, 2))
    assert found.start is not None
    assert found.start.startswith("small-nightly-203005070200")
    assert due(NIGHTLY, utc(6, 2), utc(7, 1, 59)) == Due(following=utc(7, 2))


def test_a_recorded_moment_is_over() -> None:
    assert due(NIGHTLY, utc(7, 2), utc(7, 2, 1)) == Due(following=utc(8, 2))


def test_a_backup_that_was_created_but_not_recorded_is_recorded_only() -> None:
    name = NIGHTLY.name_of(CLUSTER, utc(7, 2))
    for unfinished in (True, False):
        found = due(NIGHTLY, utc(6, 2), utc(7, 2, 5), Existing(name, unfinished))
        assert found == Due(record=utc(7, 2), following=utc(8, 2))


def test_a_due_backup_waits_for_the_previous_one_and_starts_after_it() -> None:
    previous = HOURLY.name_of(CLUSTER, utc(7, 2))
    waiting = due(HOURLY, utc(7, 2), utc(7, 3, 10), Existing(previous, unfinished=True))
    assert waiting == Due(waits_for=previous, following=utc(7, 4))
    started = due(HOURLY, utc(7, 2), utc(7, 3, 20), Existing(previous))
    assert started.start == HOURLY.name_of(CLUSTER, utc(7, 3))


def test_after_downtime_one_backup_catches_up() -> None:
    found = due(HOURLY, utc(5, 2), utc(7, 9, 30))
    assert (found.start, found.record) == (HOURLY.name_of(CLUSTER, utc(7, 9)), utc(7, 9))
    assert due(HOURLY, utc(7, 9), utc(7, 9, 30)).start is None


def test_a_new_schedule_waits_for_its_first_moment() -> None:
    assert due(NIGHTLY, utc(7, 1), utc(7, 1, 30)) == Due(following=utc(7, 2))


def test_an_expression_that_never_matched_starts_nothing() -> None:
    leap = Schedule("leap", Cron("0 0 29 2 *"))
    assert due(leap, utc(1), utc(7)).start is None


# --- clocks ----------------------------------------------------------------------------------------------------------


def moments(schedule: Schedule, begin: datetime, end: datetime) -> list[str]:
    """Return the names of all backups that start, with a look every five minutes."""
    last, now, names = begin, begin, []
    while now <= end:
        found = due(schedule, last, now)
        if found.start:
            names.append(found.start)
        last = found.record or last
        now += timedelta(minutes=5)
    return names


def test_daylight_saving_time_neither_skips_nor_repeats_a_nightly_backup() -> None:
    schedule = Schedule("n", Cron("30 2 * * *", "Europe/Berlin"))
    spring = moments(schedule, datetime(2030, 3, 30, 12, tzinfo=UTC), datetime(2030, 4, 1, 12, tzinfo=UTC))
    autumn = moments(schedule, datetime(2030, 10, 26, 12, tzinfo=UTC), datetime(2030, 10, 28, 12, tzinfo=UTC))
    assert len(spring) == len(set(spring)) == 2
    assert len(autumn) == len(set(autumn)) == 2


def test_an_hourly_backup_runs_in_both_hours_of_a_clock_change() -> None:
    schedule = Schedule("h", Cron("0 * * * *", "Europe/Berlin"))
    names = moments(schedule, datetime(2030, 10, 26, 22, 1, tzinfo=UTC), datetime(2030, 10, 27, 4, 5, tzinfo=UTC))
    assert len(names) == len(set(names)) == 6


def test_a_clock_that_jumps_back_a_little_waits_for_the_recorded_moment() -> None:
    assert due(HOURLY, utc(7, 3), utc(7, 2, 59, 30)).start is None
    assert due(HOURLY, utc(7, 3), utc(7, 2, 1)).start is None


def test_a_clock_that_jumps_back_far_does_not_stop_the_schedule() -> None:
    # One backup was made when the clock was in 2031.
    wrong = datetime(2031, 1, 1, tzinfo=UTC)
    found = due(HOURLY, wrong, utc(7, 3, 10))
    assert (found.start, found.record) == (HOURLY.name_of(CLUSTER, utc(7, 3)), utc(7, 3))
    # A backup of the moment exists: nothing is repeated, and the record comes back from the future.
    there = Existing(HOURLY.name_of(CLUSTER, utc(7, 3)))
    assert due(HOURLY, wrong, utc(7, 3, 10), there) == Due(record=utc(7, 3), following=utc(7, 4))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(-180, 400), min_size=1, max_size=40))
def test_no_moment_starts_twice_however_the_clock_jumps(minutes: list[int]) -> None:
    last = now = utc(7, 12, 1)
    existing: list[Existing] = []
    for jump in minutes:
        now += timedelta(minutes=jump)
        found = due(HOURLY, last, now, *existing)
        assert found.start not in {one.name for one in existing}
        assert found.record is None or found.record <= now
        if found.start:
            existing.append(Existing(found.start))
        last = found.record or last
        assert due(HOURLY, last, now, *existing).start is None


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_of_clusters_and_schedules_never_collide() -> None:
    names = {
        Schedule(schedule, Cron("0 2 * * *")).name_of(OwnerKey("AlluxioCluster", "data", cluster), utc(7, 2))
        for cluster, schedule in (("a", "b-c"), ("a-b", "c"), ("a", "b"), ("x" * 63, "y" * 40), ("x" * 62, "y" * 41))
    }
    assert len(names) == 5
    assert all(len(name) <= LONGEST_NAME for name in names)


def test_names_of_one_schedule_differ_by_the_minute() -> None:
    every_minute = Schedule("m", Cron("* * * * *"))
    names = {every_minute.name_of(CLUSTER, utc(7, 2, minute)) for minute in range(60)}
    assert len(names) == 60
