"""Generate a file-based catalog: the channels of catalog/, or others, with their bundles."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from dev.olm.bundle import CHANNELS, DEFAULT_CHANNEL, PACKAGE
from dev.olm.programs import Programs
from dev.tasks.shell import ROOT

Json = dict[str, Any]
SOURCES = ROOT / "catalog"
BUILT = ROOT / "build" / "catalog"


def released() -> list[Json]:
    """Return package and channels from catalog/."""
    return [document for file in sorted(SOURCES.glob("*.yaml")) for document in yaml.safe_load_all(file.read_text())]


def channels(heads: Mapping[str, Sequence[Json]]) -> list[Json]:
    """Return a package whose channels offer these entries; a missing channel offers those of the default channel."""
    package = {"schema": "olm.package", "name": PACKAGE, "defaultChannel": DEFAULT_CHANNEL}
    made = [
        {
            "schema": "olm.channel",
            "package": PACKAGE,
            "name": name,
            "entries": list(heads.get(name, heads[DEFAULT_CHANNEL])),
        }
        for name in CHANNELS
    ]
    return [package, *made]


def write(programs: Programs, documents: Iterable[Json], bundles: Iterable[Path], target: Path = BUILT) -> Path:
    """Write a catalog for `opm serve`, and validate it; return its folder.

    The bundles are folders, not images, so the catalog itself contains the manifests.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / "channels.yaml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
    for bundle in bundles:
        text = programs.run("opm", "render", str(bundle), "--output=yaml")
        [rendered] = list(yaml.safe_load_all(text))
        (target / f"{rendered['name']}.yaml").write_text(text)
    programs.run("opm", "validate", str(target))
    return target
