"""A catalog offers every release, so it needs the bundle of each."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alluxio_operator import __version__
from dev.olm.catalog import channels, released
from dev.olm.releases import at_tag, bundles, versions_of
from dev.olm.versions import entry
from dev.tasks.shell import StepFailed


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose version 0.0.9 had another bundle than it has now."""
    repository = tmp_path / "repository"
    bundle = repository / "bundle" / "manifests"
    bundle.mkdir(parents=True)

    def git(*arguments: str) -> None:
        settings = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *settings, *arguments], cwd=repository, check=True, capture_output=True)

    git("init", "--quiet")
    (bundle / "csv.yaml").write_text("version: 0.0.9\n")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    git("tag", "v0.0.9")
    (bundle / "csv.yaml").write_text("version: now\n")
    return repository


def test_each_version_is_named_once():
    documents = channels({"stable-v0": [entry("0.0.9")], "candidate-v0": [entry("0.0.9"), entry("0.1.0", "0.0.9")]})

    assert versions_of(documents) == ["0.0.9", "0.1.0"]
    assert __version__ in versions_of(released())


def test_an_earlier_version_is_what_it_was_when_it_was_tagged(repository: Path, tmp_path: Path):
    documents = channels({"stable-v0": [entry("0.0.9"), entry(__version__, "0.0.9")]})

    earlier, this = bundles(documents, tmp_path / "released", repository)

    assert (earlier / "manifests" / "csv.yaml").read_text() == "version: 0.0.9\n"
    assert this == repository / "bundle"
    assert (this / "manifests" / "csv.yaml").read_text() == "version: now\n"


def test_what_was_there_before_goes(repository: Path, tmp_path: Path):
    left = tmp_path / "released" / "bundle" / "left.yaml"
    left.parent.mkdir(parents=True)
    left.write_text("left: over\n")

    at_tag("0.0.9", "bundle", tmp_path / "released", repository)

    assert not left.exists()


def test_a_version_without_its_tag_is_told_with_the_remedy(repository: Path, tmp_path: Path):
    with pytest.raises(StepFailed, match=r"offers 0\.0\.8, but this checkout lacks its tag v0\.0\.8: run `git fetch"):
        at_tag("0.0.8", "bundle", tmp_path / "released", repository)
