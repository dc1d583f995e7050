"""Runs lint, types, import contracts and unit tests side by side, for the first answer after a change."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.jobs.job import Job
from dev.jobs.runner import Ended, ended
from dev.tasks.shell import ROOT, say

PYTHON = sys.executable
REPORTS = ROOT / "build" / "reports"
LOGS = ROOT / "build" / "check"
SHOWN_LINES = 80
"""Of what failed."""

SHELL_SCRIPTS = "{ git ls-files -z '*.sh'; git grep -lzE '^#!.*(sh|bash)$' -- ':!*.sh'; }"
UNIT_TESTS = (PYTHON, "-m", "pytest", "-q", "-n", "logical", f"--junitxml={REPORTS}/unit.xml")


def job(name: str, *command: str, seconds: float) -> Job:
    """Return a job that finds the programs of this Python's environment."""
    path = f"{Path(PYTHON).parent}:{os.environ['PATH']}"
    return Job(name, command, seconds=seconds, directory=ROOT, environment={"PATH": path})


LINT = (
    job("ruff check", PYTHON, "-m", "ruff", "check", seconds=1),
    job("ruff format", PYTHON, "-m", "ruff", "format", "--check", seconds=1),
    job("mypy", PYTHON, "-m", "mypy", seconds=15),
    job("import contracts", "lint-imports", seconds=2),
    job("shellcheck", "bash", "-o", "pipefail", "-c", f"{SHELL_SCRIPTS} | xargs -0 shellcheck", seconds=5),
    job("generated files", PYTHON, "-m", "dev.generate", "--check", seconds=3),
)
UNIT = job("unit tests", *UNIT_TESTS, seconds=60)


def check(jobs: Sequence[Job] = (*LINT, UNIT), logs: Path = LOGS) -> int:
    """Run all of them, whatever comes of one; return the exit code."""
    failed: list[Ended] = []
    for each in ended(jobs, {}, logs, say):
        if each.code != 0:
            failed.append(each)
        elif each.job == UNIT:
            say(f"         {each.output(1)}")
    for each in failed:
        say(f"\n===== {each.job.name} (exit {each.code}; all of it: {each.log})\n{each.output(SHOWN_LINES)}")
    return 1 if failed else 0
