"""What is rendered for each sample of Presto is what is committed."""

from __future__ import annotations

import pytest
from tests.support.presto_golden import CASES, HERE, expected_of, files_of


def test_every_folder_is_a_sample():
    assert {path.name for path in HERE.iterdir()} == set(CASES)
    assert len(CASES) >= 4


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_is_what_is_committed(case: str):
    rendered, committed = expected_of(case), files_of(case)

    assert sorted(rendered) == sorted(committed), "run `make golden` and read the diff"
    for name, text in rendered.items():
        assert committed[name] == text, f"{case}/{name}: run `make golden` and read the diff"
