"""What the recipes promise without building anything."""

import io
import json
import re
import tarfile
from pathlib import Path

import pytest
import yaml

from alluxio_operator.kinds.presto.versions import DIALECTS
from dev.cluster.images import also_known_as
from dev.images import jdk, scorecard, trino
from dev.images.alluxio import VERSIONS, class_path
from dev.images.buildah import Buildah, archive_id
from dev.images.cache import Cache
from dev.images.catalog import all_recipes
from dev.images.cli import main
from dev.images.errors import ImageError
from dev.images.operator_image import INPUTS, project_version
from dev.images.recipe import HERE, REPOSITORY, Workshop

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def test_every_base_comes_before_what_needs_it() -> None:
    seen: set[str] = set()
    for recipe in all_recipes():
        assert seen.issuperset(recipe.needs)
        seen.add(recipe.tag)


def test_the_operators_tag_is_the_projects_version_unless_told() -> None:
    assert f"localhost/alluxio-operator/operator:{project_version()}" in {r.tag for r in all_recipes()}
    assert "localhost/alluxio-operator/operator:9.9.9" in {r.tag for r in all_recipes("9.9.9")}


def test_archives_have_names_of_their_own() -> None:
    names = [recipe.archive for recipe in all_recipes()]
    assert len(set(names)) == len(names) == 9 + len(VERSIONS)


def test_what_only_some_suites_need_is_built_by_name_only() -> None:
    assert {recipe.tag for recipe in all_recipes() if recipe.by_name_only} == {scorecard.TAG, trino.TAG}


def test_the_image_of_trino_holds_the_version_that_the_operator_was_run_with() -> None:
    assert trino.VERSION in DIALECTS["Trino"]


def test_trino_without_a_jdk_that_runs_it_is_refused_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jdk, "candidates", lambda _: [])
    [recipe] = [recipe for recipe in all_recipes() if recipe.tag == trino.TAG]
    key = recipe.key()

    with pytest.raises(ImageError, match=r"Trino 476 needs a JDK of Java 24 or later, and none was found in JAVA_HOME"):
        recipe.build(Workshop(Buildah(tmp_path, tmp_path / "log"), Cache(tmp_path), tmp_path))

    assert key == recipe.key(), "it can be listed all the same"
    assert list(tmp_path.iterdir()) == []


def test_what_the_scorecard_runs_is_the_image_that_the_bundle_names() -> None:
    stages = yaml.safe_load((REPOSITORY / "bundle" / "tests" / "scorecard" / "config.yaml").read_text())["stages"]
    named = {test["image"] for stage in stages for test in stage["tests"]}
    assert set(also_known_as(scorecard.TAG)) == named


def test_the_class_path_has_a_fixed_order() -> None:
    assert class_path(["b.jar", "a.jar"]) == "/opt/alluxio/lib/a.jar:/opt/alluxio/lib/b.jar"


def test_the_key_of_the_operator_covers_all_that_its_dockerfile_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+?) \S+$", DOCKERFILE, re.M)
    paths = {path for line in copied for path in line.split()}
    assert paths <= set(INPUTS)


def test_the_build_context_lets_through_all_that_is_copied() -> None:
    let_through = {
        line.removeprefix("!")
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for path in set(INPUTS) - {"Dockerfile", ".dockerignore"}:
        assert any(Path(path).is_relative_to(kept) for kept in let_through), path


def test_the_final_stage_runs_as_a_numeric_user() -> None:
    assert re.search(r"^USER \d+:\d+$", DOCKERFILE.rpartition("\nFROM ")[2], re.M)


@pytest.mark.parametrize("path", [REPOSITORY / "Dockerfile", *HERE.rglob("Containerfile"), *HERE.rglob("*.txt")])
def test_no_file_names_a_package_index(path: Path) -> None:
    assert not re.search(r"https?://(?!localhost|maven\.apache\.org/POM)", path.read_text())


def test_the_id_of_an_archive_is_its_configurations_digest(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as tar:
        content = json.dumps([{"Config": "0123abc.json", "RepoTags": ["a:1"], "Layers": []}]).encode()
        member = tarfile.TarInfo("manifest.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    assert archive_id(archive) == "sha256:0123abc"


def test_list_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALLUXIO_OPERATOR_CACHE", str(tmp_path))
    monkeypatch.setenv("ALLUXIO_OPERATOR_RUN", "/srv/run")
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("missing") == 9 + len(VERSIONS)


def test_an_unknown_image_is_an_error_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALLUXIO_OPERATOR_CACHE", str(tmp_path))
    monkeypatch.setenv("ALLUXIO_OPERATOR_RUN", "/srv/run")
    assert main(["build", "nothing"]) == 1
    assert "there is no image nothing" in capsys.readouterr().err
