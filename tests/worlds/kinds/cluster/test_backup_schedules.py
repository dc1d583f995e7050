"""Schedules of backups, through whole reconciles of a cluster."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import NOW, UID, resource
from tests.support.drill import drill
from tests.support.world import World

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.engine.conditions import stamp

EVERY_TEN_MINUTES = {"name": "often", "schedule": "*/10 * * * *"}


def world(**backup) -> World:
    """Return a cluster that is Ready, with a schedule for every ten minutes (the clock stands at 03:04:05)."""
    made = World(resource(backup={"schedules": [EVERY_TEN_MINUTES], **backup}))
    made.settle()
    return made


def backups(one: World) -> list[str]:
    return one.kube.of_kind(KIND)


def finish(one: World, name: str, *, phase: str = "Completed", verified: bool = True) -> None:
    """Let a backup end."""
    status = {
        "clusterUid": UID,
        "phase": phase,
        "verified": verified,
        "started": stamp(one.now),
        "finished": stamp(one.now),
        "file": {"entries": 40, "bytes": 2048},
        "restored": {"seconds": 9},
    }
    one.kube.edit(KIND, one.namespace, name, lambda obj: obj.update(status=status))


def test_a_schedule_creates_one_backup_at_each_moment():
    cluster = world()
    assert backups(cluster) == []
    cluster.pass_time(6 * 60)
    cluster.reconcile()
    [name] = backups(cluster)
    assert name.startswith("small-often-203001020310")
    made = cluster.kube.object(KIND, cluster.namespace, name)
    assert made["spec"]["clusterRef"] == {"name": "small"}
    assert "ownerReferences" not in made["metadata"]
    cluster.reconcile()
    assert backups(cluster) == [name]


def test_a_backup_that_runs_holds_up_the_next_one():
    cluster = world()
    cluster.pass_time(6 * 60)
    cluster.reconcile()
    [first] = backups(cluster)
    cluster.pass_time(10 * 60)
    outcome = cluster.reconcile()
    assert backups(cluster) == [first]
    assert outcome.requeue_after <= 60
    finish(cluster, first)
    cluster.reconcile()
    assert len(backups(cluster)) == 2


def test_after_downtime_one_backup_catches_up():
    cluster = world()
    cluster.pass_time(6 * 3600)
    cluster.start_operator()
    cluster.reconcile()
    [name] = backups(cluster)
    assert "203001020900" in name


@pytest.mark.parametrize("after", [False, True])
def test_an_operator_that_stops_at_the_creation_makes_no_second_one(after):
    cluster = world()
    cluster.pass_time(6 * 60)

    def stop(verb: str, path: str) -> None:
        if verb == "create" and "alluxiobackups" in path:
            raise KeyboardInterrupt

    if after:
        cluster.kube.after_write = stop
    else:
        cluster.kube.before_call = stop
    with pytest.raises(KeyboardInterrupt):
        cluster.reconcile()
    cluster.kube.after_write = cluster.kube.before_call = lambda verb, path: None
    cluster.start_operator()
    cluster.reconcile()
    cluster.reconcile()
    assert len(backups(cluster)) == 1


def test_suspended_schedules_create_nothing_and_remove_nothing():
    cluster = world(suspend=True, retention={"last": 1})
    cluster.pass_time(3600)
    cluster.reconcile()
    assert backups(cluster) == []


def test_retention_ends_the_time_of_what_no_rule_keeps():
    cluster = world(retention={"last": 2})
    names = []
    for _ in range(4):
        cluster.pass_time(600)
        cluster.reconcile()
        [new] = [name for name in backups(cluster) if name not in names]
        names.append(new)
        finish(cluster, new)
    cluster.reconcile()
    ended = [name for name in names if ttl(cluster, name) == 60]
    assert ended == names[:2]


def test_a_backup_that_a_restore_in_place_names_stays():
    cluster = world(retention={"last": 2})
    names: list[str] = []
    for _ in range(4):
        cluster.pass_time(600)
        cluster.reconcile()
        names += [name for name in backups(cluster) if name not in names]
        finish(cluster, names[-1])
        if len(names) == 1:
            file = {"location": "/mnt/ufs/a.gz", "sha256": "ab", "bytes": 1, "entries": 40}
            cluster.kube.edit(KIND, cluster.namespace, names[0], lambda one, file=file: one["status"].update(file=file))
            policy = {"schedules": [EVERY_TEN_MINUTES], "retention": {"last": 2}}
            cluster.edit_spec(backup=policy, restoreInPlace={"backupName": names[0]})
    cluster.reconcile()
    assert [name for name in names if ttl(cluster, name) == 60] == [names[1]]


def removals(one: World) -> list[str]:
    """Return the texts of the Events about removed backups."""
    events = [one.kube.object("Event", one.namespace, name) for name in one.kube.of_kind("Event")]
    return sorted(event["message"] for event in events if event["reason"] == "BackupRemoved")


def test_each_removal_posts_an_event_with_the_rules():
    cluster = world(retention={"last": 2})
    names: list[str] = []
    for _ in range(4):
        cluster.pass_time(600)
        cluster.reconcile()
        names += [name for name in backups(cluster) if name not in names]
        finish(cluster, names[-1])
    cluster.reconcile()
    cluster.reconcile()

    told = removals(cluster)
    assert len(told) == 2
    assert told[0].startswith(
        f"Removing AlluxioBackup {names[0]} of 2030-01-02T03:14:05Z: no rule of spec.backup.retention"
    )
    assert "(last 2) keeps it" in told[0]


def test_the_removal_of_a_failed_backup_names_its_rule():
    cluster = world(retention={"last": 2})
    for number in range(6):
        cluster.pass_time(600)
        cluster.reconcile()
        finish(cluster, backups(cluster)[-1], phase="Completed" if number == 5 else "Failed", verified=number == 5)
    cluster.reconcile()

    assert len(removals(cluster)) == 2
    assert "it has failed, and spec.backup.retention keeps the newest 3 such ones" in removals(cluster)[0]


def test_schedules_of_a_read_only_root_mount_create_nothing_and_say_so():
    cluster = World(
        resource(backup={"schedules": [EVERY_TEN_MINUTES]}, rootMount={"uri": "/mnt/ufs", "readOnly": True})
    )
    cluster.settle()
    cluster.pass_time(3600)
    cluster.reconcile()

    assert backups(cluster) == []
    healthy = cluster.condition("BackupHealthy")
    assert (healthy["status"], healthy["reason"]) == ("False", "RootMountReadOnly")
    assert "spec.rootMount.readOnly" in healthy["message"]


def test_a_cluster_asks_the_api_server_for_its_own_backups_only():
    cluster = world()
    asked: list[str] = []
    listed = cluster.kube.list

    def watched(path: str, label_selector: str = "", **how: Any) -> Iterator[Any]:
        if "alluxiobackups" in path:
            asked.append(label_selector)
        return listed(path, label_selector, **how)

    cluster.kube.list = watched  # type: ignore[method-assign]
    cluster.pass_time(600)
    cluster.reconcile()

    assert asked == ["alluxio-operator.io/cluster=small"]


def test_nothing_goes_while_the_newest_try_failed():
    cluster = world()
    ends = (("Completed", True), ("Completed", True), ("Failed", False))
    for number, (phase, verified) in enumerate(ends, start=1):
        cluster.pass_time(600)
        cluster.reconcile()
        assert len(backups(cluster)) == number
        finish(cluster, backups(cluster)[-1], phase=phase, verified=verified)
    cluster.edit_spec(backup={"schedules": [EVERY_TEN_MINUTES], "retention": {"last": 1}})
    cluster.reconcile()
    assert [ttl(cluster, name) for name in backups(cluster)] == [None, None, None]
    finish(cluster, backups(cluster)[-1])
    cluster.reconcile()
    assert [ttl(cluster, name) for name in backups(cluster)] == [60, 60, None]


def test_retention_touches_no_backup_that_a_user_made():
    cluster = world(retention={"last": 1})
    meta = {"name": "by-hand", "namespace": cluster.namespace, "labels": {}}
    cluster.kube.put(
        {
            "apiVersion": "alluxio-operator.io/v1alpha1",
            "kind": KIND,
            "metadata": meta,
            "spec": {"clusterRef": {"name": "small"}},
        }
    )
    finish(cluster, "by-hand")
    for _ in range(3):
        cluster.pass_time(600)
        cluster.reconcile()
        finish(cluster, backups(cluster)[-1])
    cluster.reconcile()
    assert ttl(cluster, "by-hand") is None


def test_the_recovery_point_is_watched():
    cluster = world(recoveryPointObjectiveMinutes=30)
    assert cluster.condition("BackupHealthy")["status"] == "True"
    cluster.pass_time(31 * 60)
    cluster.reconcile()
    healthy = cluster.condition("BackupHealthy")
    assert (healthy["status"], healthy["reason"]) == ("False", "RecoveryPointTooOld")
    assert "recoveryPointObjectiveMinutes (30)" in healthy["message"]
    assert "there is no verified backup, and the time counts from 20" in healthy["message"]
    assert cluster.condition("Ready")["status"] == "True"

    [name] = backups(cluster)
    finish(cluster, name)
    cluster.reconcile()
    assert cluster.condition("BackupHealthy")["status"] == "True"
    assert cluster.status["backups"]["verified"] == {
        "name": name,
        "taken": stamp(cluster.now),
        "entries": 40,
        "bytes": 2048,
        "restoreSeconds": 9,
    }


def test_the_newest_verified_backup_is_a_metric():
    cluster = world()
    cluster.pass_time(600)
    cluster.reconcile()
    labels = {"namespace": "data", "name": "small"}
    value = cluster.metrics.registry.get_sample_value
    assert value("alluxio_operator_backup_verified_timestamp_seconds", labels) is None
    finish(cluster, backups(cluster)[-1])
    cluster.reconcile()
    assert value("alluxio_operator_backup_verified_timestamp_seconds", labels) == cluster.now.timestamp()
    assert value("alluxio_operator_backup_verified_bytes", labels) == 2048
    assert value("alluxio_operator_backup_verified_restore_seconds", labels) == 9
    cluster.kube.remove(f"/apis/alluxio-operator.io/v1alpha1/namespaces/data/alluxioclusters/{cluster.name}")
    cluster.reconcile()
    assert value("alluxio_operator_backup_verified_timestamp_seconds", labels) is None


def test_a_failed_backup_is_named_until_the_next_one_succeeds():
    cluster = world()
    cluster.pass_time(600)
    cluster.reconcile()
    [name] = backups(cluster)
    finish(cluster, name, phase="Failed", verified=False)
    cluster.reconcile()
    healthy = cluster.condition("BackupHealthy")
    assert (healthy["status"], healthy["reason"]) == ("False", "LastFailed")
    assert name in healthy["message"]
    cluster.pass_time(600)
    cluster.reconcile()
    finish(cluster, backups(cluster)[-1])
    cluster.reconcile()
    assert cluster.condition("BackupHealthy")["status"] == "True"


def test_a_cluster_without_schedules_reads_no_backups():
    cluster = World()
    cluster.settle()
    cluster.kube.calls.clear()
    cluster.reconcile()
    assert not [path for _, path in cluster.kube.calls if "alluxiobackups" in path]


@pytest.mark.parametrize(
    ("backup", "field"),
    [
        ({"schedules": [{"name": "x", "schedule": "61 * * * *"}]}, "spec.backup.schedules[x].schedule"),
        ({"schedules": [EVERY_TEN_MINUTES], "timeZone": "Europe/Nowhere"}, "spec.backup.timeZone"),
    ],
)
def test_a_schedule_that_never_comes_is_refused_with_its_field(backup, field):
    cluster = World(resource(backup=backup))
    cluster.reconcile()
    assert field in cluster.condition("SpecValid")["message"]


def ttl(cluster: World, name: str) -> int | None:
    """Return the time to live of a backup."""
    return cluster.kube.object(KIND, cluster.namespace, name)["spec"].get("ttlSecondsAfterFinished")


def test_the_clock_of_these_tests_is_between_two_moments():
    assert NOW.minute % 10 == 4
    assert timedelta(minutes=6) + NOW >= NOW.replace(minute=10, second=0)


def finish_all(cluster: World, **how: object) -> None:
    """Let every backup end that hasn't."""
    for name in backups(cluster):
        if not cluster.kube.object(KIND, cluster.namespace, name).get("status", {}).get("finished"):
            finish(cluster, name, **how)  # type: ignore[arg-type]


