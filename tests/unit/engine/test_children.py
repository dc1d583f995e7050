"""Whose an object is, and which changes of it an owner has to know of."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from alluxio_operator.engine.children import CHILD_KINDS, owner_of, version_of
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.kinds import OF_KUBERNETES

Json = dict[str, Any]
LABELS = {"alluxio-operator.io/owner-kind": "AlluxioCluster", "alluxio-operator.io/owner": "labelled"}
REFERENCE = {"apiVersion": "alluxio-operator.io/v1alpha1", "kind": "AlluxioCluster", "name": "one", "uid": "o"}
OTHER = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n"}


def obj(**metadata: Any) -> Json:
    base = {"name": "one-master", "namespace": "data", "uid": "u", "resourceVersion": "7", "generation": 1}
    return {"metadata": base | metadata, "status": {}}


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({"ownerReferences": [OTHER, REFERENCE], "labels": LABELS}, "one"),
        ({"labels": LABELS}, "labelled"),
        ({"ownerReferences": [OTHER], "labels": LABELS}, "labelled"),
    ],
)
def test_the_reference_comes_before_the_labels(metadata: Json, owner: str) -> None:
    assert owner_of(obj(**metadata)) == OwnerKey("AlluxioCluster", "data", owner)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"ownerReferences": [OTHER]},
        {"labels": {"alluxio-operator.io/owner": "one"}},
        # The API server checks no name in a reference.
        {"ownerReferences": [REFERENCE | {"name": "../../other/alluxioclusters/one"}], "labels": LABELS},
    ],
)
def test_what_names_nobody_is_nobodys(metadata: Json) -> None:
    assert owner_of(obj(**metadata)) is None


def changed(before: Json, **changes: Any) -> Json:
    after = deepcopy(before)
    for path, value in changes.items():
        node = after
        *parents, last = path.split("__")
        for parent in parents:
            node = node[parent]
        node[last] = value
    return after


STATE = {child.kind: child.state_of for child in CHILD_KINDS}


@pytest.mark.parametrize(
    ("kind", "change", "tells"),
    [
        ("StatefulSet", {"metadata__resourceVersion": "8"}, False),
        ("StatefulSet", {"status__collisionCount": 3}, False),
        ("StatefulSet", {"status__readyReplicas": 1}, True),
        ("StatefulSet", {"metadata__generation": 2}, True),
        ("StatefulSet", {"metadata__labels": {"a": "b"}}, True),
        ("StatefulSet", {"metadata__ownerReferences": [REFERENCE]}, True),
        ("StatefulSet", {"metadata__deletionTimestamp": "now"}, True),
        ("StatefulSet", {"metadata__uid": "another"}, True),
        ("DaemonSet", {"status__numberReady": 2}, True),
        ("DaemonSet", {"status__currentNumberScheduled": 2}, True),
        ("Deployment", {"status__updatedReplicas": 2}, True),
        ("Deployment", {"status__conditions": [{"type": "Progressing", "status": "True"}]}, False),
        ("Job", {"status__succeeded": 1}, True),
        ("Job", {"status__conditions": [{"type": "Complete", "status": "True"}]}, True),
        ("Job", {"status__conditions": [{"type": "Complete", "status": "False"}]}, False),
        ("ConfigMap", {"metadata__resourceVersion": "8"}, True),
        ("PersistentVolumeClaim", {"metadata__uid": "another"}, True),
    ],
)
def test_an_owner_is_told_of_what_matters(kind: str, change: Json, tells: bool) -> None:
    before = obj()
    assert (STATE[kind](before) != STATE[kind](changed(before, **change))) is tells


def test_every_state_can_be_hashed() -> None:
    full = obj(labels=LABELS, ownerReferences=[REFERENCE])
    full["status"] = {"conditions": [{"type": "Complete", "status": "True"}], "replicas": 1}
    for child in CHILD_KINDS:
        hash(child.state_of(full))


def test_a_kind_whose_status_matters_is_read_in_full() -> None:
    assert {child.kind for child in CHILD_KINDS if not child.metadata_only} == {
        kind.kind
        for kind in OF_KUBERNETES.values()
        if kind.has_generation and kind.kind not in ("PodDisruptionBudget", "NetworkPolicy")
    }


def test_a_version_tells_objects_and_writes_apart() -> None:
    assert version_of(obj()) == "u/7"
