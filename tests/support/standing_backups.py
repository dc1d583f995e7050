"""AlluxioBackups, and clusters with schedules of them, that wait for something that doesn't come."""

from __future__ import annotations

from typing import Any

from tests.support import builders
from tests.support.backup import FOLDER, NAME, OWN, BackupWorld, backup, checked, proven, refused
from tests.support.stand_still import Cases
from tests.support.standing_clusters import case as cluster_case
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.backup_file.errors import Reason
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
VOLUME: Json = {"destination": {"volume": {"claimName": "backups"}}}
CLEAN: Json = {"sha256": "cd" * 32, "size": 1024, "entries": 38, "dropped": 2, "options": 1, "option_names": []}
TTL: Json = {"ttlSecondsAfterFinished": 60}
SCHEDULE: Json = {"schedules": [{"name": "daily", "schedule": "0 3 * * *"}]}

BACKUPS = Cases()
case = BACKUPS


def _edit_cluster(world: BackupWorld, **status: Any) -> None:
    world.kube.edit(CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["status"].update(status))


def _without_leader(world: BackupWorld) -> BackupWorld:
    world.kube.remove(KINDS["Pod"].path(builders.NAMESPACE, "small-master-0"))
    return world


# --- before Alluxio has written it ----------------------------------------------------------------------------------


@case("BackupTaken", "ClusterMissing")
def backup_of_a_cluster_that_does_not_exist() -> BackupWorld:
    return BackupWorld(clusterRef={"name": "other"})


@case("BackupTaken", "NoLeader")
def backup_without_a_leader() -> BackupWorld:
    return _without_leader(BackupWorld())


@case("BackupTaken", "OtherBackup")
def backup_after_another_one() -> BackupWorld:
    world = BackupWorld()
    world.put_other("earlier", "2029-01-02T03:00:00Z")
    return world


@case("BackupTaken", "WaitingForOperation")
def backup_beside_a_rollout() -> BackupWorld:
    world = BackupWorld()
    _edit_cluster(world, operations=[{"name": "rollout", "since": "2030-01-02T03:00:00Z"}])
    return world


@case("BackupTaken", "WaitingForOperation")
def backup_that_lets_a_rollout_go_first() -> BackupWorld:
    world = BackupWorld()
    held = {"type": "UpToDate", "status": "False", "reason": "HeldForBackup", "lastTransitionTime": stamp(world.now)}
    _edit_cluster(world, conditions=[held])
    created = stamp(world.now)
    world.kube.edit(KIND, builders.NAMESPACE, NAME, lambda one: one["metadata"].update(creationTimestamp=created))
    return world


def _with_busy_neighbours(world: BackupWorld, *clusters: str) -> BackupWorld:
    for cluster in clusters:
        other = backup(f"of-{cluster}", uid=f"uid-{cluster}", clusterRef={"name": cluster})
        job = {"name": "x", "state": "Running", "since": stamp(world.now)}
        world.kube.put({**other, "status": {"run": {"state": "Completed"}, "job": job}})
    return world


@case("BackupVerified", "Queued", builders.NAME)
@case("BackupVerified", "Queued", "one two three four")
def backup_that_waits_for_other_jobs(clusters: str) -> BackupWorld:
    world = _with_busy_neighbours(BackupWorld(), *clusters.split())
    world.reconcile()
    world.write()
    world.reconcile()
    return world


@case("FilesRemoved", "Queued")
def removal_that_waits_for_other_jobs() -> BackupWorld:
    world = _at_its_end(BackupWorld(**VOLUME, **TTL))
    return _with_busy_neighbours(world, "one", "two", "three", "four")


@case("BackupTaken", "Failed", later=(1.0, 1.0))
def backup_that_never_ends() -> BackupWorld:
    return BackupWorld(timeoutSeconds=600)


@case("BackupTaken", "Failed", later=(1.0,))
def backup_whose_time_is_over() -> BackupWorld:
    world = BackupWorld(timeoutSeconds=600)
    world.reconcile()
    world.pass_time(601)
    return world


