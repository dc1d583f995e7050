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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from dev.tasks import full_report
from dev.tasks.shell import ROOT, duration

REPORTS = ROOT / "build" / "reports"
PYTHON = sys.executable
PASSED, SECOND_TRY = "passed", "passed at the second try"
API_TESTS = ("dev/in-cluster", PYTHON, "-m", "pytest", "-q", "tests/api")
CATALOG_TESTS = (
    PYTHON,
    "-m",
    "pytest",
    "-q",
    "tests/olm/test_documented.py",
    "-x",
    f"--junitxml={REPORTS}/catalog.xml",
)
LIFECYCLE_DOWN = (PYTHON, "-m", "dev.olm", "down")
SHELL_SCRIPTS = "{ git ls-files -z '*.sh'; git grep -lzE '^#!.*(sh|bash)$' -- ':!*.sh'; }"
FAULT_TESTS = (PYTHON, "-m", "dev.tasks.faults")


@dataclass(frozen=True)
class Suite:
    """One suite: what it runs, and its budget in minutes, after which it is ended and counts as failed.

    `needed` marks what later suites stand on: when it fails, they are not run. `full` suites don't fit into the time of
    every run: they are run by `make test-full`, and by name. `again` gives the commands that try once more what failed,
    for suites that wait for a whole cluster on a machine that may be busy; the report says so by name.
    """

    name: str
    commands: Sequence[Sequence[str]]
    minutes: float
    needed: bool = False
    full: bool = False
    again: Callable[[], Sequence[Sequence[str]]] | None = None


@dataclass(frozen=True)
class Result:
    """What came of a suite."""

    name: str
    outcome: str
    seconds: float
    budget_minutes: float

    @property
    def passed(self) -> bool:
        """Tell whether all is well, be it at the second try."""
        return self.outcome in (PASSED, SECOND_TRY)


def _kuttl(config: str, reports: Path = REPORTS) -> Sequence[str]:
    return ("dev/in-cluster", "kubectl-kuttl", "test", f"--config=kuttl-tests/{config}", f"--artifacts-dir={reports}")


def _namespaces(what: str) -> Sequence[str]:
    return ("dev/in-cluster", "bash", "kuttl-tests/support/namespaces.sh", what)


def _long_faults(name: str, which: str) -> Sequence[str]:
    return (*FAULT_TESTS, "--long", "-k", which, f"--junitxml={REPORTS}/{name}.xml")


def _failed_stories() -> Sequence[Sequence[str]]:
    report = REPORTS / "kuttl-report.xml"
    failed = sorted(failed_cases(report.read_text())) if report.exists() else []
    if not failed:
        return []
    stories = [(*_kuttl("kuttl-test.yaml", REPORTS / "again"), "--test", name) for name in failed]
    return [_namespaces("remove"), *stories, _namespaces("gone")]


def failed_cases(report: str) -> set[str]:
    """Return the names of the cases that failed, of a report in JUnit's form."""
    cases = ET.fromstring(report).iter("testcase")
    return {
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    }


SUITES = (
    Suite(
        "lint",
        (
            (PYTHON, "-m", "ruff", "check"),
            (PYTHON, "-m", "ruff", "format", "--check"),
            (PYTHON, "-m", "mypy"),
            ("lint-imports",),
            ("bash", "-o", "pipefail", "-c", f"{SHELL_SCRIPTS} | xargs -0 shellcheck"),
            (PYTHON, "-m", "dev.generate", "--check"),
        ),
        2,
    ),
    Suite("unit", ((PYTHON, "-m", "pytest", "-q", "-n", "logical", f"--junitxml={REPORTS}/unit.xml"),), 4),
    Suite(
        "tools",
        (
            (PYTHON, "-m", "dev.cluster", "packages"),
            (PYTHON, "-m", "dev.cluster", "tools"),
            (PYTHON, "-m", "dev.cluster", "tools", "--lifecycle"),
        ),
        27,
        True,
    ),
    # Those that the scenarios of every run need; all of them took ten minutes from nothing.
    Suite("images", ((PYTHON, "-m", "dev.images", "build", "operator", "alluxio-2.9.4", "s3"),), 7, True),
    Suite("cluster", ((PYTHON, "-m", "dev.cluster", "up"),), 3, True),
    Suite(
        "api",
        (
            # These tests reconcile by themselves: an operator from an earlier run would get in between.
            ("dev/in-cluster", "kubectl", "delete", "namespace", "alluxio-operator", "--ignore-not-found", "--wait"),
            (*API_TESTS, f"--junitxml={REPORTS}/api.xml"),
        ),
        5,
        again=lambda: [(*API_TESTS, "--last-failed")],
    ),
    Suite(
        # Built for this alone; where it isn't, the test is skipped by name.
        "resizer",
        ((PYTHON, "-m", "dev.cluster", "tools", "--volumes"), (*API_TESTS[:-1], "tests/api/test_resizer.py")),
        12,
        full=True,
    ),
    Suite("faults", (FAULT_TESTS,), 8, again=lambda: [(*FAULT_TESTS, "--last-failed")]),
    Suite("deploy", ((PYTHON, "-m", "dev.tasks", "deploy"),), 1, True),
    Suite("scenarios", (_kuttl("kuttl-test.yaml"), _namespaces("gone")), 14, again=_failed_stories),
    Suite("more-images", ((PYTHON, "-m", "dev.images", "build"),), 15, needed=True, full=True),
    Suite(
        "more-scenarios",
        ((PYTHON, "-m", "dev.cluster", "up", "--metrics"), _kuttl("kuttl-test-full.yaml")),
        60,
        full=True,
    ),
    Suite(
        "nodes",
        (
            (PYTHON, "-m", "dev.cluster", "up", "--nodes", "3"),
            _kuttl("kuttl-test-nodes.yaml"),
            (PYTHON, "-m", "dev.cluster", "up", "--nodes", "1"),
        ),
        20,
        full=True,
    ),
    Suite(
        # Builds its image for this alone; where no JDK can run it, the test is skipped by name.
        "trino",
        ((PYTHON, "-m", "pytest", "-q", "tests/trino", "--timeout=1500", f"--junitxml={REPORTS}/trino.xml"),),
        26,
        full=True,
    ),
    Suite(
        # After all that needs the operator as it was deployed: this takes it away, and installs it from a catalog.
        "catalog",
        (CATALOG_TESTS, LIFECYCLE_DOWN),
        4,
        again=lambda: [LIFECYCLE_DOWN, CATALOG_TESTS, LIFECYCLE_DOWN],
    ),
    Suite(
        "bundle",
        (
            (PYTHON, "-m", "dev.cluster", "tools", "--olm", "--older-validator"),
            (PYTHON, "-m", "pytest", "-q", "tests/bundle", f"--junitxml={REPORTS}/bundle.xml"),
        ),
        20,
        full=True,
    ),
    Suite(
        "olm",
        (
            (PYTHON, "-m", "dev.cluster", "tools", "--lifecycle"),
            (PYTHON, "-m", "dev.cluster", "up"),
            (PYTHON, "-m", "pytest", "-q", "tests/olm", "--timeout=400", f"--junitxml={REPORTS}/olm.xml"),
            (PYTHON, "-m", "dev.olm", "up"),
            _kuttl("kuttl-test-olm.yaml"),
            (PYTHON, "-m", "dev.olm", "down"),
        ),
        30,
        full=True,
    ),
    # One after the other: of owners beside a poisoned one it is measured how long they take.
    Suite("poison", (_long_faults("poison", "poison"),), 20, full=True),
    Suite("crash-points", (_long_faults("crash-points", "crash_points"),), 70, full=True),
    Suite("kills", (_long_faults("kills", "kills"),), 40, full=True),
    Suite(
        "faults-long", (_long_faults("faults-long", "not crash_points and not kills and not poison"),), 40, full=True
    ),
)


