"""Jobs that fetch and build the images that are missing or out of date."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

from dev.images.builder import full_keys, out_of_date, with_bases
from dev.images.cache import Cache
from dev.images.recipe import REPOSITORY, Recipe
from dev.jobs import lanes
from dev.jobs.job import Job


def to_build(cache: Cache, wanted: Sequence[str], recipes: Sequence[Recipe]) -> list[Recipe]:
    """Return what has to be built for the wanted images, bases first."""
    needed = with_bases(wanted, recipes)
    return out_of_date(needed, full_keys(needed), cache.read())


def build_jobs(todo: Sequence[Recipe], others: Collection[str]) -> list[Job]:
    """Return the jobs that build these images.

    `others` are the names of jobs of other kinds. An image waits for the one that builds a tool that it holds.
    """
    by_tag = {recipe.tag: f"image {recipe.name}" for recipe in todo}
    found = []
    for recipe in todo:
        needs = {by_tag[base] for base in recipe.needs if base in by_tag}
        needs |= {tool.name for tool in recipe.tools if tool.name in others}
        if recipe.parts:
            name = f"parts of {recipe.name}"
            command = (sys.executable, "-m", "dev.images", "fetch", recipe.name)
            lane, seconds = recipe.parts.lane, recipe.parts.seconds
            found.append(Job(name, command, lane=lane, seconds=seconds, directory=REPOSITORY))
            needs.add(name)
        command = (sys.executable, "-m", "dev.images", "build", recipe.name)
        found.append(Job(by_tag[recipe.tag], command, frozenset(needs), lanes.IMAGE, recipe.seconds, REPOSITORY))
    return found
