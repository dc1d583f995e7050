"""The container's first process: it supervises the hook server and shell-operator.

The server starts at once. When it becomes leader, it counts the resources and chooses hooks or its own watches as the
source of child events; then shell-operator starts. When one of the two ends, the supervisor ends the other, and the
kubelet restarts the container. So a half-working operator never keeps running.

This process stays in memory. After parsing the settings it therefore replaces itself by a Python without site-packages
that imports only small parts of the standard library: 9 MiB instead of 13.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import sys
import time

from alluxio_operator.environment import CHILD_EVENTS, LEADING_FD, RUN_DIR, UNLISTED, SettingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from alluxio_operator.settings import Settings

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

MARGIN = 1.0
"""Seconds after the grace period until the supervisor kills the remaining processes."""


def shell_operator_env(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to shell-operator's environment; the hooks inherit it."""
    env = {
        "SHELL_OPERATOR_HOOKS_DIR": str(settings.hooks_dir),
        "SHELL_OPERATOR_TMP_DIR": str(settings.run_dir / "shell-operator"),
        # Its Kubernetes client keeps the discovery cache in TMPDIR; the root file system is read-only.
        "TMPDIR": str(settings.run_dir),
        "SHELL_OPERATOR_LISTEN_ADDRESS": settings.shell_operator_address,
        "SHELL_OPERATOR_LISTEN_PORT": str(settings.shell_operator_port),
        "DEBUG_UNIX_SOCKET": str(settings.run_dir / "shell-operator-debug.sock"),
        "KUBE_CLIENT_QPS": str(settings.shell_operator_qps),
        "KUBE_CLIENT_BURST": str(settings.shell_operator_burst),
        "LOG_TYPE": "json",
        "LOG_LEVEL": settings.shell_operator_log_level,
        # It caches every resource; garbage of twice that size would be most of the memory of a large installation.
        "GOGC": environ.get("GOGC", "50"),
        # It only starts hooks; by default Go reserves memory for each processor of the node.
        "GOMAXPROCS": environ.get("GOMAXPROCS", "1"),
    }
    if settings.kubeconfig:
        env["KUBE_CONFIG"] = str(settings.kubeconfig)
    return env


