"""How the kinds are found, and what a folder that is no kind leads to."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.builders import TEMPLATES

from alluxio_operator import kinds
from alluxio_operator.api.discovery import KindError
from alluxio_operator.engine.children import CHILD_KINDS
from alluxio_operator.kinds.discovery import descriptors

NAME = "alluxio_operator.kinds.other"


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str | None], None]]:
    """Add a folder with this kind.py to the kinds; without one for None."""

    def add(text: str | None) -> None:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "__init__.py").touch()
        if text is not None:
            (tmp_path / "other" / "kind.py").write_text(text)
        monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
        importlib.invalidate_caches()

    yield add
    for module in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[module]
    if hasattr(kinds, "other"):
        del kinds.other


def test_the_kinds_come_in_their_order():
    found = [(one.kind, one.hook, one.reference_page) for one in descriptors()]

    assert found[0] == ("AlluxioCluster", "10-alluxioclusters.py", "reference.md")
    assert ("Presto", "15-prestos.py", "reference-presto.md") in found
    assert found == sorted(found, key=lambda one: (one[1].partition("-")[0], one[0]))


def test_every_kind_of_child_is_made_by_a_kind_and_watched():
    made = {child.kind for one in descriptors() for child in one.children}

    assert made == {child.kind for child in CHILD_KINDS}


def test_the_templates_of_every_kind_are_there():
    for one in descriptors():
        assert list((TEMPLATES / one.templates).glob("*.yaml.j2")), one.kind


def test_a_folder_without_a_descriptor_is_named(other: Callable[[str | None], None]):
    other(None)

    with pytest.raises(KindError, match=rf"{NAME} has no kind.py: each folder of alluxio_operator.kinds is a kind"):
        descriptors()


def test_a_module_without_a_descriptor_is_named(other: Callable[[str | None], None]):
    other("DESCRIPTION = None\n")

    with pytest.raises(KindError, match=rf"{NAME}.kind has no DESCRIPTOR: assign it a KindDescriptor"):
        descriptors()


@pytest.mark.parametrize(
    ("field", "changed"), [("kind", ""), ("plural", "kind='B'"), ("short", "kind='B', plural='bs'")]
)
def test_two_kinds_of_one_name_are_refused(other: Callable[[str | None], None], field: str, changed: str):
    other(
        "from dataclasses import replace\n"
        "from alluxio_operator.kinds.presto.kind import DESCRIPTOR as PRESTO\n"
        f"DESCRIPTOR = replace(PRESTO{', ' if changed else ''}{changed})\n"
    )

    with pytest.raises(KindError, match=f"two kinds have the {field} '[^']+': change it in the kind.py of one of them"):
        descriptors()


def test_a_description_alone_is_no_kind_that_can_be_reconciled(other: Callable[[str | None], None]):
    other(
        "from alluxio_operator.api.description import Description\n"
        "from alluxio_operator.api.presto import PrestoSpec\n"
        "from alluxio_operator.api.presto_status import PrestoStatus\n"
        "DESCRIPTOR = Description(kind='B', plural='bs', short='b', text='', columns=(), spec=PrestoSpec, "
        "status=PrestoStatus)\n"
    )

    with pytest.raises(KindError, match="no KindDescriptor: nothing is known of its reconciler"):
        descriptors()


def test_finding_the_kinds_loads_no_client():
    code = (
        "import sys; from alluxio_operator.kinds.discovery import descriptors; descriptors(); "
        "print([name for name in ('alluxio_operator.kube.client', 'grpc', 'jinja2') if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
