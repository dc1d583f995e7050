"""Clusters whose restore in place waits for something that doesn't come."""

from __future__ import annotations

from typing import Any

from tests.support import builders
from tests.support.backup import backup
from tests.support.builders import container_status, resource
from tests.support.inplace import SOURCE, InPlaceWorld
from tests.support.restore import IN_VOLUME
from tests.support.standing_clusters import case
from tests.support.world import World

from alluxio_operator.alluxio.answers import Unfinished
from alluxio_operator.backup_file.errors import Reason
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.kinds.cluster.ufs.probe import UfsHealth
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
GATE = "RestoredInPlace"
NO_SPACE = "NoSpace: the volume has 0 free bytes"


def _bind(claim: Json) -> None:
    claim["spec"]["volumeName"] = "pv-1"
    claim["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}


def _delete(claim: Json) -> None:
    claim["metadata"] |= {"deletionTimestamp": "2030-01-02T03:04:05Z", "finalizers": ["kubernetes.io/pvc-protection"]}


def _at(state: str, **how: Any) -> InPlaceWorld:
    deaths, copy_fails = how.pop("deaths", 0), how.pop("copy_fails", "")
    world = InPlaceWorld(**how)
    world.deaths, world.copy_fails = deaths, copy_fails
    world.confirm()
    world.until(state, rounds=60)
    return world


# --- its source and its confirmation ----------------------------------------------------------------------------------


@case(GATE, "NotInstalled", later=(1.0,))
def restore_in_place_of_a_new_cluster() -> World:
    return World(resource(restoreInPlace={"backupName": "nightly"}))


@case(GATE, "BackupOfOtherCluster")
def restore_in_place_of_another_clusters_backup() -> World:
    world = InPlaceWorld(source={**backup(**IN_VOLUME, clusterRef={"name": "big"}), "status": SOURCE})
    world.ask()
    return world


@case(GATE, "TiersHaveData")
def restore_in_place_beside_tiers_that_last() -> World:
    tiers = [{"name": "SSD", "medium": "SSD", "storage": {"claim": {"size": "1Gi"}}}]
    mount = {"uri": "s3://bucket/alluxio", "volume": None, "s3": {"region": "eu-central-1"}}
    status = builders.merged(SOURCE, {"file": {"location": "s3://bucket/alluxio/a.gz"}})
    workers = {"workload": "StatefulSet", "tiers": tiers}
    world = InPlaceWorld(source={**backup(), "status": status}, rootMount=mount, workers=workers)
    world.ask()
    return world


@case(GATE, "AwaitingConfirmation", writes=3)
def restore_in_place_that_no_one_confirms() -> World:
    world = InPlaceWorld()
    world.ask()
    return world


@case(GATE, "WrongConfirmation", writes=3)
def restore_in_place_with_another_text() -> World:
    world = InPlaceWorld()
    world.ask(confirmation="yes")
    return world


@case(GATE, "ScaledToZero", writes=3)
def restore_in_place_without_masters() -> World:
    world = InPlaceWorld()
    world.ask()
    world.reconcile()
    world.over["masters"] = {"replicas": 0}
    world.ask(confirmation=world.record["confirmation"])
    return world


@case(GATE, "AwaitingConfirmation", later=(1.0,), writes=8)
def restore_in_place_whose_loss_is_never_counted() -> World:
    world = InPlaceWorld()
    world.alluxio.unpersisted = Unfinished()  # type: ignore[assignment]
    world.ask()
    return world


# --- before anything stops --------------------------------------------------------------------------------------------


@case(GATE, "BackingUp", later=(1.0,))
def restore_in_place_whose_backup_never_ends() -> World:
    world = InPlaceWorld()
    world.confirm()
    world.reconcile()
    world.reconcile()
    name = world.record["safetyBackup"]
    world.kube.edit("AlluxioBackup", "data", name, lambda one: one.update(status={"phase": "Running", "summary": "x"}))
    return world


@case(GATE, "SafetyBackupFailed")
def restore_in_place_whose_backup_fails() -> World:
    world = InPlaceWorld()
    world.backup_fails = True
    world.confirm()
    for _ in range(3):
        world.reconcile()
        world.turn()
    return world


@case(GATE, "SafetyBackupFailed")
def restore_in_place_without_a_place_for_its_backup() -> World:
    world = InPlaceWorld(upgrade={"backupDirectory": "/elsewhere"})
    world.confirm()
    return world


@case(GATE, "ImageUnknown")
def restore_in_place_by_an_operator_without_an_image() -> World:
    world = InPlaceWorld()
    world.image = OwnImage()
    world.start_operator()
    world.confirm()
    world.until("Checking")
    return world


@case(GATE, "JobPending", later=(1.0,))
def restore_in_place_whose_check_never_begins() -> World:
    return _at("Checking")


@case(GATE, "Truncated")
def restore_in_place_of_a_truncated_file() -> World:
    world = InPlaceWorld()
    world.check_fails = Reason.TRUNCATED
    world.confirm()
    world.until("Checking")
    world.turn()
    return world


@case(GATE, "JobPending", later=(1.0, 40.0))
def restore_in_place_whose_check_was_lost() -> World:
    world = _at("Checking")
    world.turn()
    world.kube.remove(KINDS["Pod"].path("data", f"{world.record['check']['name']}-x1"))
    return world


@case(GATE, "MemberDown", later=(1.0,))
def restore_in_place_behind_a_rollout() -> World:
    """Return a cluster whose rollout stops at its time-out, and leaves a master that doesn't run."""
    world = InPlaceWorld(masters=3)
    world.confirm()
    world.until("Checking")
    text = world.record["confirmation"]
    world.over["masters"] = {"replicas": 3, "properties": {"alluxio.master.ttl.checker.interval": "1m"}}
    world.ask(confirmation=text)
    for _ in range(8):
        world.reconcile()
        if world.condition(GATE)["reason"] == "WaitingForOperation":
            return world
        world.turn()
        world.pass_time(5)
    raise AssertionError(world.condition(GATE))


@case(GATE, "MemberDown", later=(1.0,))
def restore_in_place_beside_a_master_that_is_down() -> World:
    world = InPlaceWorld(masters=3)
    world.confirm()
    world.until("Checking")
    world.turn()
    world.alluxio.answers.pop("10.0.0.9")
    world.kube.edit("Pod", "data", "small-master-2", lambda pod: pod.update(status={"phase": "Pending"}))
    return world


@case(GATE, "WaitingForOperation", later=(1.0,))
def restore_in_place_beside_a_volume_that_is_being_deleted() -> World:
    world = InPlaceWorld()
    world.kube.edit("PersistentVolumeClaim", "data", "journal-small-master-0", _bind)
    world.confirm()
    world.until("Checking")
    world.turn()
    world.kube.edit("PersistentVolumeClaim", "data", "journal-small-master-0", _delete)
    return world


@case(GATE, "Checking", later=(1.0,))
def restore_in_place_of_a_leader_that_tells_no_index() -> World:
    world = _at("Checking")
    world.turn()
    world.alluxio.indexes = {}
    return world


@case(GATE, "BackingUp", later=(1.0,))
def restore_in_place_whose_backup_has_become_old() -> World:
    world = _at("Checking")
    world.turn()
    world.ufs = UfsHealth("no answer in time")
    world.reconcile()
    world.pass_time(3700)
    world.ufs = UfsHealth()
    return world


@case(GATE, "BackingUp", later=(1.0,))
def restore_in_place_whose_backup_was_read_late() -> World:
    world = InPlaceWorld()
    world.confirm()
    world.until("BackingUp")
    world.reconcile()
    world.reconcile()
    world.turn()
    world.pass_time(3700)
    return world


@case(GATE, "UfsUnreachable", later=(1.0,))
def restore_in_place_of_a_ufs_that_does_not_answer() -> World:
    world = InPlaceWorld()
    world.ufs = UfsHealth("no answer in time")
    world.confirm()
    for _ in range(6):
        world.reconcile()
        world.turn()
    return world


# --- the masters ------------------------------------------------------------------------------------------------------


@case(GATE, "WentBack", later=(1.0, 600.0))
def restore_in_place_whose_masters_never_stop() -> World:
    return _at("Stopping")


@case(GATE, "GoingBack", later=(1.0, 1900.0), writes=10)
def restore_in_place_whose_journals_are_never_set_aside() -> World:
    return _at("SettingAside")


@case(GATE, "Unwritable", later=(1.0, 700.0), writes=4)
def restore_in_place_whose_copy_fails() -> World:
    world = _at("SettingAside", copy_fails="Unwritable: the volume is read-only")
    world.reconcile()
    world.turn()
    world.reconcile()
    assert world.condition(GATE)["reason"] == "Unwritable"
    return world


@case(GATE, "Restoring", later=(1.0,))
def restore_in_place_that_never_ends() -> World:
    return _at("Restoring")


@case(GATE, "Opening", later=(1.0,))
def restore_in_place_whose_masters_never_stop_again() -> World:
    return _at("Opening")


def _on_a_lost_node(world: InPlaceWorld) -> InPlaceWorld:
    """Let the master's pod terminate for ever."""
    terminates = {"deletionTimestamp": "2030-01-02T03:04:05Z"}
    world.kube.edit("Pod", "data", "small-master-0", lambda pod: pod["metadata"].update(terminates))
    world.pass_time(600)
    return world


@case(GATE, "MasterDoesNotStop", later=(1.0,))
def restore_in_place_whose_master_is_on_a_lost_node() -> World:
    return _on_a_lost_node(_at("Opening"))


@case(GATE, "MasterDoesNotStop", later=(1.0,))
def restore_in_place_whose_way_back_waits_for_a_lost_node() -> World:
    world = _at("Restoring")
    world.turn(serves=False)
    world.edit_spec(**world.over)
    world.reconcile()
    assert world.state == "GoingBack"
    return _on_a_lost_node(world)


@case(GATE, "Restored", later=(1.0,))
def restore_in_place_whose_next_leader_cannot_compare_the_names() -> World:
    world = InPlaceWorld(masters=3)
    world.confirm()
    world.until("Restored")
    world.settle()
    world.ufs = UfsHealth("the bucket doesn't exist")
    world.kube.remove(KINDS["Pod"].path("data", "small-master-0"))
    world.turn()
    return world


@case(GATE, "Syncing", later=(1.0,))
def restore_in_place_whose_masters_never_start_again() -> World:
    return _at("Syncing")


@case(GATE, "UfsUnreachable", later=(1.0,))
def restore_in_place_that_is_not_compared_with_the_ufs() -> World:
    world = _at("Syncing")
    world.turn()
    world.ufs = UfsHealth("the bucket doesn't exist")
    return world


@case(GATE, "CrashLoopBackOff", later=(1.0,))
def restore_in_place_whose_masters_crash_afterwards() -> World:
    world = _at("Syncing")
    world.turn(serves=False)
    crashed = container_status("master", waiting={"reason": "CrashLoopBackOff"}, restarts=3)
    world.kube.edit("Pod", "data", "small-master-0", lambda pod: pod["status"].update(containerStatuses=[crashed]))
    return world


@case(GATE, "Syncing", later=(1.0, 130.0))
def restore_in_place_whose_workers_stay() -> World:
    status = builders.merged(SOURCE, {"file": {"location": "s3://bucket/alluxio/a.gz"}})
    mount = {"uri": "s3://bucket/alluxio", "volume": None, "s3": {"region": "eu-central-1"}}
    world = _at("Opening", source={**backup(), "status": status}, rootMount=mount)
    world.turn()
    world.kube.edit(
        "Pod", "data", "small-worker-0", lambda pod: pod["metadata"].update(deletionTimestamp="2030-01-02T03:04:05Z")
    )
    return world


# --- back -------------------------------------------------------------------------------------------------------------


@case(GATE, "NoSpace", later=(1.0,))
def restore_in_place_whose_first_jobs_never_end() -> World:
    return _at("GoingBack", copy_fails=NO_SPACE)


@case(GATE, "GoingBack", later=(1.0,))
def restore_in_place_whose_masters_never_serve_again() -> World:
    return _at("Returning", copy_fails=NO_SPACE)


@case(GATE, "CrashLoopBackOff", later=(1.0,))
def restore_in_place_whose_way_back_crashes() -> World:
    world = _at("GoingBack", copy_fails=NO_SPACE)
    for _ in range(2):
        world.turn(job=False)
        world.reconcile()
    crashed = container_status("journal", waiting={"reason": "CrashLoopBackOff", "message": "back-off"}, restarts=3)
    world.kube.put(builders.pod("journal", "small-journal-x", phase="Pending", containers=[crashed]))
    return world


@case(GATE, "WentBack", later=(1.0,))
def restore_in_place_that_went_back() -> World:
    world = _at("WentBack", copy_fails=NO_SPACE)
    world.settle()
    return world


@case(GATE, "RestoreFailed", later=(1.0,))
def restore_in_place_without_a_way_back() -> World:
    return _at("Failed", lost=True, copy_fails=NO_SPACE)
