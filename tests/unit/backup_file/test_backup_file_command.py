"""The command of the Job: one line of JSON in any case, and exit codes that tell whether another try may help."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import backup_files as made

from alluxio_operator.backup_file import __main__ as command
from alluxio_operator.backup_file.clean import Cleaned
from alluxio_operator.backup_file.count import Summary
from alluxio_operator.backup_file.errors import RETRIED, BackupFileError, Reason
from alluxio_operator.backup_file.result import LONGEST, Result
from alluxio_operator.backup_file.rewrite import trial_entry
from alluxio_operator.backup_file.stream import EntryReader


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "alluxio-backup-2030-05-06-1904299200000.gz"
    path.write_bytes(made.backup(made.some()))
    return path


def run(*arguments: str | Path) -> tuple[int, Result]:
    """Run `check` in this process, and return its exit code and its result."""
    result = Path(str(arguments[0])).parent / "result"
    code = command.main(["check", *map(str, arguments), "--result", str(result)])
    return code, Result.parse(result.read_text())


def test_a_whole_backup_is_reported_with_its_summary(backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marker = backup.with_name(f"{backup.name}.complete")
    marker.touch()
    code, found = run(backup, "--marker", marker, "--expect", "47")
    assert (code, found.ok, found.reason) == (0, True, "")
    assert found.summary is not None
    assert found.summary.entries == 47
    assert capsys.readouterr().out.rstrip() == found.as_json()


def test_a_clean_file_is_written_beside_the_check(backup: Path) -> None:
    target = backup.with_name("clean.gz")
    code, found = run(backup, "--clean", target)
    assert code == 0
    assert found.cleaned is not None
    assert (found.cleaned["entries"], found.cleaned["dropped"], found.cleaned["options"]) == (46, 1, 1)
    assert found.cleaned["size"] == target.stat().st_size


@pytest.mark.parametrize("cleans", [False, True])
def test_a_trial_has_the_entries_of_the_file_that_is_kept(backup: Path, cleans: bool) -> None:
    target, trial = backup.with_name("clean.gz"), backup.with_name("trial.gz")
    before = backup.read_bytes()
    code, found = run(backup, *(("--clean", target) if cleans else ()), "--trial", trial)
    assert (code, backup.read_bytes()) == (0, before)
    kept = target if cleans else backup
    with kept.open("rb") as file, trial.open("rb") as tried:
        entries, written = (list(EntryReader(one)) for one in (file, tried))
    assert written == [trial_entry(one) for one in entries] != entries
    assert found.summary is not None
    assert len(written) == (found.cleaned["entries"] if found.cleaned is not None else found.summary.entries)


def test_a_file_that_is_refused_has_no_trial(backup: Path) -> None:
    trial = backup.with_name("trial.gz")
    assert run(backup, "--expect", "48", "--trial", trial)[1].reason == "CountMismatch"
    assert not trial.exists()


def test_a_missing_marker_is_refused(backup: Path) -> None:
    code, found = run(backup, "--marker", f"{backup}.complete")
    assert (code, found.reason) == (3, "NoMarker")
    assert f"{backup}.complete" in found.message


def test_another_count_than_alluxio_s_is_refused_and_nothing_is_cleaned(backup: Path) -> None:
    target = backup.with_name("clean.gz")
    code, found = run(backup, "--expect", "48", "--clean", target)
    assert (code, found.reason) == (3, "CountMismatch")
    assert "47 entries" in found.message
    assert "48" in found.message
    assert found.summary is not None
    assert {path.name for path in backup.parent.iterdir()} == {backup.name, "result"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"", "Empty"),
        (lambda data: data[:-3], "Truncated"),
        (lambda data: data[:-6] + bytes([data[-6] ^ 1]) + data[-5:], "Corrupt"),
        (lambda data: data + data, "SeveralMembers"),
        (lambda data: data + b"x", "TrailingBytes"),
        (lambda data: b"text", "NotABackup"),
    ],
)
def test_a_damaged_file_is_refused_for_good(backup: Path, change, reason: str) -> None:  # type: ignore[no-untyped-def]
    backup.write_bytes(change(backup.read_bytes()))
    code, found = run(backup)
    assert (code, found.ok, found.reason, found.summary) == (3, False, reason, None)
    assert "Remedy: " in found.message


def test_trouble_of_the_storage_may_be_retried(backup: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "absent.gz")[0] == 1
    assert run(tmp_path / "absent.gz")[1].reason == "Missing"
    code, found = run(tmp_path / ".")
    assert (code, found.reason) == (1, "Unreadable")
    (tmp_path / "file").touch()
    assert run(backup, "--clean", tmp_path / "file" / "clean.gz")[1].reason == "Unwritable"


def test_an_error_of_the_program_is_reported_too(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> Summary:
        raise RuntimeError("unexpected")

    monkeypatch.setattr(command, "summarize", failing)
    code, found = run(backup)
    assert (code, found.reason) == (1, "Internal")
    assert "RuntimeError: unexpected" in found.message


def test_the_limit_of_expanded_bytes_is_an_option(backup: Path) -> None:
    assert run(backup, "--max-expanded-bytes", "100")[1].reason == "ExpandsTooFar"


def test_a_result_that_cannot_be_written_is_an_error(backup: Path, tmp_path: Path) -> None:
    assert command.main(["check", str(backup), "--result", str(tmp_path / "no" / "result")]) == 1


def test_a_wrong_command_line_has_a_code_of_its_own() -> None:
    with pytest.raises(SystemExit) as found:
        command.main(["check"])
    assert found.value.code == 2


def test_the_module_runs_as_a_job_runs_it(backup: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alluxio_operator.backup_file", "check", backup], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["summary"]["entries"] == 47
    backup.write_bytes(b"")
    done = subprocess.run([sys.executable, "-m", "alluxio_operator.backup_file", "check", backup], capture_output=True)
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_run_that_is_ended_leaves_no_file_of_the_final_name(backup: Path, number: int, code: int) -> None:
    # The source never ends, so the run is in its middle whenever the signal comes.
    source, target = backup.with_name("pipe"), backup.with_name("clean.gz")
    os.mkfifo(source)
    command_line = [sys.executable, "-m", "alluxio_operator.backup_file", "check", source, "--clean", target]
    with subprocess.Popen(command_line) as job, source.open("wb") as pipe:
        pipe.write(backup.read_bytes()[:-20])
        pipe.flush()
        while not list(backup.parent.glob(".*.partial")):
            assert job.poll() is None
        # Right before a read of the pipe, which never ends, a signal goes unnoticed. A read of a file ends.
        while job.poll() is None:
            job.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                job.wait(timeout=0.5)
        assert job.returncode == code
    assert not target.exists()
    assert bool(list(backup.parent.glob(".*.partial"))) == (number == signal.SIGKILL)
    assert run(backup, "--clean", target)[0] == 0
    assert list(backup.parent.glob(".*.partial")) == []


# --- results ---------------------------------------------------------------------------------------------------------


def test_every_reason_has_an_exit_code() -> None:
    codes = {reason: Result.of_error(BackupFileError(reason, "it")).exit_code for reason in Reason}
    assert {reason for reason, code in codes.items() if code == 1} == RETRIED
    assert {reason for reason, code in codes.items() if code == 3} == set(Reason) - RETRIED
    assert Result().exit_code == 0


def test_a_long_result_loses_names_and_kinds_before_it_loses_numbers() -> None:
    kinds = {f"kind_{number}": 10**15 for number in range(100)}
    summary = Summary("a" * 64, 10**12, 10**13, 10**10, kinds)
    found = Result.of_success(Cleaned(summary, summary, 1, 99, tuple("x" * 64 for _ in range(16)))).as_json()
    assert len(found) <= LONGEST
    parsed = Result.parse(found)
    assert parsed.ok
    assert parsed.summary is not None
    assert parsed.summary.entries == 10**10
    assert parsed.cleaned is not None
    assert parsed.cleaned["options"] == 99
    message = Result.of_error(BackupFileError(Reason.CORRUPT, "\U0001f600" * 5000), summary).as_json()
    assert len(message) <= LONGEST


def test_the_largest_result_fits_into_the_share_of_a_pod_with_eight_containers() -> None:
    most = 2**64 - 1
    kinds = {f"unknown_{2**29 - number}": most for number in range(1, 100)}
    numbers = dict.fromkeys(
        ("files", "directories", "mounts", "blocks", "largest_block_container", "next_block_container"), most
    )
    names = {"cluster_id": "\ufffd" * 64, "last_kind": f"unknown_{2**29 - 1}", "clean": False}
    summary = Summary("a" * 64, most, most, most, kinds, **numbers, **names)
    cleaned = Cleaned(summary, summary, most, most, tuple("\U0001f600" * 64 for _ in range(16)))
    error = BackupFileError(Reason.EXPANDS_TOO_FAR, "\U0001f600" * 5000)
    for result in (Result.of_success(cleaned), Result.of_error(error, summary), Result.of_error(error)):
        text = result.as_json()
        # The kubelet divides 12 KiB by the number of containers.
        assert len(text.encode()) <= 12 * 1024 // 8
        parsed = Result.parse(text)
        assert (parsed.ok, parsed.reason) == (result.ok, result.reason)
        assert (parsed.summary is None) == (result.summary is None)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"ok": true}', '"text"', '{"ok":false,"reason":"Trunc'])
def test_a_message_that_is_no_result_is_internal(text: str) -> None:
    assert Result.parse(text).reason == "Internal"


def test_a_result_without_a_reason_is_good_only_if_it_says_so() -> None:
    assert not Result.parse('{"ok": false, "reason": "", "message": ""}').ok
    assert Result.parse('{"ok": true, "reason": "", "message": ""}').ok
    assert Result.parse('{"ok": true, "reason": "Newer", "message": ""}').reason == "Newer"
