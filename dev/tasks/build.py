"""Builds the tools and images that a command runs, side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from dev.cluster import packages, tools
from dev.cluster.errors import ClusterError
from dev.cluster.paths import REPOSITORY, Paths, find_paths
from dev.cluster.tool import Tool
from dev.images.build_jobs import build_jobs, to_build
from dev.images.cache import Cache
from dev.images.catalog import all_recipes
from dev.images.errors import ImageError
from dev.images.recipe import Recipe
from dev.jobs import lanes
from dev.jobs.job import Job
from dev.jobs.runner import JobFailed, run
from dev.tasks.shell import StepFailed, duration

PACKAGES = "Debian packages"
"""The job that installs what images are built with."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Parts:
    """Names of tools and images that a command runs."""

    tools: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def __or__(self, other: Parts) -> Parts:
        """Return what is in one or in both."""
        both = tuple(dict.fromkeys((*self.tools, *other.tools))), tuple(dict.fromkeys((*self.images, *other.images)))
        return Parts(*both)

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.tools or self.images)

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments of `python -m dev.tasks build` for these."""
        return (
            *(("--tools", *self.tools) if self.tools else ()),
            *(("--images", *self.images) if self.images else ()),
        )


def names(wanted: Iterable[Tool]) -> tuple[str, ...]:
    """Return the names of tools."""
    return tuple(tool.name for tool in wanted)


def every_image() -> tuple[str, ...]:
    """Return the names of all images that are not built by name only."""
    return tuple(recipe.name for recipe in all_recipes() if not recipe.by_name_only)


def build(parts: Parts, say: Say) -> None:
    """Build what is missing or out of date. Raises StepFailed with the name of what failed."""
    try:
        paths = find_paths(os.environ)
        if todo := jobs(paths, parts):
            say(f"building side by side (output in {paths.build_logs}): {', '.join(made(todo))}")
            took = run(todo, lanes.ROOM, paths.build_logs, say)
            say(f"one after the other these took {duration(sum(took.values()))}")
        else:
            say("tools and images are current")
        # Only links are left to do: the newest build may be that of another checkout.
        tools.ensure(paths, say, tools.named(parts.tools))
    except (ClusterError, ImageError, JobFailed) as failure:
        raise StepFailed(str(failure)) from failure


def jobs(paths: Paths, parts: Parts) -> list[Job]:
    """Return the jobs that build the parts of a command; none when all of them are current."""
    recipes = to_build(Cache(paths.archives), parts.images, all_recipes())
    wanted = {tool.name: tool for tool in (*tools.named(parts.tools), *(t for r in recipes for t in r.tools))}
    _, missing = tools.find(paths, tuple(wanted.values()))
    lacking = packages.missing((*packages.CLUSTER_NEEDS, *packages.IMAGE_NEEDS)) if recipes else []
    return together(tools.build_jobs(missing), recipes, lacking)


def together(tool_jobs: Sequence[Job], recipes: Sequence[Recipe], lacking: Sequence[str]) -> list[Job]:
    """Return the jobs of tools and images; images wait for the Debian packages that are `lacking`."""
    image_jobs = build_jobs(recipes, {job.name for job in tool_jobs})
    if not lacking:
        return [*tool_jobs, *image_jobs]
    command = (sys.executable, "-m", "dev.cluster", "packages")
    install = Job(PACKAGES, command, seconds=60, directory=REPOSITORY)
    return [install, *tool_jobs, *(replace(job, needs=job.needs | {PACKAGES}) for job in image_jobs)]


def made(todo: Sequence[Job]) -> list[str]:
    """Return the names of the jobs that make a tool or an image."""
    return [job.name for job in todo if job.lane in (lanes.GO, lanes.IMAGE) and job.name != tools.COMMON]
