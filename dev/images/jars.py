"""Jars from Maven's central repository, fetched once for each set of versions."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.images.cache import Cache
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key


def fetch(
    cache: Cache, name: str, sources: Path, inputs: Sequence[str], versions: Mapping[str, str], goals: Sequence[str]
) -> Path:
    """Return the directory of jars of `sources`/pom.xml, whose properties `NAME.version` are set from `versions`."""
    key = image_key(versions, files_below(sources, inputs))
    pom = sources / "pom.xml"
    return cache.fetched(name, key, lambda folder: _maven(name, pom, versions, goals, folder)) / "lib"


def link(source: Path, target: Path) -> None:
    """Bring a folder of jars into a build context without copying what is in them."""
    shutil.copytree(source, target, copy_function=os.link)


def _maven(name: str, pom: Path, versions: Mapping[str, str], goals: Sequence[str], output: Path) -> None:
    if not shutil.which("mvn"):
        raise ImageError("mvn is missing: apt-get install maven openjdk-17-jdk-headless")
    command = [
        "mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(pom),
        *(f"-D{part}.version={version}" for part, version in versions.items()), f"-Doutput.directory={output}", *goals,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise ImageError(f"fetching the jars of {name} failed ({done.returncode}):\n{tail}")
