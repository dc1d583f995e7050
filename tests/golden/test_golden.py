"""What is rendered for each golden case is what is committed; cases are found, not listed."""

from __future__ import annotations

from collections import defaultdict

import pytest
import yaml
from tests.golden.cases import CASES, HERE, MANIFESTS, Case, matches
from tests.support.builders import ROOT

WHOLE = 6
"""As many cases keep all their objects: one more would make every change of a template a longer diff."""


def test_every_folder_is_a_case():
    folders = {(kind, path.name) for kind in MANIFESTS for path in (HERE / kind).iterdir()}

    assert folders == {(case.kind, case.name) for case in CASES}


def test_every_sample_of_presto_is_a_case():
    samples = {path.stem for path in (ROOT / "config" / "samples" / "presto").glob("*.yaml")}

    assert samples <= {case.name for case in CASES if case.kind == "presto"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_rendered_is_what_is_committed(case: Case):
    expected, committed = case.expected(), case.committed()

    assert expected
    assert sorted(expected) == sorted(committed), "run `make golden` and read the diff"
    for name, text in expected.items():
        assert committed[name] == text, f"{case}/expected/{name}: run `make golden` and read the diff"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_text_says_what_is_rendered(case: Case):
    objects = [yaml.load(text, yaml.CSafeLoader) for text in case.rendered().values()]

    assert objects == [dict(manifest.obj) for manifest in MANIFESTS[case.kind](case.name)]


@pytest.mark.parametrize("case", [case for case in CASES if case.globs], ids=str)
def test_a_case_has_what_it_says_that_it_is_about(case: Case):
    names = case.rendered()
    for glob in case.globs:
        found = [name for name in names if matches(glob, name)]
        assert bool(found) != glob.startswith("!"), f"{case}/objects.txt: {glob}: {found}"


def test_few_cases_keep_all_their_objects():
    assert len([str(case) for case in CASES if not case.globs]) <= WHOLE


def test_no_two_files_are_the_same():
    where = defaultdict(list)
    for case in CASES:
        for name, text in case.committed().items():
            where[text].append(f"{case}/{name}")

    assert [files for files in where.values() if len(files) > 1] == []
