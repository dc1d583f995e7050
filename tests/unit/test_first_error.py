"""The script around Alluxio, Presto and Trino: the first error of a failed run becomes the termination message."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.builders import TEMPLATES

from alluxio_operator.workloads.pods import gist

SHELLS = [shell for shell in ("sh", "bash") if shutil.which(shell)]
CRASH = r"""
echo '2030-01-02 03:04:06,101 WARN  [main](R.java:88) - retrying'
echo 'java.net.ConnectException: Connection refused'
echo '2030-01-02 03:04:06,123 ERROR [main](A.java:9) - Fatal error'
echo 'java.lang.RuntimeException: Failed to create the journal'
i=0; while [ $i -lt 60 ]; do echo "	at alluxio.master.Frame.call(Frame.java:$i)"; i=$((i + 1)); done
echo 'Caused by: java.nio.file.AccessDeniedException: /journal/raft' >&2
i=0; while [ $i -lt 300 ]; do
  echo "2030-01-02 03:04:07,123 ERROR [stop](B.java:9) - Connection refused"; i=$((i + 1))
done
exit 3
"""


def arguments(folder: Path, shell: str, *command: str) -> list[str]:
    text = (TEMPLATES / "alluxio" / "files" / "first-error.sh").read_text()
    places = {"/tmp/first-error": folder / "pipes", "/dev/termination-log": folder / "message"}
    for place, other in places.items():
        assert place in text
        text = text.replace(place, str(other))
    return [shell, "-eu", "-c", text, "first-error", *command]


def run(folder: Path, shell: str, *command: str) -> tuple[int, str, str]:
    """Return exit code, output and termination message."""
    done = subprocess.run(arguments(folder, shell, *command), capture_output=True, text=True, check=False)
    message = folder / "message"
    return done.returncode, done.stdout, message.read_text() if message.exists() else ""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_first_error_is_the_termination_message_however_much_follows(tmp_path: Path, shell: str):
    code, output, message = run(tmp_path, shell, "sh", "-c", CRASH)

    assert code == 3
    assert len(output.splitlines()) == 365, "the log has every line"
    assert gist(message) == (
        "java.lang.RuntimeException: Failed to create the journal; "
        "caused by java.nio.file.AccessDeniedException: /journal/raft"
    )
    assert "Connection refused" in gist(output[-2048:]), "the end of the log alone shows the consequence"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("echo '2030-01-02 03:04:06,123 ERROR [main](A.java:9) - harmless'", 0, ""),
        ("echo hello; exit 2", 2, ""),
        ("echo 'mkdir: cannot create directory /x: Permission denied' >&2; exit 2", 2, "mkdir: cannot create"),
        ("echo 'Error: Could not find or load main class x' >&2; exit 1", 1, "Error: Could not find"),
        ("printf '2030-01-02T03:04:06.1Z\\tERROR\\tmain\\tio.X\\tbad\\n'; exit 100", 100, "2030-01-02T03:04:06.1Z"),
        ("kill -KILL $$", 128 + signal.SIGKILL, ""),
    ],
)
def test_only_a_failed_run_with_an_error_leaves_a_message(
    tmp_path: Path, shell: str, script: str, code: int, said: str
):
    found, _, message = run(tmp_path, shell, "sh", "-c", script)

    assert (found, message[: len(said)], bool(message)) == (code, said, bool(said))


@pytest.mark.parametrize("shell", SHELLS)
def test_each_run_starts_without_the_error_of_the_last(tmp_path: Path, shell: str):
    run(tmp_path, shell, "sh", "-c", CRASH)
    (tmp_path / "message").unlink()

    assert run(tmp_path, shell, "sh", "-c", "exit 4") == (4, "", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_signal_reaches_the_command_whose_exit_code_counts(tmp_path: Path, shell: str):
    server = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('drained', flush=True), sys.exit(7)))\n"
        "print('2030-01-02 03:04:06,123 ERROR [main](A.java:9) - old', flush=True)\n"
        "while True: signal.pause()\n"
    )
    with subprocess.Popen(
        arguments(tmp_path, shell, sys.executable, "-c", server), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("old\n")
        os.kill(process.pid, signal.SIGTERM)
        assert process.stdout.read() == "drained\n"
        assert process.wait() == 7
    assert not (tmp_path / "message").exists(), "an ordered shutdown is no failure"


@pytest.mark.parametrize("shell", SHELLS)
def test_without_pipes_the_command_runs_all_the_same(tmp_path: Path, shell: str):
    (tmp_path / "blocked").touch()
    made = [word.replace(str(tmp_path / "pipes"), str(tmp_path / "blocked" / "pipes")) for word in
            arguments(tmp_path, shell, "sh", "-c", "echo served; exit 5")]  # fmt: skip

    done = subprocess.run(made, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (5, "served\n")
