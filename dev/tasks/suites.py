"""Runs every suite in turn, each within its budget, and says at the end what passed and how long it took."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.tasks import full_report
from dev.tasks.shell import ROOT, duration

REPORTS = ROOT / "build" / "reports"
PYTHON = sys.executable


@dataclass(frozen=True)
class Suite:
    """One suite: what it runs, and its budget in minutes, after which it is ended and counts as failed.

    `needed` marks what later suites stand on: when it fails, they are not run. `full` suites don't fit into the time of
    every run: they are run by `make test-full`, and by name.
    """

    name: str
    commands: Sequence[Sequence[str]]
    minutes: float
    needed: bool = False
    full: bool = False


@dataclass(frozen=True)
class Result:
    """What came of a suite."""

    name: str
    outcome: str
    seconds: float
    budget_minutes: float


def _kuttl(config: str) -> Sequence[str]:
    return ("dev/in-cluster", "kubectl-kuttl", "test", f"--config=kuttl-tests/{config}", f"--artifacts-dir={REPORTS}")


SUITES = (
    Suite(
        "lint",
        (
            (PYTHON, "-m", "ruff", "check"),
            (PYTHON, "-m", "ruff", "format", "--check"),
            (PYTHON, "-m", "mypy"),
            ("lint-imports",),
            (PYTHON, "-m", "alluxio_operator.api.crd", "--check", "config/crd/bases"),
            (PYTHON, "-m", "alluxio_operator.api.reference", "--check", "docs/reference.md"),
        ),
        2,
    ),
    Suite("unit", ((PYTHON, "-m", "pytest", "-q", f"--junitxml={REPORTS}/unit.xml"),), 4),
    Suite("tools", ((PYTHON, "-m", "dev.cluster", "packages"), (PYTHON, "-m", "dev.cluster", "tools")), 28, True),
    Suite("images", ((PYTHON, "-m", "dev.images", "build"),), 8, True),
    Suite("cluster", ((PYTHON, "-m", "dev.cluster", "up"),), 3, True),
    Suite(
        "api",
        (
            # These tests reconcile by themselves: an operator from an earlier run would get in between.
            ("dev/in-cluster", "kubectl", "delete", "namespace", "alluxio-operator", "--ignore-not-found", "--wait"),
            ("dev/in-cluster", PYTHON, "-m", "pytest", "-q", "tests/api", f"--junitxml={REPORTS}/api.xml"),
        ),
        5,
    ),
    Suite("faults", ((PYTHON, "-m", "dev.tasks.faults"),), 8),
    Suite("deploy", ((PYTHON, "-m", "dev.tasks", "deploy"),), 2, True),
    Suite("scenarios", (_kuttl("kuttl-test.yaml"),), 15),
    Suite("more-scenarios", (_kuttl("kuttl-test-full.yaml"),), 45, full=True),
    Suite("faults-long", ((PYTHON, "-m", "dev.tasks.faults", "--long"),), 150, full=True),
)


def run_all(names: Sequence[str] = (), *, full: bool = False) -> int:
    """Run the suites of every run, or those that are named, or with `full` all there are; return the exit code."""
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    results: list[Result] = []
    broken = None
    for suite in SUITES:
        if suite.name not in names if names else suite.full and not full:
            continue
        if broken:
            results.append(Result(suite.name, f"not run, since {broken} failed", 0, suite.minutes))
            continue
        result = run_suite(suite)
        results.append(result)
        if suite.needed and result.outcome != "passed":
            broken = suite.name
    report(results)
    if full and not names:
        full_report.write(REPORTS)
    return 0 if all(result.outcome == "passed" for result in results) else 1


def run_suite(suite: Suite) -> Result:
    """Run one suite; it is ended when its budget is used up."""
    print(f"\n===== {suite.name} (at most {suite.minutes:g} minutes)", flush=True)
    began = time.monotonic()
    outcome = "passed"
    for command in suite.commands:
        left = suite.minutes * 60 - (time.monotonic() - began)
        outcome = _run(command, left)
        if outcome != "passed":
            break
    return Result(suite.name, outcome, round(time.monotonic() - began, 1), suite.minutes)


def report(results: Sequence[Result]) -> None:
    """Print a table, keep it as JSON, and close with how many cases passed and failed."""
    (REPORTS / "suites.json").write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    print(f"\n{'suite':12} {'took':>14} {'budget':>8}   outcome")
    for result in results:
        print(f"{result.name:12} {duration(result.seconds):>14} {result.budget_minutes:>4g} min   {result.outcome}")
    print(f"{'together':12} {duration(sum(result.seconds for result in results)):>14}\n")
    cases, failed = _cases(REPORTS.glob("*.xml"))
    failed += sum(result.outcome != "passed" for result in results)
    passed = sum(result.outcome == "passed" for result in results) + cases
    print(f"{passed} passed, {failed} failed")


def _run(command: Sequence[str], seconds: float) -> str:
    print(f"--- {' '.join(Path(part).name if part == PYTHON else part for part in command)}", flush=True)
    environment = {**os.environ, "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}"}
    # A session of its own, so that ending it ends what it started too.
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        code = process.wait(timeout=max(1.0, seconds))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return "out of time"
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    return "passed" if code == 0 else f"failed (exit {code})"


def _cases(files: Iterable[Path]) -> tuple[int, int]:
    passed = failed = 0
    for file in files:
        for suite in ET.parse(file).getroot().iter("testsuite"):
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            failed += bad
            passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
    return passed, failed
