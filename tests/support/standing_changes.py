"""Clusters with a rejoin, a change or a test write that waits for something that doesn't come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from tests.support.backup import backup
from tests.support.builders import UID, container_status, merged, resource
from tests.support.standing_clusters import (
    HANGS,
    SILENT,
    case,
    crash,
    edited,
    goes_on,
    lone,
    pods,
    refuse,
    three,
    unready,
)
from tests.support.three_masters import LOST, Three
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer, WriteResult
from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
OTHER: Json = {"properties": {"alluxio.user.metrics.collection.enabled": "true"}}
WORKERS: Json = {"workers": {"properties": {"alluxio.worker.network.reader.buffer.size": "2MB"}}}
DYNAMIC: Json = {"masters": {"properties": {"alluxio.master.worker.timeout": "2min"}}}
CLOSED: Json = {"maintenanceWindow": {"start": "0 2 1 1 *", "durationMinutes": 60}}
UNREACHED = NoAnswer("connection refused", reached=False)
FAILED_BACKUP: Json = {
    "clusterUid": UID,
    "phase": "Failed",
    "finished": "2030-01-02T03:04:05Z",
    "summary": "no space left",
}

# --- rejoin --------------------------------------------------------------------------------------------------------


@case("QuorumHealthy", "JournalMissing")
def rejoin_without_a_leader() -> World:
    world = three()
    world.lose(2)
    world.alluxio.master = NoAnswer("it is in safe mode", leads=True)
    return world


@case("QuorumHealthy", "JournalMissing")
def rejoin_without_a_quorum() -> World:
    world = three()
    world.lose(2)
    world.alluxio.answers[address(1)] = SILENT
    return world


@case("QuorumHealthy", "JournalMissing")
def rejoin_without_the_leaders_index() -> World:
    world = three()
    world.lose(2)
    world.alluxio.indexes = {}
    return world


@case("QuorumHealthy", "JournalMissing")
def rejoin_behind_the_others() -> World:
    world = three()
    world.lose(2)
    world.alluxio.indexes = {address(0): 40, address(1): 7}
    return world


@case("QuorumHealthy", "JournalMissing")
def rejoin_that_waits_for_a_person() -> World:
    world = three()
    world.lose(2)
    message = {**LOST, "message": "JournalMissing: no journal, without which this pod has joined once already"}
    lost = [container_status("journal-check", running={}, last=message)]
    world.kube.edit("Pod", "data", "small-master-2", lambda pod: pod["status"].update(initContainerStatuses=lost))
    return world


@case("QuorumHealthy", "Rejoining")
def rejoin_that_never_ends() -> World:
    world = three()
    world.lose(2)
    world.reconcile()
    return world


@case("QuorumHealthy", "Rejoining")
def rejoin_that_is_refused() -> World:
    world = three()
    world.lose(2)
    refuse(world, "merge", "/pods/")
    return world


# --- rollout -------------------------------------------------------------------------------------------------------


@case("UpToDate", "Replacing", writes=8)
def statefulset_whose_controller_is_away() -> World:
    return edited(lone(), **WORKERS)


@case("UpToDate", "Replacing", writes=8)
def pod_that_is_not_deleted() -> World:
    world = edited(lone(), **WORKERS)
    refuse(world, "delete", "/pods/")
    return goes_on(world, 1)


@case("UpToDate", "StepTimedOut", {}, later=(700.0,))
@case("UpToDate", "Replacing", {"upgrade": {"stepTimeoutSeconds": 86400}})
def worker_that_never_gets_ready(upgrade: Json) -> World:
    world = edited(lone(), **WORKERS, **upgrade)
    goes_on(world, 2)
    pods(world, "worker", unready)
    return world


@case("UpToDate", "HeldForQuorum", "master", writes=8, later=(120.0,))
@case("UpToDate", "HeldForJobMaster", "jobmaster", writes=8, later=(120.0,))
@case("UpToDate", "Replacing", "worker", writes=8)
@case("UpToDate", "Replacing", "fuse", writes=8)
def pod_that_never_ends(role: str) -> World:
    world = edited(lone(), **OTHER)
    while (world.status.get("rollout") or {}).get("role") != role:
        world.turn()
        world.reconcile()
    world.turn()
    [step] = world.status["rollout"]["pods"]
    # The operator skips a worker or a mount that should have ended.
    ends = world.now + (timedelta(days=1) if role in ("worker", "fuse") else timedelta())
    terminating = {"deletionTimestamp": stamp(ends), "uid": step["uid"]}
    world.kube.edit("Pod", "data", step["name"], lambda pod: pod["metadata"].update(terminating))
    return world


@case("UpToDate", "HeldForWorkers")
def change_that_waits_for_a_worker() -> World:
    world = lone()
    pods(world, "worker", unready)
    return edited(world, **WORKERS)


@case("UpToDate", "HeldForUfs")
def change_that_waits_for_the_ufs() -> World:
    world = edited(lone(), **OTHER)
    world.ufs = UfsHealth("http://namenode.data.svc:8020: connection refused")
    return world


@case("UpToDate", "WaitingForWindow")
def change_that_waits_for_its_window() -> World:
    return edited(lone(), **OTHER, upgrade=CLOSED)


@case("UpToDate", "WaitingForWindow")
def proxy_that_waits_for_its_window() -> World:
    proxy = {"enabled": True, "jvm": {"options": ["-Dother=1"]}}
    return edited(lone(), proxy=proxy, upgrade=CLOSED)


@case("UpToDate", "WaitingForWindow")
def unready_leader_that_waits_for_its_window() -> World:
    world = three()
    pods(world, "master", lambda pod: unready(pod) if pod["metadata"]["name"].endswith("-0") else None)
    world.edit_spec(**OTHER, upgrade=CLOSED)
    world.pass_time(300)
    return world


@case("UpToDate", "HeldForWorkers")
def outdated_worker_of_many_that_is_not_ready() -> World:
    world = World(resource(workers={"replicas": 10}))
    world.settle()
    name = "small-worker-9"
    world.kube.edit("Pod", "data", name, unready)
    old = {"alluxio-operator.io/config-hash": "0"}
    world.kube.edit("Pod", "data", name, lambda pod: pod["metadata"].update(annotations=old))
    return world


@case("UpToDate", "WaitingForDeletion")
def change_that_waits_for_the_user() -> World:
    return edited(lone(), **OTHER, upgrade={"strategy": "OnDelete"})


@case("UpToDate", "Canary")
def canary_that_waits() -> World:
    upgrade = {"canarySeconds": 86400}
    world = World(resource(workers={"replicas": 2}, upgrade=upgrade))
    world.settle()
    world.edit_spec(**merged({"workers": {"replicas": 2}, "upgrade": upgrade}, WORKERS))
    return goes_on(world, 4)


@case("UpToDate", "HeldForQuorum", writes=8)
def replaced_master_that_lost_its_journal() -> World:
    world = three()
    world.edit_spec(**OTHER)
    world.reconcile()
    world.turn()
    world.lose(2)
    return world


@case("UpToDate", "HeldForQuorum")
def change_that_waits_for_a_rejoin() -> World:
    world = three()
    world.lose(2)
    world.reconcile()
    world.edit_spec(**WORKERS)
    return world


@case("UpToDate", "Paused")
def paused_change() -> World:
    return edited(lone(), **OTHER, paused=True)


@case("DynamicConfigApplied", "Paused")
def paused_properties() -> World:
    return edited(lone(), **DYNAMIC, paused=True)


# --- rollback ------------------------------------------------------------------------------------------------------

ROLLBACK: Json = {"upgrade": {"autoRollback": True, "stepTimeoutSeconds": 30}}


@case("UpToDate", "RolledBack")
def rolled_back() -> World:
    return _rolled_back()


@case("UpToDate", "RevisionMissing")
def rolled_back_without_its_revision() -> World:
    world = _rolled_back()
    for name in world.kube.of_kind("ControllerRevision"):
        world.kube.remove(KINDS["ControllerRevision"].path("data", name))
    goes_on(world, 2)
    pods(world, "worker", unready)
    return world


def _rolled_back() -> World:
    world = edited(lone(), **ROLLBACK)
    world.settle()
    edited(world, **WORKERS, **ROLLBACK)
    goes_on(world, 2)
    pods(world, "worker", unready)
    world.pass_time(60)
    world.reconcile()
    assert world.status["rollback"]
    return goes_on(world, 8)


@case("UpToDate", "UpToDate")
def revision_that_is_refused() -> World:
    world = World()
    refuse(world, "create", "/controllerrevisions")
    world.settle()
    return world


# --- the backup before an upgrade ----------------------------------------------------------------------------------


@case("UpToDate", "BackupOverdue", "Running", later=(3700.0,), writes=2)
@case("UpToDate", "BackupOverdue", "Verifying", writes=2)
@case("UpToDate", "BackingUp", "", later=(61.0,))
def upgrade_that_waits_for_its_backup(phase: str) -> World:
    world = World(resource(version="2.9.3"))
    world.settle()
    assert isinstance(world.alluxio.master, MasterInfo)
    world.alluxio.master = replace(world.alluxio.master, version="2.9.3")
    world.edit_spec(version="2.9.4")
    world.reconcile()
    [name] = world.kube.of_kind(BACKUP)
    status = {"clusterUid": UID, "phase": phase, "run": {"state": "Completed" if phase == "Verifying" else phase}}
    if phase:
        world.kube.edit(BACKUP, world.namespace, name, lambda one: one.update(status=status))
    else:
        # A user deletes it.
        world.kube.remove(KINDS[BACKUP].path(world.namespace, name))
    return world


# The backup is overdue at the very end of the hour: a status and an Event.
@case("QuorumHealthy", "MemberDown", later=HANGS, writes=2)
def hung_master_that_waits_for_the_backup_of_an_upgrade() -> World:
    world = Three(resource(masters={"replicas": 3}, version="2.9.3"))
    world.settle()
    assert isinstance(world.alluxio.master, MasterInfo)
    world.alluxio.master = replace(world.alluxio.master, version="2.9.3")
    world.edit_spec(masters={"replicas": 3}, version="2.9.4")
    world.reconcile()
    world.kube.edit("Pod", world.namespace, "small-master-1", partial(crash, running={"startedAt": stamp(world.now)}))
    world.alluxio.answers[address(1)] = SILENT
    return world


@case("UpToDate", "BackupFailed")
def upgrade_that_has_given_up() -> World:
    world = upgrade_that_waits_for_its_backup("Running")
    for _ in range(40):
        for name in world.kube.of_kind(BACKUP):
            world.kube.edit(BACKUP, world.namespace, name, lambda one: one.update(status=FAILED_BACKUP))
        world.reconcile()
        world.pass_time(300)
    # Each of the failures has posted one: they name different backups.
    for path in [path for path, one in world.kube.objects.items() if one["kind"] == "Event"]:
        world.kube.remove(path)
    return world


@case("UpToDate", "BackupFailed")
def upgrade_whose_backup_is_refused() -> World:
    world = upgrade_that_waits_for_its_backup("Running")
    for name in world.kube.of_kind(BACKUP):
        world.kube.remove(KINDS[BACKUP].path(world.namespace, name))
    world.pass_time(61)
    refuse(world, "create", "/alluxiobackups")
    # This reconcile records the request, and the next one the refusal.
    world.reconcile()
    return world


@case("UpToDate", "BackupFailed")
def upgrade_whose_backup_has_no_place() -> World:
    world = upgrade_that_waits_for_its_backup("Running")
    world.edit_spec(version="2.9.4", upgrade={"backupDirectory": "/elsewhere"})
    return world


@case("UpToDate", "HeldForWorkers")
def upgrade_that_waits_for_a_worker() -> World:
    world = upgrade_that_waits_for_its_backup("Running")
    pods(world, "worker", unready)
    return world


@case("UpToDate", "HeldForBackup")
def rollout_that_waits_for_a_backup() -> World:
    world = lone()
    status = {"clusterUid": UID, "run": {"state": "Running"}, "started": stamp(world.now)}
    world.kube.put({**backup(timeoutSeconds=86400), "status": status})
    return edited(world, **OTHER)


# --- dynamic properties --------------------------------------------------------------------------------------------


@case("DynamicConfigApplied", "NoAnswer", UNREACHED)
@case("DynamicConfigApplied", "Refused", {})
def leader_without_its_properties(answer: Any) -> World:
    world = edited(lone(), **DYNAMIC)
    world.alluxio.takes = answer
    return world


@case("DynamicConfigApplied", "Waiting")
def properties_without_their_file() -> World:
    world = edited(lone(), **DYNAMIC)
    refuse(world, "apply", "/configmaps/small-masterconf")
    return world


# --- test writes ---------------------------------------------------------------------------------------------------


def _installed_with(written: WriteResult | NoAnswer, **over: Any) -> World:
    world = World(resource(**over))
    world.alluxio.written = written
    return goes_on(world, 6)


S3: Json = {"rootMount": {"volume": None, "uri": "s3://lake/a"}}
FOREIGN = "Permission denied: user=alluxio, access=WRITE"


@case("RootMountWritable", "NotWritable", WriteResult("UNKNOWN: no"), {})
@case("RootMountWritable", "NoAnswer", SILENT, {})
@case("RootMountWritable", "LoginRefused", NoAnswer("UNAUTHENTICATED", reached=False, refused=True), {})
@case("RootMountWritable", "Forbidden", WriteResult(FOREIGN), {})
@case("RootMountWritable", "NoFolder", WriteResult("UNKNOWN: no"), S3)
def installation_that_can_not_write(written: WriteResult | NoAnswer, over: Json) -> World:
    return _installed_with(written, **over)


@case("RootMountWritable", "NotWritable")
def older_cluster_that_can_not_write() -> World:
    world = lone()
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["status"].pop("writeProof"))
    world.alluxio.written = WriteResult("UNKNOWN: no")
    return world


@case("RootMountWritable", "UfsUnreachable")
def installation_whose_ufs_is_away() -> World:
    world = World()
    world.ufs = UfsHealth("http://namenode.data.svc:8020: connection refused")
    return goes_on(world, 6)


@case("RootMountWritable", "Writable")
def test_write_that_waits_for_a_rollout() -> World:
    world = edited(lone(), **OTHER, upgrade={"stepTimeoutSeconds": 86400})
    goes_on(world, 1)
    pods(world, "master", unready)
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["status"]["writeProof"].update(leader="x:0"))
    return world
