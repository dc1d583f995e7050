"""What is rendered for each golden case is what is committed; cases are found, not listed."""

from __future__ import annotations

import pytest
import yaml
from tests.golden.cases import CASES, HERE, expected_of, files_of, manifests_of


def test_every_folder_is_a_case():
    folders = {path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert folders == set(CASES)
    assert len(CASES) >= 8


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_is_what_is_committed(case: str):
    rendered, committed = expected_of(case), files_of(case)

    assert rendered
    assert sorted(rendered) == sorted(committed), "run `make golden` and read the diff"
    for name, text in rendered.items():
        assert committed[name] == text, f"{case}/expected/{name}: run `make golden` and read the diff"


@pytest.mark.parametrize("case", CASES)
def test_the_committed_text_says_what_is_rendered(case: str):
    objects = [yaml.safe_load(text) for text in expected_of(case).values()]

    assert objects == [dict(manifest.obj) for manifest in manifests_of(case)]