def run_all(names: Sequence[str] = (), *, full: bool = False) -> int:
    """Run the suites of every run, or with `full` all there are, or those that are named; return the exit code.

    With `full` the outcome of each is kept, and the page of the last full run is written anew.
    """
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    results: list[Result] = []
    broken = None
    commit = full_report.present_commit()
    for suite in SUITES:
        if suite.name not in names if names else suite.full and not full:
            continue
        if broken:
            results.append(Result(suite.name, f"not run, since {broken} failed", 0, suite.minutes))
            continue
        began = datetime.now(UTC)
        result = run_suite(suite)
        results.append(result)
        if full:
            full_report.keep(asdict(result), began, commit, REPORTS)
        if suite.needed and not result.passed:
            broken = suite.name
    report(results)
    if full:
        full_report.write([suite.name for suite in SUITES])
    return 0 if all(result.passed for result in results) else 1


def run_suite(suite: Suite) -> Result:
    """Run one suite; it is ended when its budget is used up."""
    print(f"\n===== {suite.name} (at most {suite.minutes:g} minutes)", flush=True)
    began = time.monotonic()

    def run(commands: Sequence[Sequence[str]]) -> str:
        outcome = PASSED
        for command in commands:
            outcome = _run(command, suite.minutes * 60 - (time.monotonic() - began))
            if outcome != PASSED:
                break
        return outcome

    outcome = run(suite.commands)
    if outcome.startswith("failed") and suite.again and (commands := suite.again()):
        print(f"\n----- {suite.name}: what failed is tried once more", flush=True)
        if run(commands) == PASSED:
            outcome = SECOND_TRY
    return Result(suite.name, outcome, round(time.monotonic() - began, 1), suite.minutes)


def report(results: Sequence[Result]) -> None:
    """Print a table, keep it as JSON, and close with how many cases passed and failed."""
    (REPORTS / "suites.json").write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    print(f"\n{'suite':12} {'took':>14} {'budget':>8}   outcome")
    for result in results:
        print(f"{result.name:12} {duration(result.seconds):>14} {result.budget_minutes:>4g} min   {result.outcome}")
    print(f"{'together':12} {duration(sum(result.seconds for result in results)):>14}\n")
    twice = [result.name for result in results if result.outcome == SECOND_TRY]
    passed, failed = sum(result.passed for result in results), sum(not result.passed for result in results)
    for file in sorted(REPORTS.glob("*.xml")):
        well, badly = _cases(file.read_text())
        if _suite_of(file) in twice:
            print(f"at the second try only: {', '.join(sorted(badly))}")
            passed += well + len(badly)
        else:
            passed, failed = passed + well, failed + len(badly)
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


def _suite_of(file: Path) -> str:
    return {"kuttl-report": "scenarios"}.get(file.stem, file.stem)


def _cases(report: str) -> tuple[int, set[str]]:
    """Return how many cases passed, and the names of those that failed."""
    cases = list(ET.fromstring(report).iter("testcase"))
    skipped = sum(case.find("skipped") is not None for case in cases)
    failed = failed_cases(report)
    return len(cases) - skipped - len(failed), failed