class Supervisor:
    """Runs `server` and, once the server leads, `shell_operator` (argument lists); `grace` is in seconds."""

    def __init__(
        self,
        server: list[str],
        shell_operator: list[str],
        server_env: Mapping[str, str],
        shell_operator_env: Mapping[str, str],
        *,
        grace: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._commands = {"server": server, "shell-operator": shell_operator}
        self._envs = {"server": server_env, "shell-operator": shell_operator_env}
        self._grace = grace
        self._clock = clock
        self._running: dict[int, str] = {}
        self._code = 0
        self._kill_at: float | None = None
        self._leading = b""

    def run(self) -> int:
        """Run both until they have ended; return the exit code."""
        wake, wake_up = os.pipe()
        leading, say_leading = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_up, False)
        # Python writes a byte to this pipe for each signal; the handlers only have to exist.
        signal.set_wakeup_fd(wake_up)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

        os.set_inheritable(say_leading, True)
        self._start("server", {LEADING_FD: str(say_leading)})
        # Close it before shell-operator starts, which would inherit it.
        os.close(say_leading)
        watched = [wake, leading]
        while self._running:
            for ready in select.select(watched, [], [], self._time_left())[0]:
                if ready == leading and not self._read_leading(leading):
                    watched.remove(leading)
            self._handle_signals(wake)
            self._reap()
            if self._kill_at is not None and self._clock() >= self._kill_at:
                self._kill_at = math.inf
                self._signal_all(signal.SIGKILL)
        return self._code

    def _start(self, name: str, extra: Mapping[str, str]) -> None:
        argv = self._commands[name]
        try:
            pid = os.posix_spawn(argv[0], argv, {**self._envs[name], **extra}, setsigdef=STOP_SIGNALS)
        except OSError as error:
            say("error", f"{name} cannot be started: {error}")
            # The exit code of a shell for a command that doesn't exist.
            self._code = 127
            self._end()
            return
        self._running[pid] = name
        say("info", f"{name} started", pid=pid)

    def _read_leading(self, leading: int) -> bool:
        received = os.read(leading, 64)
        self._leading += received
        if received and self._leading.endswith(b"\n") and self._kill_at is None:
            _, source, unlisted = self._leading.decode().split()
            self._start("shell-operator", {CHILD_EVENTS: source, UNLISTED: unlisted})
        return bool(received)

    def _handle_signals(self, wake: int) -> None:
        try:
            numbers = os.read(wake, 64)
        except BlockingIOError:
            return
        if any(number in numbers for number in STOP_SIGNALS):
            say("info", "stopping on a signal")
            self._end()

    def _reap(self) -> None:
        # Wait for any child: the first process of a container also inherits orphans.
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._running:
                self._ended(self._running.pop(pid), pid, status)

    def _ended(self, name: str, pid: int, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        unexpected = self._kill_at is None
        if not unexpected and code == -signal.SIGTERM:
            # The process had not installed its signal handler yet; that isn't a failure.
            code = 0
        say("error" if unexpected or code else "info", f"{name} ended", pid=pid, code=code)
        # The exit code of a shell for a process that a signal ended.
        code = 128 - code if code < 0 else code
        if unexpected:
            self._code = code or 1
            self._end()
        elif self._code == 0:
            self._code = code

    def _end(self) -> None:
        if self._kill_at is None:
            self._kill_at = self._clock() + self._grace + MARGIN
            self._signal_all(signal.SIGTERM)

    def _signal_all(self, number: signal.Signals) -> None:
        # shell-operator first, so that it starts no more hooks while the server ends.
        for pid, name in sorted(self._running.items(), key=lambda item: item[1], reverse=True):
            if number == signal.SIGKILL:
                say("error", f"{name} did not end in time and is killed", pid=pid)
            os.kill(pid, number)

    def _time_left(self) -> float | None:
        if self._kill_at is None or math.isinf(self._kill_at):
            return None
        return max(0.0, self._kill_at - self._clock())


def say(level: str, message: str, **fields: object) -> None:
    """Write one log line in the server's format."""
    now = time.time()
    instant = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
    line = {"time": instant, "level": level, "logger": "alluxio_operator.supervisor", "msg": message, **fields}
    os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")


KEEP = "import sys; sys.path.insert(0, sys.argv[1]); from alluxio_operator.supervisor import keep; keep(sys.argv[2])"
"""The program of the slim Python. Its arguments are the path of the package, and the plan as JSON."""


def keep(plan: str) -> NoReturn:
    """Run the processes of the plan that `main` wrote."""
    found = json.loads(plan)
    environ = dict(os.environ)
    supervisor = Supervisor(
        found["server"],
        found["shell-operator"],
        environ,
        {name: value for name, value in environ.items() if name != LEADING_FD} | found["shell-operator-env"],
        grace=found["grace"],
    )
    sys.exit(supervisor.run())


def main() -> NoReturn:
    """Run the operator with the settings of the environment."""
    from pathlib import Path

    from alluxio_operator.settings import Settings

    try:
        settings = Settings.from_env(os.environ)
        settings.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except SettingError as error:
        say("error", str(error))
        sys.exit(2)
    except OSError as error:
        say("error", f"the directory for sockets and temporary files cannot be created ({RUN_DIR}): {error}")
        sys.exit(2)
    plan = {
        "server": [sys.executable, "-m", "alluxio_operator.server"],
        "shell-operator": [str(settings.shell_operator), "start"],
        "shell-operator-env": shell_operator_env(settings, os.environ),
        "grace": settings.shutdown_grace,
    }
    sources = str(Path(__file__).resolve().parents[1])
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", KEEP, sources, json.dumps(plan)])  # noqa: S606


if __name__ == "__main__":
    main()
