"""Whole reconciles of an AlluxioBackup."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support import builders
from tests.support.backup import (
    ENTRIES,
    FILE,
    FOLDER,
    NAME,
    OWN,
    SUMMARY,
    URI,
    BackupWorld,
    backup,
    checked,
    proven,
    refused,
)
from tests.support.crashes import Stopped, stop_at

from alluxio_operator.alluxio.answers import BackupStatus, NoAnswer
from alluxio_operator.api.alluxiobackup import CLUSTER_UID_LABEL, KIND, PURPOSE_LABEL
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.backup_file.errors import Reason
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.backup.validate import Backup, validate
from alluxio_operator.kube.kinds import KINDS


def test_a_backup_is_taken_read_and_restored():
    world = BackupWorld()
    world.reconcile()
    assert world.alluxio.backups == [("10.0.0.7", 19998, f"/mnt/ufs/{FOLDER}/{OWN}")]
    assert world.status["phase"] == "Running"

    world.write()
    world.reconcile()
    assert world.status["run"]["entries"] == ENTRIES
    assert world.status["phase"] == "Verifying"

    world.end_job({"check": checked(), "prove": proven(seconds=9)})
    world.reconcile()
    status = world.status
    assert status["phase"] == "Completed"
    assert status["verified"] is True
    assert status["file"] == {
        "location": URI,
        "sha256": SUMMARY.sha256,
        "bytes": 2048,
        "entries": ENTRIES,
        "files": 20,
        "nextContainer": 1,
        "directories": 3,
        "mounts": 0,
        "clean": False,
    }
    assert status["restored"]["inodes"] == 23
    assert status["summary"] == "a master restored 40 entries and served 23 files and directories after 9 s"
    assert world.condition("Ready")["status"] == "True"


def test_a_finished_backup_is_left_alone():
    world = BackupWorld()
    world.complete()
    before = len(world.kube.writes)
    outcome = world.reconcile()
    assert (len(world.kube.writes), outcome.requeue_after) == (before, None)
    assert world.kube.of_kind("NetworkPolicy") == []
    assert world.kube.of_kind("ConfigMap") == []


def test_verify_check_starts_no_master():
    world = BackupWorld(verify="Check")
    world.until_job()
    pod = world.job()["spec"]["template"]["spec"]
    assert [one["name"] for one in (*pod["initContainers"], *pod["containers"])] == ["fetch", "check"]
    world.end_job({"check": checked()})
    world.reconcile()
    assert (world.status["phase"], world.status.get("verified", False)) == ("Completed", False)
    assert world.condition("BackupVerified")["reason"] == "Checked"


@pytest.mark.parametrize(
    "destination", [{}, {"volume": {"claimName": "backups"}}, {"s3": {"bucket": "lake"}}], ids=["root", "volume", "s3"]
)
def test_the_master_restores_the_trial_whose_mounts_are_read_only(destination):
    world = BackupWorld(destination=destination)
    world.until_job()
    pod = world.job()["spec"]["template"]["spec"]
    check = next(one for one in pod["initContainers"] if one["name"] == "check")
    assert check["args"][check["args"].index("--trial") + 1] == "/work/trial.gz"
    config = world.kube.object("ConfigMap", builders.NAMESPACE, f"{NAME}-backup")["data"]["alluxio-site.properties"]
    [restored] = [line for line in config.splitlines() if line.startswith("alluxio.master.journal.init.from.backup=")]
    assert restored.endswith("=/work/trial.gz")
    master = next(one for one in pod["containers"] if one["name"] == "master")
    assert {one["name"] for one in master["volumeMounts"]} == {"work", "conf"}


@pytest.mark.parametrize("destination", [{}, {"volume": {"claimName": "backups"}}], ids=["root", "volume"])
def test_without_a_restore_there_is_no_trial(destination):
    world = BackupWorld(destination=destination, verify="Check")
    world.until_job()
    pod = world.job()["spec"]["template"]["spec"]
    check = next(one for one in (*pod["initContainers"], *pod["containers"]) if one["name"] == "check")
    assert "--trial" not in check["args"]


def test_the_job_has_the_placement_and_the_labels_of_a_master():
    world = BackupWorld()
    masters = {
        "nodeSelector": {"disk": "ssd"},
        "podLabels": {"cost-center": "lake"},
        "podAnnotations": {"sidecar.istio.io/inject": "false"},
        "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "2"}},
    }
    world.kube.edit(CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["spec"].update(masters=masters))
    world.until_job()
    template = world.job()["spec"]["template"]
    assert template["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert template["metadata"]["labels"]["cost-center"] == "lake"
    assert template["metadata"]["annotations"]["sidecar.istio.io/inject"] == "false"
    for container in (*template["spec"]["initContainers"], *template["spec"]["containers"]):
        assert container["resources"]["limits"]["cpu"] == "2", container["name"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, container["name"]


def test_the_pods_reach_only_the_cluster_and_no_pod_reaches_them():
    world = BackupWorld()
    world.until_job()
    [name] = world.kube.of_kind("NetworkPolicy")
    policy = world.kube.object("NetworkPolicy", builders.NAMESPACE, name)["spec"]
    labels = world.job()["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert (policy["policyTypes"], policy.get("ingress", [])) == (["Ingress", "Egress"], [])
    peers = [rule["to"] for rule in policy["egress"] if "to" in rule]
    own = {"app.kubernetes.io/name": "alluxio", "app.kubernetes.io/instance": builders.NAME}
    assert peers == [[{"podSelector": {"matchLabels": own}}]]


# --- what may go wrong before Alluxio has written it ----------------------------------------------------------------


def test_a_missing_cluster_is_reported_with_the_field():
    world = BackupWorld(clusterRef={"name": "other"})
    world.reconcile()
    ready = world.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ClusterMissing")
    assert "spec.clusterRef names AlluxioCluster other" in ready["message"]
    assert not world.alluxio.backups


def test_a_cluster_that_was_created_again_ends_the_backup():
    world = BackupWorld()
    world.reconcile()
    world.kube.edit(CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["metadata"].update(uid="another"))
    world.reconcile()
    assert world.status["phase"] == "Failed"
    assert "deleted and created again" in world.status["summary"]
    assert len(world.alluxio.backups) == 1


@pytest.mark.parametrize(("minutes", "begins"), [(9, False), (10, True)])
def test_a_change_of_masters_that_does_not_end_holds_up_no_backup(minutes, begins):
    world = BackupWorld()
    since = stamp(world.now - timedelta(minutes=minutes))
    change = {"to": 3, "members": 1, "state": "Joining", "operation": "m1", "since": since}

    def changes(one):
        one["status"]["operations"] = [{"name": "members", "since": "2030-01-02T01:00:00Z"}]
        one["status"].setdefault("journal", {})["change"] = change

    world.kube.edit(CLUSTER, builders.NAMESPACE, builders.NAME, changes)
    world.reconcile()

    assert bool(world.alluxio.backups) is begins


@pytest.mark.parametrize("name", ["rollout", "heal", "rollback", "members"])
def test_a_backup_waits_while_masters_may_restart(name):
    world = BackupWorld()

    def operations(*found):
        world.kube.edit(
            CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["status"].update(operations=list(found))
        )

    operations({"name": name, "since": "2030-01-02T03:00:00Z"})
    world.reconcile()
    assert not world.alluxio.backups
    assert world.condition("BackupTaken")["reason"] == "WaitingForOperation"
    operations({"name": name, "since": "2030-01-02T03:00:00Z", "waitsFor": "tuning"})
    world.reconcile()
    assert len(world.alluxio.backups) == 1


@pytest.mark.parametrize(
    ("purpose", "uid", "operation", "begins"),
    [
        ("restore", builders.UID, "restore-in-place", True),
        ("restore", builders.UID, "restore", False),
        ("restore", "another-cluster", "restore-in-place", False),
        ("restore", builders.UID, "rollout", False),
        ("upgrade", builders.UID, "rollout", False),
    ],
)
def test_a_backup_does_not_wait_for_the_operation_that_waits_for_it(purpose, uid, operation, begins):
    world = BackupWorld()
    labels = {PURPOSE_LABEL: purpose, CLUSTER_UID_LABEL: uid}
    world.kube.edit(KIND, builders.NAMESPACE, NAME, lambda one: one["metadata"].update(labels=labels))
    acting = [{"name": operation, "since": "2030-01-02T03:00:00Z"}]
    world.kube.edit(CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["status"].update(operations=acting))
    world.reconcile()
    assert bool(world.alluxio.backups) is begins


def test_two_backups_of_a_cluster_run_one_after_the_other():
    world = BackupWorld()
    world.put_other("earlier", "2029-01-02T03:00:00Z")
    world.reconcile()
    assert not world.alluxio.backups
    assert "AlluxioBackup earlier" in world.condition("BackupTaken")["message"]
    world.kube.edit(
        KIND, builders.NAMESPACE, "earlier", lambda one: one.update(status={"finished": "2030-01-02T03:04:00Z"})
    )
    world.reconcile()
    assert len(world.alluxio.backups) == 1


@pytest.mark.parametrize("purpose", ["upgrade", "restore", "drill"])
@pytest.mark.parametrize("acts", [False, True])
def test_one_that_an_operation_waits_for_goes_before_one_that_was_refused(purpose, acts):
    world = BackupWorld()
    world.put_other("earlier", "2029-01-02T03:00:00Z")
    run = {"state": "Requested", "since": stamp(builders.NOW), "message": "AccessDenied"}
    run |= {"state": "Running"} if acts else {"retryAt": stamp(builders.later(100))}
    world.kube.edit(KIND, builders.NAMESPACE, "earlier", lambda one: one.update(status={"run": run}))
    labels = {PURPOSE_LABEL: purpose, CLUSTER_UID_LABEL: builders.UID}
    world.kube.edit(KIND, builders.NAMESPACE, NAME, lambda one: one["metadata"].update(labels=labels))
    world.reconcile()
    assert bool(world.alluxio.backups) is (purpose != "drill" and not acts)


def test_a_backup_that_is_being_verified_holds_up_no_other_one():
    world = BackupWorld()
    world.put_other("earlier", "2029-01-02T03:00:00Z")
    run = {"state": "Completed", "since": "2029-01-02T03:00:09Z"}
    world.kube.edit(KIND, builders.NAMESPACE, "earlier", lambda one: one.update(status={"run": run}))
    world.reconcile()
    assert len(world.alluxio.backups) == 1


def test_a_later_backup_or_one_of_another_cluster_holds_up_nothing():
    world = BackupWorld()
    world.put_other("later", "2031-01-02T04:00:00Z")
    world.put_other("of-another", "2029-01-02T03:00:00Z", clusterRef={"name": "large"})
    world.reconcile()
    assert len(world.alluxio.backups) == 1


def test_a_leader_that_is_away_isnt_asked_each_second():
    world = BackupWorld()
    world.alluxio.begins = NoAnswer("connection refused", reached=False)
    asked = 0
    for _ in range(40):
        outcome = world.reconcile()
        asked = len(world.alluxio.backups)
        assert outcome.requeue_after is not None
        world.pass_time(outcome.requeue_after)
    assert "connection refused" in world.condition("BackupTaken")["message"]
    assert asked < 40


def test_a_backup_that_isnt_written_in_time_has_failed():
    world = BackupWorld(timeoutSeconds=600)
    world.reconcile()
    world.pass_time(601)
    world.reconcile()
    assert world.status["phase"] == "Failed"
    assert "within 600 s" in world.status["summary"]
    world.write()
    world.reconcile()
    assert world.status["phase"] == "Failed"


def test_a_new_leader_is_asked_again():
    world = BackupWorld()
    world.reconcile()
    world.alluxio.backed_up = BackupStatus("Unknown")
    world.reconcile()
    world.pass_time(60)
    world.reconcile()
    assert len(world.alluxio.backups) == 2


def test_a_failed_try_is_repeated_after_the_standby_has_resumed():
    world = BackupWorld()
    world.reconcile()
    world.alluxio.backed_up = BackupStatus("Failed", error="could not lock")
    world.reconcile()
    assert "could not lock" in world.condition("BackupTaken")["message"]
    world.pass_time(190)
    world.reconcile()
    assert len(world.alluxio.backups) == 1
    world.pass_time(20)
    world.reconcile()
    assert len(world.alluxio.backups) == 2


@pytest.mark.parametrize(
    "uri",
    [
        "/mnt/ufs/other/alluxio-backup-2030-01-02-1.gz",
        f"/mnt/ufs/{FOLDER}/{OWN}/../../secrets.gz",
        f"/mnt/ufs/{FOLDER}/{OWN}/$(reboot).gz",
        f"/mnt/ufs/{FOLDER}/another/{FILE}",
        "",
    ],
)
def test_a_location_that_isnt_the_backups_own_is_refused(uri):
    world = BackupWorld()
    world.reconcile()
    world.write(uri=uri)
    world.reconcile()
    assert world.status["phase"] == "Failed"
    assert world.job() is None


# --- what may be wrong with the file --------------------------------------------------------------------------------


def test_a_truncated_file_fails_at_once_with_the_reason():
    world = BackupWorld()
    world.until_job()
    said = refused(Reason.TRUNCATED, "the file ends in an entry")
    world.end_job({"check": said}, failure="PodFailurePolicy")
    world.reconcile()
    assert world.status["phase"] == "Failed"
    assert world.status["summary"].startswith("the file ends in an entry")
    assert world.condition("BackupVerified")["reason"] == "Truncated"
    assert not world.status.get("verified", False)
    world.reconcile()
    assert world.status["phase"] == "Failed"
    assert world.condition("BackupVerified")["reason"] == "Truncated"


def test_a_job_that_fails_for_another_reason_is_tried_three_times():
    world = BackupWorld()
    world.until_job()
    for attempt in range(3):
        world.end_job({}, failure="DeadlineExceeded", pod=False)
        world.reconcile()
        assert (world.status["phase"] == "Failed") == (attempt == 2), attempt
        world.pass_time(1000)
        world.reconcile()
    assert world.status["phase"] == "Failed"


def test_a_job_whose_result_is_lost_runs_again():
    world = BackupWorld()
    world.until_job()
    first = world.job()["metadata"]["name"]
    world.end_job({}, pod=False)
    world.reconcile()
    assert world.status["phase"] == "Verifying"
    world.pass_time(60)
    world.reconcile()
    assert world.status["job"]["name"] != first
    world.end_job({"check": checked(), "prove": proven()})
    world.reconcile()
    assert world.status["phase"] == "Completed"


@pytest.mark.parametrize("said", ["", "{", "[]", "null", '{"ok": true}', '{"ok": true, "reason": "", "message": ""}'])
def test_a_result_that_is_none_proves_nothing(said):
    world = BackupWorld()
    world.until_job()
    world.end_job({"check": said, "prove": said} if said else {})
    world.reconcile()
    assert world.status["phase"] == "Verifying"
    assert "file" not in world.status


def test_without_its_own_image_the_operator_says_what_to_set():
    world = BackupWorld()
    world.image.given = ""
    world.reconcile()
    world.write()
    world.reconcile()
    assert "ALLUXIO_OPERATOR_IMAGE" in world.condition("BackupVerified")["message"]
    assert world.job() is None


# --- a volume as the destination ------------------------------------------------------------------------------------

VOLUME = {"destination": {"volume": {"claimName": "backups"}}}
CLEAN = {"sha256": "cd" * 32, "size": 1024, "entries": 38, "dropped": 2, "options": 1, "option_names": []}


def test_a_volume_gets_a_clean_file_and_the_root_mount_keeps_none():
    world = BackupWorld(**VOLUME)
    world.until_job()
    pod = world.job()["spec"]["template"]["spec"]
    check = next(one for one in pod["initContainers"] if one["name"] == "check")
    target = f"/backups/{builders.NAME}-{builders.UID[:8]}/{OWN}.gz"
    assert check["args"][check["args"].index("--clean") + 1] == target

    world.alluxio.deletes = "PERMISSION_DENIED: no"
    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    world.reconcile()
    assert world.status["phase"] == "Verifying"
    assert world.condition("BackupStored")["reason"] == "StagedFilesRemain"
    assert "PERMISSION_DENIED" in world.condition("BackupStored")["message"]

    world.alluxio.deletes = ""
    world.reconcile()
    assert world.alluxio.deleted_folders[-1] == ("10.0.0.7", f"/{FOLDER}/{OWN}")
    assert world.status["phase"] == "Completed"
    assert world.status["file"]["location"] == f"backups:{builders.NAME}-{builders.UID[:8]}/{OWN}.gz"
    assert (world.status["file"]["entries"], world.status["file"]["clean"]) == (38, True)


# --- a bucket as the destination ------------------------------------------------------------------------------------

S3 = {
    "bucket": "lake",
    "folder": "backups",
    "endpoint": "http://s3:9000",
    "pathStyle": True,
    "credentials": {"secretName": "keys", "accessKeyIdKey": "user"},
}
BUCKET = {"destination": {"s3": S3}}
KEY = f"backups/{builders.NAME}-{builders.UID[:8]}/{OWN}.gz"


def test_a_bucket_gets_the_clean_file_before_the_restore():
    world = BackupWorld(**BUCKET)
    world.until_job()
    pod = world.job()["spec"]["template"]["spec"]
    assert [one["name"] for one in pod["initContainers"]] == ["fetch", "check", "store"]
    check, store = pod["initContainers"][1:]
    assert check["args"][check["args"].index("--clean") + 1] == store["args"][0] == f"/work/{OWN}.gz"
    assert store["args"][store["args"].index("--key") + 1] == KEY
    assert "--path-style" in store["args"]
    assert {one["name"]: one["valueFrom"]["secretKeyRef"] for one in store["env"]} == {
        "AWS_ACCESS_KEY_ID": {"name": "keys", "key": "user"},
        "AWS_SECRET_ACCESS_KEY": {"name": "keys", "key": "AWS_SECRET_ACCESS_KEY"},
    }
    [name] = world.kube.of_kind("NetworkPolicy")
    egress = world.kube.object("NetworkPolicy", builders.NAMESPACE, name)["spec"]["egress"]
    assert {"ports": [{"port": 9000, "protocol": "TCP"}]} in egress

    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    world.reconcile()
    assert world.status["file"]["location"] == f"s3://lake/{KEY}"
    assert world.alluxio.deleted_folders[-1] == ("10.0.0.7", f"/{FOLDER}/{OWN}")


def test_without_a_restore_the_bucket_is_filled_last():
    world = BackupWorld(**BUCKET, verify="Check")
    world.until_job()
    pod = world.job()["spec"]["template"]["spec"]
    assert [one["name"] for one in (*pod["initContainers"], *pod["containers"])] == ["fetch", "check", "store"]


def test_keys_that_the_bucket_refuses_are_reported_while_the_job_is_tried_again():
    world = BackupWorld(**BUCKET)
    world.until_job()
    said = refused(Reason.ACCESS_DENIED, "the file can't be stored: 403")
    world.end_job({"check": checked(cleaned=CLEAN), "store": said}, failure="BackoffLimitExceeded")
    world.reconcile()
    assert world.status["phase"] == "Verifying"
    assert "the file can't be stored: 403" in world.condition("BackupVerified")["message"]


def test_a_job_deletes_the_file_in_a_bucket():
    world = BackupWorld(**BUCKET, ttlSecondsAfterFinished=3600)
    world.until_job()
    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    world.reconcile()
    world.reconcile()
    world.kube.remove(KINDS["Job"].path(builders.NAMESPACE, world.job()["metadata"]["name"]))
    world.pass_time(3700)
    world.reconcile()
    [container] = world.job()["spec"]["template"]["spec"]["containers"]
    assert container["command"][-1] == "delete"
    assert container["args"][container["args"].index("--key") + 1] == KEY
    world.end_job({}, pod=False)
    world.reconcile()
    assert world.gone()


# --- the end of its time --------------------------------------------------------------------------------------------


def test_the_files_go_before_the_resource():
    world = BackupWorld(ttlSecondsAfterFinished=3600)
    world.complete()
    world.pass_time(3500)
    outcome = world.reconcile()
    assert not world.alluxio.deleted_folders
    assert outcome.requeue_after is not None
    assert outcome.requeue_after <= 101
    world.pass_time(101)
    world.alluxio.deletes = NoAnswer("no answer in time")
    world.reconcile()
    assert not world.gone()
    world.alluxio.deletes = ""
    world.reconcile()
    assert world.alluxio.deleted_folders[-1] == ("10.0.0.7", f"/{FOLDER}/{OWN}")
    assert world.gone()


def test_a_job_deletes_the_file_in_a_volume():
    world = BackupWorld(**VOLUME, ttlSecondsAfterFinished=3600)
    world.until_job()
    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    world.reconcile()
    world.reconcile()
    world.kube.remove(KINDS["Job"].path(builders.NAMESPACE, world.job()["metadata"]["name"]))
    world.pass_time(3700)
    world.reconcile()
    job = world.job()
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["args"][-2:] == [f"/backups/{builders.NAME}-{builders.UID[:8]}", f"{OWN}.gz"]
    assert not world.gone()
    world.end_job({}, pod=False)
    world.reconcile()
    assert world.gone()


@pytest.mark.parametrize("destination", [VOLUME, BUCKET])
def test_exported_files_go_also_without_the_cluster(destination):
    world = BackupWorld(**destination, ttlSecondsAfterFinished=3600)
    world.until_job()
    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    world.reconcile()
    world.reconcile()
    world.kube.remove(KINDS["Job"].path(builders.NAMESPACE, world.job()["metadata"]["name"]))
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    world.pass_time(3700)
    world.reconcile()
    assert world.job()["spec"]["template"]["spec"]["serviceAccountName"] == "default"
    world.end_job({}, pod=False)
    world.reconcile()
    assert world.gone()


def test_without_its_cluster_only_the_resource_goes():
    world = BackupWorld(ttlSecondsAfterFinished=3600)
    world.complete()
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    world.pass_time(3700)
    world.reconcile()
    assert world.gone()
    assert not world.alluxio.deleted_folders


@pytest.mark.parametrize("destination", [{}, VOLUME, BUCKET])
def test_a_backup_of_the_same_name_has_files_of_its_own(destination):
    def places(uid: str) -> set[str]:
        made = validate(backup(uid=uid, **destination))
        assert isinstance(made, Backup)
        return {made.folder(builders.UID), f"{made.exported_folder(builders.UID)}/{made.exported_file}"}

    assert not places("11111111-aaaa") & places("22222222-aaaa")


# --- a cluster that is deleted meanwhile ----------------------------------------------------------------------------


def test_a_backup_whose_cluster_is_gone_before_its_verification_has_failed():
    world = BackupWorld()
    world.until_job()
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    world.reconcile()
    assert world.status["phase"] == "Failed"
    assert f"Alluxio's own file is {URI}, with 40 entries" in world.status["summary"]


def test_a_backup_that_was_exported_before_its_cluster_went_is_complete():
    world = BackupWorld(**VOLUME)
    world.until_job()
    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    world.kube.remove(KINDS[CLUSTER].path(builders.NAMESPACE, builders.NAME))
    world.reconcile()
    assert (world.status["phase"], world.status["verified"]) == ("Completed", True)


# --- results of something else --------------------------------------------------------------------------------------


def other_owner(one: dict) -> None:
    one["metadata"]["ownerReferences"][0]["uid"] = "uid-of-an-earlier-one"


@pytest.mark.parametrize("change", [other_owner, lambda one: None])
def test_the_result_of_an_earlier_backup_of_the_name_proves_nothing(change):
    world = BackupWorld()
    world.until_job()
    world.kube.edit("Job", builders.NAMESPACE, world.job()["metadata"]["name"], change)
    earlier = replace(SUMMARY, entries=7, files=1, directories=1)
    world.end_job({"check": checked(summary=earlier), "prove": proven(entries=7, inodes=2)})
    world.start_operator()
    world.reconcile()
    assert "file" not in world.status
    assert not world.status.get("verified", False)


# --- credentials in the root mount ----------------------------------------------------------------------------------


def test_a_file_that_a_lost_request_may_have_left_goes_from_the_root_mount():
    world = BackupWorld(**VOLUME, timeoutSeconds=60)
    world.reconcile()
    world.pass_time(61)
    world.alluxio.deletes = "PERMISSION_DENIED: no"
    world.reconcile()
    assert "finished" not in world.status
    world.alluxio.deletes = ""
    world.reconcile()
    assert world.alluxio.deleted_folders[-1] == ("10.0.0.7", f"/{FOLDER}/{OWN}")
    assert world.status["phase"] == "Failed"


def test_the_more_backups_wait_the_less_often_each_looks():
    def requeue(others: int) -> float:
        world = BackupWorld()
        for number in range(others):
            world.put_other(f"earlier-{number}", "2029-01-02T03:00:00Z")
        after = world.reconcile().requeue_after
        assert after is not None
        return after

    assert requeue(1) == 1
    assert requeue(100) == 50


def test_a_removal_without_an_image_says_what_to_set():
    world = BackupWorld(**VOLUME, ttlSecondsAfterFinished=3600)
    world.until_job()
    world.end_job({"check": checked(cleaned=CLEAN), "prove": proven(entries=38)})
    world.reconcile()
    world.reconcile()
    world.kube.remove(KINDS["Job"].path(builders.NAMESPACE, world.job()["metadata"]["name"]))
    world.image.given = ""
    world.pass_time(3700)
    world.reconcile()
    assert "ALLUXIO_OPERATOR_IMAGE" in world.condition("FilesRemoved")["message"]


# --- an operator that dies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("count", range(1, 16))
def test_an_operator_that_stops_at_a_write_completes_one_backup(after, count):
    world = BackupWorld()
    stop_at(world, count, after=after)
    for _ in range(60):
        try:
            outcome = world.reconcile()
        except Stopped:
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()
            continue
        if world.alluxio.backups:
            world.write()
        job = world.job()
        if job is not None and not job.get("status", {}).get("conditions"):
            world.end_job({"check": checked(), "prove": proven()})
        world.pass_time(outcome.requeue_after or 1)
        if world.status.get("phase") == "Completed" and outcome.requeue_after is None:
            break
    assert world.status["phase"] == "Completed"
    assert len(world.alluxio.backups) <= 2
