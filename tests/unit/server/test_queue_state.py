"""The queue's rules, one by one; time is a number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.server.queue import (
    LONGEST_WAIT,
    MOST_CHILDREN,
    OVERDUE_SHARE,
    SLOW,
    SLOW_FOR,
    Backoff,
    QueueState,
)

EDIT, CHILD, REQUEUE, RESYNC = Reason


def key(name: str) -> OwnerKey:
    """Return the key of NAME, or of NAMESPACE/NAME."""
    namespace, _, name = name.rpartition("/")
    return OwnerKey("AlluxioCluster", namespace or "data", name)


def ask(name: str, reason: Reason = EDIT, *children: str, everything: bool = False) -> Request:
    refs = frozenset(ChildRef("StatefulSet", child) for child in children)
    return Request(key(name), reason, refs, everything)


def take(state: QueueState, now: float = 0.0) -> Request:
    taken = state.take(now)
    assert taken is not None
    return taken.request


def drain(state: QueueState, now: float = 0.0) -> list[str]:
    names = []
    while (taken := state.take(now)) is not None:
        names.append(taken.request.key.name)
        state.done(taken.request.key, now)
    return names


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


def test_backoff_doubles_up_to_its_limit_and_jitter_only_shortens() -> None:
    backoff = Backoff()
    assert [backoff.delay(n, 0) for n in (1, 2, 3, 10, 11, 5000)] == [0.5, 1, 2, 256, 300, 300]
    assert backoff.delay(1, 0.999) == pytest.approx(0.375, abs=0.001)


def made_slow(*names: str, max_slow: int) -> QueueState:
    """Return a queue whose last reconcile of each owner ended at 0 and was slow."""
    state = QueueState(max_slow)
    for name in names:
        state.add(ask(name), -2 * SLOW)
        take(state, -2 * SLOW)
        state.done(key(name), 0)
    return state


def test_slow_owners_leave_a_worker_to_the_others() -> None:
    state = made_slow("s/1", "s/2", "s/3", max_slow=2)
    for name in ("s/1", "s/2", "s/3", "f/fast"):
        state.add(ask(name), 1)

    taken = [take(state, 1).key.name for _ in range(3)]

    assert set(taken) == {"1", "2", "fast"}
    assert state.take(1) is None, "the third slow owner waits, though no worker is asked for"


def test_a_new_owner_in_the_namespace_of_a_slow_one_is_held_as_well() -> None:
    state = made_slow("s/1", max_slow=1)
    for name in ("s/1", "s/new", "f/fast"):
        state.add(ask(name), 1)

    assert [take(state, 1).key.name for _ in range(2)] == ["fast", "1"]
    assert state.take(1) is None


def test_a_reconcile_counts_as_slow_while_it_runs() -> None:
    state = made_slow("s/1", max_slow=1)
    state.add(ask("new/1"), 1)
    take(state, 1)
    state.add(ask("s/1"), 1 + 2 * SLOW)

    assert state.take(1 + 2 * SLOW) is None
    state.done(key("new/1"), 1 + 3 * SLOW)
    assert take(state, 1 + 3 * SLOW).key.namespace == "s"


def test_a_slow_owner_goes_on_once_another_one_is_done() -> None:
    state = made_slow("s/1", "s/2", max_slow=1)
    for name in ("s/1", "s/2"):
        state.add(ask(name), 1)
    assert take(state, 1).key.name == "1"
    assert state.take(1) is None

    state.done(key("s/1"), 1 + 2 * SLOW)

    assert take(state, 1 + 2 * SLOW).key.name == "2"


def test_a_held_owner_keeps_its_place_and_what_it_waits_for() -> None:
    state = made_slow("s/1", "s/2", max_slow=1)
    state.add(ask("s/1"), 1)
    assert take(state, 1).key.name == "1"
    state.add(ask("s/2", CHILD, "a"), 1)
    assert state.take(1) is None
    state.add(ask("s/2", EDIT, "b"), 2)
    state.done(key("s/1"), 5)

    taken = state.take(5)

    assert taken is not None
    assert (taken.waited, taken.request) == (4, ask("s/2", EDIT, "a", "b"))
    assert state.take(6) is None


@pytest.mark.parametrize(("later", "held"), [(SLOW_FOR - 1, True), (SLOW_FOR + 1, False)])
def test_a_namespace_is_slow_for_a_while_even_if_its_next_reconcile_is_fast(later: float, held: bool) -> None:
    state = made_slow("s/1", "s/2", max_slow=1)
    state.add(ask("s/2"), 1)
    take(state, 1)
    state.done(key("s/2"), 1)
    for name in ("s/1", "s/2"):
        state.add(ask(name), later)

    assert take(state, later)
    assert (state.take(later) is None) == held


def test_a_mark_that_ends_while_others_are_held_leaves_none_behind() -> None:
    state = made_slow("s/1", "s/2", max_slow=1)
    for name in ("s/1", "s/2"):
        state.add(ask(name), SLOW_FOR - 1)
    assert take(state, SLOW_FOR - 1).key.name == "1"
    assert state.take(SLOW_FOR - 1) is None

    state.done(key("s/1"), SLOW_FOR + 0.5)

    assert take(state, SLOW_FOR + 0.5).key.name == "2"


def test_an_overdue_slow_owner_is_held_as_well() -> None:
    state = made_slow("s/1", "s/2", max_slow=1)
    for name in ("s/1", "s/2"):
        state.add(ask(name, RESYNC), 0)
    assert take(state, 1).key.name == "1"
    state.add(ask("f/fast"), LONGEST_WAIT + 2)

    assert drain(state, LONGEST_WAIT + 2) == ["fast"]


def test_a_tenant_with_many_requests_delays_another_one_by_one_turn() -> None:
    state = QueueState()
    for number in range(100):
        state.add(ask(f"many/{number}"), 0)
    assert take(state).key.namespace == "many"
    state.add(ask("one/a"), 0)
    state.add(ask("one/b"), 0)

    taken = [take(state).key for _ in range(5)]

    assert [one.namespace for one in taken].count("one") == 2
    assert taken[0] == key("one/a")
    assert [one.name for one in taken if one.namespace == "many"] == ["1", "2", "3"]


def test_a_tenant_whose_reconciles_take_long_waits_for_others_that_had_less() -> None:
    """Each just too fast to count as slow."""
    state = QueueState()
    for number in range(4):
        state.add(ask(f"long/{number}"), 0)
        take(state, 0)
    for number in range(4):
        state.done(key(f"long/{number}"), SLOW)
    for number in range(4):
        state.add(ask(f"long/{number}"), SLOW)
    for number in range(20):
        state.add(ask(f"short/{number}"), SLOW)

    taken = [take(state, SLOW).key.namespace for _ in range(20)]

    assert taken.count("long") <= 1


def test_shares_count_among_requests_of_one_reason_alone() -> None:
    state = QueueState()
    for number in range(100):
        state.add(ask(f"many/{number}", RESYNC), 0)
    state.add(ask("one/a", EDIT), 0)
    state.add(ask("many/0", EDIT), 0)

    assert [take(state).key.name for _ in range(2)] == ["a", "0"]


def test_debts_end_when_nobody_waits() -> None:
    state = QueueState()
    state.add(ask("long/a"), 0)
    take(state, 0)
    state.done(key("long/a"), 60)
    assert state.take(60) is None
    for name in ("long/a", "other/a", "other/b"):
        state.add(ask(name), 61)

    assert take(state, 61) == ask("long/a")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "take", "done"]),
        st.sampled_from([f"{namespace}/{name}" for namespace in "xyz" for name in "abcd"]),
        st.sampled_from(Reason),
        st.sampled_from([0.1, SLOW + 1, SLOW_FOR / 2, SLOW_FOR + 1]),
    ),
    max_size=80,
)


@given(STEPS, st.integers(1, 3))
def test_whatever_is_held_a_free_place_is_taken_and_nobody_is_lost(
    steps: list[tuple[str, str, Reason, float]], max_slow: int
) -> None:
    state, now = made_slow("x/a", "y/a", max_slow=max_slow), 0.0
    wanted: set[OwnerKey] = set()
    for step, name, reason, seconds in steps:
        now += seconds if step != "take" else 0.0
        running = sorted(state.running())
        if step == "add":
            state.add(ask(name, reason), now)
            wanted.add(key(name))
        elif step == "done" and running:
            state.done(running[len(name) % len(running)], now)
        elif step == "take" and (taken := state.take(now)) is not None:
            wanted.discard(taken.request.key)
    while True:
        while (taken := state.take(now)) is not None:
            wanted.discard(taken.request.key)
        if not (running := sorted(state.running())):
            break
        now += 0.1
        state.done(running[0], now)

    assert not wanted
    assert not any(map(state.depth, Reason))


def test_a_thousand_held_owners_cost_next_to_nothing() -> None:
    state = made_slow("s/1", max_slow=1)
    for number in range(1_000):
        state.add(ask(f"s/{number}"), 1)
    take(state, 1)
    assert state.take(1) is None

    state.done(next(iter(state.running())), 1)

    assert len(state._by_urgency) + len(state._by_age) == 2, "of the held ones, only the next is looked at again"
    assert take(state, 1)
