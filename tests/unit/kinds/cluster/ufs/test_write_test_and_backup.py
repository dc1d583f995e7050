"""The test write waits for a pre-upgrade backup that is under way, and for no other.

tests/worlds/kinds/cluster/rollout/test_pre_upgrade.py has the backup that a step of the rollout waits for.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NOW, cluster, info, observed, ready_pod, resource

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, JournalStatus, UpgradeBackup
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.view import View


def look(state: str) -> Observed:
    known = UpgradeBackup.model_validate(
        {"from": "2.9.4", "to": "2.9.3", "state": state, "since": stamp(NOW), "name": "backup-1"}
    )
    status = ClusterStatus(journal=JournalStatus(state="Initialized", operation="0a1b2c3dc"), upgrade_backup=known)
    return observed(resource(), ready_pod("master", "small-master-0"), info(version="2.9.4"), status)


def reason(found: Observed, **spec: Any) -> str:
    gate = View(cluster(**spec), found, NOW).writability.gate
    assert gate is not None
    return gate.reason


@pytest.mark.parametrize("state", ["Requested", "Running"])
def test_the_backup_of_a_reverted_upgrade_holds_no_test_write(state: str):
    assert reason(look(state), version="2.9.4") != "Held"


@pytest.mark.parametrize("state", ["Requested", "Running"])
def test_a_backup_that_no_step_waits_for_holds_no_test_write(state: str):
    assert reason(look(state), version="2.9.3", upgrade={"strategy": "OnDelete"}) != "Held"
