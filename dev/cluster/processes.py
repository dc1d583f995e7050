"""Start and end the cluster's processes.

A process gets a signal only if its id, start time and boot match the record.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.cluster.errors import ClusterError

# The cluster inherits nothing from the environment of the session that starts it.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/",
    "LANG": "C.UTF-8",
}
LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class Record:
    """Unique identity of a process: the kernel reuses ids, but not with the same start time and boot."""

    name: str
    pid: int
    started: int
    boot: str
    digest: str


@dataclass(frozen=True)
class Command:
    """A command to run. `wrapper` enters namespaces and forks, so the process to record is its child."""

    name: str
    arguments: tuple[str, ...]
    wrapper: tuple[str, ...] = ()
    content: str = ""

    @property
    def digest(self) -> str:
        """Hash of the arguments and `content` (configuration files): a change restarts the process."""
        text = json.dumps([self.arguments, self.content])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Processes:
    """The processes of one cluster, with a record and a log file for each."""

    def __init__(self, records: Path, logs: Path) -> None:
        self._records = records
        self._logs = logs

    def names(self) -> list[str]:
        """Return the names of all recorded processes."""
        return sorted(path.stem for path in self._records.glob("*.json"))

    def record(self, name: str) -> Record | None:
        """Return the record of a process, alive or not; None without one."""
        try:
            return Record(**json.loads((self._records / f"{name}.json").read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def alive(self, name: str) -> bool:
        """Return True if the recorded process still runs."""
        record = self.record(name)
        return record is not None and is_alive(record)

    def ensure(self, command: Command) -> bool:
        """Start the process, or restart it if its command changed; return False if there is nothing to do."""
        record = self.record(command.name)
        if record and is_alive(record):
            if record.digest == command.digest:
                return False
            self.stop(command.name)
        self.start(command)
        return True

    def start(self, command: Command) -> Record:
        """Start a process that outlives this one."""
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(command.name).open("ab") as log:
            outer = subprocess.Popen(
                [*command.wrapper, *command.arguments],
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        pid = _only_child(outer, command.name) if command.wrapper else outer.pid
        record = Record(command.name, pid, start_time(pid) or 0, boot_id(), command.digest)
        path = self._records / f"{command.name}.json"
        path.write_text(json.dumps(asdict(record)))
        return record

    def stop(self, name: str, patience: float = 10.0, *, kill: bool = False) -> None:
        """End a process with SIGTERM, and with SIGKILL after `patience` seconds; `kill` sends SIGKILL at once."""
        record = self.record(name)
        if record:
            end(record, patience, kill=kill)
        (self._records / f"{name}.json").unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self._logs / f"{name}.log"

    def tail(self, name: str, lines: int = LOG_TAIL_LINES) -> str:
        """Return the end of a process's log."""
        try:
            content = self.log(name).read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(content.splitlines()[-lines:])

    def wait_for(self, what: str, check: Callable[[], bool], seconds: float, name: str) -> None:
        """Wait until `check` returns True. Raise ClusterError if the process ends, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while not check():
            if not self.alive(name):
                raise ClusterError(f"{name} ended while the cluster waited for {what}", name)
            if time.monotonic() > deadline:
                raise ClusterError(f"no {what} within {seconds:.0f} s", name)
            time.sleep(0.1)


def is_alive(record: Record) -> bool:
    """Return True if the recorded process runs; a zombie doesn't."""
    return record.boot == boot_id() and start_time(record.pid) == record.started


def end(record: Record, patience: float, *, kill: bool = False) -> None:
    """Signal the recorded process and wait for its end. Raise ClusterError if it doesn't end."""
    try:
        handle = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return
    try:
        # Check after opening the handle: from here on a signal can't reach another process.
        if not is_alive(record):
            return
        steps = [(signal.SIGTERM, patience)] if not kill else []
        for number, seconds in [*steps, (signal.SIGKILL, 10.0)]:
            signal.pidfd_send_signal(handle, number)
            if select.select([handle], [], [], seconds)[0]:
                return
    except ProcessLookupError:
        return
    finally:
        os.close(handle)
    raise ClusterError(f"process {record.pid} ({record.name}) does not end")


def boot_id() -> str:
    """Return the id of the machine's current boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """Return the start time of a process in clock ticks since boot; None if it doesn't run."""
    status = _status(pid)
    return None if status is None or status[0] in "ZX" else int(status[19])


def _status(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name before the last parenthesis may contain blanks and parentheses.
    return text.rpartition(")")[2].split()


def _only_child(outer: subprocess.Popen[bytes], name: str) -> int:
    deadline = time.monotonic() + 10
    while outer.poll() is None and time.monotonic() < deadline:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (status := _status(int(entry.name))) and int(status[1]) == outer.pid:
                return int(entry.name)
        time.sleep(0.02)
    outer.kill()
    raise ClusterError(f"{name} could not be started", name)
