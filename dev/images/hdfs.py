"""An HDFS for the tests, from its published jars."""

from __future__ import annotations

import shutil
from pathlib import Path

from dev.images import jars
from dev.images.base import JAVA
from dev.images.cache import Cache
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Parts, Recipe, Workshop
from dev.jobs import lanes

VERSION = "3.3.6"
SOURCES = HERE / "hdfs"
TAG = f"{PREFIX}/hdfs:{VERSION}"
GOALS = ("dependency:copy-dependencies",)


def hdfs_recipe() -> Recipe:
    """Name node, data node and command line on Java."""
    return Recipe(
        name="hdfs",
        tag=TAG,
        seconds=20,
        needs=(JAVA,),
        key=lambda: image_key({"hadoop": VERSION}, files_below(HERE, ["hdfs"])),
        build=_build,
        parts=Parts(_jars, lanes.MAVEN, 30),
    )


def _jars(cache: Cache) -> Path:
    return jars.fetch(cache, "hdfs", SOURCES, ["pom.xml"], {"hadoop": VERSION}, GOALS)


def _build(shop: Workshop) -> None:
    found = _jars(shop.cache)
    context = shop.work / "context"
    context.mkdir()
    for name in ("Containerfile", "hdfs"):
        shutil.copy2(SOURCES / name, context / name)
    shutil.copytree(found, context / "lib", copy_function=shutil.copy2)
    arguments = {"JAVA": JAVA, "VERSION": VERSION}
    shop.buildah.build(context / "Containerfile", context, TAG, arguments, isolated=True)
