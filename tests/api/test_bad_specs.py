"""What only the operator can see in a spec: it is said with numbers, and what runs stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Stage

from alluxio_operator.api.alluxiocluster import KIND

Json = dict[str, Any]

SMALL = {"resources": {"limits": {"memory": "2Gi"}}, "tiers": [{"quota": "4Gi"}]}
CASES: list[tuple[str, Json, str]] = [
    (
        "tier larger than the limit",
        {"workers": SMALL},
        'spec.workers.resources.limits.memory "2Gi" is too small: heap 64Mi + direct memory 512Mi + overhead 384Mi + '
        "tiers in memory 4Gi = 5056Mi; raise it to 5056Mi or more",
    ),
    (
        "reserved property",
        {"masters": {"properties": {"alluxio.master.rpc.port": "1"}}},
        'spec.masters.properties[alluxio.master.rpc.port] "1" can\'t be set by hand',
    ),
    (
        "reserved variable",
        {"masters": {"env": [{"name": "POD_IP", "value": "1.2.3.4"}]}},
        "spec.masters.env[POD_IP] can't be set by hand",
    ),
    (
        "window that never comes",
        {"upgrade": {"maintenanceWindow": {"start": "0 2 31 2 *", "durationMinutes": 60}}},
        'spec.upgrade.maintenanceWindow.start "0 2 31 2 *" is no cron expression',
    ),
    (
        "zone that there isn't",
        {"upgrade": {"maintenanceWindow": {"start": "0 2 * * 6", "durationMinutes": 60, "timeZone": "Mars/Olympus"}}},
        'spec.upgrade.maintenanceWindow.timeZone "Mars/Olympus" is no time zone',
    ),
    (
        "port used twice in a pod",
        {"jobService": {"worker": {"ports": {"rpc": 30000}}}},
        'spec.workers.ports.web "30000" is used twice in one pod',
    ),
]


@pytest.mark.parametrize(("over", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_runs_stays_as_it_is_under_a_bad_spec(over: Json, said: str, installed: Stage):
    before = installed.versions_at_rest()
    good = installed.resource["spec"]
    installed.edit(**over)

    outcome = installed.reconcile(everything=True)

    condition = installed.condition("SpecValid")
    changed = {ref for ref, version in installed.versions().items() if before[ref] != version}
    status, ready = installed.status, installed.condition("Ready")
    installed.api.call("PUT", installed.path, {**installed.resource, "spec": good}, ok=True)
    installed.reconcile_until(lambda: installed.status["phase"] == "Ready")

    assert (condition["status"], condition["reason"]) == ("False", "Invalid")
    assert said in condition["message"]
    assert said[:200] in status["summary"]
    assert status["phase"] == "Invalid"
    assert ready["status"] == "True", "it serves as before"
    assert changed == {KIND}
    assert outcome.requeue_after is None


def test_nothing_is_made_for_a_spec_that_cannot_be_followed(stage: Stage):
    stage.create(workers=SMALL)

    stage.reconcile()

    assert stage.refs() == []
    assert stage.status["phase"] == "Invalid"
    assert stage.condition("Ready")["status"] == "False"
    assert "SpecInvalid" in stage.events()

    stage.edit(workers={"resources": {"limits": {"memory": "6Gi"}}})
    stage.reconcile()
    assert stage.condition("SpecValid")["status"] == "True"
    assert stage.status["phase"] == "Installing"


def test_what_the_server_refuses_is_said_in_its_own_words(stage: Stage):
    stage.create(masters={"nodeSelector": {"not a label": "x"}})

    stage.reconcile()

    condition = stage.condition("ConfigurationApplied")
    assert (condition["status"], condition["reason"]) == ("False", "Refused")
    assert "nodeSelector" in condition["message"]
    assert not [ref for ref in stage.refs() if ref.startswith(("Job/", "StatefulSet/"))]
