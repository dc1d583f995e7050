"""Faults around the masters of a restore in place: nodes, volumes and a UFS that fail, and bounds for all of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import builders
from tests.support.backup import backup
from tests.support.crashes import is_ready
from tests.support.inplace import BEFORE, SOURCE, InPlaceWorld
from tests.support.restore import IN_VOLUME

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
GATE = "RestoredInPlace"
PVC = "PersistentVolumeClaim"
CLAIM = "journal-small-master-0"
S3: Json = {"uri": "s3://bucket/alluxio", "volume": None, "s3": {"region": "eu-central-1"}}


def in_s3() -> Json:
    return {**backup(), "status": builders.merged(SOURCE, {"file": {"location": "s3://bucket/alluxio/a.gz"}})}


def go_on(world: InPlaceWorld, rounds: int, seconds: float, *states: str) -> None:
    for _ in range(rounds):
        world.reconcile()
        if world.state in states:
            return
        world.turn()
        world.pass_time(seconds)


def replicas(world: InPlaceWorld) -> int:
    return int(world.kube.object("StatefulSet", "data", "small-master")["spec"]["replicas"])


class DeadNode(InPlaceWorld):
    """The Jobs of the third journal can't run: its node, which has the volume, is dead."""

    dead = False

    def _run_job(self, name: str, complete: bool) -> None:
        if not self.dead or not name.endswith("-2") or "journal-i" not in name:
            super()._run_job(name, complete)
            return
        pod = builders.pod("journal", f"{name}-x1", phase="Pending", containers=[])
        lost = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "node lost"}
        pod["status"]["conditions"] = [lost]
        self.kube.put(pod)


class Crashing(InPlaceWorld):
    """No master ever leads in the restore, such as with a key that the UFS refuses."""

    def _run_masters(self, *, serves: bool) -> None:
        if self.state != "Restoring":
            super()._run_masters(serves=serves)
            return
        self._leader = None
        self.alluxio.answers, self.alluxio.master = {}, NoAnswer("connection refused")


# --- a volume that is being deleted -----------------------------------------------------------------------------------


