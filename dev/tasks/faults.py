"""The fault tests from nothing: a cluster without machines of their own, the tests, and the cluster down again.

What is broken there would disturb everybody else, so it is not the cluster of `make simulation`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dev.cluster.paths import find_paths
from dev.tasks.shell import ROOT, StepFailed, python, run

PATIENCE = 12.0
"""Seconds for the tests to end early."""
REPORTS = ROOT / "build" / "reports"


def main(arguments: list[str]) -> int:
    """Run the tests with pytest's `arguments`; return the exit code."""
    # Ended by the suite's budget, it still takes the cluster down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = {"ALLUXIO_OPERATOR_RUN": str(run_directory())}
    # Cleared rather than inherited: the tests belong to no other cluster.
    os.environ.pop("KUBECONFIG", None)
    try:
        run(*python("-m", "dev.cluster", "up", "--simulated"), env=place)
        return tests(arguments, place)
    except StepFailed as failure:
        print(f"\nerror: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        run(*python("-m", "dev.cluster", "down", "--simulated"), env=place)


def tests(arguments: list[str], place: Mapping[str, str]) -> int:
    """Run the tests in the cluster's network; return pytest's exit code."""
    report = REPORTS / "faults.xml"
    command = ("dev/in-simulation", *python("-m", "pytest", "-q", "tests/faults", f"--junitxml={report}", *arguments))
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **place}) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The interrupt reached it, too, and it ends the operators that it started.
            process.send_signal(signal.SIGTERM)
            try:
                return process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                return 130


def run_directory() -> Path:
    """Return where the cluster of the fault tests lives."""
    return find_paths(os.environ).cache / "faults"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
