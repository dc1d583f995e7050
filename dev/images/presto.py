"""Presto from its published jars, laid out as in the public image, with the Alluxio client that Presto brings."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from dev.images import jars
from dev.images.base import JAVA
from dev.images.cache import Cache
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Parts, Recipe, Workshop
from dev.jobs import lanes

VERSION = "0.287"
VERSIONS = {"presto": VERSION, "launcher": "0.209", "asm": "9.7.1"}
"""The launcher is of the Airlift that this Presto is built with."""

SOURCES = HERE / "presto"
TAG = f"{PREFIX}/presto:{VERSION}"
PLUGINS = ("tpch", "memory", "hive-hadoop2")
INPUTS = ("pom.xml", "launcher", "server", *PLUGINS)
GOALS = ("dependency:copy-dependencies",)


def presto_recipe() -> Recipe:
    """Coordinator and worker, with the connectors that the tests need."""
    return Recipe(
        name="presto",
        tag=TAG,
        seconds=40,
        needs=(JAVA,),
        key=lambda: image_key(VERSIONS, files_below(HERE, ["presto", "presto.py"])),
        build=_build,
        parts=Parts(_jars, lanes.MAVEN, 90),
    )


def _jars(cache: Cache) -> Path:
    return jars.fetch(cache, "presto", SOURCES, INPUTS, VERSIONS, GOALS)


def _build(shop: Workshop) -> None:
    found = _jars(shop.cache)
    context = shop.work / "context"
    home = context / "presto-server"
    home.mkdir(parents=True)
    shutil.copy2(SOURCES / "Containerfile", context / "Containerfile")
    jars.link(found / "server", home / "lib")
    for plugin in PLUGINS:
        jars.link(found / plugin, home / "plugin" / plugin)
    _unpack_launcher(found / "launcher", home)
    arguments = {"JAVA": JAVA, "VERSION": VERSION}
    shop.buildah.build(context / "Containerfile", context, TAG, arguments, isolated=True)


def _unpack_launcher(folder: Path, home: Path) -> None:
    archives = list(folder.glob("launcher-*.tar.gz"))
    if len(archives) != 1:
        raise ImageError(f"{folder} holds {len(archives)} archives of Presto's launcher instead of one; remove it")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(home, filter="data")
    (home / "bin" / "launcher.properties").write_text(
        "main-class=com.facebook.presto.server.PrestoServer\nprocess-name=presto-server\n"
    )
