"""Alluxio from its published jars, behind the interface of the public image."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from dev.images import jars
from dev.images.base import JAVA
from dev.images.cache import Cache
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Parts, Recipe, Workshop
from dev.jobs import lanes

# Each version with the Netty that its own build uses.
VERSIONS = {"2.9.4": "4.1.87.Final", "2.9.3": "4.1.52.Final"}

SOURCES = HERE / "alluxio"
SCRIPTS = ("Containerfile", "entrypoint.sh", "bin", "libexec", "conf")
MAVEN_INPUTS = ("pom.xml", "src")
GOALS = ("compiler:compile", "jar:jar", "dependency:copy-dependencies")

CLIENT_VERSION = "2.9.3"
"""The newest whose shaded client is published; it works with servers of 2.9.4."""
CLIENT_SOURCES = SOURCES / "client"


def alluxio_recipe(version: str) -> Recipe:
    """One version of Alluxio."""
    tag = f"{PREFIX}/alluxio:{version}"
    return Recipe(
        name=f"alluxio-{version}",
        tag=tag,
        seconds=100,
        needs=(JAVA,),
        key=lambda: image_key(_all_versions(version), files_below(SOURCES, [*SCRIPTS, *MAVEN_INPUTS, "client"])),
        build=lambda shop: _build(shop, version, tag),
        parts=Parts(lambda cache: _fetched(cache, version), lanes.MAVEN, 120),
    )


def _build(shop: Workshop, version: str, tag: str) -> None:
    found = _jars(shop.cache, version)
    context = shop.work / "context"
    context.mkdir()
    for name in SCRIPTS:
        source = SOURCES / name
        shutil.copytree(source, context / name) if source.is_dir() else shutil.copy2(source, context / name)
    shutil.copytree(found, context / "lib", copy_function=shutil.copy2)
    [client] = _client(shop.cache).glob("alluxio-shaded-client-*.jar")
    (context / "client").mkdir()
    shutil.copy2(client, context / "client" / f"alluxio-{CLIENT_VERSION}-client.jar")
    (context / "lib" / "classpath").write_text(class_path(path.name for path in found.glob("*.jar")) + "\n")
    shop.buildah.build(context / "Containerfile", context, tag, {"JAVA": JAVA, "VERSION": version}, isolated=True)


def _jars(cache: Cache, version: str) -> Path:
    return jars.fetch(cache, f"alluxio-{version}", SOURCES, MAVEN_INPUTS, _versions(version), GOALS)


def _client(cache: Cache) -> Path:
    return jars.fetch(
        cache, "alluxio-client", CLIENT_SOURCES, ["pom.xml"], {"alluxio": CLIENT_VERSION}, ("dependency:copy",)
    )


def _fetched(cache: Cache, version: str) -> Path:
    _client(cache)
    return _jars(cache, version)


def _all_versions(version: str) -> dict[str, str]:
    return {**_versions(version), "client": CLIENT_VERSION}


def _versions(version: str) -> dict[str, str]:
    return {"alluxio": version, "netty": VERSIONS[version]}


def class_path(names: Iterable[str]) -> str:
    """The jars in a fixed order, as they lie in the image."""
    return ":".join(f"/opt/alluxio/lib/{name}" for name in sorted(names))
