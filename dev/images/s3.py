"""An S3 server for the tests, built from its Go module."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from dev.cluster import gobuild
from dev.images.base import BASE
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Recipe, Workshop

SOURCES = HERE / "s3"
TAG = f"{PREFIX}/s3:1"


def s3_recipe() -> Recipe:
    """The server on the small base."""
    return Recipe(
        name="s3",
        tag=TAG,
        seconds=20,
        needs=(BASE,),
        key=lambda: image_key({"go": gobuild.version()}, files_below(HERE, ["s3"])),
        build=_build,
    )


def build_command(program: Path) -> list[str]:
    """Return the command that builds the server, in the folder of its sources."""
    return ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), "."]


def _build(shop: Workshop) -> None:
    context = shop.work / "context"
    context.mkdir()
    done = subprocess.run(
        build_command(context / "s3-server"),
        cwd=SOURCES,
        env=os.environ | gobuild.ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ImageError(f"building the S3 server failed ({done.returncode}):\n{done.stdout[-2000:]}")
    shutil.copy2(SOURCES / "Containerfile", context / "Containerfile")
    shop.buildah.build(context / "Containerfile", context, TAG, {"BASE": BASE}, isolated=True)