def test_each_place_has_a_retention_of_its_own():
    offsite = {"name": "offsite", "schedule": "5 * * * *", "destination": {"s3": {"bucket": "lake"}}}
    cluster = world(schedules=[EVERY_TEN_MINUTES, offsite], retention={"hourly": 4})
    for _ in range(12 * 8):
        cluster.pass_time(300)
        cluster.reconcile()
        finish_all(cluster)
    cluster.reconcile()
    kept = {name for name in backups(cluster) if ttl(cluster, name) is None}
    assert len([name for name in kept if "-offsite-" in name]) == 4
    assert len([name for name in kept if "-often-" in name]) == 4


def test_downtime_ages_no_backup():
    cluster = world(retention={"withinDays": 7})
    for _ in range(4):
        cluster.pass_time(600)
        cluster.reconcile()
        finish_all(cluster)
    cluster.pass_time(10 * 86400)
    cluster.start_operator()
    cluster.reconcile()
    assert {ttl(cluster, name) for name in backups(cluster)} == {None}


def test_a_schedule_that_stands_still_behind_a_backup_is_reported():
    cluster = world()
    cluster.pass_time(360)
    cluster.reconcile()
    finish_all(cluster)
    cluster.pass_time(600)
    cluster.reconcile()
    for _ in range(2):
        cluster.pass_time(86400)
        cluster.reconcile()
    healthy = cluster.condition("BackupHealthy")
    assert (healthy["status"], healthy["reason"]) == ("False", "BackupStuck")
    assert backups(cluster)[-1] in healthy["message"]


