"""Generate unreleased versions for tests of upgrades: the bundle with other versions and changes."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from dev.olm.bundle import CSV_FILE, PACKAGE
from dev.tasks.shell import ROOT

Json = dict[str, Any]
Change = Callable[[Json], None]
"""Changes a manifest of the bundle in place."""

BUILT = ROOT / "build" / "olm" / "bundles"


def csv_name(version: str) -> str:
    """Return the name of a version's ClusterServiceVersion."""
    return f"{PACKAGE}.v{version}"


def entry(version: str, replaces: str | None = None, skips: tuple[str, ...] = ()) -> Json:
    """Return the entry of a version in a channel."""
    made: Json = {"name": csv_name(version)}
    if replaces:
        made["replaces"] = csv_name(replaces)
    if skips:
        made["skips"] = [csv_name(one) for one in skips]
    return made


def make(
    version: str,
    image: str,
    *,
    replaces: str | None = None,
    change_csv: Change | None = None,
    change_crd: Change | None = None,
    source: Path = ROOT / "bundle",
    target: Path = BUILT,
) -> Path:
    """Write the bundle as another version that runs `image`; return its folder."""
    folder = target / version
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    for file in (folder / "manifests").glob("*.yaml"):
        manifest = yaml.safe_load(file.read_text())
        if file.name == Path(CSV_FILE).name:
            manifest = renamed(manifest, version, image, replaces)
            if change_csv:
                change_csv(manifest)
        elif manifest["kind"] == "CustomResourceDefinition" and change_crd:
            change_crd(manifest)
        file.write_text(yaml.safe_dump(manifest))
    return folder


def renamed(csv: Mapping[str, Any], version: str, image: str, replaces: str | None) -> Json:
    """Return a copy of a ClusterServiceVersion for another version, which runs `image`."""
    made = copy.deepcopy(dict(csv))
    made["metadata"]["name"] = csv_name(version)
    made["spec"]["version"] = version
    made["spec"].pop("replaces", None)
    if replaces:
        made["spec"]["replaces"] = csv_name(replaces)
    [container] = container_list(made)
    container["image"] = image
    # So that tests can see the version of a pod.
    container.setdefault("env", []).append({"name": "ALLUXIO_OPERATOR_BUNDLE_VERSION", "value": version})
    return made


def container_list(csv: Mapping[str, Any]) -> list[Json]:
    """Return the containers of the operator's Deployment."""
    [deployment] = csv["spec"]["install"]["spec"]["deployments"]
    found: list[Json] = deployment["spec"]["template"]["spec"]["containers"]
    return found
