"""Bundles of earlier versions: each release has a tag, and the channels of catalog/ list all releases."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from alluxio_operator import __version__
from dev.olm.bundle import PACKAGE
from dev.tasks.shell import ROOT, StepFailed

BUILT = ROOT / "build" / "olm" / "released"


def versions_of(documents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the distinct versions in the channels, in the order of the channels."""
    names = [entry["name"] for one in documents if one["schema"] == "olm.channel" for entry in one["entries"]]
    return list(dict.fromkeys(name.removeprefix(f"{PACKAGE}.v") for name in names))


def bundles(documents: Iterable[Mapping[str, Any]], target: Path = BUILT, repository: Path = ROOT) -> list[Path]:
    """Return the bundle folder of each version in the channels, from this checkout or from the version's tag."""
    return [
        repository / "bundle" if version == __version__ else at_tag(version, "bundle", target / version, repository)
        for version in versions_of(documents)
    ]


def at_tag(version: str, folder: str, target: Path, repository: Path = ROOT) -> Path:
    """Write a folder of a released version below `target`; return it. Raise StepFailed without the version's tag."""
    command = ["git", "archive", "--format=tar", f"v{version}", folder]
    done = subprocess.run(command, cwd=repository, capture_output=True, check=False)
    if done.returncode:
        raise StepFailed(
            f"catalog/channels.yaml offers {version}, but this checkout lacks its tag v{version}: run "
            f"`git fetch --tags` ({done.stderr.decode(errors='replace').strip()})"
        )
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")
    return target / folder
