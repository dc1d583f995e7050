"""Which backup lets a rollout go first that waits for another one, and which refuse at once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import builders
from tests.support.backup import NAME, BackupWorld

from alluxio_operator.api.alluxiobackup import CLUSTER_LABEL, KIND, PURPOSE_LABEL
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]
SINCE = "2030-01-02T03:00:00Z"


def held(world: BackupWorld, reason: str = "HeldForBackup", *, valid: str = "True", paused: bool = False) -> None:
    """Let the cluster's rollout wait for another backup."""
    conditions = [
        {"type": "UpToDate", "status": "False", "reason": reason, "lastTransitionTime": SINCE},
        {"type": "SpecValid", "status": valid, "reason": "Valid"},
    ]

    def change(one: Json) -> None:
        one["status"]["conditions"] = conditions
        one["spec"]["paused"] = paused

    world.kube.edit(CLUSTER, builders.NAMESPACE, builders.NAME, change)
    created = stamp(world.now)
    world.kube.edit(KIND, builders.NAMESPACE, NAME, lambda one: one["metadata"].update(creationTimestamp=created))


def test_a_rollout_that_one_backup_held_goes_before_the_next_one():
    world = BackupWorld()
    held(world)
    world.reconcile()
    assert world.condition("BackupTaken")["reason"] == "WaitingForOperation"
    assert f"the cluster's rollout, which waits since {SINCE}" in world.condition("BackupTaken")["message"]
    assert not world.alluxio.backups
    held(world, "Settled")
    world.reconcile()

    assert len(world.alluxio.backups) == 1


@pytest.mark.parametrize("how", [{"valid": "False"}, {"paused": True}], ids=["invalid", "paused"])
def test_a_condition_that_nothing_keeps_up_to_date_holds_no_backup(how: Json):
    world = BackupWorld()
    held(world, **how)
    world.reconcile()

    assert len(world.alluxio.backups) == 1


def test_a_backup_waits_for_such_a_rollout_for_a_while_only():
    world = BackupWorld()
    held(world)
    world.pass_time(2 * 3600)
    world.reconcile()

    assert len(world.alluxio.backups) == 1


def test_a_backup_that_an_upgrade_waits_for_goes_before_the_rollout():
    world = BackupWorld()
    world.kube.edit(
        KIND, builders.NAMESPACE, NAME, lambda one: one["metadata"].update(labels={PURPOSE_LABEL: "upgrade"})
    )
    held(world)
    world.reconcile()

    assert len(world.alluxio.backups) == 1


@pytest.mark.parametrize("destination", [{}, {"volume": {"claimName": "backups"}}], ids=["root", "volume"])
def test_a_read_only_root_mount_is_refused_at_once_with_field_and_remedy(destination: Json):
    world = BackupWorld(destination=destination)
    world.kube.edit(
        CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["spec"]["rootMount"].update(readOnly=True)
    )
    world.reconcile()
    world.reconcile()

    condition = world.condition("BackupTaken")
    assert (world.status["phase"], condition["reason"]) == ("Failed", "RootMountReadOnly")
    assert "spec.rootMount.readOnly of AlluxioCluster small is true" in condition["message"]
    assert "Remedy: set spec.rootMount.readOnly to false" in condition["message"]
    assert not world.alluxio.backups


def labels(world: BackupWorld) -> Json:
    found: Json = world.kube.object(KIND, builders.NAMESPACE, NAME)["metadata"].get("labels", {})
    return found


def test_a_backup_gets_the_label_with_its_cluster_and_keeps_its_own():
    world = BackupWorld()
    world.kube.edit(KIND, builders.NAMESPACE, NAME, lambda one: one["metadata"].update(labels={"team": "lake"}))
    world.complete()

    assert labels(world) == {"team": "lake", CLUSTER_LABEL: "small"}


def test_a_label_that_is_refused_holds_up_no_backup():
    world = BackupWorld()
    merge = world.kube.merge

    def refuse(path: str, patch: Json, **how: Any) -> Json:
        if "labels" in patch.get("metadata", {}):
            raise Refused(f"PATCH {path}", 403, "no right")
        return merge(path, patch, **how)

    world.kube.merge = refuse  # type: ignore[method-assign]
    world.complete()

    assert world.status["phase"] == "Completed"
