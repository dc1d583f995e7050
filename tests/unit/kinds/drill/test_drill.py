"""Whole drills: what they make, what they find, and what is left of them."""

import pytest
from tests.support import builders
from tests.support.backup import SUMMARY
from tests.support.drill import (
    CLEANED,
    ENTRIES,
    LOCATION,
    NAME,
    READ,
    THROW_AWAY,
    UID,
    DrillWorld,
    read_at,
    verified_backup,
)

from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.result import Result as Checked
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.names import Names as ClusterNames
from alluxio_operator.kinds.drill.names import copy_claim
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.read_back.result import Result


def test_a_drill_restores_reads_and_leaves_nothing():
    world = DrillWorld()
    world.result = read_at(world, 95)
    world.complete()
    status = world.status
    assert (status["phase"], status["passed"]) == ("Completed", True)
    assert status["backup"] == "nightly"
    assert status["recoveryPoint"] == "2030-01-02T03:00:00Z"
    assert (status["rpoSeconds"], status["rtoSeconds"]) == (245, 95)
    assert status["entries"] == ENTRIES
    assert status["files"]["matched"] == 100
    assert status["files"]["comparedWith"] == "Volume"
    assert status["summary"] == "100 of 100 files equal those in the volume. RPO 245 s, RTO 95 s"
    for kind in ("Ready", "BackupChosen", "BackupRestored", "FilesRead", "CleanedUp"):
        assert world.condition(kind)["status"] == "True", kind
    assert world.rest() == []
    assert status["inventory"] == []


def test_the_throw_away_cluster_starts_only_with_the_copy():
    world = DrillWorld()
    world.runs_jobs = False
    for _ in range(6):
        world.reconcile()
        world.turn()
    own = world.throw_away
    assert own is not None
    assert own["spec"]["paused"] is True
    claim = world.kube.object("PersistentVolumeClaim", builders.NAMESPACE, copy_claim(THROW_AWAY))
    assert claim["metadata"]["ownerReferences"][0]["uid"] == own["metadata"]["uid"]
    assert own["metadata"]["ownerReferences"][0]["uid"] == UID
    world.runs_jobs = True
    for _ in range(3):
        world.turn()
        world.reconcile()
    own = world.throw_away
    assert own is not None
    assert own["spec"]["paused"] is False
    copy = {"claimName": copy_claim(THROW_AWAY), "path": "restore.gz"}
    assert own["spec"]["bootstrap"]["restore"] == {"volume": copy, "expectedEntries": ENTRIES}


def test_no_object_of_the_cluster_is_touched():
    world = DrillWorld()
    before = {path: obj for path, obj in world.kube.objects.items() if obj["metadata"]["name"] == builders.NAME}
    before[KINDS[BACKUP].path(builders.NAMESPACE, "nightly")] = world.kube.object(BACKUP, builders.NAMESPACE, "nightly")
    world.complete()
    assert {path: world.kube.objects[path] for path in before} == before


@pytest.mark.parametrize(
    ("counts", "reason", "said"),
    [
        ({"missing": 2, "matched": 98}, "FilesMissing", "2 of 100 files aren't in the UFS"),
        ({"different": 1, "matched": 99}, "FilesDifferent", "1 of 100 files have another version"),
        ({"unreadable": 1, "matched": 99}, "FilesUnreadable", "1 of 100 files are in the UFS and can't be read"),
        ({"unsure": 1, "matched": 99, "live": False}, "FilesUnsure", "1 of 100 files don't match, and the"),
        ({"changed": 100, "matched": 0}, "NothingMatched", "all 100 files of the sample have changed"),
    ],
)
def test_a_file_that_is_not_as_in_the_backup_fails_the_drill(counts, reason, said):
    world = DrillWorld()
    world.result = read_at(world, 50, **counts)
    world.complete()
    status = world.status
    assert (status["phase"], status["passed"], status["reason"]) == ("Failed", False, reason)
    assert said in status["summary"]
    assert world.condition("FilesRead") | {"lastTransitionTime": ""} == {
        "type": "FilesRead",
        "status": "False",
        "reason": reason,
        "message": status["summary"],
        "lastTransitionTime": "",
        "observedGeneration": 1,
    }
    assert world.rest() == []


