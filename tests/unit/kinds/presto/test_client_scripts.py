"""The scripts that put the cluster's Alluxio client into Presto's plugins, on folders laid out as in the images."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.builders import TEMPLATES

from alluxio_operator.workloads.termination_message import CLIENT_MISSING, gist

FILES = TEMPLATES / "presto" / "files"
SHELLS = [shell for shell in ("sh", "bash", "busybox") if shutil.which(shell)]
"""Alluxio's public image has busybox, Presto's has bash."""
OURS = "alluxio-2.9.4-client.jar"


def run(shell: str, script: str, *arguments: object, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a script as its container does: the text as an argument, a bare environment."""
    command = ["busybox", "sh"] if shell == "busybox" else [shell]
    text = (FILES / script).read_text().replace("/dev/termination-log", "/dev/null")
    return subprocess.run(
        [*command, "-eu", "-c", text, script, *map(str, arguments)],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **({"ALLUXIO_HOME": str(home)} if home else {})},
        capture_output=True,
        text=True,
        check=False,
    )


def folder_of(place: Path, *files: str) -> Path:
    place.mkdir(parents=True)
    for file in files:
        (place / file).write_text(f"{place.name}/{file}")
    return place


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def take(shell: str, place: Path, *jars: str) -> subprocess.CompletedProcess[str]:
    home = place / "alluxio"
    folder_of(home / "client", *jars)
    (place / "to").mkdir()
    return run(shell, "take-client.sh", place / "to", "mine:1", "2.9.4", "small", CLIENT_MISSING, home=home)


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ([OURS], OURS),
        (["alluxio-2.9.3-client.jar"], "alluxio-2.9.3-client.jar"),
        ([OURS, "alluxio-2.9.4-hadoop2-client.jar", "alluxio-zz-client.jar", "README"], OURS),
        (["alluxio-shaded-client-2.9.3.jar"], "alluxio-shaded-client-2.9.3.jar"),
    ],
)
def test_one_client_is_taken_and_that_of_the_version_first(shell: str, tmp_path: Path, there: list[str], taken: str):
    assert take(shell, tmp_path, *there).returncode == 0

    assert [one.name for one in (tmp_path / "to" / "client").iterdir()] == [taken]


@pytest.mark.parametrize("there", [[], ["alluxio-underfs-s3a.jar", "README"]])
def test_an_image_without_a_client_is_said_in_a_line_that_the_status_can_repeat(
    shell: str, tmp_path: Path, there: list[str]
):
    done = take(shell, tmp_path, *there)

    assert done.returncode == 1
    assert done.stderr.startswith(
        f"{CLIENT_MISSING}: image mine:1 has no {tmp_path}/alluxio/client/alluxio-*client*.jar"
    )
    for part in ("AlluxioCluster small", "spec.alluxio.client to Image", "spec.image"):
        assert part in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_message_is_short_enough_to_be_repeated_whole():
    image = "registry.example.com/platform/data/alluxio:2.9.4-r17"
    command = [image, "2.9.4", "warehouse-of-the-whole-company", CLIENT_MISSING]
    said = run("sh", "take-client.sh", "/nowhere", *command).stderr

    assert gist(said) == said.strip()


def public_presto(place: Path) -> Path:
    """Lay out the plugins as in the public image: the client of another line in several of them."""
    plugins = place / "presto" / "plugin"
    folder_of(plugins / "hive-hadoop2", "presto-hive.jar", "alluxio-shaded-client-312.jar", "hadoop-apache2.jar")
    folder_of(plugins / "iceberg", "presto-iceberg.jar", "alluxio-shaded-client-312.jar")
    folder_of(plugins / "tpch", "presto-tpch.jar")
    return plugins


def jars(plugin: Path) -> dict[str, str]:
    """Return what a server loads from a plugin: names and contents of its jars."""
    return {one.name: one.read_text() for one in plugin.iterdir()}


def test_every_plugin_with_an_old_client_gets_the_new_one_and_nothing_else_changes(shell: str, tmp_path: Path):
    plugins = public_presto(tmp_path)
    to = tmp_path / "to"
    folder_of(to / "client", OURS)

    # A container may run again in the same pod, with what it left in the volume.
    for _ in range(2):
        assert run(shell, "link-plugins.sh", plugins, to, "hive-hadoop2").returncode == 0

    assert {one.name for one in (to / "plugin").iterdir()} == {"hive-hadoop2", "iceberg", "tpch"}
    assert jars(to / "plugin" / "hive-hadoop2") == {
        "presto-hive.jar": "hive-hadoop2/presto-hive.jar",
        "hadoop-apache2.jar": "hive-hadoop2/hadoop-apache2.jar",
        OURS: f"client/{OURS}",
    }
    assert set(jars(to / "plugin" / "iceberg")) == {"presto-iceberg.jar", OURS}
    assert (to / "plugin" / "tpch").readlink() == plugins / "tpch"
    assert not any(one.is_file() and not one.is_symlink() for one in (to / "plugin").rglob("*")), "300 MB stay uncopied"
    assert (plugins / "iceberg" / "alluxio-shaded-client-312.jar").exists(), "the image is read only"


def test_the_connector_gets_the_client_even_where_the_image_has_none(shell: str, tmp_path: Path):
    plugins = tmp_path / "plugin"
    folder_of(plugins / "hive-hadoop2", "presto-hive.jar")
    folder_of(tmp_path / "to" / "client", OURS)

    assert run(shell, "link-plugins.sh", plugins, tmp_path / "to", "hive-hadoop2").returncode == 0

    assert set(jars(tmp_path / "to" / "plugin" / "hive-hadoop2")) == {"presto-hive.jar", OURS}


def test_a_second_run_takes_the_client_again(shell: str, tmp_path: Path):
    assert take(shell, tmp_path, OURS).returncode == 0
    home, to = tmp_path / "alluxio", tmp_path / "to"
    (home / "client" / OURS).write_text("another")

    again = run(shell, "take-client.sh", to, "mine:1", "2.9.4", "small", CLIENT_MISSING, home=home)

    assert again.returncode == 0
    assert jars(to / "client") == {OURS: "another"}