@case("BackupTaken", "Failed")
def backup_that_no_leader_begins() -> BackupWorld:
    world = BackupWorld(timeoutSeconds=600)
    world.alluxio.begins = NoAnswer("connection refused", reached=False)
    return world


@case("BackupTaken", "Retrying", later=(1.0, 10.0))
def backup_that_waits_for_its_next_try() -> BackupWorld:
    world = BackupWorld(timeoutSeconds=86400)
    world.alluxio.begins = NoAnswer("connection refused", reached=False)
    return world


@case("BackupTaken", "NoLeader", later=(10.0,))
def backup_whose_leader_went() -> BackupWorld:
    world = BackupWorld(timeoutSeconds=86400)
    world.alluxio.begins = NoAnswer("connection refused", reached=False)
    world.reconcile()
    return _without_leader(world)


@case("BackupTaken", "StateUnknown")
def backup_that_a_newer_operator_has_begun() -> BackupWorld:
    world = BackupWorld()
    world.reconcile()

    def newer(one: Json) -> None:
        one["status"]["run"]["state"] = "Paused"

    world.kube.edit(KIND, builders.NAMESPACE, NAME, newer)
    return world


# --- its verification -----------------------------------------------------------------------------------------------


@case("BackupVerified", "ImageUnknown")
def backup_of_an_operator_without_an_image() -> BackupWorld:
    world = BackupWorld()
    world.image.given = ""
    world.reconcile()
    world.write()
    return world


# Each half of an hour, another attempt begins.
@case("BackupVerified", "JobPending", writes=16)
def backup_whose_job_does_not_start() -> BackupWorld:
    world = BackupWorld()
    world.until_job()
    return world


@case("BackupVerified", "Truncated")
def backup_that_is_truncated() -> BackupWorld:
    world = BackupWorld()
    world.until_job()
    world.end_job({"check": refused(Reason.TRUNCATED, "the file ends in an entry")}, failure="PodFailurePolicy")
    return world


@case("BackupVerified", "ClusterMissing")
def backup_whose_cluster_went_before_its_verification() -> BackupWorld:
    world = BackupWorld()
    world.until_job()
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    return world


@case("BackupVerified", "ResultLost")
def backup_whose_results_are_lost() -> BackupWorld:
    world = BackupWorld()
    world.until_job()
    for _ in range(2):
        world.end_job({}, pod=False)
        world.reconcile()
        world.pass_time(1000)
        world.reconcile()
    world.end_job({}, pod=False)
    return world


# --- its files ------------------------------------------------------------------------------------------------------


def _checked(world: BackupWorld) -> BackupWorld:
    world.until_job()
    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    return world


@case("BackupStored", "StagedFilesRemain")
def backup_whose_staged_files_stay() -> BackupWorld:
    world = BackupWorld(**VOLUME)
    world.alluxio.deletes = "PERMISSION_DENIED: no"
    return _checked(world)


@case("BackupStored", "StagedFilesRemain")
def backup_whose_staged_files_meet_no_leader() -> BackupWorld:
    return _without_leader(_checked(BackupWorld(**VOLUME)))


@case("BackupStored", "ClusterGone")
def backup_whose_cluster_went_after_its_verification() -> BackupWorld:
    world = _checked(BackupWorld(**VOLUME))
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    return world


def _at_its_end(world: BackupWorld) -> BackupWorld:
    _checked(world)
    world.reconcile()
    world.reconcile()
    world.pass_time(100)
    return world


@case("FilesRemoved", "Removing")
def backup_whose_files_stay() -> BackupWorld:
    world = BackupWorld(**TTL)
    world.alluxio.deletes = "PERMISSION_DENIED: no"
    return _at_its_end(world)


@case("FilesRemoved", "Removing")
def backup_whose_files_meet_no_leader() -> BackupWorld:
    return _without_leader(_at_its_end(BackupWorld(**TTL)))