def test_files_that_the_cluster_has_changed_are_no_fault():
    world = DrillWorld()
    world.result = read_at(world, 50, matched=90, changed=10)
    world.complete()
    assert world.phase == "Completed"
    assert "90 of 100 files equal those in the volume, 10 have changed since the backup" in world.status["summary"]


@pytest.mark.parametrize(
    "counts",
    [
        {"listed": 0, "sampled": 0, "matched": 0, "bytes": 0},
        {"listed": 1_000_000, "sampled": 0, "matched": 0, "other_mounts": 1_000_000, "bytes": 0},
        {"listed": 9, "sampled": 9, "matched": 9, "non_empty": 1, "bytes": 0},
    ],
)
def test_a_drill_that_has_read_nothing_does_not_pass(counts):
    world = DrillWorld()
    world.result = read_at(world, 50, **counts)
    world.complete()
    assert (world.phase, world.status["reason"]) == ("Failed", "NothingRead")
    assert "Remedy" in world.status["summary"]


def test_empty_files_of_a_cluster_that_has_no_others_are_enough():
    world = DrillWorld()
    world.result = read_at(world, 50, listed=9, sampled=9, matched=9, non_empty=0, bytes=0)
    world.complete()
    assert world.phase == "Completed"


# --- what can't be rehearsed ----------------------------------------------------------------------------------------


def failed(world: DrillWorld) -> tuple[str, str]:
    world.complete()
    assert world.phase == "Failed"
    assert world.rest() == []
    return world.status["reason"], world.status["summary"]


def test_a_cluster_that_does_not_exist():
    reason, said = failed(DrillWorld(clusterRef={"name": "none"}))
    assert reason == "ClusterMissing"
    assert "spec.clusterRef: there is no AlluxioCluster 'none'" in said


def test_a_cluster_without_a_verified_backup():
    world = DrillWorld()
    world.kube.edit(BACKUP, builders.NAMESPACE, "nightly", lambda one: one["status"].update(verified=False))
    reason, said = failed(world)
    assert reason == "NoVerifiedBackup"
    assert "it could not be recovered" in said


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"verified": False}, "BackupUnverified"),
        ({"clusterUid": "another"}, "BackupMissing"),
        ({"removing": True}, "BackupMissing"),
    ],
)
def test_a_named_backup_that_is_of_no_use(over, reason):
    world = DrillWorld(backupName="weekly")
    world.kube.put(verified_backup("weekly", **over))
    assert failed(world)[0] == reason


def test_a_named_backup_that_does_not_exist():
    reason, said = failed(DrillWorld(backupName="none"))
    assert (reason, "'none'" in said) == ("BackupMissing", True)


def test_a_named_backup_comes_before_a_newer_one():
    world = DrillWorld(backupName="weekly")
    world.kube.put(verified_backup("weekly", started="2030-01-01T00:00:00Z"))
    world.complete()
    assert world.status["backup"] == "weekly"
    assert world.status["rpoSeconds"] == 27 * 3600 + 4 * 60 + 5


def test_a_file_that_is_another_one_by_now():
    world = DrillWorld()
    world.kube.edit(BACKUP, builders.NAMESPACE, "nightly", lambda one: one["status"]["file"].update(sha256="ff" * 32))
    reason, said = failed(world)
    assert reason == "BackupDamaged"
    assert SUMMARY.sha256 in said


def test_a_file_that_is_gone():
    world = DrillWorld()
    world.prepare_fails = "PodFailurePolicy"
    error = BackupFileError(Reason.TRUNCATED, "the file ends in an entry")
    world.checked = Checked.of_error(error).as_json()
    reason, said = failed(world)
    assert reason == "NotPrepared"
    assert "the file ends in an entry" in said


