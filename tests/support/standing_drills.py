"""AlluxioDrills, and clusters with a schedule of them, that wait for something that doesn't come."""

from __future__ import annotations

from typing import Any

from tests.support import builders
from tests.support.drill import THROW_AWAY, DrillWorld, drill, read_at
from tests.support.stand_still import Cases
from tests.support.standing_clusters import case as cluster_case
from tests.support.world import World

from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
LONG: Json = {"timeoutSeconds": 86400}
SCHEDULE: Json = {"drill": {"schedule": "0 3 * * *"}}

DRILLS = Cases()
case = DRILLS


def _at_step(world: DrillWorld, steps: int) -> DrillWorld:
    for _ in range(steps):
        world.reconcile()
        world.turn()
    return world


def _refusing(world: DrillWorld, verb: str, part: str) -> DrillWorld:
    def refuse(called: str, path: str) -> None:
        if called == verb and part in path:
            raise Refused(f"{verb} {path}", 403, "denied by a policy")

    world.kube.before_call = refuse
    return world


@case("BackupChosen", "OtherDrill")
def drill_after_another_one() -> DrillWorld:
    world = DrillWorld(**LONG)
    world.put_other("earlier", "2029-01-02T03:00:00Z")
    return world


@case("BackupChosen", "NoVerifiedBackup", later=(1.0, 1.0))
def drill_without_a_backup() -> DrillWorld:
    world = DrillWorld(**LONG)
    world.kube.remove(KINDS[BACKUP].path(builders.NAMESPACE, "nightly"))
    return world


@case("BackupChosen", "ClusterMissing", later=(1.0,))
def drill_whose_cluster_went() -> DrillWorld:
    world = _at_step(DrillWorld(**LONG), 3)
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    return world


@case("BackupRestored", "Refused", later=(1.0,))
def drill_whose_cluster_is_refused() -> DrillWorld:
    return _refusing(DrillWorld(**LONG), "create", "/alluxioclusters/")


@case("BackupRestored", "ImageUnknown", later=(1.0, 1.0, 1.0))
def drill_of_an_operator_without_an_image() -> DrillWorld:
    world = DrillWorld(**LONG)
    world.image.given = ""
    return world


@case("BackupRestored", "JobPending", later=(1.0, 1.0, 1.0))
def drill_whose_copy_is_not_made() -> DrillWorld:
    world = DrillWorld(**LONG)
    world.runs_jobs = False
    return world


@case("BackupRestored", "NotPrepared")
def drill_whose_copies_are_lost() -> DrillWorld:
    world = DrillWorld(**LONG)
    world.checked = ""
    for _ in range(9):
        world.reconcile()
        world.turn()
        world.pass_time(60)
    return world


@case("BackupRestored", "JobPending", later=(1.0,))
def drill_whose_cluster_waits_for_the_copy() -> DrillWorld:
    world = _at_step(DrillWorld(**LONG), 3)
    world.runs_jobs = False
    return world


@case("BackupRestored", "Restoring", "copy")
def drill_whose_copy_was_just_made(_: str) -> DrillWorld:
    world = _at_step(DrillWorld(**LONG), 4)
    return _refusing(world, "merge", "/alluxioclusters/")


@case("BackupRestored", "TimedOut", later=(1.0, 1.0))
def drill_that_takes_too_long() -> DrillWorld:
    world = DrillWorld(timeoutSeconds=60)
    world.serves = False
    _at_step(world, 8)
    world.pass_time(61)
    return world


@case("BackupRestored", "Restoring")
def drill_that_can_not_start_its_cluster() -> DrillWorld:
    return _refusing(_at_step(DrillWorld(**LONG), 5), "merge", "/alluxioclusters/")


@case("BackupRestored", "Restoring", 0)
def drill_whose_cluster_never_restores(_: int) -> DrillWorld:
    world = DrillWorld(**LONG)
    world.restored = None
    return _at_step(world, 8)


@case("BackupRestored", "Starting")
def drill_whose_cluster_never_serves() -> DrillWorld:
    world = DrillWorld(**LONG)
    world.serves = False
    return _at_step(world, 8)


@case("FilesRead", "ImageUnknown")
def drill_that_can_not_read() -> DrillWorld:
    world = _at_step(DrillWorld(**LONG), 6)
    world.image.given = ""
    return world


@case("FilesRead", "JobPending")
def drill_whose_reading_does_not_start() -> DrillWorld:
    world = _at_step(DrillWorld(**LONG), 6)
    world.runs_jobs = False
    return world


@case("CleanedUp", "Removing")
def drill_whose_cluster_stays() -> DrillWorld:
    world = _at_step(DrillWorld(**LONG), 5)
    deleted = {"deletionTimestamp": stamp(world.now)}
    world.kube.edit(CLUSTER, builders.NAMESPACE, THROW_AWAY, lambda one: one["metadata"].update(deleted))
    return _at_step(world, 3)


@case("CleanedUp", "LeftBehind", later=(1.0, 1201.0))
def drill_whose_pods_stay() -> DrillWorld:
    world = DrillWorld(**LONG)
    world.result = read_at(world, 9)
    world.collects = False
    return _at_step(world, 12)


@case("ConfigurationApplied", "Refused")
def drill_that_can_not_delete_its_cluster() -> DrillWorld:
    return _refusing(_at_step(DrillWorld(**LONG), 7), "delete", THROW_AWAY)


@case("ConfigurationApplied", "Refused", later=(100.0,))
def drill_that_can_not_go() -> DrillWorld:
    world = DrillWorld(ttlSecondsAfterFinished=60)
    world.complete()
    return _refusing(world, "delete", "alluxiodrills")


# --- the schedule of a cluster --------------------------------------------------------------------------------------


def _scheduled(**status: Any) -> World:
    world = World(builders.resource(backup=SCHEDULE))
    world.settle()
    if status:
        found = drill("first", uid="uid-first")
        found["metadata"]["labels"] = {"alluxio-operator.io/drill-schedule": "drill"}
        world.kube.put({**found, "status": {"clusterUid": builders.UID, **status}})
    return world


@cluster_case("DrillPassed", "LastFailed")
def schedule_whose_drill_failed() -> World:
    finished = "2030-01-02T03:09:00Z"
    return _scheduled(phase="Failed", finished=finished, summary="1 of 9 files aren't in the UFS any more")


@cluster_case("DrillPassed", "DrillStuck")
def schedule_behind_a_drill_that_never_ends() -> World:
    world = _scheduled()
    found = drill("first", uid="uid-first")
    found["metadata"]["labels"] = {"alluxio-operator.io/drill-schedule": "drill"}
    world.kube.put({**found, "status": {"clusterUid": builders.UID, "phase": "Cleaning"}})
    world.reconcile()
    world.pass_time(2 * 86400)
    return world


@cluster_case("DrillPassed", "Passed", every=15.0)
def schedule_whose_drills_can_not_be_removed() -> World:
    world = _scheduled()
    for number in range(5):
        found = drill(f"d{number}", uid=f"uid-{number}")
        found["metadata"]["labels"] = {"alluxio-operator.io/drill-schedule": "drill"}
        status = {"clusterUid": builders.UID, "phase": "Completed", "passed": True, "finished": stamp(world.now)}
        world.kube.put({**found, "status": status})
        world.pass_time(60)

    def refuse(verb: str, path: str) -> None:
        if verb == "delete" and "alluxiodrills" in path:
            raise Refused(f"DELETE {path}", 403, "denied by a policy")

    world.kube.before_call = refuse
    return world
