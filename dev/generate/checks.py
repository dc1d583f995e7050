"""Check the files that a developer has to write for a new kind. Each problem names its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from alluxio_operator.api.crd import custom_resource_definition, file_name
from alluxio_operator.engine.children import CHILD_KINDS
from alluxio_operator.engine.kind import KindDescriptor
from alluxio_operator.engine.quirks import quirk_of
from dev.generate.crds import without_empty

CSV: Final = Path("config/manifests/bases/alluxio-operator.clusterserviceversion.yaml")
WATCHED: Final = frozenset(child.kind for child in CHILD_KINDS)
KIND_OF_OBJECT: Final = re.compile(r"^kind: (\w+)\s*$", re.MULTILINE)


def problems(root: Path, kinds: Sequence[KindDescriptor]) -> Iterator[str]:
    """Yield a sentence for each gap of a kind in the repository `root`."""
    for one in kinds:
        for problem in (*_children(one), *_templates(root, one), *_samples(root, one), *_pages(root, one)):
            yield f"{one.kind}: {problem}"


def _children(one: KindDescriptor) -> Iterator[str]:
    for child in one.children:
        if child.kind not in WATCHED:
            yield (
                f"its child {child.kind} wakes no owner: add the kind to KINDS in src/alluxio_operator/kube/kinds.py, "
                "and to CHILD_KINDS in src/alluxio_operator/engine/children.py"
            )
        if quirk_of(child.kind).never_pruned and "delete" in child.verbs:
            yield f"the engine never deletes a {child.kind}: give this child KEPT_VERBS in kind.py"


def _templates(root: Path, one: KindDescriptor) -> Iterator[str]:
    folder = root / "templates" / one.templates
    files = sorted(folder.glob("*.yaml.j2"))
    if not files:
        yield f"{_shown(root, folder)} has no template: add one with a number, such as 10-config.yaml.j2"
        return
    made = {name: file for file in files for name in KIND_OF_OBJECT.findall(file.read_text())}
    named = {child.kind for child in one.children}
    for kind in sorted(made.keys() - named):
        yield (
            f"{_shown(root, made[kind])} has objects of the kind {kind}, for which the operator has no rights: "
            f'add Child("{kind}") to the children in kind.py'
        )
    for kind in sorted(named - made.keys()):
        yield f"no template has the kind {kind}: remove the child in kind.py, which also removes its rights"


def _samples(root: Path, one: KindDescriptor) -> Iterator[str]:
    folder = root / "config" / "samples"
    if not one.examples:
        yield f"it has no sample for catalogs: write one below {_shown(root, folder)}, and list it in examples"
    for example in one.examples:
        file = folder / example
        if not file.exists():
            yield f"{_shown(root, file)} is missing: write a sample that needs no other object"
            continue
        sample: dict[str, Any] = yaml.safe_load(file.read_text())
        if sample.get("kind") != one.kind:
            yield f"{_shown(root, file)} has the kind {sample.get('kind')}: list a sample of {one.kind} in examples"
            continue
        try:
            one.spec.model_validate(sample.get("spec", {}))
        except ValidationError as error:
            yield f"{_shown(root, file)} isn't a valid {one.spec.__name__}: {error}"


def _pages(root: Path, one: KindDescriptor) -> Iterator[str]:
    if f"`{one.kind}`" not in yaml.safe_load((root / CSV).read_text())["spec"]["description"]:
        yield f"the catalog's description doesn't name it: add a line with `{one.kind}` in backquotes to {CSV}"
    pages = [root / "README.md", *(root / "docs").glob("*.md")]
    generated = root / "docs" / one.reference_page
    if not any(f"{one.reference_page})" in page.read_text() for page in pages if page != generated):
        yield f"no page links to docs/{one.reference_page}: write a page for it in docs/, or add a line to README.md"
    crd = custom_resource_definition(one)
    copy = Path("bundle") / "manifests" / file_name(crd)
    if not (root / copy).exists():
        yield f"{copy} is missing: run `make bundle` and commit the result"
    elif without_empty(yaml.safe_load((root / copy).read_text())["spec"]) != without_empty(crd["spec"]):
        yield f"{copy} isn't the CRD of the kind's types: run `make bundle` and commit the result"


def _shown(root: Path, path: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
