"""Lays out a version as the community catalogs want it: operators/NAME/VERSION, and ci.yaml in operators/NAME."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml

from alluxio_operator import __version__
from dev.olm import bundle
from dev.olm.programs import Programs
from dev.tasks.shell import ROOT, StepFailed

BUILT = ROOT / "build" / "submission"

CI = {"updateGraph": "replaces-mode", "reviewers": []}
"""Upgrade graph of the catalog, and accounts that may merge without its maintainers; fill in the latter by hand."""

IMAGE = re.compile(r"[a-z0-9.-]+\.[a-z]+(:\d+)?/[a-z0-9._/-]+:[A-Za-z0-9_.-]+(@sha256:[0-9a-f]{64})?")
"""A registry, a path and a tag: a name that others can pull."""


def write(programs: Programs, version: str, image: str, target: Path = BUILT) -> Path:
    """Write the folder of a version with the operator's `image`; return it. Raise StepFailed."""
    if version != __version__:
        raise StepFailed(
            f"VERSION={version}: the sources are those of {__version__}; check out the tag v{version}, or set "
            "the version in pyproject.toml and src/alluxio_operator/__init__.py"
        )
    if not IMAGE.fullmatch(image):
        raise StepFailed(
            f"IMAGE={image!r}: a catalog needs an image that its users can pull, with registry and tag, such as "
            f"IMAGE=registry.example.com/team/alluxio-operator:{version}"
        )
    package = target / "operators" / bundle.PACKAGE
    folder = package / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bundle.generate(programs, folder, image)
    for part in (folder / "bundle").iterdir():
        part.rename(folder / part.name)
    (folder / "bundle").rmdir()
    (folder / bundle.DOCKERFILE).unlink()
    ci = package / "ci.yaml"
    if not ci.exists():
        ci.write_text(f"---\n{yaml.safe_dump(CI, sort_keys=False)}")
    return folder
