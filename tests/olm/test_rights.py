"""What the operator was granted and what it asked for, by the API server's audit log of this very run.

Runs after the other tests of this folder, whose operators are the ones that are looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dev.cluster.paths import find_paths
from dev.olm.bundle import CSV_FILE
from dev.olm.lifecycle import Lifecycle
from dev.olm.rights import Call, Right, calls, granted
from tests.olm.test_life import HOME
from tests.support.builders import ROOT

ACCOUNT = f"system:serviceaccount:{HOME}:alluxio-operator"
OLMS_OWN = "operators.coreos.com"
"""The group of the OperatorCondition, for which OLM itself grants the right."""

FUSE, REJOIN = "kuttl-tests/scenarios-full/fuse/use.sh", "kuttl-tests/scenarios-full/ha/rejoin.sh"
ELSEWHERE = {
    **{f"{verb} daemonsets.apps": FUSE for verb in ("get", "create", "patch", "delete")},
    "list events": "kuttl-tests/scenarios/install/fuse-refused.sh",
    "patch pods": REJOIN,
    "delete pods": "kuttl-tests/scenarios-full/rolling/upgrade.sh",
    "get controllerrevisions.apps": "kuttl-tests/scenarios-full/rolling/rollback.sh",
    "delete controllerrevisions.apps": "kuttl-tests/scenarios-full/rolling/ports.sh",
}
"""Rights that the life of this folder's cluster doesn't come to, and the test that does."""


@pytest.fixture(scope="module")
def asked(lifecycle: Lifecycle) -> list[Call]:
    """Every call of the operator whose life test_life tells; all files of the log, the rotated ones too."""
    del lifecycle
    found = list(_calls(find_paths(os.environ).logs))
    if not found:
        pytest.skip("test_life wasn't run on this cluster: nobody asked for anything")
    return found


def _calls(logs: Path) -> Iterator[Call]:
    for file in sorted(logs.glob("audit*.log")):
        with file.open(errors="replace") as lines:
            yield from calls(lines, ACCOUNT)


def rights() -> set[Right]:
    csv = yaml.safe_load((ROOT / "bundle" / CSV_FILE).read_text())
    [permissions] = csv["spec"]["install"]["spec"]["permissions"]
    return granted(permissions["rules"])


def test_nothing_that_it_asked_for_was_refused(asked: list[Call]):
    # While it is taken away, its rights may go before its pod does, which goes on asking for what it had.
    had = {call.right for call in asked if call.granted}
    refused = {str(call.right) for call in asked if not call.granted and call.right not in had}

    assert refused == set()


def test_all_that_it_asked_for_is_in_the_bundle(asked: list[Call]):
    used = {call.right for call in asked if call.granted and call.right.group != OLMS_OWN}

    assert {str(right) for right in used - rights()} == set()


def test_all_that_is_in_the_bundle_is_used_here_or_in_a_test_that_is_named(asked: list[Call]):
    used = {call.right for call in asked if call.granted}
    unused = {str(right) for right in rights() - used}

    assert unused <= set(ELSEWHERE), f"granted and never used: {sorted(unused - set(ELSEWHERE))}"
    for test in set(ELSEWHERE.values()):
        assert (ROOT / test).exists(), test
