"""Tools and images of one command, built in one go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dev.cluster import gobuild, packages, tools
from dev.cluster.paths import Paths, find_paths
from dev.images.catalog import all_recipes
from dev.jobs import lanes
from dev.jobs.job import Job
from dev.jobs.plan import Plan
from dev.tasks import build as building
from dev.tasks import demo
from dev.tasks.build import PACKAGES, Parts, every_image, jobs, made, together
from dev.tasks.shell import StepFailed


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A machine with Go and all packages on which nothing was built."""
    monkeypatch.setattr(gobuild, "version", lambda: "go1.26.1")
    monkeypatch.setattr(packages, "missing", lambda _: [])
    # Short, since the paths of Unix sockets are; the cache is looked at and never written.
    return find_paths({**os.environ, "ALLUXIO_OPERATOR_CACHE": "/srv/none", "ALLUXIO_OPERATOR_RUN": "/srv/none/run"})


def names(found: list[Job]) -> set[str]:
    return {job.name for job in found}


def test_the_demo_builds_what_it_runs_and_nothing_else(nothing: Paths):
    assert set(made(jobs(nothing, demo.PARTS))) == {
        "kubernetes",
        "etcd",
        "coredns",
        "kube-router",
        "local-path-provisioner",
        "shell-operator",
        "image base",
        "image operator",
        "image java",
        "image alluxio-2.9.4",
        "image presto",
        "image metastore",
    }


def test_from_nothing_all_that_waits_for_the_network_begins_at_once(nothing: Paths):
    started = names(Plan(jobs(nothing, demo.PARTS), lanes.ROOM).start())

    assert started >= {tools.COMMON, "modules of kubernetes", "image base", "parts of alluxio-2.9.4"}
    assert len(started) == 1 + lanes.ROOM[lanes.DOWNLOAD] + lanes.ROOM[lanes.MAVEN] + lanes.ROOM[lanes.IMAGE]


def test_an_image_brings_the_tool_that_it_holds(nothing: Paths):
    found = {job.name: job for job in jobs(nothing, Parts(images=("operator",)))}

    assert "shell-operator" in found["image operator"].needs
    assert "shell-operator" in found


def test_packages_of_debian_come_before_images_and_hold_up_no_tool(nothing: Paths):
    found = together(
        tools.build_jobs([tools.ETCD]), [r for r in all_recipes() if r.name in ("base", "java")], ["maven"]
    )
    needs = {job.name: job.needs for job in found}

    assert PACKAGES in needs["image base"]
    assert PACKAGES in needs["image java"]
    assert PACKAGES not in needs["etcd"]


def test_nothing_is_installed_where_no_package_lacks(nothing: Paths):
    assert PACKAGES not in names(jobs(nothing, demo.PARTS))


def test_parts_of_several_commands_are_built_once():
    together = Parts(("etcd", "kwok"), ("s3",)) | Parts(("kwok", "kuttl"), ("s3", "hdfs"))

    assert together == Parts(("etcd", "kwok", "kuttl"), ("s3", "hdfs"))
    assert not Parts()
    assert Parts(images=("s3",))


def test_parts_are_the_arguments_of_the_command():
    assert Parts(("etcd", "kwok"), ("s3",)).arguments() == ("--tools", "etcd", "kwok", "--images", "s3")
    assert Parts(images=("s3",)).arguments() == ("--images", "s3")


def test_all_images_are_all_but_those_by_name_only():
    assert {"operator", "hdfs", "alluxio-2.9.3"} <= set(every_image())
    assert not {"trino", "scorecard"} & set(every_image())


@pytest.mark.parametrize("parts", [Parts(tools=("kwook",)), Parts(images=("jav",))])
def test_an_unknown_name_is_refused(nothing: Paths, parts: Parts, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(building, "find_paths", lambda _: nothing)

    with pytest.raises(StepFailed, match=r"there is no (tool kwook|image jav); there are: "):
        building.build(parts, print)
