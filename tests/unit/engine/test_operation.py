"""Operations: what is recorded first, what is performed when, and what comes of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import (
    Answer,
    Operation,
    When,
    execute,
    intent_of,
    status_of,
)


def with_answers(operation: Operation, answers: Sequence[Answer]) -> Operation:
    return replace(operation, status={"answers": list(answers)})


def test_effects_are_performed_in_order_and_their_answers_conclude_the_operation():
    performed = []

    def perform(effect: str) -> str:
        performed.append(effect)
        return effect.upper()

    [done] = execute([Operation("one", effects=("a", "b"), conclude=with_answers)], When.AFTER_APPLY, perform)

    assert performed == ["a", "b"]
    assert done.status == {"answers": ["A", "B"]}


@pytest.mark.parametrize("when", When)
def test_an_operation_is_performed_at_its_point_only(when: When):
    performed: list[str] = []
    operations = [Operation(point.name, effects=(point.name,), when=point) for point in When]

    execute(operations, when, performed.append)

    assert performed == [when.name]


def test_an_operation_without_effects_is_not_concluded():
    quiet = Operation("quiet", conclude=with_answers)

    assert execute([quiet], When.AFTER_APPLY, str) == (quiet,)


def test_what_is_recorded_comes_of_all_operations():
    operations = [
        Operation("one", status={"a": 1}, intent={"a": 0}),
        Operation("two", status={"b": 2}, intent={}),
        Operation("three", status={"c": None}, intent={"c": 3}),
    ]

    assert intent_of(operations) == {"a": 0, "c": 3}
    assert status_of(operations) == {"a": 1, "b": 2, "c": None}


def test_one_that_is_held_changes_nothing():
    gate = Gate("UpToDate", False, "Replacing", "small-worker-0")
    operation = Operation("x", {"a": 1}, {"a": 0}, ("effect",), gate=gate, blocking=True, disruption="rollout")

    held = operation.held("the rollout waits", 5.0)

    assert (held.status, held.intent, held.effects, held.disruption) == ({}, {}, (), None)
    assert held.gate is not None
    assert held.gate.message == "the rollout waits"
    assert held.requeue_after == 5.0
    assert not held.blocking
