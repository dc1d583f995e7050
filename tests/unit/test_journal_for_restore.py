"""The script of the journal's Jobs of a cluster that restores a backup: it empties only what it has created."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.scripts import journal_script

SCRIPT = journal_script("journal-for-restore.sh")
SHELLS = [shell for shell in ("sh", "bash", "busybox") if shutil.which(shell)]
OPERATION = "0a1b2c3dc"
DATA = b"a backup"
SHA256 = hashlib.sha256(DATA).hexdigest()
NAME = "spec.bootstrap.restore.backupName nightly"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(
    shell: str, volume: Path, mode: str, attempt: int = 1, *, source: Path | None = None, sha256: str = "",
    operation: str = OPERATION, aside: Path | None = None,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run the script as its container does: the text as an argument, a bare environment."""
    command = ["busybox", "sh"] if shell == "busybox" else [shell]
    words = [volume, mode, operation, attempt, volume / ".restore.gz", source or "", sha256, NAME, aside or ""]
    return subprocess.run(
        [*command, "-eu", "-c", SCRIPT, "journal-for-restore", *map(str, words)],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        check=False,
        capture_output=True,
        text=True,
    )


def fill(volume: Path) -> None:
    """Let a master write into the journal."""
    (volume / "raft" / "group" / "current").mkdir(parents=True)
    (volume / "raft" / "group" / "current" / "raft-meta").touch()
    (volume / ".first-start").unlink()


def is_empty(volume: Path) -> bool:
    return (volume / "raft").is_dir() and not any((volume / "raft").iterdir()) and (volume / ".first-start").exists()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    made = tmp_path / "source" / "old-99999999" / "nightly.gz"
    made.parent.mkdir(parents=True)
    made.write_bytes(DATA)
    return made


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    made = tmp_path / "journal"
    made.mkdir()
    return made


def test_it_copies_the_backup_and_creates_an_empty_journal(shell: str, volume: Path, source: Path):
    assert run(shell, volume, "create", source=source, sha256=SHA256).returncode == 0

    assert (volume / ".restore.gz").read_bytes() == DATA
    assert is_empty(volume)


def test_a_second_run_leaves_what_masters_have_written(shell: str, volume: Path, source: Path):
    run(shell, volume, "create", source=source)
    fill(volume)

    assert run(shell, volume, "create", source=source).returncode == 0
    assert (volume / "raft" / "group").exists()


def test_it_empties_a_journal_once_per_attempt(shell: str, volume: Path):
    run(shell, volume, "create")
    fill(volume)
    assert run(shell, volume, "empty", 2).returncode == 0
    assert is_empty(volume)

    fill(volume)
    assert run(shell, volume, "empty", 2).returncode == 0
    assert (volume / "raft" / "group").exists(), "the Job's pod ran twice, and the masters had begun"

    assert run(shell, volume, "empty", 3).returncode == 0
    assert is_empty(volume)


@pytest.mark.parametrize("mode", ["create", "empty"])
@pytest.mark.parametrize("owner", ["", "ffffffffc"])
def test_it_leaves_the_journal_of_another_operation(shell: str, volume: Path, mode: str, owner: str):
    run(shell, volume, "create", operation=owner or OPERATION)
    fill(volume)
    if not owner:
        (volume / ".restoring").unlink()

    ended = run(shell, volume, mode, 2)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("JournalHasData: ")
    assert (volume / "raft" / "group").exists()


def test_it_names_a_missing_file(shell: str, volume: Path, source: Path):
    source.unlink()
    ended = run(shell, volume, "create", source=source)

    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"RestoreSourceMissing: {NAME}: ")
    assert "old-99999999/nightly.gz" in last
    assert not (volume / "raft").exists()


def test_it_refuses_a_file_with_another_checksum(shell: str, volume: Path, source: Path):
    source.write_bytes(b"a Backup")
    ended = run(shell, volume, "create", source=source, sha256=SHA256)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"RestoreSourceDamaged: {NAME}: ")
    assert not (volume / "raft").exists()

    source.write_bytes(DATA)
    assert run(shell, volume, "create", source=source, sha256=SHA256).returncode == 0


def test_a_late_pod_of_an_earlier_attempt_leaves_the_journal(shell: str, volume: Path):
    run(shell, volume, "create")
    run(shell, volume, "empty", 3)
    fill(volume)

    assert run(shell, volume, "empty", 2).returncode == 0
    assert (volume / "raft" / "group").exists()


@pytest.mark.parametrize("record", ["", "journal", None])
def test_it_empties_nothing_while_the_journal_of_before_may_have_that_name(
    shell: str, volume: Path, record: str | None
):
    run(shell, volume, "create")
    fill(volume)
    if record is not None:
        (volume / f".before-{OPERATION}").write_text(record)

    ended = run(shell, volume, "empty", 2, aside=volume / f"raft-before-{OPERATION}")

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("JournalHasData: ")
    assert (volume / "raft" / "group").exists()


@pytest.mark.parametrize("kept", [True, False], ids=["set aside", "none before"])
def test_it_empties_what_a_restore_in_place_has_written(shell: str, volume: Path, kept: bool):
    run(shell, volume, "create")
    fill(volume)
    aside = volume / f"raft-before-{OPERATION}"
    if kept:
        aside.mkdir()
    else:
        (volume / f".before-{OPERATION}").write_text("none")

    assert run(shell, volume, "empty", 2, aside=aside).returncode == 0
    assert is_empty(volume)
