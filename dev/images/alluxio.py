"""Alluxio from its published jars, behind the interface of the public image."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from dev.images.base import JAVA
from dev.images.cache import Cache
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Recipe, Workshop

# Each version with the Netty that its own build uses.
VERSIONS = {"2.9.4": "4.1.87.Final", "2.9.3": "4.1.52.Final"}

SOURCES = HERE / "alluxio"
SCRIPTS = ("Containerfile", "entrypoint.sh", "bin", "libexec", "conf")
MAVEN_INPUTS = ("pom.xml", "src")
GOALS = ("compiler:compile", "jar:jar", "dependency:copy-dependencies")


def alluxio_recipe(version: str) -> Recipe:
    """One version of Alluxio."""
    tag = f"{PREFIX}/alluxio:{version}"
    return Recipe(
        name=f"alluxio-{version}",
        tag=tag,
        expected="2 to 5 min",
        needs=(JAVA,),
        key=lambda: image_key(_versions(version), files_below(SOURCES, [*SCRIPTS, *MAVEN_INPUTS])),
        build=lambda shop: _build(shop, version, tag),
    )


def _build(shop: Workshop, version: str, tag: str) -> None:
    jars = _jars(shop.cache, version)
    context = shop.work / "context"
    context.mkdir()
    for name in SCRIPTS:
        source = SOURCES / name
        shutil.copytree(source, context / name) if source.is_dir() else shutil.copy2(source, context / name)
    shutil.copytree(jars, context / "lib", copy_function=shutil.copy2)
    (context / "lib" / "classpath").write_text(class_path(path.name for path in jars.glob("*.jar")) + "\n")
    shop.buildah.build(context / "Containerfile", context, tag, {"JAVA": JAVA, "VERSION": version}, isolated=True)


def _versions(version: str) -> dict[str, str]:
    return {"alluxio": version, "netty": VERSIONS[version]}


def class_path(names: Iterable[str]) -> str:
    """The jars in a fixed order, as they lie in the image."""
    return ":".join(f"/opt/alluxio/lib/{name}" for name in sorted(names))


def _jars(cache: Cache, version: str) -> Path:
    """The directory of jars, fetched once for each version of pom.xml."""
    key = image_key(_versions(version), files_below(SOURCES, MAVEN_INPUTS))
    done = cache.downloads / f"alluxio-{version}-{key[:12]}"
    if not done.is_dir():
        partial = done.with_name(f"{done.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _maven(version, partial)
        for old in cache.downloads.glob(f"alluxio-{version}-*"):
            if old != partial:
                shutil.rmtree(old)
        partial.rename(done)
    return done / "lib"


def _maven(version: str, output: Path) -> None:
    if not shutil.which("mvn"):
        raise ImageError("mvn is missing: apt-get install maven openjdk-17-jdk-headless")
    command = [
        "mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(SOURCES / "pom.xml"),
        f"-Dalluxio.version={version}", f"-Dnetty.version={VERSIONS[version]}", f"-Doutput.directory={output}", *GOALS,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise ImageError(f"fetching the jars of Alluxio {version} failed ({done.returncode}):\n{tail}")
