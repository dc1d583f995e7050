"""The plan: how far the layers go, and what the templates are told of the journal."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from tests.support.builders import (
    NOW,
    UID,
    cluster,
    container_status,
    info,
    initialized,
    initializing,
    journal_claim,
    journal_job,
    observed,
    pod,
    ready_pod,
)

from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.cluster.decide import Plan, decide
from alluxio_operator.kinds.cluster.layers import ENDS
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref

LOST = pod(
    "master",
    inits=[
        container_status(
            "journal-check",
            waiting={"reason": "CrashLoopBackOff"},
            last={"exitCode": 1, "message": "JournalMissing: no journal below /journal/raft"},
        )
    ],
    containers=[],
)


@pytest.mark.parametrize(
    ("look", "until"),
    [
        (observed(), ENDS[0]),
        (observed(initializing(), journal_job()), ENDS[0]),
        (observed(initializing(), journal_job(complete=True)), ENDS[1]),
        (observed(ready_pod("master"), initialized()), ENDS[1]),
        (observed(ready_pod("master"), initialized(), info()), ENDS[2]),
        (observed(LOST, initialized()), ENDS[0]),
        (observed(ready_pod("master"), initializing(), journal_job(), info()), ENDS[0]),
    ],
    ids=[
        "nothing there",
        "journal's Job runs",
        "journal's Job is done",
        "masters start",
        "masters serve",
        "journal missing",
        "a master answers though the journal is not initialised",
    ],
)
def test_each_layer_waits_for_its_gate(look, until):
    assert decide(cluster(), look, NOW).until == until


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_layer_that_was_reached_is_kept_up_though_its_gate_has_closed(layer):
    look = observed(LOST, initialized())
    look = look.with_status(look.resource, look.status.model_copy(update={"layer": layer}))

    plan = decide(cluster(), look, NOW)

    assert plan.layer == 1
    assert plan.until == ENDS[layer - 1]


@pytest.mark.parametrize(
    ("look", "mode", "name", "marked"),
    [
        (observed(), "create", "small-journal-0a1b2c3dc", False),
        (observed(journal_claim(used=True)), "adopt", "small-journal-0a1b2c3da", True),
        (observed(initializing(), journal_job()), "create", "small-journal-0a1b2c3dc", False),
        (
            observed(initializing(), journal_job(complete=True)),
            "create",
            "small-journal-0a1b2c3dc",
            True,
        ),
        (observed(initialized()), None, None, True),
    ],
    ids=["first", "adopt", "running", "done", "ever after"],
)
def test_the_templates_are_told_which_job_to_run_and_whether_the_claim_is_in_use(look, mode, name, marked):
    journal = decide(cluster(), look, NOW).context["journal"]

    assert journal["mode"] == mode
    assert [job["name"] for job in journal["jobs"]] == ([name] if name else [])
    assert journal["claims"][0]["annotations"].get(JOURNAL_ANNOTATION) == ("initialized" if marked else None)


def test_the_same_cluster_and_look_lead_to_the_same_plan():
    look = observed(ready_pod("master"), initialized(), info())

    one, other = decide(cluster(), look, NOW), decide(cluster(), look, NOW)

    assert (one.context, one.layer) == (other.context, other.layer)
    assert [as_data(operation) for operation in one.operations] == [
        as_data(operation) for operation in other.operations
    ]
    assert one.cluster.uid == UID


def as_data(operation: Operation) -> Operation:
    return replace(operation, conclude=Operation("any").conclude)


def test_a_restore_in_place_creates_no_volume_of_the_ufs():
    own = Names("journal-x", "data")
    never = frozenset({Ref("PersistentVolumeClaim", own.of("ufs"))})
    records = SimpleNamespace(never_created=never, known_uids=frozenset())
    view = SimpleNamespace(records=records, cluster=SimpleNamespace(names=own), in_place=SimpleNamespace(disrupts=True))
    plan = Plan(cast("View", view), 1, 1, Gate("MastersServing", True, "Serving", ""), (), ())

    assert plan.rules.never_created == never
