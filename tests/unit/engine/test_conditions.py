"""Conditions: since when something is so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.support.builders import NOW, later

from alluxio_operator.engine.conditions import ConditionState, find, holds, merge, moment, stamp

YES, NO, UNKNOWN = (
    ConditionState("Ready", True, "Well"),
    ConditionState("Ready", False, "Waiting", "for it"),
    ConditionState("Ready", None, "Dark"),
)


def test_a_condition_that_is_said_for_the_first_time_began_now():
    [condition] = merge((), [NO], generation=3, now=NOW)

    assert (condition.type, condition.status, condition.reason, condition.message) == (
        "Ready",
        "False",
        "Waiting",
        "for it",
    )
    assert condition.last_transition_time == "2030-01-02T03:04:05Z"
    assert condition.observed_generation == 3


def test_the_same_again_is_the_same_condition():
    before = merge((), [NO], 3, NOW)

    assert merge(before, [NO], 3, later(60)) == before


def test_another_reason_and_message_keep_the_time_of_the_status():
    [condition] = merge(merge((), [NO], 3, NOW), [ConditionState("Ready", False, "Crash", "it fell")], 4, later(60))

    assert (condition.reason, condition.message, condition.observed_generation) == ("Crash", "it fell", 4)
    assert condition.last_transition_time == stamp(NOW)


@pytest.mark.parametrize(("first", "second"), [(NO, YES), (YES, NO), (YES, UNKNOWN), (UNKNOWN, NO)])
def test_another_status_begins_now(first: ConditionState, second: ConditionState):
    [condition] = merge(merge((), [first], 3, NOW), [second], 3, later(60))

    assert condition.last_transition_time == stamp(later(60))


def test_what_is_no_longer_said_is_gone_and_the_order_is_as_said():
    before = merge((), [ConditionState("A", True, "R"), ConditionState("B", True, "R")], 1, NOW)

    assert [
        c.type for c in merge(before, [ConditionState("C", True, "R"), ConditionState("A", True, "R")], 1, NOW)
    ] == ["C", "A"]


def test_a_message_that_is_too_long_is_cut_to_what_the_api_takes():
    [condition] = merge((), [ConditionState("Ready", False, "Long", "x" * 5000)], 1, NOW)

    assert len(condition.message) == 4096


def test_looking_conditions_up():
    conditions = merge((), [YES, ConditionState("Degraded", False, "Fine")], 1, NOW)

    assert find(conditions, "Degraded") == conditions[1]
    assert find(conditions, "Other") is None
    assert holds(conditions, "Ready")
    assert not holds(conditions, "Degraded")
    assert not holds(conditions, "Other")


def test_a_moment_as_the_api_writes_it():
    east = datetime(2030, 1, 2, 5, 4, 5, 999999, tzinfo=timezone(timedelta(hours=2)))

    assert stamp(east) == "2030-01-02T03:04:05Z"
    assert moment("2030-01-02T03:04:05Z") == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
