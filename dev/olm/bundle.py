"""Generate bundle/ from config/ with operator-sdk; the output is deterministic."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from alluxio_operator import __version__
from dev.olm import csv
from dev.olm.programs import Programs
from dev.tasks.shell import ROOT

Json = dict[str, Any]

PACKAGE = "alluxio-operator"
CHANNELS = ("candidate-v0", "fast-v0", "stable-v0")
DEFAULT_CHANNEL = "stable-v0"
CSV_FILE = f"manifests/{PACKAGE}.clusterserviceversion.yaml"
DOCKERFILE = "bundle.Dockerfile"
SOURCES = ROOT / "config" / "manifests"


def generate(programs: Programs, target: Path = ROOT, image: str | None = None) -> None:
    """Write `bundle/` and `bundle.Dockerfile` into `target`; `image` replaces the operator's image."""
    with tempfile.TemporaryDirectory() as work:
        made = Path(work)
        shutil.copy2(ROOT / "PROJECT", made)
        manifests = list(yaml.safe_load_all(programs.run("kubectl", "kustomize", str(SOURCES))))
        _complete(manifests, image)
        programs.run(
            "operator-sdk", "generate", "bundle", "--quiet", "--overwrite", f"--package={PACKAGE}",
            f"--version={__version__}", f"--channels={','.join(CHANNELS)}", f"--default-channel={DEFAULT_CHANNEL}",
            text=yaml.safe_dump_all(manifests), directory=made,
        )  # fmt: skip
        _finish(made / "bundle", manifests)
        target.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target / "bundle", ignore_errors=True)
        shutil.copytree(made / "bundle", target / "bundle")
        shutil.copy2(made / DOCKERFILE, target / DOCKERFILE)


def differences(programs: Programs) -> list[str]:
    """Return the files of the committed bundle that differ from the generated ones."""
    with tempfile.TemporaryDirectory() as work:
        generate(programs, Path(work))
        found = list(_differences(Path(work) / "bundle", ROOT / "bundle"))
        same = filecmp.cmp(Path(work) / DOCKERFILE, ROOT / DOCKERFILE, shallow=False)
        return found if same else [*found, DOCKERFILE]


def crds_among(manifests: Sequence[Json]) -> list[Json]:
    """Return the CRDs, sorted by name."""
    found = [one for one in manifests if one["kind"] == "CustomResourceDefinition"]
    return sorted(found, key=lambda crd: str(crd["metadata"]["name"]))


def _complete(manifests: list[Json], image: str | None) -> None:
    for number, manifest in enumerate(manifests):
        if manifest["kind"] == "ClusterServiceVersion":
            icon = (SOURCES / "icon.svg").read_bytes()
            manifests[number] = csv.completed(manifest, crds_among(manifests), icon)
        elif manifest["kind"] == "Deployment" and image:
            manifest["spec"]["template"]["spec"]["containers"][0]["image"] = image


def _finish(bundle: Path, manifests: Sequence[Json]) -> None:
    [base] = [one for one in manifests if one["kind"] == "ClusterServiceVersion"]
    file = bundle / CSV_FILE
    done = csv.finished(yaml.safe_load(file.read_text()), base, crds_among(manifests))
    file.write_text(yaml.dump(done, Dumper=_Readable, width=110))
    _drop_layout(bundle / "metadata" / "annotations.yaml")
    _drop_layout(bundle.parent / DOCKERFILE)


def _drop_layout(file: Path) -> None:
    # operator-sdk writes the kit that created a project; no kit created this one, so the value is empty.
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if "metrics.project_layout" not in line))


class _Readable(yaml.SafeDumper):
    """Writes multi-line texts as literal blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Readable.add_representer(str, _text)


def _differences(fresh: Path, committed: Path) -> Iterator[str]:
    files = {file.relative_to(top) for top in (fresh, committed) for file in top.rglob("*") if file.is_file()}
    for file in sorted(files):
        both = (fresh / file).is_file() and (committed / file).is_file()
        if not both or not filecmp.cmp(fresh / file, committed / file, shallow=False):
            yield f"bundle/{file}"
