"""What the pods of operator-sdk's scorecard run: its own tests, and kuttl for stories that a bundle brings along."""

from __future__ import annotations

import os
import shutil
import subprocess

from dev.cluster import gobuild, tools
from dev.cluster.paths import find_paths
from dev.images.base import BASE
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Recipe, Workshop

SOURCES = HERE / "scorecard"
VERSION = "v1.42.2"
TAG = f"{PREFIX}/scorecard-test:{VERSION}"
SDK = tools.MODULES / "operator-sdk"
PACKAGES = "github.com/operator-framework/operator-sdk/images"
BUILT = ("scorecard-test", "scorecard-test-kuttl")


def scorecard_recipe() -> Recipe:
    """The programs on the small base; built by name only, since its parts are no part of every run."""
    return Recipe(
        name="scorecard",
        tag=TAG,
        seconds=180,
        needs=(BASE,),
        key=lambda: image_key(
            {"go": gobuild.version(), "sdk": (SDK / "go.sum").read_text()}, files_below(HERE, ["scorecard"])
        ),
        build=_build,
        tools=(tools.KUTTL,),
        by_name_only=True,
    )


def _build(shop: Workshop) -> None:
    context = shop.work / "context"
    shutil.copytree(SOURCES, context)
    for program in BUILT:
        command = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(context / program), f"{PACKAGES}/{program}"]
        done = subprocess.run(
            command,
            cwd=SDK,
            env=os.environ | gobuild.ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ImageError(f"building {program} failed ({done.returncode}):\n{done.stdout[-2000:]}")
    toolbox = tools.ensure(find_paths(os.environ), lambda line: print(f"images: {line}", flush=True), (tools.KUTTL,))
    shutil.copy2(toolbox.path("kubectl-kuttl"), context)
    shop.buildah.build(context / "Containerfile", context, TAG, {"BASE": BASE}, isolated=True)
