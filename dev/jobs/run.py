"""Runs the jobs of a plan as processes. When one fails, it ends the others and says which one it was."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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


def run(
    jobs: Sequence[Job], lanes: Mapping[str, int], logs: Path, say: Say, *, heartbeat: float = HEARTBEAT
) -> dict[str, float]:
    """Run all jobs and return the seconds that each took.

    What a job prints goes to a file in `logs`. Raises JobFailed for the first job that fails; the others are ended
    before, as they are on any other exception, such as KeyboardInterrupt.
    """
    plan = Plan(jobs, lanes)
    logs.mkdir(parents=True, exist_ok=True)
    took: dict[str, float] = {}
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
                    ended = running.pop(future)
                    _require_success(ended, future.result())
                    plan.finish(ended.job.name)
                    took[ended.job.name] = ended.took()
                    say(f"  {plan.done:>2}/{plan.total}  {ended.job.name:<36} {ended.took():6.1f} s")
        finally:
            # Before the pool is left, which waits for its threads, and those for the processes.
            _end(list(running.values()))
    return took


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


def _require_success(ended: Running, code: int) -> None:
    if code != 0:
        said = "\n".join(ended.log.read_text(errors="replace").splitlines()[-SHOWN_LINES:])
        raise JobFailed(
            f"{ended.job.name} failed after {ended.took():.0f} s (exit {code}); the end of {ended.log}:\n{said}"
        )


def _waiting(running: Sequence[Running]) -> str:
    return "         waiting for " + ", ".join(
        f"{each.job.name} ({each.took():.0f}{f' of about {each.job.seconds:.0f}' if each.job.seconds else ''} s)"
        for each in running
    )


def _end(running: Sequence[Running]) -> None:
    for each in running:
        _signal(each, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    for each in running:
        try:
            each.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(each, signal.SIGKILL)


def _signal(each: Running, number: signal.Signals) -> None:
    # Only while it is unreaped: its number may be another's afterwards.
    if each.process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(each.process.pid, number)
