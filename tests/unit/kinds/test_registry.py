"""Which owners there are, and what their status says to a replica that has just begun to lead."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.support.builders import resource
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import OwnerKey, Reason, Request
from alluxio_operator.kinds import registry as reconcilers
from alluxio_operator.kube.errors import ApiError, NotFound, Refused
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics

Json = dict[str, Any]


def listed(
    kube: FakeKube, settings: Settings, changes: ChangesUnderWay | None = None, unlisted: Unlisted | None = None
) -> list[Request]:
    unlisted = unlisted or Unlisted(Metrics(CollectorRegistry()))
    found = reconcilers.list_owners(kube, settings, changes or ChangesUnderWay(), unlisted)  # type: ignore[arg-type]
    return list(found)


def with_status(made: Json, reason: str, generation: int = 1) -> Json:
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "message": ""} for kind in ("Progressing", "Installed")
    ]
    return {**made, "status": {"observedGeneration": generation, "conditions": conditions}}


def test_changes_under_way_of_an_ended_replica_are_known_before_any_reconcile():
    kube, changes = FakeKube(), ChangesUnderWay()
    kube.put(with_status(resource(), "Updating"))

    found = listed(kube, Settings(operator_namespace="operators"), changes)

    assert [request.reason for request in found] == [Reason.RESYNC]
    assert not changes.verdict().upgradeable


def test_an_edit_that_nobody_followed_comes_as_one():
    kube = FakeKube()
    kube.put(with_status(resource(), "Updating", generation=0))

    [request] = listed(kube, Settings(operator_namespace="o"))

    assert request.reason is Reason.EDIT


@pytest.mark.parametrize("status", [403, 404])
def test_a_namespace_that_cannot_be_listed_stops_no_other(status: int):
    kube = FakeKube()
    kube.put(resource())

    def refuse(verb: str, path: str) -> None:
        if "/namespaces/forbidden/" in path:
            raise (NotFound if status == 404 else Refused)(f"GET {path}", status, "no")

    kube.before_call = refuse
    unlisted = Unlisted(Metrics(CollectorRegistry()))
    settings = Settings(operator_namespace="o", watch_namespaces=("data", "forbidden"))

    [request] = listed(kube, settings, unlisted=unlisted)

    assert request.key == OwnerKey("AlluxioCluster", "data", "small")
    assert unlisted.mark_start() == (
        "*/forbidden,AlluxioBackup/forbidden,AlluxioCluster/forbidden,AlluxioDrill/forbidden,Presto/forbidden"
    )
    kube.before_call = lambda verb, path: None
    listed(kube, settings, unlisted=unlisted)
    assert unlisted.recovered() != []


def test_an_api_server_that_is_away_is_still_an_error():
    kube = FakeKube()
    kube.before_call = lambda verb, path: (_ for _ in ()).throw(ApiError("GET", 503, "away"))

    with pytest.raises(ApiError):
        listed(kube, Settings(operator_namespace="o"))


def test_a_kind_of_children_that_cannot_be_listed_is_named():
    kube = FakeKube()

    def refuse(verb: str, path: str) -> None:
        if path == "/apis/networking.k8s.io/v1/namespaces/old/networkpolicies":
            raise Refused(f"GET {path}", 403, "no")

    kube.before_call = refuse
    unlisted = Unlisted(Metrics(CollectorRegistry()))
    settings = Settings(operator_namespace="o", watch_namespaces=("data", "old"))

    reconcilers.check_children(kube, settings, unlisted)  # type: ignore[arg-type]

    assert unlisted.mark_start() == "NetworkPolicy/old"
