"""Which of several disruptive operations acts: a table of pairs, and how long each has been waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations, permutations

import pytest
from tests.support.builders import NOW

from alluxio_operator.api.status import OperationStatus
from alluxio_operator.engine.arbiter import ORDER, REQUEUE, arbitrate
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import WAITING, Operation

PAIRS = list(combinations(ORDER, 2))
"""Each with the one that goes first at its head, as the order is stated."""


def asking(name: str) -> Operation:
    gate = Gate("UpToDate", False, "Replacing", "small-worker-0")
    return Operation(
        name, status={name: "done"}, intent={name: "begun"}, effects=(f"{name} now",), gate=gate, disruption=name
    )


def test_the_order_is_the_one_that_is_documented():
    repairs = ("volume-protection", "heal", "restore", "restore-in-place", "rollback")
    assert (*repairs, "decommission", "members", "rollout", "expansion", "rebalance", "tuning") == ORDER


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("turned", [False, True])
def test_of_two_that_ask_one_acts_and_the_other_waits_for_it(first: str, second: str, turned: bool):
    both = [asking(first), asking(second)]

    decided = arbitrate(both[::-1] if turned else both, (), NOW)

    found = {one.name: one for one in decided.operations}
    assert found[first].effects == (f"{first} now",)
    waiting = found[second]
    assert (waiting.effects, waiting.intent, waiting.status) == ((), {}, {}), "nothing is recorded, done or changed"
    assert waiting.gate is not None
    assert (waiting.gate.passed, waiting.gate.reason) == (False, WAITING)
    assert f"the {second} waits for the {first} since {stamp(NOW)}" in waiting.gate.message
    assert waiting.requeue_after == REQUEUE.least
    assert [(one.name, one.waits_for) for one in decided.status] == [(first, None), (second, first)]


@pytest.mark.parametrize("three", list(permutations(("rollout", "heal", "tuning"))))
def test_of_three_the_first_in_the_order_acts(three: tuple[str, ...]):
    decided = arbitrate([asking(name) for name in three], (), NOW)

    assert [one.name for one in decided.operations if one.effects] == ["heal"]
    assert [(one.name, one.waits_for) for one in decided.status] == [
        ("heal", None),
        ("rollout", "heal"),
        ("tuning", "heal"),
    ]


def test_of_two_repairs_one_acts():
    first, second = asking("heal"), replace(asking("heal"), name="another")

    decided = arbitrate([first, second], (), NOW)

    assert [one.effects for one in decided.operations] == [first.effects, ()]
    assert [(one.name, one.waits_for) for one in decided.status] == [("heal", None)]
    waiting = decided.operations[1].gate
    assert waiting is not None
    assert f"the heal waits for another heal since {stamp(NOW)}" in waiting.message


def test_the_time_of_waiting_stays_while_the_same_one_is_waited_for():
    both = [asking("heal"), asking("rollout")]
    first = arbitrate(both, (), NOW)

    later = arbitrate(both, first.status, NOW + timedelta(minutes=5))

    assert later.status == first.status


def test_the_time_begins_again_when_another_one_is_waited_for():
    before = (
        OperationStatus(name="rollback", since=stamp(NOW)),
        OperationStatus(name="rollout", waits_for="rollback", since=stamp(NOW)),
    )
    later = NOW + timedelta(minutes=5)

    decided = arbitrate([asking("heal"), asking("rollout")], before, later)

    assert {one.name: one.since for one in decided.status} == {"heal": stamp(later), "rollout": stamp(later)}


def test_one_that_asks_for_nothing_is_in_no_ones_way():
    quiet = Operation("expansion", effects=("patch a claim",))

    decided = arbitrate([quiet, asking("tuning")], (), NOW)

    assert [one.effects for one in decided.operations] == [("patch a claim",), ("tuning now",)]
    assert [(one.name, one.waits_for) for one in decided.status] == [("tuning", None)]


def test_at_rest_the_status_says_nothing():
    before = (OperationStatus(name="rollout", since=stamp(NOW)),)

    assert arbitrate([Operation("journal")], before, NOW).status == ()


def test_a_name_that_has_no_place_in_the_order_is_a_defect():
    with pytest.raises(ValueError, match="not in tuple"):
        arbitrate([Operation("tidy", disruption="tidy")], (), NOW)
