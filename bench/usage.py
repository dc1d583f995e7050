"""Memory and CPU of processes, read from /proc."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.5
"""Seconds between two samples of memory."""

READINGS = 5

Processes = Callable[[], Sequence[psutil.Process]]


def resident(processes: Sequence[psutil.Process]) -> float:
    """Return the resident MiB of processes together; a shared page counts once.

    Not the sum of their PSS, which shrinks if another process on the machine maps the same files. The file pages of a
    program count once, as in its process with the most of them. A forked child that has not started its program yet
    doesn't count, because its memory is its parent's.
    """
    own, of_files = 0, defaultdict[str, int](int)
    for one in processes:
        try:
            folder = Path(f"/proc/{one.pid}")
            command = _command(one.pid)
            if command == _command(one.ppid()):
                continue
            rollup, status = (folder / "smaps_rollup").read_text(), (folder / "status").read_text()
        except (OSError, psutil.Error):
            continue
        own += _kib(rollup, "Pss_Anon:") + _kib(rollup, "Pss_Shmem:")
        program = command[0]
        of_files[program] = max(of_files[program], _kib(status, "RssFile:"))
    return (own + sum(of_files.values())) / 1024


def resident_at_rest(processes: Processes) -> float:
    """Return the resident MiB of processes, as the median of one reading per second."""
    readings = []
    for _ in range(READINGS):
        readings.append(resident(processes()))
        time.sleep(1)
    return sorted(readings)[READINGS // 2]


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """Return the CPU seconds of processes and their ended children."""
    used = 0.0
    for one in processes:
        try:
            times = one.cpu_times()
        except psutil.Error:
            continue
        used += times.user + times.system + times.children_user + times.children_system
    return used


@dataclass
class Peak:
    """Peak of the resident memory, in MiB."""

    mib: float = 0.0


@contextmanager
def peak_of(processes: Processes) -> Iterator[Peak]:
    """Sample the memory of processes during the block."""
    found, stop = Peak(), threading.Event()

    def sample() -> None:
        while not stop.wait(EVERY):
            found.mib = max(found.mib, resident(processes()))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join(timeout=10)


def _command(pid: int) -> tuple[str, bytes]:
    folder = Path(f"/proc/{pid}")
    return str((folder / "exe").readlink()), (folder / "cmdline").read_bytes()


def _kib(text: str, name: str) -> int:
    found = next((line for line in text.splitlines() if line.startswith(name)), f"{name} 0 kB")
    return int(found.split()[1])
