"""Secrets and ConfigMaps that others make: what is missing is named, with the field that asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NOW, cluster_spec, container_status, observed, pod, ready_pod

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.conditions import ConditionState, merge
from alluxio_operator.kinds.cluster.references import GATE, references, references_resolved

S3: dict[str, Any] = {"rootMount": {"uri": "s3://lake", "volume": None, "s3": {"credentials": {"secretName": "keys"}}}}
HDFS: dict[str, Any] = {
    "rootMount": {"uri": "hdfs://ns1/", "volume": None, "hdfs": {"configFrom": {"configMapName": "hadoop"}}}
}


def lacking(said: str, role: str = "master", init: bool = False) -> dict[str, Any]:
    waits = [container_status("it", waiting={"reason": "CreateContainerConfigError", "message": said})]
    return pod(role, phase="Pending", ip="", **{"inits" if init else "containers": waits})


def gate(*pods: dict[str, Any], over: dict[str, Any] = S3, status: ClusterStatus | None = None) -> Any:
    return references_resolved(cluster_spec(**over), observed(*pods, status))


def test_a_cluster_that_refers_to_nothing_has_no_such_condition():
    assert gate(over={}) is None


def test_everything_that_is_needed_is_listed_with_its_field():
    env = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "k"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "b", "key": "k"}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "c", "key": "k", "optional": True}}},
        {"name": "D", "value": "d"},
        {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]
    mount = {
        "uri": "s3://lake",
        "volume": None,
        "s3": {"credentials": {"secretName": "keys"}},
        "optionsFrom": [{"name": "x.y", "secretKeyRef": {"name": "more", "key": "k"}}],
    }
    found = references(cluster_spec(rootMount=mount, workers={"env": env}))

    assert [(one.kind, one.name, one.field) for one in found] == [
        ("Secret", "keys", "spec.rootMount.s3.credentials"),
        ("Secret", "more", "spec.rootMount.optionsFrom[x.y]"),
        ("Secret", "a", "spec.workers.env[A]"),
        ("ConfigMap", "b", "spec.workers.env[B]"),
    ]


@pytest.mark.parametrize("kind", ["configMap", "secret"])
def test_hadoops_files_may_be_in_either_kind(kind: str):
    mount = {"uri": "hdfs://ns1/", "volume": None, "hdfs": {"configFrom": {f"{kind}Name": "hadoop"}}}

    [found] = references(cluster_spec(rootMount=mount))

    assert (found.kind, found.name) == (kind[0].upper() + kind[1:], "hadoop")


@pytest.mark.parametrize("role", ["master", "worker"])
def test_a_missing_secret_is_named_with_field_and_remedy(role: str):
    found = gate(lacking('secret "keys" not found', role))

    assert (found.type, found.passed, found.reason) == ("ReferencesResolved", False, "SecretMissing")
    assert found.message == (
        "Secret keys doesn't exist, but spec.rootMount.s3.credentials refers to it: create it in namespace data, and "
        "the waiting pods start"
    )


def test_a_missing_key_is_named():
    found = gate(lacking("couldn't find key AWS_SECRET_ACCESS_KEY in Secret data/keys"))

    assert found.reason == "SecretKeyMissing"
    assert found.message.startswith("Secret keys has no key AWS_SECRET_ACCESS_KEY, but spec.rootMount.s3.credentials")
    assert "add the key" in found.message


def test_what_an_init_container_lacks_is_named_too():
    found = gate(lacking('configmap "hadoop" not found', "worker", init=True), over=HDFS)

    assert found.reason == "ConfigMapMissing"
    assert "spec.rootMount.hdfs.configFrom" in found.message


def test_what_the_operator_makes_itself_is_no_reference():
    assert gate(lacking('configmap "small-jvm" not found')).reason == "Waiting"


def test_it_is_not_known_before_a_master_has_started():
    assert (gate().passed, gate().reason) == (False, "Waiting")
    assert not gate(pod("master", phase="Pending", ip="")).passed


def test_it_is_resolved_once_a_master_runs():
    found = gate(ready_pod("master"))

    assert (found.passed, found.reason) == (True, "Resolved")


def test_a_running_master_hides_no_worker_that_lacks_something():
    assert not gate(ready_pod("master"), lacking('secret "keys" not found', "worker")).passed


def test_it_stays_resolved_while_no_pod_says_otherwise():
    before = ClusterStatus(conditions=merge((), [ConditionState(GATE, True, "Resolved")], 1, NOW))

    assert gate(status=before).passed
    assert not gate(lacking('secret "keys" not found'), status=before).passed
