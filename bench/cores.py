"""Keeps one pod and this process on a core of their own: masters of a real cluster run on separate machines.

On one machine a standby that writes a backup takes processor time from the leader. With the leader and the clients on
the first core and all other pods on the others, it can't.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

CGROUPS: Final = Path("/sys/fs/cgroup")
CPUSETS: Final = (CGROUPS / "cpuset", CGROUPS)
"""The folders of cgroup v1 and v2."""
CPUS: Final = "cpuset.cpus"
EVERY: Final = 0.2
"""Seconds between two looks for new pods."""
FIRST: Final = "0"


@contextmanager
def apart(uid: str) -> Iterator[None]:
    """Keep the pod with this uid, and this process, on the first core, and all other pods on the others.

    Raise RuntimeError if the machine has one core, or if no cpuset is found.
    """
    cores = os.sched_getaffinity(0)
    others = ",".join(str(core) for core in sorted(cores - {int(FIRST)}))
    if not others or int(FIRST) not in cores:
        raise RuntimeError(f"cores {sorted(cores)}: core {FIRST} and another one are needed")
    if not _place(uid, others):
        raise RuntimeError(f"no {CPUS} of the pod {uid} below {CGROUPS}")
    ending = threading.Event()
    thread = threading.Thread(target=_keep, args=(uid, others, ending), daemon=True)
    thread.start()
    _move(os.getpid(), {int(FIRST)})
    try:
        yield
    finally:
        ending.set()
        thread.join(timeout=10)
        _move(os.getpid(), cores)


def _keep(uid: str, others: str, ending: threading.Event) -> None:
    while not ending.wait(EVERY):
        _place(uid, others)


def _place(uid: str, others: str) -> bool:
    """Return True if the pod with this uid was found."""
    found = False
    for pod in _pods():
        is_first = uid.replace("-", "_") in pod.name.replace("-", "_")
        found |= is_first
        # The containers first: a folder can't have fewer cores than the ones in it.
        for folder in (*(one for one in pod.iterdir() if one.is_dir()), pod):
            _write(folder / CPUS, FIRST if is_first else others)
    return found


def _pods() -> list[Path]:
    for root in CPUSETS:
        found = [
            folder
            for kubepods in root.glob("*/kubepods*")
            for folder in kubepods.rglob("*pod*")
            if (folder / CPUS).is_file() and folder.name not in ("kubepods", "kubepods.slice")
        ]
        if found:
            return found
    return []


def _write(file: Path, cpus: str) -> None:
    try:
        if file.read_text().strip() != cpus:
            file.write_text(cpus)
    except OSError:
        # The pod ended between the listing and this line.
        return


def _move(process: int, cores: set[int]) -> None:
    for task in Path(f"/proc/{process}/task").iterdir():
        # A thread that has just ended needs no core.
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), cores)
