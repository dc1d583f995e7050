"""What a kind lacks beyond generated files is said with its remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dev.generate.checks import CSV, problems
from tests.support.builders import ROOT

from alluxio_operator.engine.kind import Child, KindDescriptor
from alluxio_operator.kinds.discovery import descriptors
from alluxio_operator.kinds.presto.kind import DESCRIPTOR as PRESTO

REFERENCE = "reference-presto.md"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a copy of what the checks read."""
    for path in ("README.md", "templates/presto", "config/samples", CSV, "docs", "bundle/manifests"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / path).is_dir() else shutil.copy)(ROOT / path, tmp_path / path)
    return tmp_path


def test_the_operators_own_kinds_lack_nothing():
    assert list(problems(ROOT, descriptors())) == []


def without_links(root: Path) -> None:
    for page in (root / "README.md", *(root / "docs").glob("*.md")):
        page.write_text(page.read_text().replace(REFERENCE, "elsewhere.md"))


def rewrite(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        assert old in (root / path).read_text()
        (root / path).write_text((root / path).read_text().replace(old, new))

    return change


SAMPLE = "config/samples/presto/small.yaml"
LACKS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no templates": (
        lambda root: shutil.rmtree(root / "templates"),
        "templates/presto has no template: add one with a number, such as 10-config.yaml.j2",
    ),
    "no right to a child": (
        rewrite("templates/presto/90-services.yaml.j2", "kind: Service", "kind: Ingress"),
        "templates/presto/90-services.yaml.j2 has objects of the kind Ingress, for which the operator has no rights: "
        'add Child("Ingress") to the children in kind.py',
    ),
    "a child that isn't made": (
        rewrite("templates/presto/20-identity.yaml.j2", "kind: PodDisruptionBudget", "kind: Service"),
        "no template has the kind PodDisruptionBudget: remove the child in kind.py, which also removes its rights",
    ),
    "no sample": (
        lambda root: (root / SAMPLE).unlink(),
        f"{SAMPLE} is missing: write a sample that needs no other object",
    ),
    "another sample": (
        rewrite(SAMPLE, "kind: Presto", "kind: AlluxioCluster"),
        f"{SAMPLE} has the kind AlluxioCluster: list a sample of Presto in examples",
    ),
    "a sample that doesn't follow the types": (
        lambda root: (root / SAMPLE).write_text("kind: Presto\nspec: {workers: {replicas: many}}\n"),
        f"{SAMPLE} isn't a valid PrestoSpec: 1 validation error",
    ),
    "no word in the catalog": (
        rewrite(str(CSV), "`Presto`", "Presto"),
        f"the catalog's description doesn't name it: add a line with `Presto` in backquotes to {CSV}",
    ),
    "no page": (
        without_links,
        f"no page links to docs/{REFERENCE}: write a page for it in docs/, or add a line to README.md",
    ),
    "no bundle": (
        lambda root: (root / "bundle/manifests/alluxio-operator.io_prestos.yaml").unlink(),
        "bundle/manifests/alluxio-operator.io_prestos.yaml is missing: run `make bundle` and commit the result",
    ),
    "an older bundle": (
        rewrite("bundle/manifests/alluxio-operator.io_prestos.yaml", "- prs\n", "- pr\n"),
        "bundle/manifests/alluxio-operator.io_prestos.yaml isn't the CRD of the kind's types: "
        "run `make bundle` and commit the result",
    ),
}


@pytest.mark.parametrize("case", LACKS)
def test_what_is_missing_is_named_with_its_remedy(repository: Path, case: str):
    change, expected = LACKS[case]
    assert list(problems(repository, [PRESTO])) == []

    change(repository)

    [found] = problems(repository, [PRESTO])
    assert found.startswith(f"Presto: {expected}")


def only(kind: KindDescriptor, repository: Path) -> str:
    return next(iter(problems(repository, [kind])))


def test_a_child_of_a_kind_that_the_server_does_not_watch_is_named(repository: Path):
    kind = replace(PRESTO, children=(*PRESTO.children, Child("Ingress")))

    assert only(kind, repository) == (
        "Presto: its child Ingress wakes no owner: add the kind to KINDS in src/alluxio_operator/kube/kinds.py, "
        "and to CHILD_KINDS in src/alluxio_operator/engine/children.py"
    )


def test_a_right_to_delete_what_the_engine_keeps_is_named(repository: Path):
    kind = replace(PRESTO, children=(*PRESTO.children, Child("PersistentVolumeClaim")))

    assert only(kind, repository) == (
        "Presto: the engine never deletes a PersistentVolumeClaim: give this child KEPT_VERBS in kind.py"
    )


def test_a_catalog_shows_a_sample_of_each_kind(repository: Path):
    assert only(replace(PRESTO, examples=()), repository) == (
        "Presto: it has no sample for catalogs: write one below config/samples, and list it in examples"
    )
