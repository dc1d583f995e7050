"""The number of workers: the larger wish wins, the load is smoothed both ways, the clock is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.builders import NOW
from tests.support.presto import presto_spec

from alluxio_operator.api.presto_status import ScalingStatus
from alluxio_operator.kinds.presto.autoscaling.target import Load, target_of

LOAD = {"queriesPerWorker": 2, "scaleUpAfterSeconds": 30, "scaleDownAfterSeconds": 300}
DAY = {"name": "day", "start": "0 7 * * *", "end": "0 19 * * *", "replicas": 4}
NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)
NIGHT = datetime(2030, 5, 6, 3, tzinfo=UTC)


def autoscaling(**over: Any) -> Any:
    return presto_spec(autoscaling={"minReplicas": 1, "maxReplicas": 6, **over})


class Clock:
    """Asks again and again, as reconciles do, and keeps the status in between."""

    def __init__(self, spec: Any, now: datetime = NOW) -> None:
        self.spec, self.now = spec, now
        self.status: ScalingStatus | None = None

    def ask(self, load: Load | None, after: float = 0) -> int:
        self.now += timedelta(seconds=after)
        target = target_of(self.spec, self.status, load, self.now)
        self.status = target.status
        return target.workers


def queries(running: int, queued: int = 0, active: int = 1, processors: float | None = None) -> Load:
    return Load(running, queued, active, processors)


def test_without_autoscaling_the_spec_says_how_many():
    target = target_of(presto_spec(workers={"replicas": 7}), None, queries(100), NOW)

    assert (target.workers, target.status, target.changes_in) == (7, None, None)


def test_a_schedule_opens_and_closes_to_the_second():
    spec = autoscaling(schedules=[DAY])

    assert target_of(spec, None, None, NIGHT).workers == 1
    assert target_of(spec, None, None, NOON).workers == 4
    assert target_of(spec, None, None, NOON).changes_in == 7 * 3600
    assert target_of(spec, None, None, datetime(2030, 5, 6, 19, tzinfo=UTC)).workers == 1


def test_nights_without_any_worker_are_possible():
    spec = autoscaling(minReplicas=0, schedules=[DAY])

    assert target_of(spec, None, None, NIGHT).workers == 0


def test_the_least_is_the_specs_number_when_no_other_is_given():
    spec = presto_spec(workers={"replicas": 3}, autoscaling={"maxReplicas": 6, "schedules": [DAY]})

    assert target_of(spec, None, None, NIGHT).workers == 3


def test_more_is_followed_only_when_it_is_asked_for_long_enough():
    clock = Clock(autoscaling(load=LOAD))

    assert clock.ask(queries(8)) == 1
    assert clock.ask(queries(8), 29) == 1
    assert clock.ask(queries(8), 1) == 4


def test_a_short_peak_adds_nobody():
    clock = Clock(autoscaling(load=LOAD))
    clock.ask(queries(8))
    clock.ask(queries(0), 10)

    assert clock.ask(queries(8), 25) == 1, "the wait begins anew"


def test_of_what_was_asked_for_meanwhile_the_least_is_added():
    clock = Clock(autoscaling(load=LOAD))
    clock.ask(queries(12))
    clock.ask(queries(4), 15)

    assert clock.ask(queries(12), 15) == 2


def test_fewer_is_followed_only_after_a_while_and_down_to_the_largest_of_it():
    clock = Clock(autoscaling(load=LOAD))
    clock.ask(queries(12))
    assert clock.ask(queries(12), 30) == 6
    clock.ask(queries(0), 10)
    clock.ask(queries(5), 100)
    assert clock.ask(queries(0), 199) == 6
    assert clock.ask(queries(0), 1) == 3
    assert clock.ask(queries(0), 10) == 3
    assert clock.ask(queries(0), 300) == 1


def test_the_first_worker_comes_at_once_for_a_query_that_waits():
    clock = Clock(autoscaling(minReplicas=0, load=LOAD))

    assert clock.ask(queries(0, active=0)) == 0
    assert clock.ask(queries(0, queued=1, active=0), 5) == 1


def test_while_nobody_tells_the_load_its_part_stays():
    clock = Clock(autoscaling(load=LOAD))
    clock.ask(queries(12))
    clock.ask(queries(12), 30)

    assert clock.ask(None, 10_000) == 6


def test_the_larger_of_clock_and_load_wins_and_is_named():
    clock = Clock(autoscaling(schedules=[DAY], load=LOAD), NOON)
    clock.ask(queries(10))

    assert clock.ask(queries(10), 30) == 5
    assert clock.status is not None
    assert clock.status.reason == "load"
    clock.ask(queries(2), 10)
    assert clock.ask(queries(2), 300) == 4
    assert clock.status.reason == "schedule day"


def test_nothing_passes_the_most():
    clock = Clock(autoscaling(load=LOAD))
    clock.ask(queries(1000))

    assert clock.ask(queries(1000), 30) == 6


@pytest.mark.parametrize(("busy", "wanted"), [(0.9, 3), (0.63, 2), (0.3, 2), (0.1, 1)])
def test_processors_are_brought_to_their_share(busy: float, wanted: int):
    clock = Clock(autoscaling(load={"cpuPercent": 60, "scaleUpAfterSeconds": 0, "scaleDownAfterSeconds": 0}))
    clock.ask(queries(4, active=2, processors=0.6))

    assert clock.ask(queries(4, active=2, processors=busy), 1) == (wanted if busy != 0.3 else 1)


def test_the_next_look_is_when_a_wait_ends():
    spec = autoscaling(load=LOAD)
    first = target_of(spec, None, queries(8), NOW)

    assert first.changes_in == 30


def test_a_restart_in_between_loses_nothing():
    clock = Clock(autoscaling(load=LOAD))
    clock.ask(queries(8))
    clock.status = ScalingStatus.model_validate(clock.status.model_dump(by_alias=True, mode="json"))  # type: ignore[union-attr]

    assert clock.ask(queries(8), 30) == 4
