"""The supervisor with real processes that stand in for the hook server and for shell-operator."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alluxio_operator.environment import CHILD_EVENTS, LEADING_FD, UNLISTED
from alluxio_operator.settings import Settings
from alluxio_operator.supervisor import shell_operator_env

LEADS = f"import os; os.write(int(os.environ[{LEADING_FD!r}]), b'leading hooks -\\n')"
LIVES = """
import os, signal, sys, time
def ended(*_):
    note('told to end')
    sys.exit(0)
def note(what):
    with open(os.environ['NOTES'], 'a') as notes:
        print(sys.argv[1], what, file=notes)
signal.signal(signal.SIGTERM, ended)
note('runs')
"""
WAITS = "time.sleep(60)"

DRIVER = """
import os, sys, json
sys.path.insert(0, sys.argv[1])
from alluxio_operator.supervisor import Supervisor
server, shell_operator = json.loads(sys.argv[2])
sys.exit(Supervisor(server, shell_operator, dict(os.environ), dict(os.environ), grace=float(sys.argv[3])).run())
"""


class Supervised:
    def __init__(self, tmp_path: Path, server: str, shell_operator: str = LIVES + WAITS, grace: float = 20) -> None:
        self.notes = tmp_path / "notes"
        self.notes.touch()
        commands = [
            [sys.executable, "-I", "-S", "-c", server, "server"],
            [sys.executable, "-I", "-S", "-c", shell_operator, "shell-operator"],
        ]
        if shell_operator == "missing":
            commands[1] = ["/nonexistent/shell-operator"]
        root = str(Path(__file__).parents[2] / "src")
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", DRIVER, root, json.dumps(commands), str(grace)],
            env={"NOTES": str(self.notes)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, *notes: str) -> None:
        end = time.monotonic() + 20
        while not set(notes) <= set(self.noted()):
            assert time.monotonic() < end, self.noted()
            time.sleep(0.02)

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines()

    def ends(self) -> int:
        out, _ = self.process.communicate(timeout=30)
        self.log: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
        return self.process.returncode


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Any]:
    started: list[Supervised] = []

    def start(*args: Any, **options: Any) -> Supervised:
        started.append(Supervised(tmp_path, *args, **options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_both_and_exits_with_zero(supervised: Any, number: signal.Signals) -> None:
    one = supervised(LIVES + LEADS + "\n" + WAITS)
    one.wait_for("server runs", "shell-operator runs")
    one.process.send_signal(number)
    assert one.ends() == 0
    assert one.noted()[:2] == ["server runs", "shell-operator runs"]
    assert sorted(one.noted()[2:]) == ["server told to end", "shell-operator told to end"]
    assert [line["msg"] for line in one.log[:3]] == ["server started", "shell-operator started", "stopping on a signal"]


def test_a_standby_does_not_start_shell_operator(supervised: Any) -> None:
    one = supervised(LIVES + WAITS)
    one.wait_for("server runs")
    time.sleep(0.3)
    one.process.terminate()
    assert one.ends() == 0
    assert one.noted() == ["server runs", "server told to end"]


@pytest.mark.parametrize(
    ("server_ends", "code"),
    [("sys.exit(0)", 1), ("sys.exit(3)", 3), ("os.kill(os.getpid(), signal.SIGKILL)", 137)],
)
def test_a_server_that_ends_takes_shell_operator_along(supervised: Any, server_ends: str, code: int) -> None:
    until_it_runs = "while 'shell-operator runs' not in open(os.environ['NOTES']).read(): time.sleep(0.02)"
    one = supervised("\n".join([LIVES, LEADS, until_it_runs, server_ends]))
    assert one.ends() == code
    assert "shell-operator told to end" in one.noted()


@pytest.mark.parametrize(("ends", "code"), [("sys.exit(0)", 1), ("sys.exit(4)", 4)])
def test_shell_operator_that_ends_takes_the_server_along(supervised: Any, ends: str, code: int) -> None:
    one = supervised(LIVES + LEADS + "\n" + WAITS, LIVES + ends)
    assert one.ends() == code
    assert "server told to end" in one.noted()


def test_shell_operator_that_cannot_be_started_is_said_and_ends_it_all(supervised: Any) -> None:
    one = supervised(LIVES + LEADS + "\n" + WAITS, "missing")
    assert one.ends() == 127
    assert "server told to end" in one.noted()
    assert any("shell-operator cannot be started" in line["msg"] for line in one.log)


def test_a_server_that_is_told_to_end_while_it_starts_is_no_failure(supervised: Any) -> None:
    one = supervised(LIVES + "signal.signal(signal.SIGTERM, signal.SIG_DFL)\nnote('starts')\n" + WAITS)
    one.wait_for("server starts")
    one.process.terminate()
    assert one.ends() == 0


def test_what_does_not_end_in_time_is_killed(supervised: Any) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    one = supervised(LIVES + LEADS + "\n" + WAITS, LIVES + deaf + "note('is deaf')\n" + WAITS, grace=0.2)
    one.wait_for("shell-operator is deaf")
    one.process.terminate()
    assert one.ends() == 137
    assert [line["msg"] for line in one.log].count("shell-operator did not end in time and is killed") == 1


def test_shell_operator_and_so_the_hooks_learn_what_the_server_chose(supervised: Any) -> None:
    says = LIVES + f"note('has ' + os.environ.get({CHILD_EVENTS!r}, 'nothing'))\n" + WAITS
    one = supervised(LIVES + LEADS.replace("hooks", "watch") + "\n" + WAITS, says)
    one.wait_for("shell-operator has watch")
    one.process.terminate()
    assert one.ends() == 0


def test_what_the_server_says_may_come_in_parts(supervised: Any) -> None:
    said = "(b'lead', b'ing wa', b'tch A/a,', b'A/b\\n')"
    parts = f"for part in {said}: os.write(int(os.environ[{LEADING_FD!r}]), part); time.sleep(0.1)"
    says = f"note('has ' + os.environ[{CHILD_EVENTS!r}] + ' ' + os.environ[{UNLISTED!r}])\n"
    one = supervised(LIVES + parts + "\n" + WAITS, LIVES + says + WAITS)
    one.wait_for("shell-operator has watch A/a,A/b")
    one.process.terminate()
    assert one.ends() == 0
    assert one.noted().count("shell-operator runs") == 1


def test_shell_operator_does_not_get_the_servers_descriptor(supervised: Any) -> None:
    opened = LIVES + "note('has ' + ' '.join(sorted(os.listdir('/proc/self/fd'))))\n" + WAITS
    one = supervised(LIVES + LEADS + "\n" + WAITS, opened)
    one.wait_for("shell-operator runs")
    one.wait_for("shell-operator has 0 1 2 3")
    one.process.terminate()
    assert one.ends() == 0


def test_children_of_others_are_reaped(supervised: Any) -> None:
    # An orphan of the server; only the first process of a container gets it, so here it must just not disturb.
    orphan = "if os.fork() == 0:\n    os.setsid()\n    time.sleep(0.1)\n    os._exit(0)\n"
    one = supervised(LIVES + orphan + LEADS + "\n" + WAITS)
    one.wait_for("shell-operator runs")
    one.process.terminate()
    assert one.ends() == 0


def test_shell_operator_gets_its_settings_in_its_own_words() -> None:
    settings = Settings.from_env(
        {
            "POD_NAMESPACE": "ops",
            "KUBECONFIG": "/etc/kubeconfig",
            "ALLUXIO_OPERATOR_RUN_DIR": "/run/op",
            "SHELL_OPERATOR_LISTEN_PORT": "9200",
            "WATCH_NAMESPACE": "data",
        }
    )
    env = shell_operator_env(settings, {"WATCH_NAMESPACE": "data", "LOG_LEVEL": "debug"})
    assert env == {
        "SHELL_OPERATOR_HOOKS_DIR": "/hooks",
        "SHELL_OPERATOR_TMP_DIR": "/run/op/shell-operator",
        "TMPDIR": "/run/op",
        "SHELL_OPERATOR_LISTEN_ADDRESS": "127.0.0.1",
        "SHELL_OPERATOR_LISTEN_PORT": "9200",
        "DEBUG_UNIX_SOCKET": "/run/op/shell-operator-debug.sock",
        "KUBE_CLIENT_QPS": "20",
        "KUBE_CLIENT_BURST": "40",
        "KUBE_CONFIG": "/etc/kubeconfig",
        "LOG_TYPE": "json",
        "LOG_LEVEL": "error",
        "GOGC": "50",
        "GOMAXPROCS": "1",
    }


def test_the_garbage_that_shell_operator_may_keep_can_be_set() -> None:
    chosen = {"GOGC": "100", "GOMAXPROCS": "2"}
    assert shell_operator_env(Settings(), chosen).items() >= chosen.items()


def run_main(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alluxio_operator.supervisor"], env=environ, capture_output=True, text=True, timeout=60
    )


def test_a_setting_that_cannot_be_used_ends_it_with_a_clear_line() -> None:
    ran = run_main(POD_NAMESPACE="ops", ALLUXIO_OPERATOR_WORKERS="many")
    assert ran.returncode == 2
    message = "ALLUXIO_OPERATOR_WORKERS='many': give a whole number from 1 to 64"
    assert json.loads(ran.stdout)["msg"] == message


def test_a_directory_that_cannot_be_made_ends_it_with_a_clear_line() -> None:
    ran = run_main(POD_NAMESPACE="ops", ALLUXIO_OPERATOR_RUN_DIR="/dev/null/run")
    assert ran.returncode == 2
    assert "ALLUXIO_OPERATOR_RUN_DIR" in json.loads(ran.stdout)["msg"]
