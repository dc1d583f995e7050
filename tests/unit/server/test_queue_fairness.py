"""What namespaces owe each other in the queue: turns, and a worker that slow ones leave to the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queue_requests import CHILD, EDIT, RESYNC, ask, drain, key, take

from alluxio_operator.engine.work import OwnerKey, Reason
from alluxio_operator.server.fairness import SLOW, SLOW_FOR
from alluxio_operator.server.queue_state import LONGEST_WAIT, QueueState


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


def test_a_tenant_that_comes_late_is_owed_nothing_for_the_turns_before_it_came() -> None:
    state = QueueState()
    for number in range(100):
        state.add(ask(f"early/{number}"), 0)
    for _ in range(50):
        take(state)
    for number in range(50):
        state.add(ask(f"late/{number}"), 0)

    taken = [take(state).key.namespace for _ in range(20)]

    assert taken.count("early") in (9, 10, 11)


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
