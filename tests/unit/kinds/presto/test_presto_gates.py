"""How severe each closed gate of a Presto is, and when an open one is looked at."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.presto import client, cluster, pod, presto, presto_spec, resource

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.gate import Gate, Severity
from alluxio_operator.kinds.presto import gates
from alluxio_operator.kinds.presto.cache.connection import ClusterView
from alluxio_operator.kinds.presto.cache.gates import alluxio_connected
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.workloads.pods import parse_pod

Json = dict[str, Any]
SPEC = presto_spec(alluxio={"clusterRef": {"name": "small"}})
NEW = {**cluster(ready=False), "status": {}}
DELETING = cluster()
DELETING["metadata"]["deletionTimestamp"] = "2030-01-02T03:04:05Z"


def observed(*pods: Json, answer: CoordinatorInfo | None = None) -> Observed:
    return Observed(
        resource=resource(),
        status=PrestoStatus(),
        pods=tuple(parse_pod(one) for one in pods),
        coordinator=answer or NoAnswer("connection refused"),
    )


def coordinator(reason: str = "") -> Json:
    trouble = {"reason": reason, "message": "said by the kubelet"} if reason else None
    return pod("coordinator", "queries-coordinator-0", ready=False, trouble=trouble)


@pytest.mark.parametrize(
    ("gate", "reason", "severity"),
    [
        (alluxio_connected(SPEC, ClusterView(None, None)), "ClusterNotFound", Severity.BLOCKED),
        (alluxio_connected(SPEC, ClusterView(DELETING, client())), "ClusterDeleting", Severity.BLOCKED),
        (alluxio_connected(SPEC, ClusterView(cluster(ready=False), client())), "ClusterNotReady", Severity.WARNING),
        (alluxio_connected(SPEC, ClusterView(cluster(), None)), "ClusterNotReady", Severity.WARNING),
        (alluxio_connected(SPEC, ClusterView(NEW, None)), "ClusterNotReady", Severity.PROGRESS),
        (gates.coordinator_serving(observed(coordinator())), "Waiting", Severity.PROGRESS),
        (gates.coordinator_serving(observed(coordinator("ImagePullBackOff"))), "ImagePullBackOff", Severity.WARNING),
        (gates.coordinator_serving(observed(coordinator("CrashLoopBackOff"))), "CrashLoopBackOff", Severity.BLOCKED),
        (gates.workers_active(observed(), 1), "CoordinatorNotServing", Severity.PROGRESS),
        (gates.workers_active(observed(answer=CoordinatorInfo("0.287", 0, 0, 0)), 1), "Waiting", Severity.PROGRESS),
    ],
)
def test_a_closed_gate_says_who_can_open_it(gate: Gate, reason: str, severity: Severity):
    assert (gate.passed, gate.reason, gate.severity) == (False, reason, severity)


def test_a_coordinator_that_serves_is_asked_again_since_no_event_reports_its_queries():
    gate = gates.coordinator_serving(observed(answer=CoordinatorInfo("0.287", 1, 0, 0)))

    assert gate.passed
    assert gate.requeue == gates.POLL


def test_no_cache_needs_no_gate():
    assert alluxio_connected(presto_spec(), None) is None


def test_references_are_known_once_the_coordinator_has_started():
    given = {"name": "hive.s3.aws-secret-key", "secretKeyRef": {"name": "keys", "key": "secret"}}
    made = presto(catalogs=[{"name": "h", "connector": "hive", "propertiesFrom": [given]}])

    gate = gates.references_resolved(made, observed())

    assert gate is not None
    assert (gate.reason, gate.severity) == ("Waiting", Severity.PROGRESS)
    assert gates.references_resolved(presto(), observed()) is None