def test_a_restore_of_another_number_of_entries():
    world = DrillWorld()
    world.restored = 7
    reason, said = failed(world)
    assert reason == "CountMismatch"
    assert "restored 7 entries, and the copy has 38" in said


def test_a_throw_away_cluster_that_never_serves():
    world = DrillWorld(timeoutSeconds=120)
    world.serves = False
    reason, said = failed(world)
    assert reason == "TimedOut"
    assert "spec.timeoutSeconds (120 s)" in said
    assert world.condition("BackupRestored")["reason"] == "TimedOut"


def test_a_job_that_never_runs():
    world = DrillWorld(timeoutSeconds=120)
    world.runs_jobs = False
    assert failed(world)[0] == "TimedOut"


def test_a_reading_whose_result_is_lost_is_done_again():
    world = DrillWorld()
    world.result = None
    for _ in range(9):
        world.reconcile()
        world.turn()
        world.pass_time(5)
    world.result = READ
    world.complete()
    assert world.phase == "Completed"
    assert world.status["read"]["attempt"] == 1


def test_results_that_stay_lost_end_the_drill():
    world = DrillWorld()
    world.result = None
    reason, said = failed(world)
    assert (reason, "its pod is gone before the operator read the result" in said) == ("NotRead", True)


def test_a_reading_that_can_not_reach_the_storage():
    world = DrillWorld()
    world.read_fails = "PodFailurePolicy"
    world.result = Result(ok=False, message="/mnt/ufs/a can't be read: Permission denied")
    reason, said = failed(world)
    assert (reason, "Permission denied" in said) == ("NotRead", True)


# --- what happens meanwhile -----------------------------------------------------------------------------------------

STEPS = range(9)


def at_step(step: int, **over: object) -> DrillWorld:
    world = DrillWorld(**over)
    for _ in range(step):
        world.reconcile()
        world.turn()
        world.pass_time(5)
    return world


@pytest.mark.parametrize("step", STEPS)
def test_the_cluster_goes_midway(step):
    world = at_step(step)
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    world.complete()
    assert world.rest() == []
    assert world.status["reason"] in ("ClusterMissing", "")


@pytest.mark.parametrize("step", STEPS)
def test_the_backup_goes_midway(step):
    world = at_step(step)
    world.kube.remove(KINDS[BACKUP].path(builders.NAMESPACE, "nightly"))
    world.complete()
    assert world.rest() == []
    assert world.status["reason"] in ("NoVerifiedBackup", "BackupMissing", "")


@pytest.mark.parametrize("step", STEPS)
def test_another_client_deletes_the_throw_away_cluster(step):
    world = at_step(step)
    if world.throw_away is not None:
        world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, THROW_AWAY))
    world.complete()
    assert world.rest() == []
    assert world.status["reason"] in ("ThrowAwayGone", "")


@pytest.mark.parametrize("step", STEPS)
def test_the_spec_of_the_cluster_becomes_unreadable_midway(step):
    world = at_step(step)
    world.kube.edit(CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["spec"].update(rootMount="what"))
    world.complete()
    assert world.rest() == []
    assert world.status["reason"] in ("ClusterInvalid", "")


def test_a_cluster_of_another_owner_has_the_name():
    world = DrillWorld()
    other = builders.resource()
    world.kube.put({**other, "metadata": {**other["metadata"], "name": THROW_AWAY, "uid": "of-a-user"}})
    world.reconcile()
    world.reconcile()
    for _ in range(5):
        world.reconcile()
    assert world.status["reason"] == "NameTaken"
    assert world.phase == "Failed"
    assert world.kube.object(CLUSTER, builders.NAMESPACE, THROW_AWAY)["metadata"]["uid"] == "of-a-user"


