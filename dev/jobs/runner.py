"""Run the jobs of a plan as processes. When one fails, the runner ends the others and names the failed job."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dev.jobs.job import Job
from dev.jobs.plan import Plan

HEARTBEAT = 60.0
"""Seconds without output after which the run prints the jobs that it waits for."""
PATIENCE = 15.0
"""Seconds between SIGTERM and SIGKILL for a job."""
SHOWN_LINES = 25
"""Lines of a failed job's log in the error."""

Say = Callable[[str], None]


class JobFailed(Exception):
    """A job ended with an error. The message names it and shows the end of its log."""


@dataclass(frozen=True)
class Running:
    """A started job; `began`: monotonic time of its start."""

    job: Job
    began: float

    def took(self) -> float:
        """Return the seconds since its start."""
        return time.monotonic() - self.began


@dataclass(frozen=True)
class Ended:
    """A job that has ended: its exit code, its duration and the file with its output."""

    job: Job
    code: int
    seconds: float
    log: Path

    def output(self, lines: int) -> str:
        """Return the last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def run(
    jobs: Sequence[Job], lanes: Mapping[str, int], logs: Path, say: Say, *, heartbeat: float = HEARTBEAT
) -> dict[str, float]:
    """Run all jobs and return the seconds of each.

    Raise JobFailed for the first job that fails, after ending the others.
    """
    took: dict[str, float] = {}
    with closing(ended(jobs, lanes, logs, say, heartbeat=heartbeat)) as events:
        for each in events:
            if each.code != 0:
                raise JobFailed(
                    f"{each.job.name} failed after {each.seconds:.0f} s (exit {each.code}); "
                    f"the end of {each.log}:\n{each.output(SHOWN_LINES)}"
                )
            took[each.job.name] = each.seconds
    return took


def ended(
    jobs: Sequence[Job], lanes: Mapping[str, int], logs: Path, say: Say, *, heartbeat: float = HEARTBEAT
) -> Generator[Ended]:
    """Run all jobs and yield each as it ends, after a success or a failure.

    The output of a job goes to a file in `logs`. A job starts after the jobs that it needs, even if one of them failed:
    a caller that doesn't want that closes the generator first. Closing it ends the running jobs, as any exception does.
    """
    plan = Plan(jobs, lanes)
    logs.mkdir(parents=True, exist_ok=True)
    processes = Processes(logs)
    running: dict[Future[int], Running] = {}
    with ThreadPoolExecutor(max_workers=max(1, plan.total)) as pool:
        try:
            while plan.done < plan.total:
                for job in plan.start():
                    running[pool.submit(processes.run, job)] = Running(job, time.monotonic())
                finished, _ = wait(running, timeout=heartbeat, return_when=FIRST_COMPLETED)
                if not finished:
                    say(_waiting(list(running.values())))
                for future in finished:
                    each = running.pop(future)
                    result = Ended(each.job, future.result(), each.took(), processes.log(each.job))
                    outcome = "" if result.code == 0 else "   FAILED"
                    say(f"  {plan.done + 1:>2}/{plan.total}  {each.job.name:<36} {result.seconds:6.1f} s{outcome}")
                    yield result
                    plan.finish(each.job.name)
        finally:
            # Before leaving the pool: it waits for its threads, and they wait for the processes.
            processes.end()


class Processes:
    """The processes of a run. A thread starts each, so that an interrupt of the main thread loses none."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._lock = threading.Lock()
        self._groups: list[int] = []
        self._ending = False

    def log(self, job: Job) -> Path:
        """Return the file with the output of a job."""
        return self._logs / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', job.name)}.log"

    def run(self, job: Job) -> int:
        """Run a job and return its exit code. Raise JobFailed if it can't be started."""
        with self._lock:
            if self._ending:
                raise JobFailed(f"{job.name} was not started")
            process = self._start(job)
            self._groups.append(process.pid)
        code = process.wait()
        with self._lock:
            # A failed job may leave processes behind: keep its group, to end them with the others.
            if code == 0 and not self._ending:
                self._groups.remove(process.pid)
        return code

    def end(self) -> None:
        """End all processes and those that they started. A process that left the session of its job goes on."""
        with self._lock:
            self._ending = True
        for group in self._groups:
            _signal(group, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while left := [group for group in self._groups if _signal(group, 0)]:
            if time.monotonic() > deadline:
                for group in left:
                    _signal(group, signal.SIGKILL)
                return
            time.sleep(0.05)

    def _start(self, job: Job) -> subprocess.Popen[bytes]:
        try:
            with self.log(job).open("wb") as output:
                return subprocess.Popen(
                    job.command,
                    cwd=job.directory,
                    env={**os.environ, **job.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # Its own session, so that ending it ends its children, too.
                    start_new_session=True,
                )
        except OSError as failure:
            raise JobFailed(f"{job.name} could not be started: {failure}") from failure


def _waiting(running: Sequence[Running]) -> str:
    return "         waiting for " + ", ".join(
        f"{each.job.name} ({each.took():.0f}{f' of about {each.job.seconds:.0f}' if each.job.seconds else ''} s)"
        for each in running
    )


def _signal(group: int, number: int) -> bool:
    """Signal a process group; return False if it doesn't exist."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
