"""A Hive metastore for the tests, from its published jars."""

from __future__ import annotations

import shutil
from pathlib import Path

from dev.images import jars
from dev.images.base import JAVA
from dev.images.cache import Cache
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Parts, Recipe, Workshop
from dev.jobs import lanes

VERSION = "3.1.3"
VERSIONS = {"metastore": VERSION, "hadoop": "3.3.6", "alluxio": "2.9.3", "slf4j": "1.7.36"}
SOURCES = HERE / "metastore"
TAG = f"{PREFIX}/metastore:{VERSION}"
GOALS = ("dependency:copy-dependencies",)


def metastore_recipe() -> Recipe:
    """Hive's standalone metastore on an embedded database, with Alluxio's client."""
    return Recipe(
        name="metastore",
        tag=TAG,
        seconds=20,
        needs=(JAVA,),
        key=lambda: image_key(VERSIONS, files_below(HERE, ["metastore", "metastore.py"])),
        build=_build,
        parts=Parts(_jars, lanes.MAVEN, 40),
    )


def _jars(cache: Cache) -> Path:
    return jars.fetch(cache, "metastore", SOURCES, ["pom.xml"], VERSIONS, GOALS)


def _build(shop: Workshop) -> None:
    found = _jars(shop.cache)
    context = shop.work / "context"
    context.mkdir()
    for name in ("Containerfile", "metastore"):
        shutil.copy2(SOURCES / name, context / name)
    jars.link(found, context / "lib")
    arguments = {"JAVA": JAVA, "VERSION": VERSION}
    shop.buildah.build(context / "Containerfile", context, TAG, arguments, isolated=True)