def pod_of_the_name(**meta: object) -> dict[str, object]:
    labels = dict(ClusterNames(THROW_AWAY, builders.NAMESPACE).instance_labels)
    metadata = {"name": f"{THROW_AWAY}-worker-0", "namespace": builders.NAMESPACE, "uid": "p1", "labels": labels}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, **meta},
        "spec": {"nodeName": "lost"},
        "status": {"phase": "Running"},
    }


def test_pods_of_a_users_cluster_with_the_name_are_none_of_the_drill():
    world = DrillWorld()
    other = builders.resource()
    world.kube.put({**other, "metadata": {**other["metadata"], "name": THROW_AWAY, "uid": "of-a-user"}})
    world.kube.put(pod_of_the_name())
    for _ in range(4):
        world.reconcile()
    assert (world.phase, world.status["reason"]) == ("Failed", "NameTaken")
    assert world.status["finished"]
    assert world.condition("CleanedUp")["status"] == "True"


def test_a_pod_on_a_lost_node_ends_with_a_warning():
    world = at_step(6)
    world.kube.put(pod_of_the_name(deletionTimestamp="2030-01-02T03:20:00Z"))
    for _ in range(6):
        world.reconcile()
        world.turn()
        world.pass_time(10)
    assert world.phase == "Cleaning"
    assert world.status["clusterGone"]
    world.pass_time(1200)
    outcome = world.reconcile()
    assert (world.phase, world.status["passed"]) == ("Completed", True)
    left = world.condition("CleanedUp")
    assert (left["status"], left["reason"]) == ("False", "LeftBehind")
    assert f"Pod {THROW_AWAY}-worker-0" in left["message"]
    assert "Remedy" in left["message"]
    assert outcome.requeue_after is None
    world.reconcile()
    assert world.condition("CleanedUp")["reason"] == "LeftBehind"


def test_a_drill_whose_cluster_is_gone_gives_the_turn_back():
    world = DrillWorld()
    world.put_other("earlier", "2029-01-02T03:00:00Z", started="2030-01-02T03:00:00Z")
    world.reconcile()
    assert world.condition("BackupChosen")["reason"] == "OtherDrill"
    gone = {"clusterGone": "2030-01-02T03:30:00Z"}
    world.kube.edit(KIND, builders.NAMESPACE, "earlier", lambda one: one["status"].update(gone))
    world.complete()
    assert world.phase == "Completed"


@pytest.mark.parametrize("step", range(1, 9))
def test_what_a_drill_that_fails_early_has_made_is_waited_for(step):
    """Also if its time is over before the uid of its cluster is on record."""
    world = at_step(step)
    world.collects = False
    world.pass_time(100_000)
    for _ in range(4):
        world.reconcile()
        world.pass_time(10)
    assert world.throw_away is None
    claims = world.kube.of_kind("PersistentVolumeClaim")
    assert bool(world.status.get("finished")) is not any("copy" in name for name in claims)


def test_the_creation_of_the_cluster_is_on_record_before_it():
    """A replica that has lost the Lease fails at the record, and creates nothing."""
    world = DrillWorld()
    world.reconcile()
    recorded: list[object] = []

    def look(verb: str, path: str) -> None:
        if verb == "create" and "/alluxioclusters/" in path:
            recorded.append(world.status.get("claimed"))

    world.kube.before_call = look
    world.reconcile()
    assert recorded == [stamp(world.now)]


def test_drills_of_a_namespace_take_turns():
    world = DrillWorld()
    world.put_other("earlier", "2029-01-02T03:00:00Z")
    world.reconcile()
    assert world.condition("BackupChosen")["reason"] == "OtherDrill"
    assert world.throw_away is None
    world.kube.edit(KIND, builders.NAMESPACE, "earlier", lambda one: one.update(status={"finished": "now"}))
    world.complete()
    assert world.phase == "Completed"


