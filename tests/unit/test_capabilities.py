"""docs/capabilities.md: what is claimed has a test, and nothing up to the claimed level is answered by no."""

from __future__ import annotations

import re

import pytest
from tests.support.builders import ROOT

TEXT = (ROOT / "docs" / "capabilities.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| \d\.\d+ \|", line)
]
QUESTIONS = {1: 10, 2: 6, 3: 10, 4: 7, 5: 6}
"""How many there are for each level."""


def level(row: list[str]) -> int:
    return int(row[0].partition(".")[0])


def test_every_question_is_answered():
    assert {number: sum(level(row) == number for row in ROWS) for number in QUESTIONS} == QUESTIONS
    assert all(row[2] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_named_as_proof_is_there(row: list[str]):
    paths = re.findall(r"`((?:dev/tests|tests|kuttl-tests)/[^`]+)`", row[3])
    links = re.findall(r"\]\(([^)#]+)\)", row[3])

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_a_yes_has_a_proof():
    claimed = [row for row in ROWS if row[2].startswith("yes")]

    assert len(claimed) > 10
    assert [row[0] for row in claimed if not row[3]] == []


def test_no_question_of_the_claimed_level_is_answered_by_no():
    found = re.search(r"The bundle claims level (\d)", TEXT)
    assert found
    up_to = int(found.group(1))

    assert [row[0] for row in ROWS if level(row) <= up_to and re.match(r"no\b", row[2])] == []
    assert [row[0] for row in ROWS if level(row) <= up_to and not row[3]] == []
