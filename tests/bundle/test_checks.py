"""The bundle passes what catalogs check, without one warning."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dev.olm import bundle, catalog, releases, submission, versions
from dev.olm.programs import Programs
from dev.tasks.shell import ROOT

from alluxio_operator import __version__

Json = dict[str, Any]
BUNDLE = ROOT / "bundle"
PULLED = f"registry.example.com/team/alluxio-operator:{__version__}"
VALIDATE = ("bundle", "validate", "--output=json-alpha1", "--select-optional=suite=operatorframework")


def findings(programs: Programs, name: str, folder: Path, *options: str) -> list[Json]:
    """Return what a validator says of a bundle, apart from what is only for information."""
    done = subprocess.run(
        [programs.path(name), *VALIDATE, *options, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("{"), done.stderr
    answer = json.loads(done.stdout)
    assert answer["passed"] is (done.returncode == 0)
    return [one for one in answer.get("outputs") or () if one["type"] != "info"]


@pytest.mark.parametrize("options", [(), ("--optional-values=k8s-version=1.32",)], ids=["any", "kubernetes-1.32"])
def test_the_validator_finds_nothing(programs: Programs, options: tuple[str, ...]):
    assert findings(programs, "operator-sdk", BUNDLE, *options) == []


def test_the_validator_of_an_older_release_finds_nothing(older: Programs):
    assert findings(older, "operator-sdk-1.33", BUNDLE) == []


def test_the_validator_would_find_something(programs: Programs, tmp_path: Path):
    broken = tmp_path / "bundle"
    shutil.copytree(BUNDLE, broken)
    file = broken / bundle.CSV_FILE
    csv = yaml.safe_load(file.read_text())
    csv["metadata"]["annotations"]["categories"] = "Nothing Known"
    csv["metadata"]["annotations"]["capabilities"] = "Everything"
    csv["spec"]["installModes"] = []
    file.write_text(yaml.safe_dump(csv))

    found = findings(programs, "operator-sdk", broken)
    assert {one["type"] for one in found} >= {"error"}, found


def scorecard_tests() -> list[str]:
    """Return the tests that the bundle's own configuration of the scorecard names."""
    [stage] = yaml.safe_load((BUNDLE / "tests" / "scorecard" / "config.yaml").read_text())["stages"]
    return [test["entrypoint"][1] for test in stage["tests"]]


@pytest.fixture(scope="module")
def scorecard_root(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder with the bundle where the scorecard's pods have it."""
    root = tmp_path_factory.mktemp("scorecard")
    shutil.copytree(BUNDLE, root / "bundle")
    shutil.copy2(programs.path("scorecard-test"), root / "scorecard-test")
    (root / "tmp").mkdir()
    return root


@pytest.mark.parametrize("test", scorecard_tests())
def test_scorecard(scorecard_root: Path, test: str):
    done = subprocess.run(
        ["chroot", str(scorecard_root), "/scorecard-test", test], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [result] = json.loads(done.stdout)["results"]
    assert result["state"] == "pass", result
    assert not result.get("errors"), result
    # An example that people create has no status, so this suggestion can't be followed.
    assert [one for one in result.get("suggestions", ()) if "does not have status" not in one] == [], result


def test_the_catalog_is_valid(programs: Programs, tmp_path: Path):
    documents = catalog.released()
    made = catalog.write(programs, documents, releases.bundles(documents), tmp_path / "catalog")

    for version in releases.versions_of(documents):
        rendered = list(yaml.safe_load_all((made / f"{versions.csv_name(version)}.yaml").read_text()))
        assert [one["schema"] for one in rendered] == ["olm.bundle"]


def test_the_committed_bundle_is_what_the_sources_give(programs: Programs):
    assert bundle.differences(programs) == []


def test_the_same_sources_give_the_same_bytes(programs: Programs, tmp_path: Path):
    for name in ("first", "second"):
        bundle.generate(programs, tmp_path / name)

    first, second = (
        {file.relative_to(top): file.read_bytes() for file in top.rglob("*") if file.is_file()}
        for top in (tmp_path / "first", tmp_path / "second")
    )
    assert first == second
    assert len(first) > 5


def test_a_submission_is_laid_out_as_catalogs_want_it(programs: Programs, tmp_path: Path):
    folder = submission.write(programs, __version__, PULLED, tmp_path)

    assert folder == tmp_path / "operators" / "alluxio-operator" / __version__
    assert sorted(one.name for one in folder.iterdir()) == ["manifests", "metadata", "tests"]
    assert (folder / "tests" / "scorecard" / "config.yaml").is_file()
    ci = yaml.safe_load((folder.parent / "ci.yaml").read_text())
    assert ci["updateGraph"] == "replaces-mode"
    csv = yaml.safe_load((folder / bundle.CSV_FILE).read_text())
    assert csv["metadata"]["annotations"]["containerImage"] == PULLED
    assert findings(programs, "operator-sdk", folder) == []


def test_a_submission_keeps_the_reviewers_that_somebody_filled_in(programs: Programs, tmp_path: Path):
    ci = tmp_path / "operators" / "alluxio-operator" / "ci.yaml"
    ci.parent.mkdir(parents=True)
    ci.write_text("reviewers: [somebody]\n")

    submission.write(programs, __version__, PULLED, tmp_path)

    assert ci.read_text() == "reviewers: [somebody]\n"
