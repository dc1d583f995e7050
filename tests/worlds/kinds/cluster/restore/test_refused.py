"""What a new cluster doesn't restore: the condition names field, value and remedy, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.backup import backup
from tests.support.builders import resource
from tests.support.crashes import is_ready
from tests.support.restore import ENTRIES, FINISHED, IN_VOLUME, RESTORE, RestoreWorld, unfinished
from tests.support.world import World
from tests.worlds.kinds.cluster.restore.test_restored import state, until

from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION

Json = dict[str, Any]
S3: Json = {"uri": "s3://bucket/alluxio", "volume": None, "s3": {"region": "eu-central-1"}}
BACKUP = "/apis/alluxio-operator.io/v1alpha1/namespaces/data/alluxiobackups/nightly"


def changed(world: RestoreWorld) -> list[str]:
    return [path for verb, path in world.kube.writes if "/events" not in path and "alluxioclusters/small" not in path]


SOURCES: list[tuple[str, Json, Json]] = [
    ("BackupFailed", {}, unfinished(phase="Failed", file=None, summary="the file ends in an entry")),
    ("BackupUnfinished", {}, unfinished(phase="Verifying", finished=None, file=None)),
    ("BackupUnverified", {}, unfinished(verified=False)),
    ("BackupRemoved", {}, unfinished(removing=True)),
    ("BackupOfNewerVersion", {"version": "2.9.3"}, unfinished()),
    (
        "OtherStorage",
        {"rootMount": S3},
        {**backup(), "status": {**FINISHED, "file": {**FINISHED["file"], "location": "s3://other/a.gz"}}},
    ),
    (
        "OtherStorage",
        {"rootMount": S3},
        {
            **backup(destination={"s3": {"bucket": "backups"}}),
            "status": {**FINISHED, "file": {**FINISHED["file"], "location": "s3://backups/old/nightly.gz"}},
        },
    ),
    (
        "OtherStorage",
        {},
        {**backup(), "status": {**FINISHED, "file": {**FINISHED["file"], "location": "/mnt/other/a.gz"}}},
    ),
]


@pytest.mark.parametrize(("reason", "over", "source"), SOURCES, ids=[one[0] for one in SOURCES])
def test_a_backup_that_is_of_no_use_changes_nothing(reason: str, over: Json, source: Json):
    world = RestoreWorld(resource(**RESTORE, **over), source=source)
    outcome = world.reconcile()

    condition = world.condition("JournalRestored")
    assert (condition["status"], condition["reason"]) == ("False", reason)
    assert "spec.bootstrap.restore.backupName" in condition["message"]
    assert "'nightly'" in condition["message"]
    assert not changed(world)
    assert "journal" not in world.status
    assert outcome.requeue_after is not None
    assert outcome.requeue_after <= 60


def test_a_missing_backup_is_found_once_it_exists():
    world = RestoreWorld()
    world.kube.remove(BACKUP)
    world.reconcile()
    assert world.condition("JournalRestored")["reason"] == "BackupMissing"
    assert not changed(world)

    world.kube.put({**backup(**IN_VOLUME), "status": FINISHED})
    world.settle()

    assert state(world) == "Restored"


def test_a_backup_that_was_only_read_is_restored_with_a_warning():
    source = unfinished(verified=False)
    source["spec"]["verify"] = "Check"
    world = RestoreWorld(source=source)
    world.reconcile()

    condition = world.condition("SpecValid")
    assert condition["reason"] == "Tolerated"
    assert "never restored as a test" in condition["message"]
    world.settle()


@pytest.mark.parametrize("uri", ["s3://bucket/a.gz", "/mnt/other/a.gz", "file://host/mnt/ufs/a.gz"])
def test_a_file_outside_of_the_root_mount_is_refused(uri: str):
    world = RestoreWorld(resource(bootstrap={"restore": {"uri": uri}}))
    world.reconcile()

    assert world.condition("JournalRestored")["reason"] == "OtherStorage"
    assert uri in world.condition("JournalRestored")["message"]
    assert not changed(world)


def test_a_journal_of_an_earlier_cluster_is_not_touched():
    earlier = World()
    earlier.settle()
    claim = earlier.kube.object("PersistentVolumeClaim", "data", "journal-small-master-0")
    world = RestoreWorld(resource(uid="ffffffff-0000-0000-0000-000000000000", **RESTORE))
    world.kube.put(claim)
    world.reconcile()

    condition = world.condition("JournalRestored")
    assert condition["reason"] == "JournalHasData"
    assert "spec.bootstrap.restore" in condition["message"]
    assert not changed(world)

    # Without the field, the cluster serves what the journal holds.
    world.edit_spec()
    world.journal = 7
    for _ in range(10):
        world.reconcile()
        World.turn(world)
    assert is_ready(world)
    assert "restore" not in world.status


def test_a_claim_that_turns_out_to_hold_a_journal_stops_the_restore():
    world = RestoreWorld()
    world.reconcile()
    world.kube.edit(
        "PersistentVolumeClaim",
        "data",
        "journal-small-master-0",
        lambda claim: claim["metadata"]["annotations"].update({JOURNAL_ANNOTATION: "initialized"}),
    )
    written = len(world.kube.writes)
    world.reconcile()

    assert world.condition("JournalRestored")["reason"] == "JournalHasData"
    assert not [path for _, path in world.kube.writes[written:] if "events" not in path and "/small" not in path]


def lose(world: RestoreWorld, *fields: str) -> None:
    def drop(one: Json) -> None:
        for field in fields:
            one["status"].pop(field, None)

    world.kube.edit("AlluxioCluster", "data", "small", drop)


@pytest.mark.parametrize("fields", [("restore",), ("restore", "journal"), ("restore", "journal", "layer", "claims")])
@pytest.mark.parametrize("point", ["Restoring", "Emptying"])
def test_a_lost_record_never_lets_half_of_the_names_be_served(fields: tuple[str, ...], point: str):
    world = RestoreWorld()
    world.deaths = 1
    until(world, point)
    world.turn()
    lose(world, *fields)
    for _ in range(5):
        world.reconcile()
        world.turn()

    assert world.condition("JournalRestored")["reason"] == "RestoreUnfinished"
    assert "journal-small-master-0" in world.condition("JournalRestored")["message"]
    assert not world.kube.of_kind("Service") or "small-client" not in world.kube.of_kind("Service")


def test_a_new_cluster_does_not_serve_what_a_deleted_one_has_half_restored():
    earlier = RestoreWorld()
    until(earlier, "Restoring")
    claim = earlier.kube.object("PersistentVolumeClaim", "data", "journal-small-master-0")
    claim["metadata"].pop("ownerReferences", None)
    world = World(resource(uid="ffffffff-0000-0000-0000-000000000000"))
    world.kube.put(claim)
    world.reconcile()

    assert world.condition("JournalRestored")["reason"] == "RestoreUnfinished"
    assert not world.kube.of_kind("Job")


def test_a_lost_record_of_a_proven_restore_adopts_the_journal_once_the_field_is_gone():
    world = RestoreWorld()
    world.settle()
    lose(world, "restore", "journal", "layer", "inventory", "claims")
    world.reconcile()
    assert world.condition("JournalRestored")["reason"] == "JournalHasData"

    world.edit_spec()
    for _ in range(6):
        world.reconcile()
        World.turn(world)

    assert world.journal == ENTRIES
    assert is_ready(world)


def tier_of_before() -> Json:
    metadata = {
        "name": "tier-ssd-small-worker-0",
        "namespace": "data",
        "labels": {"app.kubernetes.io/name": "alluxio", "app.kubernetes.io/instance": "small"},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {}, "status": {}}


def test_blocks_of_an_earlier_cluster_would_be_served_for_new_files():
    world = RestoreWorld()
    world.kube.put(tier_of_before())
    world.reconcile()

    assert world.condition("JournalRestored")["reason"] == "TiersHaveData"
    assert "tier-ssd-small-worker-0" in world.condition("JournalRestored")["message"]
    assert not changed(world)


def test_a_clean_backup_raises_the_numbers_of_blocks_so_that_old_ones_do_no_harm():
    world = RestoreWorld(source=unfinished(file={"clean": True}))
    world.kube.put(tier_of_before())
    world.settle()

    assert state(world) == "Restored"


def test_without_masters_nothing_is_restored_yet():
    world = RestoreWorld(resource(**RESTORE, masters={"replicas": 0}))
    world.reconcile()
    assert world.condition("JournalRestored")["reason"] == "ScaledToZero"
    assert "restore" not in world.status

    world.edit_spec(**RESTORE)
    world.settle()

    assert state(world) == "Restored"


def test_a_field_added_later_has_no_effect():
    world = World()
    world.settle()
    world.edit_spec(**RESTORE)
    world.settle()

    assert "restore" not in world.status
    assert "has no effect" in world.condition("SpecValid")["message"]
    assert not [one for one in world.status["conditions"] if one["type"] == "JournalRestored"]


def test_a_state_of_a_newer_operator_stops_everything():
    world = RestoreWorld()
    until(world, "Restoring")
    world.kube.edit("AlluxioCluster", "data", "small", lambda one: one["status"]["restore"].update(state="Rewinding"))
    written = len(world.kube.writes)
    world.reconcile()

    assert world.condition("Ready")["reason"] == "StatusUnknown"
    assert world.status["restore"]["state"] == "Rewinding"
    assert not [path for _, path in world.kube.writes[written:] if "events" not in path and "/small" not in path]
