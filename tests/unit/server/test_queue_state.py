"""The queue's rules for each owner, one by one; time is a number."""

from __future__ import annotations

import math

import pytest
from queue_requests import CHILD, EDIT, REQUEUE, RESYNC, ask, drain, key, take

from alluxio_operator.engine.work import Reason
from alluxio_operator.server.queue_state import LONGEST_WAIT, MOST_CHILDREN, OVERDUE_SHARE, QueueState


def test_edits_go_before_children_before_requeues_before_resyncs() -> None:
    state = QueueState()
    for name, reason in (("d", RESYNC), ("c", REQUEUE), ("b", CHILD), ("a", EDIT)):
        state.add(ask(name, reason), 0)
    assert drain(state) == ["a", "b", "c", "d"]


def test_first_come_first_served_within_a_reason() -> None:
    state = QueueState()
    for name in ("c", "a", "b"):
        state.add(ask(name, CHILD), 0)
    state.add(ask("c", CHILD), 1)
    assert drain(state) == ["c", "a", "b"]


def test_a_waiting_owner_merges_children_and_takes_the_more_urgent_reason() -> None:
    state = QueueState()
    state.add(ask("a", RESYNC, "x", everything=True), 0)
    state.add(ask("a", EDIT), 0)
    state.add(ask("a", CHILD, "y"), 0)
    assert take(state) == ask("a", EDIT, "x", "y", everything=True)
    assert state.take(0) is None


def test_a_resync_alone_does_not_ask_for_everything() -> None:
    state = QueueState()
    state.add(ask("a", RESYNC), 0)
    assert not take(state).everything


@pytest.mark.parametrize(("count", "everything"), [(MOST_CHILDREN, False), (MOST_CHILDREN + 1, True)])
def test_too_many_children_become_everything(count: int, everything: bool) -> None:
    in_steps, at_once = QueueState(), QueueState()
    names = [str(n) for n in range(count)]
    at_once.add(ask("a", CHILD, *names), 0)
    for name in names:
        in_steps.add(ask("a", CHILD, name), 0)
    for state in (in_steps, at_once):
        request = take(state)
        assert request.everything is everything
        assert len(request.children) == (0 if everything else count)


def test_an_owner_added_while_it_runs_waits_until_it_is_done() -> None:
    state = QueueState()
    state.add(ask("a"), 0)
    take(state)
    state.add(ask("a", CHILD, "x"), 1)
    state.add(ask("a", CHILD, "y"), 2)
    assert state.take(3) is None
    assert state.depth(CHILD) == 0
    state.done(key("a"), 0.0)
    taken = state.take(5)
    assert taken is not None
    assert taken.request == ask("a", CHILD, "x", "y")
    assert taken.waited == 4


def test_owners_run_side_by_side() -> None:
    state = QueueState()
    state.add(ask("a"), 0)
    state.add(ask("b"), 0)
    take(state), take(state)
    assert state.running() == {key("a"), key("b")}


def test_done_for_what_does_not_run_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        QueueState().done(key("a"), 0.0)


def test_an_overdue_resync_is_served_while_edits_keep_coming() -> None:
    state = QueueState()
    state.add(ask("old", RESYNC), 0)
    served = []
    now = LONGEST_WAIT + 1
    for n in range(OVERDUE_SHARE):
        state.add(ask(f"edit-{n}"), now)
        served.append(take(state, now).key.name)
    assert served == ["edit-0", "edit-1", "edit-2", "old"]


def test_edits_are_served_while_a_large_resync_is_overdue() -> None:
    state = QueueState()
    for n in range(100):
        state.add(ask(f"r{n}", RESYNC), 0)
    now = LONGEST_WAIT + 1
    for n in range(3):
        state.add(ask(f"edit-{n}"), now)
    assert drain(state, now)[:5] == ["edit-0", "edit-1", "edit-2", "r0", "r1"]


def test_an_owner_that_is_asked_for_again_does_not_become_younger() -> None:
    state = QueueState()
    state.add(ask("old", RESYNC), 0)
    state.add(ask("old", RESYNC), 50)
    state.add(ask("old", REQUEUE), 55)
    now = LONGEST_WAIT + 1
    for n in range(OVERDUE_SHARE):
        state.add(ask(f"edit-{n}"), now)
    assert drain(state, now)[OVERDUE_SHARE - 1] == "old"


def test_a_planned_look_comes_at_its_time() -> None:
    state = QueueState()
    state.add_later(ask("a", REQUEUE), 10)
    assert state.next_wake() == 10
    assert state.take(9.9) is None
    assert take(state, 10) == ask("a", REQUEUE)
    assert state.next_wake() == math.inf


@pytest.mark.parametrize("times", [(10, 20), (20, 10)])
def test_the_earlier_of_two_planned_looks_counts_and_is_the_only_one(times: tuple[int, int]) -> None:
    state = QueueState()
    state.add_later(ask("a", REQUEUE, "x"), times[0])
    state.add_later(ask("a", REQUEUE, "y"), times[1])
    assert state.next_wake() == 10
    assert take(state, 10) == ask("a", REQUEUE, "x", "y")
    state.done(key("a"), 0.0)
    assert state.take(30) is None


def test_a_planned_look_is_taken_in_by_an_earlier_reconcile() -> None:
    state = QueueState()
    state.add_later(ask("a", REQUEUE, "x", everything=True), 10)
    state.add(ask("a", EDIT), 5)
    assert take(state, 5) == ask("a", EDIT, "x", everything=True)
    state.done(key("a"), 0.0)
    assert state.take(20) is None
    assert state.next_wake() == math.inf


def test_a_look_that_was_taken_in_does_not_bring_a_later_one_forward() -> None:
    state = QueueState()
    state.add_later(ask("a", REQUEUE), 10)
    state.add(ask("a"), 5)
    take(state, 5)
    state.add_later(ask("a", REQUEUE), 60)
    state.done(key("a"), 0.0)
    assert state.next_wake() == 60
    assert state.take(10) is None


def test_a_look_planned_at_the_end_of_a_reconcile_stays() -> None:
    state = QueueState()
    state.add(ask("a"), 0)
    take(state)
    state.add_later(ask("a", REQUEUE), 10)
    state.done(key("a"), 0.0)
    assert state.take(9) is None
    assert take(state, 10) == ask("a", REQUEUE)


def test_a_planned_look_that_falls_into_a_reconcile_follows_it() -> None:
    state = QueueState()
    state.add(ask("a"), 0)
    take(state)
    state.add_later(ask("a", REQUEUE), 1)
    assert state.take(2) is None
    state.done(key("a"), 0.0)
    assert take(state, 3) == ask("a", REQUEUE)


def test_the_depth_counts_who_waits_by_reason() -> None:
    state = QueueState()
    state.add(ask("a", RESYNC), 0)
    state.add(ask("b", RESYNC), 0)
    state.add(ask("a", EDIT), 0)
    state.add_later(ask("c", REQUEUE), 10)
    assert [state.depth(reason) for reason in Reason] == [1, 0, 0, 1]
    drain(state)
    assert [state.depth(reason) for reason in Reason] == [0, 0, 0, 0]
