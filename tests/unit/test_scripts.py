"""The scripts that pods run before Alluxio: what comes out of a variable is read by Java as it was put in."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import javaproperties
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.builders import TEMPLATES

FILES = TEMPLATES / "alluxio" / "files"
SHELLS = [shell for shell in ("sh", "bash", "busybox") if shutil.which(shell)]


def run(shell: str, script: str, arguments: list[str], variables: dict[str, str]) -> None:
    """Run a script as its container does: the text as an argument, a bare environment."""
    command = ["busybox", "sh"] if shell == "busybox" else [shell]
    text = (FILES / script).read_text()
    subprocess.run(
        [*command, "-eu", "-c", text, script, *arguments],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **variables},
        check=True,
    )


def added(folder: Path, values: dict[str, str], shell: str = "sh") -> dict[str, str]:
    """Return the properties of a site file to which `values` were added."""
    plain, site = folder / "plain", folder / "site"
    for made in (plain, site):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
    (plain / "alluxio-site.properties").write_text("before=kept\n")
    (plain / "log4j.properties").write_text("log4j.rootLogger=INFO\n")
    names = {f"OPTION_{number}": name for number, name in enumerate(values, start=1)}
    pairs = [f"{name}={variable}" for variable, name in names.items()]
    run(shell, "add-properties.sh", [str(plain), str(site), *pairs], {v: values[n] for v, n in names.items()})
    assert (site / "log4j.properties").read_text() == "log4j.rootLogger=INFO\n"
    text = (site / "alluxio-site.properties").read_text()
    assert text.isascii(), "Java 8 reads such files as Latin-1"
    return javaproperties.loads(text)


ODD = {
    "backslash": "a\\b\\",
    "blanks": "  leading and trailing ",
    "comment": "#!not a comment",
    "assignment": "a=b:c",
    "lines": "one\ntwo\r\nthree\n",
    "shell": "$HOME `id` $(id) \"double\" 'single' %s %d *",
    "unicode": "naïve, 日本語, 😀",
    "tab": "\ta\t",
    "empty": "",
    "aws": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_odd_values_arrive_as_they_are(shell: str, tmp_path: Path):
    assert added(tmp_path, ODD, shell) == {"before": "kept", **ODD}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_value_arrives_as_it_is(tmp_path: Path, value: str):
    assert added(tmp_path, {"any": value})["any"] == value


def test_a_value_cannot_smuggle_in_another_property(tmp_path: Path):
    assert added(tmp_path, {"mine": "x\nbefore=changed"})["before"] == "kept"


def test_a_second_run_leaves_one_copy(tmp_path: Path):
    plain, site = tmp_path / "plain", tmp_path / "site"
    plain.mkdir()
    site.mkdir()
    (plain / "alluxio-site.properties").write_text("before=kept\n")
    for value in ("old", "new"):
        run("sh", "add-properties.sh", [str(plain), str(site), "key=OPTION_1"], {"OPTION_1": value})

    assert (site / "alluxio-site.properties").read_text() == "before=kept\nkey=new\n"


def test_what_holds_secrets_is_for_its_user_alone(tmp_path: Path):
    added(tmp_path, {"key": "value"})

    assert (tmp_path / "site" / "alluxio-site.properties").stat().st_mode & 0o077 == 0


def test_a_missing_variable_ends_the_script(tmp_path: Path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "alluxio-site.properties").write_text("")
    (tmp_path / "site").mkdir()

    with pytest.raises(subprocess.CalledProcessError):
        run("sh", "add-properties.sh", [str(tmp_path / "plain"), str(tmp_path / "site"), "key=OPTION_1"], {})


@pytest.mark.parametrize("shell", SHELLS)
def test_files_are_written_as_they_are(shell: str, tmp_path: Path):
    files = {"core-site.xml": "<configuration>\n\t<a>$x \\ %s 'é'</a>\n</configuration>\n\n", "hdfs-site.xml": "-n"}
    pairs = [f"{name}=FILE_{number}" for number, name in enumerate(files, start=1)]
    variables = {f"FILE_{number}": text for number, text in enumerate(files.values(), start=1)}

    run(shell, "write-files.sh", [str(tmp_path), *pairs], variables)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files


@pytest.mark.parametrize("path", sorted(FILES.glob("*.sh")), ids=lambda path: path.name)
def test_kubernetes_finds_nothing_to_expand_in_a_script(path: Path):
    # In a container's arguments $(NAME) is replaced and $$ becomes $.
    assert "$$" not in path.read_text()
    assert "$(" not in path.read_text()


# --- domain sockets -----------------------------------------------------------------------------------------------


def listening(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    return made


@pytest.mark.parametrize("shell", SHELLS)
def test_a_worker_removes_its_own_sockets_and_nothing_else(shell: str, tmp_path: Path):
    own, other = tmp_path / "small-worker-0", tmp_path / "small-worker-1"
    own.mkdir()
    other.mkdir()
    (own / "file").touch()
    with listening(own / "1"), listening(own / "2"), listening(other / "3"):
        run(shell, "remove-sockets.sh", [str(own)], {})

    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["small-worker-0", "file", "small-worker-1", "3"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_folder_without_sockets_is_fine(shell: str, tmp_path: Path):
    run(shell, "remove-sockets.sh", [str(tmp_path)], {})
