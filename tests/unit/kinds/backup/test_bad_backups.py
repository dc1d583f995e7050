"""A backup that can't succeed ends, or at least gives its turn back to others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.support import builders
from tests.support.backup import NAME, BackupWorld, backup, refused

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.backup_file.errors import Reason
from alluxio_operator.kinds.backup.turns import wait_for_turn
from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]


def holds_turn(world: BackupWorld) -> bool:
    """Whether the next backup of the cluster waits for the one of the world."""
    written = {"run": {"state": "Completed", "since": "2031-01-02T03:04:00Z"}}
    later = {**backup("later", uid="u2"), "status": written}
    mine = world.kube.object(KIND, builders.NAMESPACE, NAME)
    return wait_for_turn("BackupVerified", later, [mine], 4, verifies=True) is not None


def minutes_until_turn(world: BackupWorld) -> float:
    """Return after how many minutes the world's backup gives its turn back."""
    began = world.now
    while holds_turn(world):
        world.pass_time(60)
        world.reconcile()
        assert world.now - began < timedelta(days=2), world.status
    return (world.now - began).total_seconds() / 60


def test_a_backup_whose_job_the_api_server_refuses_fails():
    world = BackupWorld()

    def refuse(verb: str, path: str) -> None:
        if "/jobs" in path and verb in ("apply", "create", "patch"):
            raise Refused(path, 422, "metadata.name: Invalid value")

    world.kube.before_call = refuse
    world.reconcile()
    world.write()
    world.reconcile()

    assert minutes_until_turn(world) < 70
    assert world.status["phase"] == "Failed"
    assert "hasn't accepted it" in world.status["summary"]


def test_a_backup_to_a_volume_that_does_not_exist_fails_within_two_hours():
    world = BackupWorld(destination={"volume": {"claimName": "typo"}})
    world.alluxio.deletes = ""
    world.until_job()

    assert minutes_until_turn(world) < 120
    assert world.status["job"]["reason"] == "PodNotStarted"


def test_a_failed_backup_whose_staged_file_stays_gives_its_turn_back():
    world = BackupWorld(destination={"volume": {"claimName": "backups"}})
    world.alluxio.deletes = "FAILED_PRECONDITION: the UFS is gone"
    world.until_job()
    world.end_job({"check": refused(Reason.TRUNCATED, "the file ends in an entry")}, failure="PodFailurePolicy")
    world.reconcile()

    assert not holds_turn(world)
    assert "finished" not in world.status, "the file in the root mount is still to be deleted"
