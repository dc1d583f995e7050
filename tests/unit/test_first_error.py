"""The script around Alluxio, Presto and Trino: the first error of a failed run becomes the termination message."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.golden.clusters import manifests_of
from tests.support.builders import TEMPLATES

from alluxio_operator.workloads.termination_message import gist

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


FAILS = "echo '2030-01-02 03:04:06,123 ERROR [main](A.java:9) - refused'; exit 3"


def with_replaced(words: list[str], *pairs: tuple[str, str]) -> list[str]:
    place = words.index("first-error") - 1
    for old, new in pairs:
        assert old in words[place]
        words[place] = words[place].replace(old, new)
    return words


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("shell", SHELLS)
def test_on_a_full_disk_the_command_runs_and_its_exit_code_counts(tmp_path: Path, shell: str):
    made = with_replaced(
        arguments(tmp_path, shell, "sh", "-c", FAILS),
        ('"$folder/time"', "/dev/full"),
        ('> "$folder/found"', "> /dev/full"),
    )

    done = subprocess.run(made, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout.count("refused")) == (3, 1)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_exit_code_counts_though_the_folder_was_removed_during_the_run(tmp_path: Path, shell: str):
    code, output, message = run(tmp_path, shell, "sh", "-c", f"rm -rf {tmp_path / 'pipes'}; {FAILS}")

    assert (code, output.count("refused"), message) == (3, 1, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_folder_that_cannot_be_removed_keeps_no_command_from_running(tmp_path: Path, shell: str):
    (tmp_path / "pipes").mkdir()
    (tmp_path / "rm").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "rm").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"

    done = subprocess.run(
        arguments(tmp_path, shell, "sh", "-c", "echo served; exit 5"),
        capture_output=True, text=True, check=False, env={**os.environ, "PATH": path},
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (5, "served\n")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("script", [rf"printf 'a\000b\n'; {FAILS}", FAILS.replace("echo", "printf 'x\\000y\\n';echo")])
def test_binary_output_hides_no_error(tmp_path: Path, shell: str, script: str):
    code, output, message = run(tmp_path, shell, "sh", "-c", script)

    assert (code, "refused" in output) == (3, True)
    assert message == "2030-01-02 03:04:06,123 ERROR [main](A.java:9) - refused\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_message_has_no_null_bytes(tmp_path: Path, shell: str):
    _, _, message = run(tmp_path, shell, "sh", "-c", r"printf 'Error: a\000b\n'; exit 3")

    assert message == "Error: ab\n"


def test_no_part_of_the_wrapper_runs_as_root_in_a_mount(tmp_path: Path):
    [mount] = [one.obj for one in manifests_of("fuse-and-proxy") if one.obj["kind"] == "DaemonSet"
               and one.obj["metadata"]["name"].endswith("-fuse")]  # fmt: skip
    script = mount["spec"]["template"]["spec"]["containers"][0]["args"][0]
    as_root, exec_, rest = script.partition("exec ")
    assert "first_error" not in as_root.partition("\n")[2], "only its assignment stands before the exec"
    fake = tmp_path / "setpriv"
    fake.write_text('#!/bin/sh\necho "$1 $2 $3"; shift 3; exec env AS_USER=yes "$@"\n')
    fake.chmod(0o755)
    wrapper = 'echo "as user: $AS_USER; $*"'
    command = ["bash", "-euc", f"first_error=$1 options=o mount=m path=p\n{exec_}{rest}", "fuse", wrapper]

    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    )

    dropped, ran = done.stdout.splitlines()
    assert dropped == "--reuid=1000 --regid=1000 --clear-groups"
    assert ran.startswith("as user: yes; env -u ")
    assert ran.endswith("/entrypoint.sh fuse --fuse-opts=o m p")
