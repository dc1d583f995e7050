"""Runs every suite in turn, each within its budget, and says at the end what passed and how long it took."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dev.cluster.tools import (
    CLUSTER_TOOLS,
    KUTTL,
    LIFECYCLE_TOOLS,
    METRICS_TOOLS,
    OLDER_VALIDATOR,
    OLM_TOOLS,
    SIMULATION_TOOLS,
    VOLUME_TOOLS,
)
from dev.tasks import full_report
from dev.tasks.build import Parts, every_image, names
from dev.tasks.check import PYTHON, REPORTS, UNIT_TESTS
from dev.tasks.shell import ROOT, duration

PASSED = "passed"
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
FAULT_TESTS = (PYTHON, "-m", "dev.tasks.faults")
LONG_SEEDS = "--seeds=1-20000"
"""Of the simulation; every run takes the first 200."""
BUILD = "build"
"""The suite that builds what later ones run."""
NOTHING = Parts()
CLUSTER = Parts(tools=names(CLUSTER_TOOLS))
SIMULATION = Parts(tools=names(SIMULATION_TOOLS))
STORIES = Parts(tools=(KUTTL.name,), images=("operator", "alluxio-2.9.4", "s3"))
ALL_STORIES = STORIES | Parts(images=every_image())
LIFECYCLE = Parts(tools=names(LIFECYCLE_TOOLS), images=("operator", "alluxio-2.9.4"))


@dataclass(frozen=True)
class Suite:
    """One suite: what it runs, and its budget in minutes, after which it is ended and counts as failed.

    `needed` marks what later suites stand on: when it fails, they are not run. `full` suites don't fit into the time of
    every run: they are run by `make test-full`, and by name. `builds` names the tools and images that the suite runs:
    those of all chosen suites are built first, side by side; a full suite builds its own when its turn comes, so that a
    build that fails holds up no other suite.
    """

    name: str
    commands: Sequence[Sequence[str]]
    minutes: float
    needed: bool = False
    full: bool = False
    builds: Parts = NOTHING


@dataclass(frozen=True)
class Result:
    """What came of a suite."""

    name: str
    outcome: str
    seconds: float
    budget_minutes: float

    @property
    def passed(self) -> bool:
        """Tell whether all is well."""
        return self.outcome == PASSED


def _kuttl(config: str) -> Sequence[str]:
    return ("dev/in-cluster", "kubectl-kuttl", "test", f"--config=kuttl-tests/{config}", f"--artifacts-dir={REPORTS}")


def _namespaces(what: str) -> Sequence[str]:
    return ("dev/in-cluster", "bash", "kuttl-tests/support/namespaces.sh", what)


def _long_faults(name: str, which: str) -> Sequence[str]:
    return (*FAULT_TESTS, "--long", "-k", which, f"--junitxml={REPORTS}/{name}.xml")


def _in_parallel(name: str, tests: str, *options: str) -> Sequence[str]:
    return (PYTHON, "-m", "pytest", "-q", "-n", "logical", tests, *options, f"--junitxml={REPORTS}/{name}.xml")


SUITES = (
    Suite("lint", ((PYTHON, "-m", "dev.tasks", "check", "lint"),), 2),
    Suite("unit", (UNIT_TESTS,), 4),
    Suite(
        "worlds",
        (_in_parallel("worlds", "tests/worlds", "-m", "not long"),),
        8,
    ),
    Suite("worlds-long", (_in_parallel("worlds-long", "tests/worlds", "-m", "long"),), 40, full=True),
    Suite("simulation", (_in_parallel("simulation", "tests/simulation"),), 5),
    Suite(
        "simulation-long",
        (_in_parallel("simulation-long", "tests/simulation/test_seeds.py", LONG_SEEDS),),
        120,
        full=True,
    ),
    Suite(BUILD, (), 22, needed=True),
    Suite("cluster", ((PYTHON, "-m", "dev.cluster", "up"),), 1, needed=True, builds=CLUSTER),
    Suite(
        "api",
        (
            # These tests reconcile by themselves: an operator from an earlier run would get in between.
            ("dev/in-cluster", "kubectl", "delete", "namespace", "alluxio-operator", "--ignore-not-found", "--wait"),
            (*API_TESTS, f"--junitxml={REPORTS}/api.xml"),
        ),
        6,
        builds=CLUSTER,
    ),
    Suite(
        # Built for this alone; where it isn't, the test is skipped by name.
        "resizer",
        ((*API_TESTS[:-1], "tests/api/test_resizer.py"),),
        12,
        full=True,
        builds=Parts(tools=names(VOLUME_TOOLS)),
    ),
    Suite("faults", (FAULT_TESTS,), 8, builds=SIMULATION),
    Suite("deploy", ((PYTHON, "-m", "dev.tasks", "deploy"),), 1, needed=True, builds=Parts(images=("operator",))),
    Suite("scenarios", (_kuttl("kuttl-test.yaml"), _namespaces("gone")), 13, builds=STORIES),
    Suite(
        "more-scenarios",
        ((PYTHON, "-m", "dev.cluster", "up", "--metrics"), _kuttl("kuttl-test-full.yaml")),
        75,
        full=True,
        builds=ALL_STORIES | Parts(tools=names(METRICS_TOOLS)),
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
        builds=ALL_STORIES,
    ),
    Suite(
        # Builds its image for this alone; where no JDK can run it, the test is skipped by name.
        "trino",
        ((PYTHON, "-m", "pytest", "-q", "tests/trino", "--timeout=1500", f"--junitxml={REPORTS}/trino.xml"),),
        26,
        full=True,
        builds=ALL_STORIES,
    ),
    Suite(
        # After all that needs the operator as it was deployed: this takes it away, and installs it from a catalog.
        "catalog",
        (CATALOG_TESTS, LIFECYCLE_DOWN),
        3,
        builds=LIFECYCLE,
    ),
    Suite(
        "bundle",
        ((PYTHON, "-m", "pytest", "-q", "tests/bundle", f"--junitxml={REPORTS}/bundle.xml"),),
        20,
        full=True,
        builds=Parts(tools=names((*OLM_TOOLS, *OLDER_VALIDATOR))),
    ),
    Suite(
        "olm",
        (
            (PYTHON, "-m", "dev.cluster", "up"),
            (PYTHON, "-m", "pytest", "-q", "tests/olm", "--timeout=400", f"--junitxml={REPORTS}/olm.xml"),
            (PYTHON, "-m", "dev.olm", "up"),
            _kuttl("kuttl-test-olm.yaml"),
            (PYTHON, "-m", "dev.olm", "down"),
        ),
        30,
        full=True,
        builds=LIFECYCLE | STORIES,
    ),
    # In a run of its own, since it measures how long other owners take while one is poisoned.
    Suite("poison", (_long_faults("poison", "poison"),), 20, full=True, builds=SIMULATION),
    Suite("crash-points", (_long_faults("crash-points", "crash_points"),), 70, full=True, builds=SIMULATION),
    Suite("kills", (_long_faults("kills", "kills"),), 40, full=True, builds=SIMULATION),
    Suite(
        "faults-long",
        (_long_faults("faults-long", "not crash_points and not kills and not poison"),),
        40,
        full=True,
        builds=SIMULATION,
    ),
)


def chosen(suites: Sequence[Suite], named: Sequence[str] = (), *, full: bool = False) -> list[Suite]:
    """Return the suites of a run: those that are named, or those of every run, or with `full` all there are.

    What the suites of every run need is built by one suite before them, which comes unnamed. Named alone, it builds for
    all of them. A full suite begins with what it needs itself.
    """
    wanted = [suite for suite in suites if (suite.name in named if named else full or not suite.full)]
    shared = NOTHING
    for suite in suites if [suite.name for suite in wanted] == [BUILD] else wanted:
        shared |= NOTHING if suite.full else suite.builds
    found = []
    for suite in suites:
        if suite.name == BUILD and shared:
            found.append(replace(suite, commands=(_build(shared),)))
        elif suite.name != BUILD and suite in wanted:
            own = [_build(suite.builds)] if suite.full and suite.builds else []
            found.append(replace(suite, commands=(*own, *suite.commands)))
    return found


def _build(parts: Parts) -> Sequence[str]:
    return (PYTHON, "-m", "dev.tasks", "build", *parts.arguments())


def run_all(named: Sequence[str] = (), *, full: bool = False) -> int:
    """Run the suites of every run, or with `full` all there are, or those that are named; return the exit code.

    With `full` it keeps the outcome of each and writes the page of the last full run.
    """
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    results: list[Result] = []
    broken = None
    commit = full_report.present_commit()
    for suite in chosen(SUITES, named, full=full):
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
    outcome = PASSED
    for command in suite.commands:
        outcome = _run(command, suite.minutes * 60 - (time.monotonic() - began))
        if outcome != PASSED:
            break
    return Result(suite.name, outcome, round(time.monotonic() - began, 1), suite.minutes)


def report(results: Sequence[Result]) -> None:
    """Print a table, keep it as JSON, and close with how many cases passed and failed."""
    (REPORTS / "suites.json").write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    print(f"\n{'suite':12} {'took':>14} {'budget':>8}   outcome")
    for result in results:
        print(f"{result.name:12} {duration(result.seconds):>14} {result.budget_minutes:>4g} min   {result.outcome}")
    print(f"{'together':12} {duration(sum(result.seconds for result in results)):>14}\n")
    passed, failed = sum(result.passed for result in results), sum(not result.passed for result in results)
    for file in sorted(REPORTS.glob("*.xml")):
        well, badly = _cases(file.read_text())
        passed, failed = passed + well, failed + badly
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
    return PASSED if code == 0 else f"failed (exit {code})"


def _cases(report: str) -> tuple[int, int]:
    """Return how many cases passed and how many failed, of a report in JUnit's form."""
    cases = list(ET.fromstring(report).iter("testcase"))
    skipped = sum(case.find("skipped") is not None for case in cases)
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    return len(cases) - skipped - failed, failed
