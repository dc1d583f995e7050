"""Trino on the real cluster: the scenarios of kuttl-tests/scenarios-trino, where its image can be built."""

from __future__ import annotations

import subprocess
import sys

import pytest
from dev.images import jdk, trino
from dev.tasks.shell import ROOT

REPORTS = ROOT / "build" / "reports"


def run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def test_the_scenarios_of_trino():
    if trino.found_java() is None:
        pytest.skip(f"no JDK of Java {trino.JAVA} or later in JAVA_HOME and {jdk.USUAL}, without which no Trino runs")
    run(sys.executable, "-m", "dev.images", "build", "trino")
    # Brings the image to the node.
    run(sys.executable, "-m", "dev.cluster", "up")
    run(
        "dev/in-cluster",
        "kubectl-kuttl",
        "test",
        "--config=kuttl-tests/kuttl-test-trino.yaml",
        f"--artifacts-dir={REPORTS}",
    )
