"""Every check runs, and each that failed shows its output."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dev.jobs.job import Job
from dev.tasks import check as checks
from dev.tasks.check import LINT, UNIT, check


def python(name: str, script: str) -> Job:
    return Job(name, (sys.executable, "-c", script))


def test_all_checks_run_and_all_failures_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    jobs = [python("one", "raise SystemExit('first trouble')"), python("two", "raise SystemExit('second trouble')")]

    assert check(jobs, tmp_path) == 1
    printed = capsys.readouterr().out
    assert "first trouble" in printed
    assert "second trouble" in printed


def test_what_is_well_shows_only_how_many_tests_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    unit = python("unit tests", "print('....'); print('4 passed in 0.1s')")
    monkeypatch.setattr(checks, "UNIT", unit)

    assert check([python("ruff", "print('All checks passed!')"), unit], tmp_path) == 0
    printed = capsys.readouterr().out
    assert "4 passed in 0.1s" in printed
    assert "All checks" not in printed


def test_checks_need_no_other_and_have_names_of_their_own():
    assert not [job.name for job in (*LINT, UNIT) if job.needs or job.lane]
    assert len({job.name for job in (*LINT, UNIT)}) == len(LINT) + 1
