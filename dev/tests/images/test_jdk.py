"""Which JDK of a machine is taken for what needs a newer Java than Debian has."""

from pathlib import Path

import pytest

from dev.images import jdk


def make(folder: Path, version: str, *, whole: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\nOS_NAME="Linux"\n')
    if whole:
        (folder / "bin" / "jlink").touch()
    return folder


def test_the_oldest_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    homes = [make(tmp_path / name, version) for name, version in (("a", "17.0.9"), ("b", "25.0.1"), ("c", "24.0.2"))]

    taken = jdk.at_least(24, homes)

    assert taken == jdk.Jdk(tmp_path / "c", "24.0.2")
    assert taken.feature == 24


@pytest.mark.parametrize("version", ["17", "23.0.2", "1.8.0_402"])
def test_none_is_taken_that_is_too_old(tmp_path: Path, version: str) -> None:
    assert jdk.at_least(24, [make(tmp_path / "old", version)]) is None


def test_what_is_no_jdk_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "release").write_text("JAVA_VERSION=?\n")
    runtime = make(tmp_path / "jre", "25", whole=False)

    assert jdk.found([tmp_path / "gone", tmp_path / "empty", tmp_path / "odd", runtime]) == []


def test_the_one_named_in_the_environment_comes_first(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()

    assert jdk.candidates({"JAVA_HOME": "/own"}, tmp_path) == [Path("/own"), tmp_path / "a", tmp_path / "b"]
    assert jdk.candidates({}, tmp_path) == [tmp_path / "a", tmp_path / "b"]


@pytest.mark.parametrize(("version", "feature"), [("25", 25), ("25.0.1", 25), ("24-ea", 24), ("25+36", 25)])
def test_a_version_says_which_java_it_is(version: str, feature: int) -> None:
    assert jdk.Jdk(Path("/x"), version).feature == feature
