"""The measured subjects as local processes: the operator, and the same operator on kopf."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psutil
from dev.cluster.paths import REPOSITORY
from dev.simulation.operator import LocalOperator, free_ports

from alluxio_operator.environment import CHILD_EVENTS
from alluxio_operator.hook import deliver

WORKERS = 4
"""Owners in parallel, and so connections that write: the operator's default, also for every peer."""

PRODUCTION = {
    "ALLUXIO_OPERATOR_WORKERS": str(WORKERS),
    "ALLUXIO_OPERATOR_LEASE_DURATION_SECONDS": "15",
    "ALLUXIO_OPERATOR_LEASE_RENEW_DEADLINE_SECONDS": "10",
    "ALLUXIO_OPERATOR_LEASE_RETRY_SECONDS": "2",
}
"""Settings of a deployment that the simulation overrides."""

SCHEDULED = "20-resync.py"
RESYNC = b'{"hook": "20-resync", "contexts": [{"type": "Schedule", "binding": "resync"}]}'

Metrics = dict[str, float]
"""Values by name and labels, in the format of a /metrics page."""


class Subject(Protocol):
    """An operator that the bench can start and stop."""

    name: str

    def start(self) -> None:
        """Start it, without waiting."""
        ...

    def wait_until_it_serves(self) -> None:
        """Wait until its watches are open."""
        ...

    def stop(self) -> None:
        """Stop it as the kubelet does."""
        ...

    def processes(self) -> Sequence[psutil.Process]:
        """Return all processes that would be in its container."""
        ...


class Ours:
    """This project's operator; a full resync happens only on request.

    `child_events`: HOOKS or WATCH, the source of child events.
    """

    name = "ours"

    def __init__(self, home: Path, child_events: str) -> None:
        self._home = home
        self._child_events = child_events
        (self._hook_port,) = free_ports(1)
        hooks = home / "hooks"
        hooks.mkdir(parents=True)
        # Without the schedule, because a resync would affect some samples and not others.
        for hook in (REPOSITORY / "hooks").glob("*.py"):
            if hook.name != SCHEDULED:
                shutil.copy2(hook, hooks)
        (home / "src").symlink_to(REPOSITORY / "src")
        self._starts = 0
        self._operator = self._next()

    def start(self) -> None:
        """Start it, without waiting."""
        self._operator.start()

    def wait_until_it_serves(self) -> None:
        """Wait until it leads and its hooks have run once."""
        self._operator.wait_until_it_leads(60)
        end = time.monotonic() + 60
        # shell-operator serves its metrics early; its first hook runs show that the watches are open.
        while not any("hook_run" in name for name in self.hook_metrics()):
            if time.monotonic() > end or not self._operator.running():
                raise TimeoutError(f"shell-operator runs no hook; the log ends:\n{self._operator.tail()}")
            time.sleep(0.2)
        time.sleep(2)

    def stop(self) -> None:
        """Stop it as the kubelet does, and prepare the next start."""
        self._operator.stop()
        self._operator = self._next()

    def processes(self) -> Sequence[psutil.Process]:
        """Return supervisor, server, shell-operator and running hooks."""
        return [one for several in self._operator.processes().values() for one in several]

    def resync(self) -> None:
        """Request a full resync with the message of the schedule's hook."""
        deliver(str(self._operator.home / "hooks.sock"), RESYNC)

    def metrics(self) -> Metrics:
        """Return the operator's metrics."""
        return scrape(self._operator.http_port, "/metrics")

    def hook_metrics(self) -> Metrics:
        """Return shell-operator's metrics of its hooks; empty if it doesn't answer."""
        try:
            return scrape(self._hook_port, "/metrics")
        except OSError:
            return {}

    def _next(self) -> LocalOperator:
        self._starts += 1
        settings = PRODUCTION | {
            "ALLUXIO_OPERATOR_HOOKS_DIR": str(self._home / "hooks"),
            "SHELL_OPERATOR_LISTEN_PORT": str(self._hook_port),
            CHILD_EVENTS: self._child_events,
        }
        return LocalOperator(self._home / f"run-{self._starts}", settings)


class Kopf:
    """The peer on kopf."""

    name = "kopf"

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        (self._port,) = free_ports(1)

    def start(self) -> None:
        """Start it, without waiting."""
        script = REPOSITORY / "bench" / "peers" / "kopf_operator.py"
        liveness = f"--liveness=http://127.0.0.1:{self._port}/healthz"
        with (self._home / "kopf.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kopf", "run", "--standalone", "--all-namespaces", liveness, str(script)],
                cwd=REPOSITORY,
                env={**os.environ, "BENCH_WORKERS": str(WORKERS)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_it_serves(self) -> None:
        """Wait until it reports itself alive, and three seconds more for its watches."""
        end = time.monotonic() + 60
        while True:
            try:
                scrape(self._port, "/healthz")
                break
            except OSError:
                if time.monotonic() > end or self._process is None or self._process.poll() is not None:
                    raise TimeoutError(f"kopf does not serve; see {self._home}/kopf.log") from None
                time.sleep(0.2)
        time.sleep(3)

    def stop(self) -> None:
        """Stop it as the kubelet does."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def processes(self) -> Sequence[psutil.Process]:
        """Return its process and child processes."""
        if self._process is None or self._process.poll() is not None:
            return []
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]


def scrape(port: int, path: str) -> Metrics:
    """Read a page of metrics. Raise OSError."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        name, _, value = line.rpartition(" ")
        if name and not line.startswith("#"):
            try:
                found[name] = float(value)
            except ValueError:
                continue
    return found


def total(metrics: Metrics, name: str, *labels: str) -> float:
    """Return the sum of all values of a metric whose labels contain the given ones."""
    return sum(
        value
        for key, value in metrics.items()
        if (key == name or key.startswith(name + "{")) and all(label in key for label in labels)
    )
