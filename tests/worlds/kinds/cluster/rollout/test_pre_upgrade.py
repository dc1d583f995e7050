"""Before the first master of another version starts, an AlluxioBackup is complete, and no worker is missing."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from tests.support.builders import UID, container_status, resource
from tests.support.crashes import outcome, run, stopped_at_each
from tests.support.three_masters import Three, deleted, outdated
from tests.support.world import address

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.alluxiobackup import KIND, PURPOSE_LABEL
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.rollout.backup_place import Unusable, destination_of
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import ATTEMPTS
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]


class Versions(Three):
    """A world whose masters say the version of their image; `pace`: seconds of a turn.

    `ends` is the status with which an AlluxioBackup ends in the next turn; None while it runs.
    """

    lost_worker = False
    verifies = False
    pace = 0.0
    ends: Json | None = None
    says: Json | None = None
    """Status of the AlluxioBackups that run."""

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        super().turn(job=job, pods=pods, serves=serves)
        self.pass_time(self.pace)
        leader = self.pod_of("master")
        if isinstance(self.alluxio.master, MasterInfo) and leader:
            # Pods of this world have no containers: what they were made for says their version.
            self.alluxio.master = replace(self.alluxio.master, version=self.version_of(leader))
        if self.lost_worker and self.pod_of("worker"):
            self.kube.edit("Pod", self.namespace, f"{self.name}-worker-0", unready)
        for name in self.backups():
            if not self.backup(name).get("status", {}).get("finished"):
                self._go_on(name)

    def _go_on(self, name: str) -> None:
        status = {"clusterUid": UID, "started": stamp(self.now), **(self.says or {})}
        if self.ends is not None:
            status |= {"finished": stamp(self.now), **self.ends}
        self.kube.edit(KIND, self.namespace, name, lambda one: one.update(status=status))

    def backups(self) -> list[str]:
        """Return the names of the AlluxioBackups."""
        return list(self.kube.of_kind(KIND))

    def backup(self, name: str) -> Json:
        """Return an AlluxioBackup."""
        return self.kube.object(KIND, self.namespace, name)

    def delete_backup(self, name: str) -> None:
        """Let a user delete an AlluxioBackup."""
        self.kube.remove(KINDS[KIND].path(self.namespace, name))

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


VERIFIED: Json = {"phase": "Completed", "verified": True}
FAILED: Json = {"phase": "Failed", "summary": "Read-only file system"}


def unready(pod: Json) -> None:
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


@cache
def _settled() -> Versions:
    world = Versions(resource(masters={"replicas": 3}, version="2.9.3"))
    world.settle()
    assert world.status["masters"]["version"] == "2.9.3"
    return world


def settled(made: type[Versions] = Versions) -> Versions:
    world = made(resource(masters={"replicas": 3}, version="2.9.3"))
    world.kube = deepcopy(_settled().kube)
    world.first = _settled().first
    world.start_operator()
    world.turn()
    world.kube.writes.clear()
    return world


def test_the_backup_is_there_before_the_first_master_goes():
    world = settled()
    world.upgrade()
    world.goes_on()

    [name] = world.backups()
    made = world.backup(name)
    assert made["spec"] == {"clusterRef": {"name": "small"}, "destination": {}, "verify": "Restore"}
    assert made["metadata"]["labels"][PURPOSE_LABEL] == "upgrade"
    assert "ownerReferences" not in made["metadata"]
    assert not deleted(world)
    condition = world.condition("UpToDate")
    assert condition["reason"] == "BackingUp"
    assert name in condition["message"]
    assert not world.alluxio.backups, "the AlluxioBackup asks the leader, and the cluster doesn't"

    world.ends = VERIFIED
    world.settle(40)

    assert not outdated(world)
    assert world.backups() == [name]
    kept = world.status["upgradeBackup"]
    assert (kept["from"], kept["to"], kept["state"], kept["name"]) == ("2.9.3", "2.9.4", "Completed", name)


def test_it_is_on_record_before_it_exists():
    world = settled()
    world.upgrade()
    seen = []

    def watch(verb: str, path: str) -> None:
        if verb == "create" and "alluxiobackups" in path:
            seen.append((world.status["upgradeBackup"]["state"], world.status["upgradeBackup"]["name"]))

    world.kube.before_call = watch
    world.goes_on(3)

    assert seen == [("Requested", world.backups()[0])]


def test_a_change_of_anything_else_takes_no_backup():
    world = settled()
    world.edit_spec(version="2.9.3", properties={"alluxio.user.metrics.collection.enabled": "true"})
    world.settle(40)

    assert deleted(world)
    assert not world.backups()


def test_whoever_does_without_says_so():
    world = settled()
    world.upgrade(upgrade={"backup": "Never"})
    world.settle(40)

    assert not world.backups()
    assert not outdated(world)


def test_the_spec_says_where_it_goes_and_how_it_is_verified():
    world = settled()
    world.upgrade(upgrade={"backupDestination": {"volume": {"claimName": "backups"}}, "backupVerify": "Check"})
    world.ends = {"phase": "Completed"}
    world.settle(40)

    [name] = world.backups()
    assert world.backup(name)["spec"]["destination"] == {"volume": {"claimName": "backups"}}
    assert world.backup(name)["spec"]["verify"] == "Check"
    assert not outdated(world)


def test_one_that_was_not_restored_is_not_relied_on():
    world = settled()
    world.ends = {"phase": "Completed", "verified": False}
    world.upgrade()
    world.goes_on()

    assert not deleted(world)
    assert world.condition("UpToDate")["reason"] == "BackupFailed"


def test_a_backup_that_fails_holds_the_upgrade_and_says_what_to_do():
    world = settled()
    world.ends = FAILED
    world.upgrade()
    world.goes_on()

    [first] = world.backups()
    said = world.condition("UpToDate")
    assert (said["status"], said["reason"]) == ("False", "BackupFailed")
    for words in ("Read-only file system", first, "spec.upgrade.backupDestination", "Never", "retryAt"):
        assert words in said["message"]
    assert world.phase == "Degraded"
    assert world.condition("MastersServing")["status"] == "True"
    assert not deleted(world)

    world.ends = VERIFIED
    world.pass_time(290)
    world.goes_on(1)
    assert world.backups() == [first]
    world.pass_time(11)
    world.settle(40)
    assert not outdated(world)
    assert len(world.backups()) == 2
    assert world.status["upgradeBackup"]["attempts"] == 2


def test_after_three_failures_the_user_decides():
    world = settled()
    world.ends = FAILED
    world.upgrade()
    for _ in range(30):
        world.goes_on(3)
        world.pass_time(600)

    assert len(world.backups()) == ATTEMPTS
    assert not deleted(world)
    said = world.condition("UpToDate")["message"]
    assert "given up after 3 attempts" in said

    world.ends = VERIFIED
    world.delete_backup(world.status["upgradeBackup"]["name"])
    world.settle(40)
    assert not outdated(world)


def test_another_destination_is_another_backup():
    world = settled()
    world.ends = FAILED
    world.upgrade()
    world.goes_on(4)
    [first] = world.backups()

    world.ends = VERIFIED
    world.upgrade(upgrade={"backupDestination": {"volume": {"claimName": "backups"}}})
    world.settle(40)

    assert not outdated(world)
    assert len(world.backups()) == 2
    assert world.status["upgradeBackup"]["name"] != first


@pytest.mark.parametrize("states", [None, VERIFIED], ids=["running", "complete"])
def test_one_that_a_user_deletes_is_taken_again_and_not_in_a_loop(states: Json | None):
    world = settled()
    world.ends = states
    world.upgrade(upgrade={"strategy": "RollingUpdate"})
    world.reconcile()
    [first] = world.backups()
    world.delete_backup(first)
    world.goes_on(5)
    assert not world.backups()
    assert "deleted" in world.condition("UpToDate")["message"]
    assert not deleted(world)

    world.ends = VERIFIED
    world.pass_time(61)
    world.settle(40)
    assert len(world.backups()) == 1
    assert first not in world.backups()
    assert not outdated(world)


def test_no_master_goes_once_the_files_of_the_backup_are_being_removed():
    world = settled()
    world.ends = {**VERIFIED, "removing": True}
    world.upgrade()
    world.goes_on()

    assert not deleted(world)


def test_a_refused_backup_is_tried_again_and_the_refusal_is_reported():
    world = settled()
    world.upgrade()
    world.ends = VERIFIED

    def refuse(verb: str, path: str) -> None:
        if verb == "create" and "alluxiobackups" in path:
            raise Refused(f"POST {path}", 403, "exceeded quota: backups")

    world.kube.before_call = refuse
    world.goes_on(4)

    said = world.condition("UpToDate")
    assert said["reason"] == "BackupFailed"
    assert "exceeded quota" in said["message"]
    assert not deleted(world)

    world.kube.before_call = lambda verb, path: None
    world.pass_time(31)
    world.settle(40)
    assert not outdated(world)


def test_a_backup_of_another_client_with_this_name_is_not_relied_on():
    world = settled()
    world.ends = VERIFIED
    world.upgrade()
    world.reconcile()
    [name] = world.backups()
    world.kube.edit(KIND, world.namespace, name, lambda one: one["metadata"].update(labels={}))
    world.goes_on(4)

    assert not deleted(world)
    assert "another client" in world.condition("UpToDate")["message"]


def test_a_long_backup_is_looked_at_less_often_and_reported_after_an_hour():
    world = settled()
    world.says = {"summary": "no node has room for the Job"}
    world.upgrade()
    assert world.reconcile().requeue_after == 1
    world.turn()
    world.pass_time(300)
    assert world.reconcile().requeue_after == 10
    world.pass_time(3301)
    assert world.reconcile().requeue_after == 15
    said = world.condition("UpToDate")
    assert said["reason"] == "BackupOverdue"
    for words in ("no node has room for the Job", "spec.upgrade.backupVerify", "delete AlluxioBackup"):
        assert words in said["message"]
    assert not deleted(world)


def test_no_master_goes_while_a_worker_is_missing():
    world = settled()
    world.ends = VERIFIED
    world.lost_worker = True
    world.turn()
    world.upgrade()
    world.goes_on()

    assert deleted(world) == [], "a worker that runs may hold the only copy of data"
    assert world.condition("UpToDate")["reason"] == "HeldForWorkers"
    assert not world.backups()

    world.lost_worker = False
    world.settle(40)
    assert not outdated(world)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_of_an_upgrade_it_ends_the_same(after: bool):
    def upgrading() -> Versions:
        world = settled()
        world.ends = VERIFIED
        world.upgrade()
        world.pace = 30.0
        return world

    expected = upgrading()
    assert not run(expected, 60)

    for world, where in stopped_at_each(upgrading, expected.kube.writes, 60, after=after):
        assert len(world.backups()) == 1, where
        assert world.status["upgradeBackup"]["name"] == world.backups()[0], where
        found, wanted = (_without_times(outcome(one)) for one in (world, expected))
        assert found == wanted, where
        assert deleted(world) == deleted(expected), f"{where}: no pod is replaced twice"


def _without_times(found: tuple[Json, Json]) -> tuple[Json, Json]:
    """Return an outcome without the times of the backup, which are a part of its name."""
    objects, status = found
    for field in ("name", "since", "requested"):
        status["upgradeBackup"].pop(field)
    backups = [path for path, one in objects.items() if one["kind"] == KIND]
    for path in backups:
        one = objects.pop(path)
        objects["the backup"] = {**one, "metadata": {**one["metadata"], "name": ""}}
    return objects, status


@pytest.mark.parametrize(
    ("over", "place"),
    [
        ({}, {}),
        ({"upgrade": {"backupDirectory": "/mnt/ufs/elsewhere/deep"}}, {"rootMount": {"folder": "elsewhere/deep"}}),
        ({"upgrade": {"backupDirectory": "/mnt/ufs"}}, {}),
        (
            {"rootMount": {"uri": "s3://lake/warehouse/"}, "upgrade": {"backupDirectory": "/warehouse/b"}},
            {"rootMount": {"folder": "b"}},
        ),
        ({"rootMount": {"uri": "s3://lake"}, "upgrade": {"backupDirectory": "/b"}}, {"rootMount": {"folder": "b"}}),
        ({"upgrade": {"backupDirectory": "/elsewhere"}}, None),
        ({"upgrade": {"backupDirectory": "/mnt/ufs/../etc"}}, None),
        ({"upgrade": {"backupDirectory": "/mnt/ufs/a~b"}}, None),
        ({"upgrade": {"backupDestination": {"volume": {"claimName": "b"}}}}, {"volume": {"claimName": "b"}}),
    ],
)
def test_where_it_goes(over: Json, place: Json | None):
    found = destination_of(ClusterSpec.model_validate(resource(**over)["spec"]))
    if place is None:
        assert isinstance(found, Unusable)
        assert "spec.upgrade.backupDestination" in found.message
    else:
        assert not isinstance(found, Unusable)
        assert found.model_dump(by_alias=True, exclude_none=True) == place


def test_a_directory_that_can_not_be_read_back_holds_an_upgrade_and_nothing_else():
    world = settled()
    elsewhere = {"backupDirectory": "/elsewhere"}
    world.edit_spec(version="2.9.3", upgrade=elsewhere)
    world.settle(40)
    assert world.condition("SpecValid")["status"] == "True"
    assert "/elsewhere" in world.condition("SpecValid")["message"]

    world.upgrade(upgrade=elsewhere)
    world.goes_on()
    said = world.condition("UpToDate")
    assert said["reason"] == "BackupFailed"
    assert 'spec.upgrade.backupDirectory "/elsewhere"' in said["message"]
    assert not deleted(world)
    assert not world.backups()


# --- a backup that is no longer needed ------------------------------------------------------------------------------


def with_record(world: Versions, state: str) -> Versions:
    """Return a world with the record of an earlier version of the operator, which asked the leader itself."""
    record = {"from": "2.9.3", "to": "2.9.4", "state": state, "since": stamp(world.now), "id": "1", "attempts": 2}

    def put(obj: Json) -> None:
        obj["status"]["upgradeBackup"] = record

    world.kube.edit("AlluxioCluster", world.namespace, world.name, put)
    return world


@pytest.mark.parametrize("state", ["Requested", "Running", "Failed", "Completed"])
def test_an_operator_that_is_upgraded_amid_a_backup_takes_it_again(state: str):
    world = with_record(settled(), state)
    world.upgrade()
    world.goes_on(4)
    [name] = world.backups()
    assert world.status["upgradeBackup"]["name"] == name
    assert not deleted(world)

    world.ends = VERIFIED
    world.settle(40)
    assert not outdated(world)


@pytest.mark.parametrize("state", ["Requested", "Running", "Failed"])
@pytest.mark.parametrize("over", [{"version": "2.9.3"}, {"version": "2.9.4", "upgrade": {"backup": "Never"}}])
def test_the_record_of_a_backup_that_is_no_longer_needed_goes_and_test_writes_go_on(state: str, over: Json):
    world = with_record(settled(), state)
    world.edit_spec(**over)
    world.goes_on(30)
    assert "upgradeBackup" not in world.status
    before = len(world.alluxio.test_writes)

    world.pass_time(3601)
    world.goes_on(3)

    assert len(world.alluxio.test_writes) == before + 1
    assert not world.backups()


def test_the_backup_of_a_reverted_upgrade_stays_and_holds_nothing_up():
    world = settled()
    world.upgrade()
    world.goes_on(3)
    [name] = world.backups()
    world.edit_spec(version="2.9.3", properties={"alluxio.user.metrics.collection.enabled": "true"})
    world.settle(40)

    assert world.backups() == [name]
    assert "upgradeBackup" not in world.status
    assert not outdated(world)


def test_a_completed_backup_stays_on_record():
    world = with_record(settled(), "Completed")
    world.goes_on(3)

    assert world.status["upgradeBackup"]["state"] == "Completed"


def test_no_record_goes_while_no_master_says_its_version():
    world = with_record(settled(), "Running")
    world.alluxio.master = NoAnswer("connection refused")

    world.reconcile()

    assert world.status["upgradeBackup"]["state"] == "Running"


@pytest.mark.parametrize(("written", "writes"), [(False, 0), (True, 1)])
def test_no_test_write_queues_behind_a_backup_that_is_being_written(written: bool, writes: int):
    world = settled()
    world.says = {"phase": "Verifying", "run": {"state": "Completed" if written else "Running"}}
    world.upgrade()
    world.goes_on(3)
    before = len(world.alluxio.test_writes)

    world.pass_time(3601)
    world.goes_on(3)

    assert len(world.alluxio.test_writes) == before + writes
    assert world.status["upgradeBackup"]["state"] == "Running"


def test_test_writes_go_on_beside_a_step_that_has_stopped():
    world = settled()
    world.ends = VERIFIED
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


def crash_loop(pod: Json) -> None:
    pod["status"]["phase"] = "Running"
    since = "2029-01-02T03:04:05Z"
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": since}]
    waits, last = {"reason": "CrashLoopBackOff", "message": "back-off"}, {"exitCode": 1, "reason": "Error"}
    pod["status"]["containerStatuses"] = [container_status("master", waiting=waits, last=last)]


class WithFailingStandby(Versions):
    """The last of the masters crashes, and its pod may go."""

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        super().turn(job=job, pods=pods, serves=serves)
        name = f"{self.name}-master-2"
        if name in self.kube.of_kind("Pod") and name not in deleted(self):
            self.kube.edit("Pod", self.namespace, name, crash_loop)
            self.alluxio.answers[address(2)] = NoAnswer("connection refused")


def with_failing_standby() -> Versions:
    world = settled(WithFailingStandby)
    world.turn()
    return world


@pytest.mark.parametrize("asked", [True, False], ids=["backup requested", "nothing requested yet"])
def test_a_leader_that_does_not_answer_brings_no_master_to_another_version(asked: bool):
    world = with_failing_standby()
    world.upgrade()
    if asked:
        world.goes_on(4)
        assert world.backups()
    answer = world.alluxio.master
    world.alluxio.master = NoAnswer("no answer in time", leads=True)
    for _ in range(5):
        world.reconcile()
        world.pass_time(40)

    assert deleted(world) == []
    assert world.condition("UpToDate")["reason"] == "BackingUp"
    assert world.status["masters"]["version"] == "2.9.3"

    world.alluxio.master = answer
    world.ends = VERIFIED
    world.settle(60)

    assert not outdated(world)
    assert len(world.backups()) == 1


def test_without_an_answer_the_way_back_needs_no_other_backup():
    world = with_failing_standby()
    world.upgrade()
    world.ends = VERIFIED
    world.goes_on(4)
    assert world.status["upgradeBackup"]["state"] == "Completed"
    world.alluxio.master = NoAnswer("no answer in time")
    [name] = world.backups()
    ran: Json = {"version": "2.9.4"}
    world.kube.edit("AlluxioCluster", world.namespace, world.name, lambda one: one["status"]["masters"].update(ran))
    world.edit_spec(version="2.9.3")
    world.reconcile()

    assert world.backups() == [name]
    assert world.condition("UpToDate")["reason"] != "BackingUp"


def test_once_a_master_has_changed_no_other_backup_is_taken():
    world = settled()
    world.ends = VERIFIED
    world.upgrade(upgrade={"stepTimeoutSeconds": 86400})
    for _ in range(20):
        world.reconcile()
        if deleted(world):
            break
        world.turn()
    assert deleted(world) == ["small-master-2"]
    [name] = world.backups()
    world.turn()
    world.pass_time(7200)
    world.settle(60)

    assert not outdated(world)
    assert world.backups() == [name]


def test_an_upgrade_that_has_not_begun_takes_another_backup_after_an_hour():
    world = settled()
    world.upgrade()
    world.goes_on(3)
    [first] = world.backups()
    world.lost_worker, world.ends = True, VERIFIED
    world.turn()
    world.goes_on(3)
    assert not deleted(world)
    world.pass_time(7200)
    world.lost_worker = False
    world.kube.edit("Pod", world.namespace, f"{world.name}-worker-0", ready)
    world.settle(60)

    assert not outdated(world)
    assert len(world.backups()) == 2
    assert world.status["upgradeBackup"]["name"] != first


def ready(pod: Json) -> None:
    pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
