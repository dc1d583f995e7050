"""A cluster that is deleted and created again at once, under deletionPolicy Delete: it gets new volumes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.world import World

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
CLAIM = "journal-small-master-0"
DELETED = "2030-01-01T00:00:00Z"


def earlier_claim(**metadata: Any) -> Json:
    """Return the journal's PVC of a cluster that was deleted a moment ago."""
    owner = {"apiVersion": API_VERSION, "kind": "AlluxioCluster", "name": "small", "uid": "uid-of-the-earlier-one"}
    labels = {
        "app.kubernetes.io/name": "alluxio",
        "app.kubernetes.io/instance": "small",
        "alluxio-operator.io/owner-kind": "AlluxioCluster",
        "alluxio-operator.io/owner": "small",
    }
    meta = {
        "name": CLAIM,
        "namespace": "data",
        "uid": "c1",
        "labels": labels,
        "annotations": {"alluxio-operator.io/journal": "initialized"},
        "ownerReferences": [owner],
        **metadata,
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": {}}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"deletionTimestamp": "2030-01-01T00:00:00Z"},
        {"ownerReferences": [], "deletionTimestamp": "2030-01-01T00:00:00Z"},
    ],
    ids=["before the garbage collector saw it", "terminating", "deleted by hand"],
)
def test_the_journal_waits_for_the_earlier_volume_to_go_and_is_created_on_a_new_one(metadata: Json):
    world = World(resource(deletionPolicy="Delete"))
    world.kube.put(earlier_claim(**metadata))

    for _ in range(3):
        outcome = world.reconcile()
        world.turn()

    gate = world.condition("JournalInitialized")
    assert (gate["status"], gate["reason"]) == ("False", "VolumesTerminating")
    assert CLAIM in gate["message"]
    assert outcome.requeue_after is not None
    claim = world.kube.object("PersistentVolumeClaim", "data", CLAIM)
    assert not [one for one in claim["metadata"]["ownerReferences"] if one["uid"] == world.made["metadata"]["uid"]]
    assert world.kube.of_kind("Job") == []

    world.kube.remove(KINDS["PersistentVolumeClaim"].path("data", CLAIM))
    world.settle()

    assert world.status["journal"]["operation"].endswith("c"), "created, not adopted"
    fresh = world.kube.object("PersistentVolumeClaim", "data", CLAIM)
    assert fresh["metadata"]["ownerReferences"][0]["uid"] == world.made["metadata"]["uid"]
