"""Write generated files, or check them for drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from alluxio_operator.api.crd import as_yaml, custom_resource_definition, file_name
from alluxio_operator.api.reference import reference
from alluxio_operator.engine.kind import KindDescriptor
from dev.generate import hooks, lists, rights

GENERATED: Final = ("config/crd/bases/*.yaml", "docs/reference*.md")
"""Patterns that match only generated files."""


def generated(kinds: Sequence[KindDescriptor]) -> Mapping[str, str]:
    """Return the text of each generated file by its path in the repository; deterministic."""
    crds = {one.kind: custom_resource_definition(one) for one in kinds}
    bases = {one.kind: f"bases/{file_name(crds[one.kind])}" for one in kinds}
    return {
        **{f"config/crd/{bases[one.kind]}": as_yaml(crds[one.kind]) for one in kinds},
        **{f"docs/{one.reference_page}": reference(crds[one.kind]) for one in kinds},
        **{f"{hooks.FOLDER}/{one.hook}": hooks.script(one) for one in kinds},
        "config/crd/kustomization.yaml": lists.crds(bases.values()),
        "config/samples/kustomization.yaml": lists.samples(kinds),
        "config/rbac/operator/role.yaml": rights.of_the_operator(kinds),
        "config/rbac/users.yaml": rights.of_people(kinds),
        "PROJECT": lists.project(kinds),
    }


def write(root: Path, wanted: Mapping[str, str]) -> None:
    """Write the files below `root`, and delete generated files that no longer belong to a kind."""
    for path, text in wanted.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if path.startswith(f"{hooks.FOLDER}/"):
            file.chmod(0o755)
    for left in _left_over(root, wanted):
        left.unlink()


def differences(root: Path, wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each file below `root` that differs from `wanted`."""
    for path, text in wanted.items():
        file = root / path
        if not file.exists():
            yield f"{path} is missing: run `make generate` and commit the result"
        elif file.read_text() != text:
            yield f"{path} differs from the kinds' types and descriptors: run `make generate` and commit the result"
    for left in _left_over(root, wanted):
        yield f"{left.relative_to(root)} belongs to no kind: run `make generate` and commit the result"


def _left_over(root: Path, wanted: Mapping[str, str]) -> Iterator[Path]:
    found = [file for pattern in GENERATED for file in root.glob(pattern)]
    found += [file for file in root.glob(f"{hooks.FOLDER}/*.py") if hooks.MARK in file.read_text()]
    yield from (file for file in sorted(found) if str(file.relative_to(root)) not in wanted)