def test_a_drill_that_has_begun_goes_before_an_older_one():
    world = DrillWorld()
    world.put_other("later", "2031-01-02T03:00:00Z", started="2030-01-02T03:00:00Z")
    world.reconcile()
    assert world.condition("BackupChosen")["reason"] == "OtherDrill"


def test_a_refused_cluster_is_reported_and_tried_until_the_time_is_over():
    world = DrillWorld(timeoutSeconds=100)

    def refuse(verb: str, path: str) -> None:
        if verb == "create" and path.endswith(THROW_AWAY):
            raise Refused(f"POST {path}", 403, "quota exceeded")

    world.kube.before_call = refuse
    world.reconcile()
    world.reconcile()
    assert "quota exceeded" in world.condition("BackupRestored")["message"]
    assert failed(world)[0] == "TimedOut"


def test_nothing_counts_as_clean_while_something_is_left():
    world = DrillWorld()
    world.collects = False
    for _ in range(14):
        world.reconcile()
        world.turn()
        world.pass_time(5)
    assert world.phase == "Cleaning"
    assert world.condition("CleanedUp")["message"] == (
        f"these are still to go: PersistentVolumeClaim {copy_claim(THROW_AWAY)}"
    )
    assert not world.status.get("finished")
    world.collects = True
    world.complete()
    assert world.phase == "Completed"


def test_a_finished_drill_goes_after_its_time():
    world = DrillWorld(ttlSecondsAfterFinished=600)
    world.complete()
    world.reconcile()
    assert not world.gone()
    world.pass_time(601)
    world.reconcile()
    assert world.gone()


def test_a_finished_drill_does_nothing_any_more():
    world = DrillWorld()
    world.complete()
    world.reconcile()
    writes = len(world.kube.writes)
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    world.pass_time(10_000)
    outcome = world.reconcile()
    assert len(world.kube.writes) == writes
    assert outcome.requeue_after is None


def test_the_copy_of_a_clean_file_has_as_many_entries():
    world = DrillWorld()
    clean = {**CLEANED, "entries": 40, "dropped": 0}
    world.checked = Checked(summary=SUMMARY, cleaned=clean).as_json()
    world.restored = 40
    world.complete()
    assert world.status["entries"] == 40


def test_a_location_in_the_root_volume_is_read_from_that_volume():
    world = at_step(4)
    job = world.kube.object("Job", builders.NAMESPACE, f"{NAME}-prepare")
    spec = job["spec"]["template"]["spec"]
    assert {"name": "source", "persistentVolumeClaim": {"claimName": "small-ufs"}} in spec["volumes"]
    [check] = spec["containers"]
    assert f"/source/{LOCATION.removeprefix('/mnt/ufs/')}" in check["args"]
    assert check["args"][check["args"].index("--trial") + 1] == "/copy/restore.gz"
    assert "built-in" not in str(job)
    mounts = {one["name"]: one.get("readOnly", False) for one in check["volumeMounts"]}
    assert mounts == {"work": False, "copy": False, "source": True}


@pytest.mark.parametrize(("steps", "component"), [(4, "prepare"), (7, "read")])
def test_no_job_of_a_drill_evicts_pods_of_production(steps, component):
    live = builders.resource(
        masters={"priorityClassName": "system-cluster-critical"}, status={"masters": {"leader": "small-master-0"}}
    )
    world = DrillWorld(cluster=live)
    for _ in range(steps):
        world.reconcile()
        world.turn()
    job = world.kube.object("Job", builders.NAMESPACE, f"{NAME}-{component}")
    assert "priorityClassName" not in job["spec"]["template"]["spec"]


@pytest.mark.parametrize("amount", ["0", 0, "1Ki", "1025Gi", "9Pi"])
def test_a_sample_of_too_few_or_too_many_bytes_is_refused(amount):
    world = DrillWorld(sample={"bytes": amount})
    world.reconcile()
    assert world.phase == "Invalid"
    assert "spec.sample.bytes" in world.status["summary"]
    assert "1Mi to 1Ti" in world.status["summary"]


