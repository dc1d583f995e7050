"""When a resource is looked at again, by its gates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from tests.support.builders import NOW, later

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.conditions import ConditionState, merge
from alluxio_operator.engine.gate import (
    AT_WORK,
    WHILE_NOT_READY,
    After,
    At,
    BackOff,
    Gate,
    OnEvent,
    Requeue,
    blocked,
    waiting,
)
from alluxio_operator.engine.requeue import LONGEST, next_look, poll, slowest, sooner

OPEN = Gate("Quorum", True, "Healthy", "3 of 3")
CLOSED = waiting("Masters", "no master serves")


def since(**began: datetime) -> tuple[Condition, ...]:
    return tuple(one for kind, at in began.items() for one in merge((), [ConditionState(kind, False, "R")], 1, at))


def look(*gates: Gate, now: datetime = NOW, conditions: tuple[Condition, ...] = (), also: tuple[Requeue, ...] = ()):
    return next_look(gates, conditions, now, also)


def test_what_is_open_waits_for_an_event():
    assert look(OPEN, OPEN) is None
    assert look() is None


def test_an_open_gate_may_ask_for_a_look():
    assert look(replace(OPEN, requeue=After(60))) == 60


@pytest.mark.parametrize(
    ("lasted", "wait"), [(0, 1.0), (59, 1.0), (120, 2.0), (600, 10.0), (900, 15.0), (86400, 15.0), (-30, 1.0)]
)
def test_a_closed_gate_is_looked_at_less_often_the_longer_it_lasts(lasted: int, wait: float):
    assert look(CLOSED, conditions=since(Masters=NOW), now=later(lasted)) == wait


def test_a_gate_that_no_status_has_spoken_of_is_looked_at_soon():
    assert look(CLOSED, conditions=()) == 1.0


def test_the_first_closed_gate_sets_the_default_and_not_the_youngest_one():
    conditions = since(Masters=NOW, Workers=later(600))

    assert look(OPEN, CLOSED, waiting("Workers", "m"), conditions=conditions, now=later(600)) == 10.0


@pytest.mark.parametrize("asked", [After(0), After(0.5), At(later(-3600))])
def test_no_requeue_is_sooner_than_a_second(asked: Requeue):
    assert look(replace(OPEN, requeue=asked)) == look(also=(asked,)) == 1.0


@pytest.mark.parametrize(("lasted", "wait"), [(-5, 1.0), (0, 1.0), (120, 2.0), (86400, 15.0)])
def test_work_under_way_is_looked_at_less_often_the_longer_it_lasts(lasted: int, wait: float):
    assert poll(NOW, later(lasted)) == wait


def test_an_operation_polls_no_more_often_than_for_the_user_who_has_to_act():
    refused = blocked("Configuration", "Refused", "no right")
    conditions = since(Configuration=NOW, Masters=NOW)

    assert slowest([refused, CLOSED], conditions, later(600)) == 10.0
    assert slowest([CLOSED], conditions, later(600)) == 0.0


def test_a_gate_with_a_requeue_of_its_own_leaves_the_default_to_the_next():
    window = waiting("UpToDate", "m", requeue=At(later(7200)))

    assert look(window, CLOSED, conditions=since(Masters=NOW), now=later(300)) == 5.0
    assert look(window) == LONGEST


def test_a_gate_that_an_event_opens_plans_nothing():
    assert look(waiting("UpToDate", "m", requeue=OnEvent())) is None


@pytest.mark.parametrize(("moment", "wait"), [(later(90), 90), (later(1e6), LONGEST), (NOW, 1.0), (later(-60), 1.0)])
def test_a_moment_is_met_and_a_distant_one_is_looked_for_once_an_hour(moment: datetime, wait: float):
    assert look(waiting("UpToDate", "m", requeue=At(moment))) == wait


def test_a_back_off_may_have_bounds_of_its_own():
    slow = waiting("Backup", "m", requeue=BackOff(least=10, most=600, share=0.5))
    conditions = since(Backup=NOW)

    assert [look(slow, conditions=conditions, now=later(after)) for after in (0, 60, 3600)] == [10, 30, 600]


def test_the_soonest_of_all_counts():
    gates = (replace(OPEN, requeue=After(60)), waiting("UpToDate", "m", requeue=At(later(30))))

    assert look(*gates) == 30
    assert look(*gates, also=(AT_WORK,)) == 1


def test_work_without_a_gate_asks_for_a_look_too():
    assert look(OPEN, also=(WHILE_NOT_READY,), conditions=since(Ready=NOW), now=later(240)) == 4.0
    assert next_look([OPEN], (), NOW, [None, After(15)]) == 15


def test_the_shorter_of_two_pauses_may_be_the_only_one():
    assert (sooner(None, 3), sooner(3, None), sooner(2, 3), sooner(None, None)) == (3, 3, 2, None)
