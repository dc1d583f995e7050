"""Clusters whose number of masters is to change, and waits for something that doesn't come."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from functools import cache
from typing import Any

from tests.support.backup import backup
from tests.support.builders import container_status, pod
from tests.support.changing_masters import Masters, settled
from tests.support.standing_clusters import case, three
from tests.support.three_masters import Three
from tests.support.world import address

from alluxio_operator.alluxio.answers import NoAnswer, Standby
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
GATE = "MembersChanged"


@cache
def _settled(replicas: int) -> Masters:
    return settled(replicas)


def _masters(replicas: int) -> Masters:
    """Return a settled cluster with a number of masters."""
    world, known = Masters(replicas), _settled(replicas)
    world.kube, world.leader, world.acknowledged = deepcopy(known.kube), known.leader, known.acknowledged
    world.volumes, world.processes = deepcopy(known.volumes), dict(known.processes)
    world.scripts, world.knows = dict(known.scripts), dict(known.knows)
    world.start_operator()
    world.turn()
    return world


def _until(world: Masters, state: str) -> Masters:
    """Let the change reach a state, and stop there."""
    for _ in range(60):
        world.reconcile()
        if world.status["journal"].get("change", {}).get("state") == state:
            return world
        world.turn()
        world.now += timedelta(seconds=2)
    raise AssertionError(world.status["journal"])


@case(GATE, "Waiting")
def change_beside_a_member_that_is_away() -> Masters:
    world = _masters(3)
    world.members.discard(2)
    world.turn()
    world.replicas(5)
    return world


@case("JournalInitialized", "FormerJournals")
def new_cluster_with_the_journals_of_former_masters() -> Masters:
    world = Masters(3)
    for ordinal in range(1, 3):
        claim = {"name": f"journal-small-master-{ordinal}", "namespace": "data"}
        marks = {"alluxio-operator.io/journal": "former"}
        labels = dict(Names("small", "data").labels("master"))
        world.kube.put(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {**claim, "labels": labels, "annotations": marks},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                "status": {"phase": "Bound"},
            }
        )
    return world


@case(GATE, "Waiting")
def change_beside_a_backup_that_is_written() -> Masters:
    world = _masters(1)
    uid = world.made["metadata"]["uid"]
    status = {"clusterUid": uid, "run": {"state": "Running", "since": stamp(world.now)}, "started": stamp(world.now)}
    made = backup(timeoutSeconds=86400)
    world.kube.put({**made, "status": status})
    world.replicas(3)
    return world


@case(GATE, "Waiting")
def change_without_the_leaders_list() -> Masters:
    world = _masters(1)
    world.alluxio.quorum_info = lambda *_: NoAnswer("UNAUTHENTICATED")  # type: ignore[method-assign]
    world.replicas(3)
    return world


@case(GATE, "UfsUnreachable")
def change_without_the_ufs() -> Masters:
    world = _masters(1)
    world.ufs = UfsHealth("the UFS doesn't answer")
    world.replicas(3)
    return world


@case(GATE, "StepTimedOut", later=(601.0,))
def change_whose_job_does_not_end() -> Masters:
    world = _masters(1)
    world.replicas(3)
    return _until(world, "Preparing")


@case(GATE, "StepTimedOut", writes=20, later=(601.0,))
def change_whose_master_does_not_join() -> Masters:
    world = _masters(1)
    world.deaf = {1}
    world.replicas(3)
    _until(world, "Joining")
    world.turn()
    return world


@case(GATE, "StepTimedOut", later=(601.0,))
def change_whose_leader_keeps_the_member() -> Masters:
    world = _masters(3)
    world.alluxio.remove_member = lambda *_: NoAnswer("no answer in time")  # type: ignore[method-assign]
    world.replicas(1)
    return _until(world, "Leaving")


@case(GATE, "StepTimedOut", later=(601.0,))
def change_whose_pod_does_not_stop() -> Masters:
    world = _masters(3)
    world.replicas(1)
    return _until(world, "Stopping")


@case("JournalInitialized", "JournalMissing", later=(601.0,))
def pair_of_which_one_has_lost_its_journal() -> Masters:
    world = _masters(1)
    world.replicas(3)
    for _ in range(60):
        world.reconcile()
        change = world.status["journal"].get("change", {})
        if change.get("members") == 2:
            break
        world.turn()
        world.now += timedelta(seconds=2)
    name = "small-master-1"
    said = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
    before = world.kube.object("Pod", "data", name)
    status = pod("master", name, phase="Pending", inits=[container_status("journal-check", running={}, last=said)])
    world.kube.put({**before, "status": status["status"]})
    world.alluxio.answers = {address(0): Standby()}
    world.lists = {}
    return world


@case("QuorumHealthy", "VolumeLost", later=(601.0,))
def lost_volume_without_the_leaders_index() -> Three:
    world = three()
    for ordinal in range(3):
        phase = "Lost" if ordinal == 2 else "Bound"
        claim = f"journal-small-master-{ordinal}"
        world.kube.edit("PersistentVolumeClaim", "data", claim, lambda one, to=phase: one.update(status={"phase": to}))
    keys = {key: world.master(2)["metadata"][key] for key in ("name", "namespace", "labels")}
    waits = pod("master", "small-master-2", phase="Pending", containers=[], unschedulable="no volume")["status"]
    world.kube.remove(KINDS["Pod"].path("data", "small-master-2"))
    world.kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": keys, "status": waits})
    world.alluxio.answers.pop(address(2), None)
    world.alluxio.indexes = {}
    return world


@case("VolumesAvailable", "Replacing", later=(601.0, 10.0))
def lost_volume_whose_pvc_a_foreign_pod_names() -> Three:
    world = lost_volume_without_the_leaders_index()
    world.alluxio.indexes = {address(0): 40, address(1): 40}
    claim = "journal-small-master-2"
    world.kube.edit(
        "PersistentVolumeClaim", "data", claim, lambda one: one["metadata"].update(deletionTimestamp=stamp(world.now))
    )
    return world


@case("RestoredInPlace", "MembersChanging")
def restore_in_place_beside_a_change_that_does_not_end() -> Masters:
    world = _masters(1)
    world.deaf.add(1)
    world.replicas(3)
    _until(world, "Joining")
    world.edit_spec(masters={"replicas": 3}, restoreInPlace={"backupName": "nightly"})
    return world