# --- what runs, and not what the spec names ---------------------------------------------------------------------------


def with_backup(world: DrillWorld, **status: str) -> DrillWorld:
    world.kube.edit(BACKUP, builders.NAMESPACE, "nightly", lambda one: one["status"].update(status))
    return world


def test_a_drill_uses_the_alluxio_that_wrote_the_backup():
    """As the proof of the backup does: the tag in the spec doesn't exist, and its version isn't reached yet."""
    live = builders.resource(version="2.9.4", image={"tag": "typo"}, status={"masters": {"leader": "small-master-0"}})
    world = with_backup(DrillWorld(cluster=live), version="2.9.3", image="registry.example:5000/alluxio/alluxio:2.9.3")
    for _ in range(4):
        world.reconcile()
        world.turn()
    assert world.throw_away is not None
    spec = world.throw_away["spec"]
    assert spec["version"] == "2.9.3"
    assert (spec["image"]["repository"], spec["image"]["tag"]) == ("registry.example:5000/alluxio/alluxio", "2.9.3")
    job = world.kube.object("Job", builders.NAMESPACE, f"{NAME}-prepare")
    assert "typo" not in str(job)


@pytest.mark.parametrize("image", ["", "alluxio/alluxio@sha256:abc", "host:5000/alluxio", "A B:c"])
def test_an_image_that_the_spec_can_not_name_is_the_clusters(image):
    world = with_backup(DrillWorld(), version="2.9.3", image=image)
    world.reconcile()
    world.reconcile()
    assert world.throw_away is not None
    assert world.throw_away["spec"]["image"]["repository"] == builders.resource()["spec"].get("image", {}).get(
        "repository", "alluxio/alluxio"
    )


def test_a_drill_of_a_cluster_that_rolled_back_rehearses_the_spec_that_it_follows():
    good = builders.resource()["spec"]
    status = {
        "masters": {"leader": "small-master-0", "version": "2.9.4"},
        "rollback": {"generation": 1, "to": {"revision": "small-spec-1", "generation": 1}, "since": "now"},
    }
    world = DrillWorld(cluster=builders.resource(image={"tag": "typo"}, status=status))
    metadata = {"name": "small-spec-1", "namespace": builders.NAMESPACE, "uid": "r1"}
    revision = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata, "data": {"spec": good}}
    world.kube.put(revision)
    world.reconcile()
    world.reconcile()
    assert world.throw_away is not None
    assert world.throw_away["spec"]["image"].get("tag") != "typo"
    world.complete()
    assert world.phase == "Completed"


def test_a_backup_of_a_newer_alluxio_is_not_rehearsed_by_an_older_one():
    world = with_backup(DrillWorld(cluster=builders.resource(version="2.9.3")), version="2.9.4")
    assert failed(world)[0] == "BackupOfNewerVersion"
    assert world.throw_away is None


def test_the_memory_of_the_reading_grows_with_the_sample():
    """100,000 files took 557 MiB."""
    world = DrillWorld(sample={"files": 100_000})
    for _ in range(7):
        world.reconcile()
        world.turn()
    job = world.kube.object("Job", builders.NAMESPACE, f"{NAME}-read")
    [read] = job["spec"]["template"]["spec"]["containers"]
    assert int(read["resources"]["limits"]["memory"]) > 700 * 1024**2
    assert read["resources"]["requests"]["memory"] == read["resources"]["limits"]["memory"]


def test_no_ended_pod_keeps_the_volume_of_the_copy():
    world = DrillWorld()
    world.prepare_fails = "BackoffLimitExceeded"
    world.complete(40)
    assert world.status["reason"] == "NotPrepared"
    assert world.status["prepare"]["attempt"] == 2
    assert [name for name in world.kube.of_kind("Job") if "prepare" in name] == []
