"""Runs the jobs of a plan as processes. When one fails, it ends the others and says which one it was."""

from __future__ import annotations

import os
import re
import signal
import subprocess
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
    """A job that was started."""

    job: Job
    process: subprocess.Popen[bytes]
    log: Path
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
    running: dict[Future[int], Running] = {}
    with ThreadPoolExecutor(max_workers=max(1, plan.total)) as pool:
        try:
            while plan.done < plan.total:
                for job in plan.start():
                    started = _start(job, logs)
                    running[pool.submit(started.process.wait)] = started
                finished, _ = wait(running, timeout=heartbeat, return_when=FIRST_COMPLETED)
                if not finished:
                    say(_waiting(list(running.values())))
                for future in finished:
                    each = running.pop(future)
                    result = Ended(each.job, future.result(), each.took(), each.log)
                    outcome = "" if result.code == 0 else "   FAILED"
                    say(f"  {plan.done + 1:>2}/{plan.total}  {each.job.name:<36} {result.seconds:6.1f} s{outcome}")
                    yield result
                    plan.finish(each.job.name)
        finally:
            # Before the pool is left, which waits for its threads, and those for the processes.
            _end(list(running.values()))


def _start(job: Job, logs: Path) -> Running:
    log = logs / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', job.name)}.log"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
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
    return Running(job, process, log, time.monotonic())


def _waiting(running: Sequence[Running]) -> str:
    return "         waiting for " + ", ".join(
        f"{each.job.name} ({each.took():.0f}{f' of about {each.job.seconds:.0f}' if each.job.seconds else ''} s)"
        for each in running
    )


def _end(running: Sequence[Running]) -> None:
    """End the jobs and all that they started; a process that left the session of its job is on its own."""
    groups = [each.process.pid for each in running]
    for group in groups:
        _signal(group, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while left := [group for group in groups if _signal(group, 0)]:
        if time.monotonic() > deadline:
            for group in left:
                _signal(group, signal.SIGKILL)
            return
        time.sleep(0.05)


def _signal(group: int, number: int) -> bool:
    """Signal a process group; False when there is none."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
