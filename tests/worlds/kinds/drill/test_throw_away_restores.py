"""The throw-away cluster, as the reconciler of clusters follows it: nothing while paused, then a whole restore."""

from typing import Any

from tests.support import builders
from tests.support.drill import NAME
from tests.support.restore import ENTRIES, RestoreWorld

from alluxio_operator.api.alluxiocluster import KIND, ClusterSpec
from alluxio_operator.kinds.drill.names import COPY, Names, copy_claim
from alluxio_operator.kinds.drill.throw_away import spec_of
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
NAMES = Names(NAME, builders.NAMESPACE)


def world() -> RestoreWorld:
    live = builders.resource(masters={"replicas": 3}, jobService={"enabled": True})
    spec = spec_of(ClusterSpec.model_validate(live["spec"]), "live", NAMES, builders.NAME)
    made = RestoreWorld({**builders.resource(), "spec": dict(spec)})
    made.file_entries = ENTRIES
    return made


def test_nothing_is_made_before_the_copy_is_there():
    made = world()
    for _ in range(3):
        made.reconcile()
        made.turn()
    assert made.status["phase"] == "Paused"
    assert made.kube.of_kind("StatefulSet") == []
    assert made.kube.of_kind("PersistentVolumeClaim") == []
    assert made.kube.of_kind("Job") == []


def test_it_restores_the_copy_once_it_may_start():
    made = world()
    made.reconcile()
    started = {"paused": False, "bootstrap": {"restore": {"expectedEntries": ENTRIES}}}
    made.kube.merge(KINDS[KIND].path(builders.NAMESPACE, builders.NAME), {"spec": started})
    made.settle()
    restore = made.status["restore"]
    claim = copy_claim(builders.NAME)
    assert (restore["state"], restore["location"], restore["claim"]) == ("Restored", f"{claim}:{COPY}", claim)
    assert (restore["expected"], restore["entries"]) == (ENTRIES, ENTRIES)
    assert made.condition("Ready")["status"] == "True"
    journal = made.kube.object("PersistentVolumeClaim", builders.NAMESPACE, f"journal-{builders.NAME}-master-0")
    assert journal["metadata"]["ownerReferences"][0]["kind"] == "AlluxioCluster"
    assert sorted(made.kube.of_kind("StatefulSet")) == [f"{builders.NAME}-master", f"{builders.NAME}-worker"]
    assert made.kube.of_kind("Deployment") == []