def test_a_backup_that_does_not_end_is_reported_before_its_schedule_comes_again():
    cluster = world(schedules=[{"name": "weekly", "schedule": "10 3 * * *"}])
    cluster.pass_time(360)
    cluster.reconcile()
    [name] = backups(cluster)
    assert cluster.condition("BackupHealthy")["reason"] != "BackupStuck"
    cluster.pass_time(6 * 3600)
    cluster.reconcile()
    healthy = cluster.condition("BackupHealthy")
    assert (healthy["status"], healthy["reason"]) == ("False", "BackupStuck")
    assert name in healthy["message"]


@pytest.mark.parametrize("ended", [False, True])
def test_a_backup_that_a_drill_reads_is_removed_only_after_the_drill(ended: bool):
    cluster = world(retention={"last": 1})
    cluster.pass_time(360)
    cluster.reconcile()
    finish_all(cluster)
    [first] = backups(cluster)
    state = {"phase": "Reading", "backup": first, **({"finished": stamp(cluster.now)} if ended else {})}
    cluster.kube.put({**drill("rehearsal"), "status": state})
    cluster.pass_time(600)
    cluster.reconcile()
    finish_all(cluster)
    cluster.reconcile()
    assert ttl(cluster, first) == (60 if ended else None)


def test_a_backup_of_the_future_hides_no_failure():
    cluster = world(recoveryPointObjectiveMinutes=30)
    cluster.pass_time(360)
    cluster.reconcile()
    cluster.pass_time(400 * 86400)
    finish_all(cluster)
    cluster.pass_time(-400 * 86400)
    cluster.pass_time(86400)
    cluster.reconcile()
    healthy = cluster.condition("BackupHealthy")
    assert (healthy["status"], healthy["reason"]) == ("False", "TakenInTheFuture")


def test_a_backup_that_is_being_removed_is_no_recovery_point():
    cluster = world(recoveryPointObjectiveMinutes=30)
    cluster.pass_time(360)
    cluster.reconcile()
    finish_all(cluster)
    cluster.kube.edit(KIND, cluster.namespace, backups(cluster)[0], lambda one: one["status"].update(removing=True))
    cluster.reconcile()
    assert "verified" not in cluster.status["backups"]
