"""Images build on their bases, registries are asked meanwhile, and current images take no job."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.cluster import tools
from dev.images.build_jobs import build_jobs, to_build
from dev.images.builder import full_keys
from dev.images.cache import Cache, Entry
from dev.images.catalog import all_recipes
from dev.images.recipe import Recipe
from dev.jobs import lanes
from dev.jobs.job import Job
from dev.jobs.plan import Plan

RECIPES = all_recipes()


def named(*names: str) -> list[Recipe]:
    return [recipe for recipe in RECIPES if recipe.name in names]


def by_name(jobs: list[Job]) -> dict[str, Job]:
    return {job.name: job for job in jobs}


def test_an_image_waits_for_its_base_and_for_its_parts():
    jobs = by_name(build_jobs(named("base", "java", "presto"), set()))

    assert jobs["image base"].needs == set()
    assert jobs["image java"].needs == {"image base"}
    assert jobs["image presto"].needs == {"image java", "parts of presto"}


def test_parts_are_fetched_while_bases_are_built():
    plan = Plan(build_jobs(named("base", "java", "presto", "operator"), set()), lanes.ROOM)

    assert {job.name for job in plan.start()} == {"image base", "parts of presto", "parts of operator"}


def test_maven_runs_once_at_a_time_since_its_repository_is_not_made_for_more():
    jobs = build_jobs(named("alluxio-2.9.4", "presto", "metastore", "hdfs"), set())

    assert {job.lane for job in jobs if job.name.startswith("parts")} == {lanes.MAVEN}
    assert lanes.ROOM[lanes.MAVEN] == lanes.ROOM[lanes.IMAGE] == 1


def test_an_image_with_a_tool_waits_for_its_build_only_where_there_is_one():
    name = tools.SHELL_OPERATOR.name
    assert name in by_name(build_jobs(named("operator"), {name, "etcd"}))["image operator"].needs
    assert name not in by_name(build_jobs(named("operator"), {"etcd"}))["image operator"].needs


def test_only_what_is_wanted_and_not_current_is_built(tmp_path: Path):
    cache = Cache(tmp_path)
    keys = full_keys(RECIPES)
    for recipe in named("base", "operator"):
        (tmp_path / recipe.archive).touch()
        cache.record(recipe.tag, Entry(recipe.archive, "sha256:1", keys[recipe.tag]))

    assert to_build(cache, ["operator"], RECIPES) == []
    assert [recipe.name for recipe in to_build(cache, ["operator", "presto"], RECIPES)] == ["java", "presto"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_what_a_job_runs_is_the_command_for_this_image(recipe: Recipe):
    jobs = by_name(build_jobs([recipe], set()))

    assert jobs[f"image {recipe.name}"].command[1:] == ("-m", "dev.images", "build", recipe.name)
    assert (f"parts of {recipe.name}" in jobs) is (recipe.parts is not None)
