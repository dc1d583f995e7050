"""Where tests lie: `make check` stays fast, and a test is found below the folder of what it tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.support.builders import ROOT

NAME = re.compile(r"^def (test_\w+)", re.MULTILINE)
TESTS = ROOT / "tests"
PACKAGE = ROOT / "src" / "alluxio_operator"
ELSEWHERE = {"support"}
"""Folders of tests/unit that test code outside the package."""
WORLDS = {"InPlaceWorld", "OwnerWorld", "RestoreWorld", "Three", "VolumesWorld", "World", "settled"}
"""Names in tests/support that simulate a whole cluster or a whole Presto."""


def imported(path: Path) -> set[str]:
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {name.name for node in found if str(node.module).startswith("tests.support") for name in node.names}


def simulates_a_cluster(path: Path) -> bool:
    return bool(WORLDS & imported(path))


@pytest.mark.parametrize("path", sorted((TESTS / "unit").rglob("test_*.py")), ids=lambda path: path.stem)
def test_no_unit_test_simulates_a_whole_cluster(path: Path):
    assert not simulates_a_cluster(path), "move it to tests/worlds: `make check` is to answer within a minute"


@pytest.mark.parametrize("path", sorted((TESTS / "worlds").rglob("test_*.py")), ids=lambda path: path.stem)
def test_every_test_of_a_world_simulates_one(path: Path):
    assert simulates_a_cluster(path) or "tests.support.crashes" in path.read_text(), "move it to tests/unit"


@pytest.mark.parametrize("suite", ["unit", "worlds"])
def test_folders_of_tests_are_those_of_the_package(suite: str):
    folders = {path.parent.relative_to(TESTS / suite) for path in (TESTS / suite).rglob("test_*.py")}

    assert [str(one) for one in folders if not (PACKAGE / one).is_dir() and str(one) not in ELSEWHERE] == []


@pytest.mark.parametrize("folder", ["tests", "dev", "bench"])
def test_a_name_is_a_sentence_of_at_most_80_characters(folder: str):
    names = [name for path in (ROOT / folder).rglob("test_*.py") for name in NAME.findall(path.read_text())]

    assert [name for name in names if len(name) > 80] == []
