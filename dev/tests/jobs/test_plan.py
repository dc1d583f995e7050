"""Which job starts when: by what it needs, by the room of its lane, the longest chain first."""

from __future__ import annotations

import pytest

from dev.jobs.job import Job
from dev.jobs.plan import Plan


def job(name: str, *needs: str, lane: str = "", seconds: float = 1) -> Job:
    return Job(name, ("true",), frozenset(needs), lane, seconds)


def names(jobs: list[Job]) -> list[str]:
    return [each.name for each in jobs]


def order(plan: Plan) -> list[list[str]]:
    """Return what starts together when every job of a round ends at once."""
    rounds = []
    while plan.done < plan.total:
        started = names(plan.start())
        rounds.append(started)
        for name in started:
            plan.finish(name)
    return rounds


def test_a_job_starts_after_all_that_it_needs():
    plan = Plan([job("image", "base", "wheels"), job("base"), job("wheels")], {})

    assert order(plan) == [["base", "wheels"], ["image"]]


def test_it_waits_for_the_last_of_them():
    plan = Plan([job("image", "base", "wheels"), job("base"), job("wheels")], {})
    plan.start()
    plan.finish("base")

    assert plan.start() == []
    plan.finish("wheels")
    assert names(plan.start()) == ["image"]


def test_a_lane_takes_as_many_as_it_has_room_for():
    plan = Plan([job(name, lane="go") for name in "abc"] + [job("free"), job("other", lane="maven")], {"go": 2})

    assert names(plan.start()) == ["a", "b", "free", "other"]
    assert plan.start() == []
    plan.finish("b")
    assert names(plan.start()) == ["c"]


def test_the_longest_chain_starts_first():
    jobs = [
        job("short", lane="go", seconds=60),
        job("long", lane="go", seconds=100),
        job("first of a chain", lane="go", seconds=30),
        job("last of the chain", "first of a chain", lane="other", seconds=80),
    ]

    assert order(Plan(jobs, {"go": 1})) == [
        ["first of a chain"],
        ["long", "last of the chain"],
        ["short"],
    ]


def test_of_equal_chains_the_name_decides_so_that_two_runs_are_alike():
    assert names(Plan([job("b"), job("c"), job("a")], {}).start()) == ["a", "b", "c"]


def test_a_job_is_started_once():
    plan = Plan([job("a"), job("b")], {})

    assert names(plan.start()) == ["a", "b"]
    assert plan.start() == []


def test_progress_counts_what_is_done():
    plan = Plan([job("a"), job("b", "a")], {})
    plan.start()

    assert (plan.done, plan.total) == (0, 2)
    plan.finish("a")
    assert (plan.done, plan.total) == (1, 2)


@pytest.mark.parametrize(
    ("jobs", "lanes", "trouble"),
    [
        ([job("a", "b"), job("b", "a")], {}, "wait for each other: (a -> b -> a|b -> a -> b)"),
        ([job("a", "c")], {}, "no job is c"),
        ([job("a"), job("a")], {}, "more than one job is a"),
        ([job("a", lane="go")], {"go": 0}, "no room in lane go"),
    ],
)
def test_a_plan_that_could_never_end_is_refused(jobs: list[Job], lanes: dict[str, int], trouble: str):
    with pytest.raises(ValueError, match=trouble):
        Plan(jobs, lanes)


def test_no_jobs_are_done_at_once():
    assert order(Plan([], {})) == []
