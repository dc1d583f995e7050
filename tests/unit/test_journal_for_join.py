"""The script of the Job that prepares the journal of a master that joins: empty, once, and nothing is deleted."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.builders import TEMPLATES

SCRIPT = TEMPLATES / "alluxio" / "files" / "journal-for-join.sh"
SHELLS = [shell for shell in ("sh", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(shell: str, volume: Path, operation: str = "m1", *, until: str = "") -> int:
    """Run the script as its container does; `until`: end before the first line that begins with this."""
    lines = SCRIPT.read_text().splitlines()
    if until:
        lines = lines[: next(number for number, line in enumerate(lines) if line.strip().startswith(until))]
    command = ["busybox", "sh"] if shell == "busybox" else [shell]
    words = ["-eu", "-c", "\n".join(lines), "journal-for-join", str(volume), operation]
    return subprocess.run([*command, *words], env={"PATH": "/usr/bin:/bin"}, check=False).returncode


def fill(volume: Path) -> None:
    """Let a master write into the journal."""
    (volume / "raft" / "group" / "current").mkdir(parents=True)
    (volume / "raft" / "group" / "current" / "raft-meta").touch()
    (volume / ".first-start").unlink(missing_ok=True)


def is_empty(volume: Path) -> bool:
    return (volume / "raft").is_dir() and not any((volume / "raft").iterdir()) and (volume / ".first-start").exists()


def test_an_empty_volume_gets_a_journal_to_start_with(shell: str, tmp_path: Path):
    assert run(shell, tmp_path) == 0
    assert is_empty(tmp_path)


def test_a_former_journal_is_moved_away_and_kept(shell: str, tmp_path: Path):
    fill(tmp_path)

    assert run(shell, tmp_path) == 0
    assert is_empty(tmp_path)
    assert (tmp_path / "raft-before-m1" / "group" / "current" / "raft-meta").exists()


def test_a_second_run_of_the_same_operation_leaves_the_journal_of_the_new_member(shell: str, tmp_path: Path):
    run(shell, tmp_path)
    fill(tmp_path)

    assert run(shell, tmp_path) == 0
    assert (tmp_path / "raft" / "group" / "current" / "raft-meta").exists()


def test_the_next_operation_begins_anew(shell: str, tmp_path: Path):
    for operation in ("m1", "m2", "m3"):
        assert run(shell, tmp_path, operation) == 0
        assert is_empty(tmp_path)
        fill(tmp_path)

    assert sorted(one.name for one in tmp_path.glob("raft-before-*")) == ["raft-before-m2", "raft-before-m3"]


@pytest.mark.parametrize("until", ["mkdir ", ": >", 'echo "$operation"', 'mv "$journal/.joins.new"'])
def test_a_run_that_ends_midway_is_completed_by_the_next(shell: str, until: str, tmp_path: Path):
    fill(tmp_path)
    run(shell, tmp_path, until=until)

    assert run(shell, tmp_path) == 0
    assert is_empty(tmp_path)
    assert (tmp_path / "raft-before-m1" / "group" / "current" / "raft-meta").exists()


def test_a_late_run_of_an_earlier_operation_leaves_the_journal_of_the_member(shell: str, tmp_path: Path):
    run(shell, tmp_path, "m65a0c3f0")
    fill(tmp_path)

    assert run(shell, tmp_path, "m65a0c3ef") == 1
    assert (tmp_path / "raft" / "group" / "current" / "raft-meta").exists()
    assert (tmp_path / ".joins").read_text() == "m65a0c3f0\n"
