from pathlib import Path

import pytest

from dev.cluster import cli, doctor, packages
from dev.cluster.doctor import Finding
from dev.cluster.packages import Need
from dev.cluster.paths import find_paths


def test_table_gives_the_remedy_only_where_something_is_missing() -> None:
    lines = doctor.table([Finding("go", True, "go1.26.1", "get go"), Finding("gcc", False, "not found", "get gcc")])
    assert lines == ["ok       go   go1.26.1", "MISSING  gcc  not found  get gcc"]


@pytest.mark.parametrize(
    ("output", "major"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('openjdk version "21" 2025', 21), ("no java", None)],
)
def test_java_version_is_read(output: str, major: int | None) -> None:
    assert doctor.java_major(output) == major


def test_a_package_is_named_once(tmp_path: Path) -> None:
    needs = (
        Need("a", "one", ""),
        Need("b", "one", ""),
        Need("c", "two", ""),
        Need("d", "three", "", tmp_path / "absent"),
        Need("e", "four", "", tmp_path),
    )
    assert packages.missing(needs) == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("chosen", "foreign"), [(None, False), ("", False), ("/srv/c/run/kubeconfig", False), ("/k", True)]
)
def test_a_chosen_kubeconfig_wins(chosen: str | None, foreign: bool) -> None:
    environment = {"ALLUXIO_OPERATOR_CACHE": "/srv/c"} | ({} if chosen is None else {"KUBECONFIG": chosen})
    assert (cli.foreign_kubeconfig(environment, find_paths(environment)) is not None) is foreign


def test_nothing_is_loaded_into_a_cluster_of_somebody_elses_choice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A short path, as Unix sockets need; the test creates nothing there.
    monkeypatch.setenv("ALLUXIO_OPERATOR_CACHE", "/srv/c")
    monkeypatch.setenv("KUBECONFIG", "/somewhere/else")

    assert cli.main(["load"]) == 0
    assert "/somewhere/else" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["up", "--nodes", "4"], ["up", "--nodes", "0"], [], ["kubeconfig", "more"]])
def test_wrong_command_lines_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        cli.parser().parse_args(arguments)
    assert refusal.value.code == 2
