"""Trino from its published archive, on a runtime made from a JDK of this machine: Debian's is too old."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

from dev.images import jars, jdk
from dev.images.base import BASE
from dev.images.cache import Cache
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Parts, Recipe, Workshop
from dev.jobs import lanes

VERSION = "476"
JAVA = 24
"""The oldest Java with which it starts."""

SOURCES = HERE / "trino"
TAG = f"{PREFIX}/trino:{VERSION}"
PLUGINS = ("hive", "memory", "tpch")
GOALS = ("dependency:copy",)
LAUNCHER = "linux-amd64"
"""The launcher has a program for each kind of machine; this one is for those on which the images are built."""


def trino_recipe() -> Recipe:
    """Coordinator and worker, with the connectors that the tests need; by name only, as it takes 820 MB to fetch."""
    return Recipe(
        name="trino",
        tag=TAG,
        seconds=60,
        needs=(BASE,),
        key=_key,
        build=_build,
        parts=Parts(_jars, lanes.MAVEN, 120),
        by_name_only=True,
    )


def found_java() -> jdk.Jdk | None:
    """Return the JDK of this machine that it is run on, None where there is none."""
    return jdk.at_least(JAVA, jdk.candidates(os.environ))


def _key() -> str:
    java = found_java()
    # Where there is none the recipe still has a key: it can be listed, and says why only when it is to be built.
    versions = {"trino": VERSION, "java": java.version if java else "none"}
    return image_key(versions, files_below(HERE, ["trino", "trino.py", "jdk.py"]))


def _jars(cache: Cache) -> Path:
    return jars.fetch(cache, "trino", SOURCES, ["pom.xml"], {"trino": VERSION}, GOALS)


def _build(shop: Workshop) -> None:
    # Before anything is fetched.
    java = found_java()
    if java is None:
        raise ImageError(
            f"Trino {VERSION} needs a JDK of Java {JAVA} or later, and none was found in JAVA_HOME and {jdk.USUAL}: "
            "unpack one there"
        )
    archives = _jars(shop.cache)
    context = shop.work / "context"
    context.mkdir()
    shutil.copy2(SOURCES / "Containerfile", context / "Containerfile")
    jdk.runtime(java, context / "jdk")
    _unpack(archives, shop.work / "all", context / "trino")
    shop.buildah.build(context / "Containerfile", context, TAG, {"BASE": BASE, "VERSION": VERSION}, isolated=True)


def _unpack(archives: Path, whole: Path, home: Path) -> None:
    [archive] = _only(archives, list(archives.glob("trino-server-*.tar.gz")))
    # All of it, since what several plugins have lies in one of them, and in the others as a link to it.
    with tarfile.open(archive) as tar:
        tar.extractall(whole, filter="data")
    [server] = _only(whole, list(whole.iterdir()))
    jars.link(server / "lib", home / "lib")
    for plugin in PLUGINS:
        jars.link(server / "plugin" / plugin, home / "plugin" / plugin)
    jars.link(server / "bin" / LAUNCHER, home / "bin" / LAUNCHER)
    for name in ("launcher", "launcher.properties"):
        shutil.copy2(server / "bin" / name, home / "bin" / name)


def _only(folder: Path, found: list[Path]) -> list[Path]:
    if len(found) != 1:
        raise ImageError(f"{folder} holds {len(found)} of what should be there once; remove it")
    return found
