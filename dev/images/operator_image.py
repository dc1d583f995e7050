"""The operator's own image, from the project's Dockerfile with local parts in place of what it would fetch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from dev.cluster import tools
from dev.cluster.paths import find_paths
from dev.images.base import BASE
from dev.images.cache import Cache
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key
from dev.images.recipe import PREFIX, REPOSITORY, Parts, Recipe, Workshop
from dev.jobs import lanes

LOCKS = ("requirements/runtime.txt", "dev/images/operator/installer.txt")
INPUTS = (
    *LOCKS,
    ".dockerignore",
    "Dockerfile",
    "LICENSE",
    "dev/tools/shell-operator",
    "hooks",
    "src",
    "templates",
)


def operator_recipe(version: str) -> Recipe:
    """The operator under a version of the caller's choice."""
    tag = f"{PREFIX}/operator:{version}"
    return Recipe(
        name="operator",
        tag=tag,
        seconds=40,
        needs=(BASE,),
        key=lambda: image_key({"version": version}, files_below(REPOSITORY, INPUTS)),
        build=lambda shop: _build(shop, version, tag),
        parts=Parts(_wheels, lanes.DOWNLOAD, 30),
        tools=(tools.SHELL_OPERATOR,),
    )


def project_version(pyproject: Path = REPOSITORY / "pyproject.toml") -> str:
    """The version that the project gives itself."""
    return str(tomllib.loads(pyproject.read_text())["project"]["version"])


def _build(shop: Workshop, version: str, tag: str) -> None:
    arguments = {"DEBIAN_IMAGE": BASE, "VERSION": version, "REVISION": _revision()}
    parts = {"shell-operator": _shell_operator(shop.work), "wheels": _wheels(shop.cache)}
    options = [f"--build-context={name}={directory}" for name, directory in parts.items()]
    shop.buildah.build(REPOSITORY / "Dockerfile", REPOSITORY, tag, arguments, options, isolated=True)


def _shell_operator(work: Path) -> Path:
    """A directory like the stage's: the binary that the local cluster's tool builder made."""
    toolbox = tools.ensure(
        find_paths(os.environ), lambda line: print(f"images: {line}", flush=True), (tools.SHELL_OPERATOR,)
    )
    out = work / "shell-operator" / "out"
    out.mkdir(parents=True)
    shutil.copy2(toolbox.path("shell-operator"), out / "shell-operator")
    return out.parent


def _wheels(cache: Cache) -> Path:
    """A directory like the stage's: the wheels of the locks, fetched once for each version of them."""
    return cache.fetched("wheels", image_key({}, files_below(REPOSITORY, LOCKS)), _download)


def _download(folder: Path) -> None:
    if sys.version_info[:2] != (3, 11):
        raise ImageError("the image has Python 3.11, and wheels are fetched for the Python that fetches: use 3.11")
    locks = [f"--requirement={REPOSITORY / lock}" for lock in LOCKS]
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:",
        f"--dest={folder / 'wheels'}", *locks,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"fetching the Python packages failed ({done.returncode}):\n{done.stdout[-2000:]}")


def _revision() -> str:
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "HEAD"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() or "unknown"