@case("FilesRemoved", "JobPending")
def backup_whose_removal_does_not_start() -> BackupWorld:
    world = _at_its_end(BackupWorld(**VOLUME, **TTL))
    assert world.alluxio.deleted_folders == [("10.0.0.7", f"/{FOLDER}/{OWN}")]
    return world


def _refuse_deletion(world: BackupWorld) -> BackupWorld:
    def refuse(verb: str, path: str) -> None:
        if verb == "delete" and "alluxiobackups" in path:
            raise Refused(f"DELETE {path}", 403, "denied by a policy")

    world.kube.before_call = refuse
    return world


@case("ConfigurationApplied", "Refused")
def backup_without_its_cluster_that_can_not_go() -> BackupWorld:
    world = _at_its_end(BackupWorld(**TTL))
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    return _refuse_deletion(world)


# --- schedules of a cluster -----------------------------------------------------------------------------------------


def _scheduled(**backup: Any) -> World:
    world = World(builders.resource(backup={**SCHEDULE, **backup}))
    world.settle()
    return world


@cluster_case("BackupHealthy", "RecoveryPointTooOld", later=(70.0,))
def schedule_whose_objective_is_missed() -> World:
    return _scheduled(recoveryPointObjectiveMinutes=1)


def _put_backup(world: World, name: str, *, phase: str, verified: bool) -> None:
    labels = {"alluxio-operator.io/backup-schedule": "daily", "alluxio-operator.io/cluster": world.name}
    meta = {"name": name, "namespace": world.namespace, "labels": labels, "uid": f"uid-{name}"}
    status = {
        "clusterUid": builders.UID,
        "phase": phase,
        "verified": verified,
        "started": stamp(world.now),
        "finished": stamp(world.now),
    }
    spec = {"clusterRef": {"name": world.name}}
    world.kube.put({"apiVersion": "v1alpha1", "kind": KIND, "metadata": meta, "spec": spec, "status": status})


@cluster_case("BackupHealthy", "LastFailed")
def schedule_whose_backup_failed() -> World:
    world = _scheduled()
    _put_backup(world, "first", phase="Failed", verified=False)
    return world


@cluster_case("BackupHealthy", "LastFailed")
def schedule_whose_last_backup_failed() -> World:
    world = _scheduled()
    _put_backup(world, "first", phase="Completed", verified=True)
    world.pass_time(60)
    _put_backup(world, "second", phase="Failed", verified=False)
    return world


@cluster_case("BackupHealthy", "RootMountReadOnly")
def schedule_of_a_read_only_root_mount() -> World:
    world = World(builders.resource(backup=SCHEDULE, rootMount={"uri": "/mnt/ufs", "readOnly": True}))
    world.settle()
    return world


@cluster_case("BackupHealthy", "BackupStuck")
def schedule_behind_a_backup_that_never_ends() -> World:
    world = World(builders.resource(backup={"schedules": [{"name": "often", "schedule": "*/10 * * * *"}]}))
    world.settle()
    world.pass_time(600)
    world.reconcile()
    world.pass_time(7 * 3600)
    return world


@cluster_case("BackupHealthy", "TakenInTheFuture")
def schedule_with_a_backup_of_the_future() -> World:
    world = _scheduled()
    world.pass_time(400 * 86400)
    _put_backup(world, "first", phase="Completed", verified=True)
    world.pass_time(-400 * 86400)
    return world


@cluster_case("BackupHealthy", "Verified", every=15.0)
def schedule_whose_backups_can_not_be_ended() -> World:
    world = _scheduled(retention={"last": 1})
    for name in ("first", "second"):
        _put_backup(world, name, phase="Completed", verified=True)
        world.pass_time(60)

    def refuse(verb: str, path: str) -> None:
        if verb == "merge" and "alluxiobackups" in path:
            raise Refused(f"PATCH {path}", 403, "denied by a policy")

    world.kube.before_call = refuse
    return world
