"""Before the first master of another version starts, the journal is backed up, and no worker is missing."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.crashes import outcome, run, stopped_at_each
from tests.support.three_masters import Three, deleted, outdated
from tests.support.world import address

from alluxio_operator.alluxio.answers import BackupStatus, MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import directory

Json = dict[str, Any]


class Versions(Three):
    """A world whose masters say the version of their image; `pace`: seconds of a turn."""

    lost_worker = False
    pace = 0.0

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        super().turn(job=job, pods=pods, serves=serves)
        self.pass_time(self.pace)
        leader = self.pod_of("master")
        if isinstance(self.alluxio.master, MasterInfo) and leader:
            # Pods of this world have no containers: what they were made for says their version.
            self.alluxio.master = replace(self.alluxio.master, version=self.version_of(leader))
        if self.lost_worker and self.pod_of("worker"):
            self.kube.edit("Pod", self.namespace, f"{self.name}-worker-0", unready)

    def version_of(self, pod: Json) -> str:
        hashes = pod["metadata"]["annotations"]["alluxio-operator.io/config-hash"]
        if not hasattr(self, "first"):
            self.first = hashes
        return "2.9.3" if hashes == self.first else "2.9.4"

    def goes_on(self, rounds: int = 12) -> None:
        for _ in range(rounds):
            self.reconcile()
            self.turn()

    def upgrade(self, **over: Any) -> None:
        self.edit_spec(version="2.9.4", **over)


def unready(pod: Json) -> None:
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


@cache
def _settled() -> Versions:
    world = Versions(resource(masters={"replicas": 3}, version="2.9.3"))
    world.settle()
    assert world.status["masters"]["version"] == "2.9.3"
    return world


def settled() -> Versions:
    world = Versions(resource(masters={"replicas": 3}, version="2.9.3"))
    world.kube = deepcopy(_settled().kube)
    world.first = _settled().first
    world.start_operator()
    world.turn()
    world.kube.writes.clear()
    return world


def test_the_backup_is_there_before_the_first_master_goes():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Running")
    world.upgrade()
    world.goes_on()

    assert world.alluxio.backups == [(address(0), 19998, "/mnt/ufs/.alluxio-backups")], "once, and the leader"
    assert not deleted(world)
    assert world.condition("UpToDate")["reason"] == "BackingUp"

    world.alluxio.backed_up = BackupStatus("Completed", "file:///mnt/ufs/.alluxio-backups/1.gz", 40)
    world.settle(40)

    assert not outdated(world)
    kept = world.status["upgradeBackup"]
    assert (kept["from"], kept["to"], kept["state"], kept["entries"]) == ("2.9.3", "2.9.4", "Completed", 40)
    assert kept["uri"] == "file:///mnt/ufs/.alluxio-backups/1.gz"


def test_it_is_on_record_before_it_begins():
    world = settled()
    world.upgrade()
    begin = world.alluxio.backup
    seen = []

    def watched(*arguments: Any) -> Any:
        seen.append(world.status["upgradeBackup"]["state"])
        return begin(*arguments)

    world.alluxio.backup = watched  # type: ignore[method-assign]
    world.settle(40)

    assert seen == ["Requested"]


def test_a_change_of_anything_else_takes_no_backup():
    world = settled()
    world.edit_spec(version="2.9.3", properties={"alluxio.user.metrics.collection.enabled": "true"})
    world.settle(40)

    assert deleted(world)
    assert not world.alluxio.backups


def test_whoever_does_without_says_so():
    world = settled()
    world.upgrade(upgrade={"backup": "Never"})
    world.settle(40)

    assert not world.alluxio.backups
    assert not outdated(world)


def test_a_backup_that_fails_holds_the_upgrade_and_says_what_to_do():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Failed", error="Read-only file system")
    world.upgrade()
    world.goes_on()

    said = world.condition("UpToDate")
    assert (said["status"], said["reason"]) == ("False", "BackupFailed")
    for words in ("Read-only file system", "spec.upgrade.backupDirectory", "Never"):
        assert words in said["message"]
    assert world.phase == "Degraded"
    assert world.condition("MastersServing")["status"] == "True"
    assert not deleted(world)
    assert len(world.alluxio.backups) == 1

    world.alluxio.backed_up = BackupStatus("Completed", "file:///mnt/ufs/.alluxio-backups/2.gz", 41)
    world.pass_time(180)
    world.goes_on(3)
    assert len(world.alluxio.backups) == 1, "the standby's journal is suspended for three minutes"
    world.pass_time(21)
    world.settle(40)
    assert not outdated(world)
    assert len(world.alluxio.backups) == 2


def test_a_leader_that_does_not_begin_is_asked_again():
    world = settled()
    world.alluxio.begins = NoAnswer("a backup is in progress")
    world.upgrade()
    world.goes_on(4)

    assert "a backup is in progress" in world.condition("UpToDate")["message"]
    assert not deleted(world)
    assert len(world.alluxio.backups) == 1, "the request reached the leader, so a standby may be suspended"
    assert world.reconcile().requeue_after == 200
    world.alluxio.begins = None
    world.pass_time(201)
    world.settle(40)
    assert not outdated(world)


def test_a_leader_whose_port_is_away_is_asked_less_and_less_often():
    world = settled()
    world.alluxio.begins = NoAnswer("connection refused", reached=False)
    world.upgrade()
    waits = []
    for _ in range(7):
        waits.append(world.reconcile().requeue_after)
        world.turn()
        assert world.reconcile().requeue_after == waits[-1], "another reconcile meanwhile doesn't ask"
        world.pass_time(waits[-1] or 0)

    assert waits == [5, 10, 20, 40, 60, 60, 60]
    assert len(world.alluxio.backups) == 7
    assert not deleted(world)


def test_a_backup_that_another_leader_does_not_know_is_made_again():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Unknown")
    world.upgrade()
    world.goes_on(6)
    assert len(world.alluxio.backups) == 1
    world.pass_time(5)
    world.goes_on(6)
    assert len(world.alluxio.backups) == 2
    assert not deleted(world)


def test_a_long_backup_is_looked_at_less_often():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Running")
    world.upgrade()
    assert world.reconcile().requeue_after == 1
    world.turn()
    world.pass_time(300)
    assert world.reconcile().requeue_after == 10
    world.pass_time(3000)
    assert world.reconcile().requeue_after == 15


LOCK = "alluxio.master.shell.backup.state.lock"


def test_the_leader_waits_briefly_for_its_lock_also_when_it_runs_an_older_spec():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Running")
    world.upgrade()
    world.goes_on(3)

    [(host, port, told)] = world.alluxio.told
    assert (host, port) == (address(0), 19998)
    assert told == {f"{LOCK}.grace.mode": "TIMEOUT", f"{LOCK}.try.duration": "5s", f"{LOCK}.timeout": "5s"}


def test_no_backup_begins_while_the_leader_may_still_wait_with_force():
    world = settled()
    world.alluxio.takes = NoAnswer("no answer in time")
    world.upgrade()
    world.goes_on(3)

    assert not world.alluxio.backups
    assert "no answer in time" in world.condition("UpToDate")["message"]
    assert not deleted(world)

    world.alluxio.takes = None
    world.pass_time(5)
    world.settle(40)
    assert not outdated(world)
    assert len(world.alluxio.backups) == 1


def test_while_nobody_says_how_it_stands_nothing_goes_on():
    world = settled()
    world.alluxio.backed_up = NoAnswer("no answer in time")
    world.upgrade()
    world.goes_on()

    assert len(world.alluxio.backups) == 1
    assert not deleted(world)


def test_one_that_is_old_is_not_relied_on():
    world = settled()
    world.upgrade()
    world.goes_on(3)
    assert world.status["upgradeBackup"]["state"] == "Completed"
    first = deleted(world)
    world.alluxio.backed_up = BackupStatus("Running")
    world.pass_time(3601)
    world.goes_on()

    assert len(world.alluxio.backups) == 2
    assert len(deleted(world)) <= len(first) + 1


def test_no_master_goes_while_a_worker_is_missing():
    world = settled()
    world.lost_worker = True
    world.turn()
    world.upgrade()
    world.goes_on()

    assert deleted(world) == [], "a worker that runs may hold the only copy of data"
    assert world.condition("UpToDate")["reason"] == "HeldForWorkers"
    assert not world.alluxio.backups

    world.lost_worker = False
    world.settle(40)
    assert not outdated(world)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_of_an_upgrade_it_ends_the_same(after: bool):
    def upgrading() -> Versions:
        world = settled()
        world.upgrade()
        # A recorded request that was never made is repeated after minutes.
        world.pace = 30.0
        return world

    expected = upgrading()
    assert not run(expected, 60)

    for world, where in stopped_at_each(upgrading, expected.kube.writes, 60, after=after):
        found, wanted = outcome(world), outcome(expected)
        for status in (found[1], wanted[1]):
            # One whose id was lost is made again: another file, and the same in the end.
            for field in ("id", "attempts", "since"):
                status["upgradeBackup"].pop(field)
        assert found == wanted, where
        assert deleted(world) == deleted(expected), f"{where}: no pod is replaced twice"
        assert world.alluxio.backups


@pytest.mark.parametrize(
    ("over", "place"),
    [
        ({}, "/mnt/ufs/.alluxio-backups"),
        ({"rootMount": {"uri": "s3://lake/warehouse/"}}, "/warehouse/.alluxio-backups"),
        ({"rootMount": {"uri": "s3://lake"}}, "/.alluxio-backups"),
        ({"rootMount": {"uri": "hdfs://name:9000/data"}}, "/data/.alluxio-backups"),
        ({"upgrade": {"backupDirectory": "/elsewhere"}}, "/elsewhere"),
    ],
)
def test_where_it_goes(over: Json, place: str):
    assert directory(ClusterSpec.model_validate(resource(**over)["spec"])) == place


# --- a backup that is no longer needed ------------------------------------------------------------------------------


def with_record(world: Versions, state: str) -> Versions:
    record = {"from": "2.9.3", "to": "2.9.4", "state": state, "since": stamp(world.now), "id": "1", "attempts": 2}

    def put(obj: Json) -> None:
        obj["status"]["upgradeBackup"] = record

    world.kube.edit("AlluxioCluster", world.namespace, world.name, put)
    return world


@pytest.mark.parametrize("state", ["Requested", "Running", "Failed"])
@pytest.mark.parametrize("over", [{"version": "2.9.3"}, {"version": "2.9.4", "upgrade": {"backup": "Never"}}])
def test_the_record_of_a_backup_that_is_no_longer_needed_goes_and_test_writes_go_on(state: str, over: Json):
    world = with_record(settled(), state)
    world.alluxio.backed_up = NoAnswer("no such backup")
    world.edit_spec(**over)
    world.goes_on(30)
    assert "upgradeBackup" not in world.status
    before = len(world.alluxio.test_writes)

    world.pass_time(3601)
    world.goes_on(3)

    assert len(world.alluxio.test_writes) == before + 1
    assert not world.alluxio.backups


def test_a_completed_backup_stays_on_record():
    world = with_record(settled(), "Completed")
    world.goes_on(3)

    assert world.status["upgradeBackup"]["state"] == "Completed"


def test_no_record_goes_while_no_master_says_its_version():
    world = with_record(settled(), "Running")
    world.alluxio.backed_up = NoAnswer("connection refused")
    world.alluxio.master = NoAnswer("connection refused")

    world.reconcile()

    assert world.status["upgradeBackup"]["state"] == "Running"


def test_a_backup_that_no_step_waits_for_is_followed_to_its_end():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Running")
    world.upgrade()
    world.goes_on(3)
    world.upgrade(upgrade={"strategy": "OnDelete"})
    world.goes_on(3)
    assert world.status["upgradeBackup"]["state"] == "Running"

    world.alluxio.backed_up = BackupStatus("Completed", "file:///b.gz", 40)
    world.goes_on(3)

    assert world.status["upgradeBackup"]["state"] == "Completed"


def test_no_test_write_queues_behind_a_backup():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Running")
    world.upgrade()
    world.goes_on(3)
    before = len(world.alluxio.test_writes)

    world.pass_time(3601)
    world.goes_on(3)

    assert len(world.alluxio.test_writes) == before
    assert world.condition("UpToDate")["reason"] == "BackingUp"


def test_test_writes_go_on_beside_a_step_that_has_stopped():
    world = settled()
    world.alluxio.backed_up = BackupStatus("Completed", "file:///b.gz", 40)
    world.upgrade(upgrade={"stepTimeoutSeconds": 60})
    world.reconcile()
    while not deleted(world):
        world.turn()
        world.reconcile()
    world.pass_time(3700)
    before = len(world.alluxio.test_writes)

    world.reconcile()
    world.reconcile()

    assert world.condition("UpToDate")["reason"] == "StepTimedOut"
    assert len(world.alluxio.test_writes) == before + 1
