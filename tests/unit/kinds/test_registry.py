"""Which owners there are, and what their status says to a replica that has just begun to lead."""

from __future__ import annotations

from typing import Any

from tests.support.builders import resource
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import Reason
from alluxio_operator.kinds import registry as reconcilers
from alluxio_operator.settings import Settings

Json = dict[str, Any]


def with_status(made: Json, reason: str, generation: int = 1) -> Json:
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "message": ""} for kind in ("Progressing", "Installed")
    ]
    return {**made, "status": {"observedGeneration": generation, "conditions": conditions}}


def test_changes_under_way_of_an_ended_replica_are_known_before_any_reconcile():
    kube, changes = FakeKube(), ChangesUnderWay()
    kube.put(with_status(resource(), "Updating"))

    found = list(reconcilers.list_owners(kube, Settings(operator_namespace="operators"), changes))  # type: ignore[arg-type]

    assert [request.reason for request in found] == [Reason.RESYNC]
    assert not changes.verdict().upgradeable


def test_an_edit_that_nobody_followed_comes_as_one():
    kube = FakeKube()
    kube.put(with_status(resource(), "Updating", generation=0))

    [request] = reconcilers.list_owners(kube, Settings(operator_namespace="o"), ChangesUnderWay())  # type: ignore[arg-type]

    assert request.reason is Reason.EDIT
