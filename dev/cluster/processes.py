"""Starts and ends the cluster's processes.

A process is only ever signalled while its id, start time and boot are those that were recorded.
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
    """Identity of a process for all time: ids are used again, but not with the same start time and boot."""

    name: str
    pid: int
    started: int
    boot: str
    digest: str


@dataclass(frozen=True)
class Command:
    """What to run. `wrapper` enters namespaces and forks: the process that counts is then its child."""

    name: str
    arguments: tuple[str, ...]
    wrapper: tuple[str, ...] = ()
    content: str = ""

    @property
    def digest(self) -> str:
        """Changes with the arguments and with `content` (configuration files), so that a change restarts."""
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
        """Return what is known of a process, alive or not."""
        try:
            return Record(**json.loads((self._records / f"{name}.json").read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def alive(self, name: str) -> bool:
        """Tell whether the very process that was started still runs."""
        record = self.record(name)
        return record is not None and is_alive(record)

    def ensure(self, command: Command) -> bool:
        """Start the process, or restart it when its command changed; False when there is nothing to do."""
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
        """End a process: politely, then for certain. `kill` skips the polite part."""
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
        """Wait until `check` holds; fail when the process is gone, and in any case after `seconds`."""
        deadline = time.monotonic() + seconds
        while not check():
            if not self.alive(name):
                raise ClusterError(f"{name} ended while the cluster waited for {what}", name)
            if time.monotonic() > deadline:
                raise ClusterError(f"no {what} within {seconds:.0f} s", name)
            time.sleep(0.1)


def is_alive(record: Record) -> bool:
    """Tell whether the recorded process runs (a zombie doesn't)."""
    return record.boot == boot_id() and start_time(record.pid) == record.started


def end(record: Record, patience: float, *, kill: bool = False) -> None:
    """Signal exactly the recorded process and wait for its end."""
    try:
        handle = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return
    try:
        # Checked after the handle is held: from here on the signals can reach no other process.
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
    """Identify the present boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """Return when a process was started, in clock ticks since boot; None when it doesn't run."""
    status = _status(pid)
    return None if status is None or status[0] in "ZX" else int(status[19])


def _status(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name before the last parenthesis may itself hold blanks and parentheses.
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
