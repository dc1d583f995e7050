"""The cost of one run of a hook, as a process that shell-operator starts, without the server."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dev.cluster.paths import REPOSITORY

from bench.api import Json
from bench.results import Figure, Runs, Sample, figure
from bench.session import Session

NAME = "hook"
CONTEXT = REPOSITORY / "tests" / "contexts" / "cluster-modified.json"
BARE = ("python3", "-I", "-S", "-c", "pass")


def measure(session: Session) -> Json:
    """Run a hook against a socket that answers at once, alternating with an empty Python."""
    hook = (str(REPOSITORY / "hooks" / "10-alluxioclusters.py"),)
    home = session.home / "hook"
    home.mkdir()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        "PATH": path,
        "BINDING_CONTEXT_PATH": str(CONTEXT),
        "ALLUXIO_OPERATOR_RUN_DIR": str(home),
    }
    found: dict[str, list[float]] = {"hook_ms": [], "bare_ms": [], "hook_cpu_ms": [], "bare_cpu_ms": []}
    with _accepting(home / "hooks.sock"):
        for _ in range(session.profile.hook_runs):
            for name, command in (("hook", hook), ("bare", BARE)):
                wall, cpu = _timed(command, environment)
                found[f"{name}_ms"].append(wall)
                found[f"{name}_cpu_ms"].append(cpu)
    return dict(found)


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for size in runs.sizes(NAME):
        for key, title in (("ms", "one run of a hook"), ("cpu_ms", "CPU time of one run of a hook")):
            ours, bare = (
                Sample.of(value for found in runs.of(NAME, "ours", size) for value in found[f"{who}_{key}"])
                for who in ("hook", "bare")
            )
            yield from figure(title, size, "ms", ours, peer=bare, peer_name="empty Python (-I -S)")


def _timed(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    began = time.perf_counter()
    process = subprocess.Popen(command, env=dict(environment), stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return took * 1000, (usage.ru_utime + usage.ru_stime) * 1000


class _Answering(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while self.request.recv(1 << 16):
            pass
        self.request.sendall(json.dumps({"accepted": 1}).encode())


@contextmanager
def _accepting(path: Path) -> Iterator[None]:
    with socketserver.ThreadingUnixStreamServer(str(path), _Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
