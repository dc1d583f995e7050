"""The operator as local processes: the container's entry point, hooks and shell-operator, without a container."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import psutil

from dev.cluster.paths import REPOSITORY, find_paths

LEASE = {"DURATION": "4", "RENEW_DEADLINE": "3", "RETRY": "1"}
"""Seconds; shorter than the defaults, so that the successor of a killed operator doesn't wait 15 seconds."""

PATIENCE = 30.0


class LocalOperator:
    """One replica: supervisor, hook server and shell-operator, in a process group of their own.

    `home` is a directory for its sockets, logs and temporary files. `settings` are environment variables of this one,
    in addition to those of every replica. Paths of Unix sockets are short: keep `home` so.
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.http_port, shell_operator_port = free_ports(2)
        self.log = home / "operator.log"
        self._environment = {
            **os.environ,
            # As in the image: hooks start python3 by name, which on some machines is a slow wrapper script.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "POD_NAMESPACE": "alluxio-operator",
            "POD_NAME": home.name,
            "ALLUXIO_OPERATOR_RUN_DIR": str(home),
            "ALLUXIO_OPERATOR_HOOKS_DIR": str(REPOSITORY / "hooks"),
            "ALLUXIO_OPERATOR_TEMPLATES_DIR": str(REPOSITORY / "templates"),
            "ALLUXIO_OPERATOR_SHELL_OPERATOR": str(find_paths(os.environ).bin / "shell-operator"),
            "ALLUXIO_OPERATOR_HTTP_ADDRESS": "127.0.0.1",
            "ALLUXIO_OPERATOR_HTTP_PORT": str(self.http_port),
            "SHELL_OPERATOR_LISTEN_ADDRESS": "127.0.0.1",
            "SHELL_OPERATOR_LISTEN_PORT": str(shell_operator_port),
            **{f"ALLUXIO_OPERATOR_LEASE_{name}_SECONDS": value for name, value in LEASE.items()},
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, without waiting."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "alluxio_operator.supervisor"],
                cwd=self.home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self) -> bool:
        """Return True while its first process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop it with SIGTERM, as the kubelet does."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill all its processes at once, as the kernel does with a container."""
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """Suspend all its processes."""
        self._signal(signal.SIGSTOP, wait=False)

    def resume(self) -> None:
        """Resume all its processes."""
        self._signal(signal.SIGCONT, wait=False)

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Return its processes by name: supervisor, server, shell-operator, and running hooks."""
        found: dict[str, list[psutil.Process]] = {}
        if self._process is None or self._process.poll() is not None:
            return found
        for process in (first := psutil.Process(self._process.pid), *first.children(recursive=True)):
            try:
                command = " ".join(process.cmdline())
            except psutil.Error:
                continue
            names = ("alluxio_operator.supervisor", "alluxio_operator.server", "shell-operator")
            hooks = f"{self._environment['ALLUXIO_OPERATOR_HOOKS_DIR']}/"
            name = next((one for one in names if one in command and hooks not in command), "hook")
            found.setdefault(name.removeprefix("alluxio_operator."), []).append(process)
        return found

    def leads(self) -> bool:
        """Return True if it leads and has started to reconcile."""
        return self.metric("alluxio_operator_leader") == 1

    def metric(self, name: str) -> float | None:
        """Return the value of a metric, named with its labels as in /metrics; None if it is missing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except (urllib.error.URLError, OSError):
            return None
        found = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")]
        return float(found[0]) if found else None

    def wait_until_it_leads(self, seconds: float = PATIENCE) -> None:
        """Wait until it leads; raise TimeoutError with the end of its log."""
        end = time.monotonic() + seconds
        while not self.leads():
            if time.monotonic() > end or not self.running():
                raise TimeoutError(f"it does not lead after {seconds:.0f} s; its log ends:\n{self.tail()}")
            time.sleep(0.1)

    def tail(self, lines: int = 20) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def _signal(self, number: signal.Signals, *, wait: bool = True) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        if number == signal.SIGTERM:
            # Only to the supervisor, which ends the others: a signal to all would bypass that.
            self._process.send_signal(number)
        else:
            os.killpg(self._process.pid, number)
        if wait:
            self._process.wait(timeout=60)


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 without a listener.

    The kernel gives none of them to outgoing connections, so they stay free until they are used. Another call in this
    process returns others.
    """
    with _PICKING:
        return [next(port for port in _PORTS if _is_free(port)) for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


_PICKING = threading.Lock()
_FIRST_PORT, _LAST_PORT = 20000, 29999
"""Below those of NodePorts."""
_PORTS = cycle(random.sample(range(_FIRST_PORT, _LAST_PORT + 1), _LAST_PORT + 1 - _FIRST_PORT))
