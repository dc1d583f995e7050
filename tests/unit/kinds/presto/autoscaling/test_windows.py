"""The windows of Presto's schedules: the largest of those that are open, and the next change of any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.support.builders import NOW

from alluxio_operator.api.scaling import ScalingSchedule
from alluxio_operator.kinds.presto.autoscaling.windows import open_windows, problems


def schedule(start: str, end: str, zone: str = "UTC", replicas: int = 3, name: str = "day") -> ScalingSchedule:
    return ScalingSchedule(name=name, time_zone=zone, start=start, end=end, replicas=replicas)


DAY = schedule("0 7 * * *", "0 19 * * *")


@pytest.mark.parametrize("day", [(2030, 3, 31), (2030, 10, 27)])
def test_walking_a_change_of_the_clock_by_its_next_moments_never_misses_one(day: tuple[int, int, int]):
    zone = "Europe/Berlin"
    schedules = [schedule("30 1 * * *", "45 3 * * *", zone), schedule("0 7 * * *", "0 19 * * *", zone, 5, "office")]
    midnight = datetime(*day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    now = midnight - timedelta(hours=30)
    while now < midnight + timedelta(hours=48):
        found = open_windows(schedules, now)
        assert found.next_change is not None
        assert found.next_change > now
        between = now + (found.next_change - now - timedelta(seconds=1)) * 0.9
        assert open_windows(schedules, max(now, between)).schedules == found.schedules, (now, between)
        now = found.next_change


def test_of_windows_that_overlap_the_largest_counts():
    peak = schedule("0 9 * * *", "0 11 * * *", replicas=8, name="peak")
    inside, after = (open_windows([DAY, peak], datetime(2030, 5, 6, h, tzinfo=UTC)).largest for h in (10, 12))

    assert inside is not None
    assert inside.name == "peak"
    assert after is not None
    assert after.name == "day"


def test_the_next_change_is_the_soonest_of_all():
    peak = schedule("0 9 * * *", "0 11 * * *", name="peak")

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
        ({"start": "0 25 * * *"}, 'spec.autoscaling.schedules[day].start "0 25 * * *" is no cron expression'),
        ({"end": "0 0 31 2 *"}, 'spec.autoscaling.schedules[day].end "0 0 31 2 *" is no cron expression'),
    ],
)
def test_what_is_no_moment_is_refused_by_name(over: dict[str, Any], said: str):
    [problem] = problems([DAY.model_copy(update=over)], NOW)

    assert str(problem).startswith(said)
