"""What earlier versions were: each release has a tag, and the channels of catalog/ name them all."""

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
    """Return the versions that the channels offer, each once, in the order of the channels."""
    names = [entry["name"] for one in documents if one["schema"] == "olm.channel" for entry in one["entries"]]
    return list(dict.fromkeys(name.removeprefix(f"{PACKAGE}.v") for name in names))


def bundles(documents: Iterable[Mapping[str, Any]], target: Path = BUILT, repository: Path = ROOT) -> list[Path]:
    """Return the bundle of each version that the channels offer: this checkout's, or that of the version's tag."""
    return [
        repository / "bundle" if version == __version__ else at_tag(version, "bundle", target / version, repository)
        for version in versions_of(documents)
    ]


def at_tag(version: str, folder: str, target: Path, repository: Path = ROOT) -> Path:
    """Write what a folder of the repository was in a released version below `target`; return it."""
    command = ["git", "archive", "--format=tar", f"v{version}", folder]
    done = subprocess.run(command, cwd=repository, capture_output=True, check=False)
    if done.returncode:
        raise StepFailed(
            f"catalog/channels.yaml offers {version}, and its tag v{version} isn't in this checkout: "
            f"`git fetch --tags` ({done.stderr.decode(errors='replace').strip()})"
        )
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")
    return target / folder
