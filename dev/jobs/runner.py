"""Runs the jobs of a plan as processes. When one fails, it ends the others and says which one it was."""

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
"""Seconds without news, after which the run says what it waits for."""
PATIENCE = 15.0
"""Seconds that a job has to end once it is asked to."""
SHOWN_LINES = 25
"""Of the log of a job that failed."""

Say = Callable[[str], None]


class JobFailed(Exception):
    """A job ended with an error. The message names it and shows the end of its log."""


@dataclass(frozen=True)
class Running:
    """A job that was started, and when."""

    job: Job
    began: float

    def took(self) -> float:
        """Return the seconds since it was started."""
        return time.monotonic() - self.began


@dataclass(frozen=True)
class Ended:
    """A job that has ended: with 0 for success, after how many seconds, and where its output is."""

    job: Job
    code: int
    seconds: float
    log: Path

    def output(self, lines: int) -> str:
        """Return the end of what it printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def run(
    jobs: Sequence[Job], lanes: Mapping[str, int], logs: Path, say: Say, *, heartbeat: float = HEARTBEAT
) -> dict[str, float]:
    """Run all jobs and return the seconds that each took.

    Raises JobFailed for the first job that fails, once the others are ended.
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
    """Run all jobs and yield each as it ends, whatever came of it.

    What a job prints goes to a file in `logs`. A job starts when those that it needs have ended, even if one of them
    failed: close this before, and the jobs that still run are ended, as they are on any exception.
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
            # Before the pool is left, which waits for its threads, and those for the processes.
            processes.end()


class Processes:
    """The processes of a run. Each is started in a thread: an interrupt, which reaches the main one, loses none."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._lock = threading.Lock()
        self._groups: list[int] = []
        self._ending = False

    def log(self, job: Job) -> Path:
        """Return the file that has what a job prints."""
        return self._logs / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', job.name)}.log"

    def run(self, job: Job) -> int:
        """Run a job and return its exit code; raise JobFailed when it can't be started."""
        with self._lock:
            if self._ending:
                raise JobFailed(f"{job.name} was not started")
            process = self._start(job)
            self._groups.append(process.pid)
        code = process.wait()
        with self._lock:
            # Of one that failed something may be left, which is ended with the others.
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
                    # A session of its own, so that ending it ends what it started too.
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
    """Signal a process group; False when there is none."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