def bound(**how: Any) -> InPlaceWorld:
    world = InPlaceWorld(**how)

    def bind(claim: Json) -> None:
        claim["spec"]["volumeName"] = "pv-1"
        claim["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}

    world.kube.edit(PVC, "data", CLAIM, bind)
    go_on(world, 3, 5)
    return world


def delete_claim(world: InPlaceWorld) -> None:
    leaving = {"deletionTimestamp": "2030-01-02T03:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]}
    world.kube.edit(PVC, "data", CLAIM, lambda claim: claim["metadata"].update(leaving))


@pytest.mark.parametrize("serves", [True, False])
def test_no_master_stops_while_a_journals_volume_is_being_deleted(serves: bool):
    world = bound()
    delete_claim(world)
    world.turn(serves=serves)
    world.confirm()
    for _ in range(60):
        world.reconcile()
        world.turn(serves=serves)
        world.pass_time(5)

    assert (world.state, replicas(world)) == ("Checking", 1)
    assert world.condition(GATE)["reason"] == "WaitingForOperation"


def test_masters_that_are_about_to_stop_run_on_if_a_volume_is_being_deleted():
    world = bound()
    world.confirm()
    world.until("Stopping")
    delete_claim(world)
    world.reconcile()
    assert replicas(world) == 1
    go_on(world, 10, 5)

    assert (world.state, replicas(world)) == ("WentBack", 1)


@pytest.mark.parametrize("state", ["Opening", "GoingBack"])
def test_a_later_stop_waits_for_a_volume_that_is_being_deleted(state: str):
    world = bound()
    world.deaths = 5 if state == "GoingBack" else 0
    world.confirm()
    for _ in range(100):
        delete_claim(world) if world.state == "Restoring" and world.record["restore"]["attempt"] == 1 else None
        world.reconcile()
        assert world.state != "Restoring" or replicas(world) == 1
        world.turn()
        world.pass_time(5)
        if world.state in (state, "Restoring") and world.record["restore"]["state"] in ("Emptying", "Restored"):
            break
    go_on(world, 5, 5)

    assert replicas(world) == 1
    assert PVC in {one["kind"] for one in world.kube.objects.values() if one["metadata"]["name"] == CLAIM}


# --- a node that is lost ----------------------------------------------------------------------------------------------


def test_a_majority_of_the_journals_suffices_to_go_back():
    world = DeadNode(masters=3)
    world.confirm()
    world.until("Stopping")
    world.dead = True
    go_on(world, 200, 60, "WentBack")

    assert world.state == "WentBack"
    assert set(world.journals.values()) == {BEFORE}


def test_journals_that_cannot_be_emptied_get_their_names_back():
    world = DeadNode(masters=3)
    world.deaths = 2
    world.confirm()
    world.until("Restoring")
    world.dead = True
    go_on(world, 300, 60, "WentBack")

    assert world.state == "WentBack"
    assert [world.journals[n] for n in range(2)] == [BEFORE, BEFORE]


def test_masters_stop_only_if_each_of_them_runs():
    world = InPlaceWorld(masters=3)
    world.confirm()
    for _ in range(60):
        world.turn()
        world.alluxio.answers.pop("10.0.0.9", None)
        down = {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": []}
        world.kube.edit("Pod", "data", "small-master-2", lambda pod, down=down: pod["status"].update(down))
        world.reconcile()
        world.pass_time(5)

    assert world.state == "Checking"
    assert world.condition(GATE)["reason"] == "MemberDown"
    assert "small-master-2" in world.condition(GATE)["message"]


def test_a_worker_on_a_lost_node_does_not_keep_the_masters_stopped():
    world = InPlaceWorld(source=in_s3(), rootMount=S3)
    world.confirm()
    world.until("Opening")
    ended = {"deletionTimestamp": "2030-01-02T03:05:00Z"}
    world.kube.edit("Pod", "data", "small-worker-0", lambda pod: pod["metadata"].update(ended))
    keep = world.kube.object("Pod", "data", "small-worker-0")
    for _ in range(30):
        world.reconcile()
        world.turn()
        world.kube.put(keep)
        world.pass_time(60)

    assert world.state == "Restored"


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_masters_that_never_restore_go_back():
    world = Crashing()
    world.confirm()
    world.until("Restoring")
    go_on(world, 300, 60, "WentBack")

    assert world.state == "WentBack"
    assert "within 2:00:00" in world.record["message"]


def test_a_restore_that_never_ends_is_taken_back_with_its_field():
    world = Crashing()
    world.confirm()
    world.until("Restoring")
    world.edit_spec(**world.over)
    world.until("WentBack", rounds=20)
    world.settle()

    assert is_ready(world)


def test_a_backup_that_is_removed_meanwhile_ends_in_the_names_of_before():
    world = Crashing(source=in_s3(), rootMount=S3)
    world.confirm()
    world.until("Restoring")
    world.kube.remove(KINDS["AlluxioBackup"].path("data", "nightly"))
    go_on(world, 300, 60, "WentBack")

    assert world.state == "WentBack"


def test_jobs_whose_pods_are_refused_leave_the_masters_down_for_a_while_only():
    class Refused(InPlaceWorld):
        def _run_job(self, name: str, complete: bool) -> None:
            if not name.endswith("a") or "journal-i" not in name:
                super()._run_job(name, complete)

    world = Refused()
    world.confirm()
    go_on(world, 200, 60, "WentBack")

    assert world.state == "WentBack"


@pytest.mark.parametrize("removed", [True, False])
def test_masters_that_do_not_stop_serve_again(removed: bool):
    class Stuck(InPlaceWorld):
        """A master on a dead node terminates for ever."""

        def turn(self, **how: Any) -> None:
            keep = self.kube.objects.get(KINDS["Pod"].path("data", "small-master-0"))
            super().turn(**how)
            if self.state == "Stopping" and keep and keep not in self.kube.objects.values():
                self.kube.put(keep)

    world = Stuck()
    world.confirm()
    world.until("Stopping")
    if removed:
        world.edit_spec(**world.over)
    go_on(world, 60, 60, "WentBack")

    assert (world.state, replicas(world)) == ("WentBack", 1)


def test_finished_jobs_that_are_gone_run_no_second_time():
    world = InPlaceWorld()
    world.confirm()
    world.until("SettingAside")
    world.ufs = UfsHealth("no answer in time")
    go_on(world, 6, 5)
    assert world.record["done"] == [0]
    for name in [one for one in world.kube.of_kind("Job") if "journal-i" in one]:
        world.kube.remove(KINDS["Job"].path("data", name))
    world.copy_fails = "NoSpace: the copy of the first run takes the room"
    world.start_operator()
    go_on(world, 30, 60)
    assert world.state == "SettingAside"

    world.ufs = UfsHealth()
    world.until("Restored")


def test_stopped_masters_wait_an_hour_for_the_ufs():
    world = InPlaceWorld()
    world.confirm()
    world.until("SettingAside")
    world.ufs = UfsHealth("no answer in time")
    go_on(world, 200, 60, "WentBack")

    assert world.state == "WentBack"


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_the_names_are_compared_only_with_a_ufs_that_answers():
    world = InPlaceWorld(source=in_s3(), rootMount=S3)
    world.confirm()
    world.until("Syncing")
    world.ufs = UfsHealth("the bucket doesn't exist")
    go_on(world, 20, 5)
    assert (world.state, world.condition(GATE)["reason"]) == ("Syncing", "UfsUnreachable")
    assert not world.alluxio.marked

    world.ufs = UfsHealth()
    world.until("Restored")
    assert world.alluxio.marked


@pytest.mark.parametrize("point", ["Syncing", "Returning"])
def test_journals_that_are_lost_late_can_be_restored_again(point: str):
    world = InPlaceWorld()
    world.deaths = 5 if point == "Returning" else 0
    world.confirm()
    world.until(point, rounds=150)
    world.alluxio.marks = NoAnswer("x")
    world.turn()
    world.turn()
    world.lose_journals()
    world.kube.put({**backup("older", uid="u2", **IN_VOLUME), "status": SOURCE})
    world.edit_spec(**world.over, restoreInPlace={"backupName": "older"})
    go_on(world, 20, 60)
    assert (world.state, world.record["backup"]) == ("AwaitingConfirmation", "older")

    world.alluxio.marks = ""
    given = {"backupName": "older", "confirmation": world.record["confirmation"]}
    world.edit_spec(**world.over, restoreInPlace=given)
    world.until("Restored", rounds=60)
