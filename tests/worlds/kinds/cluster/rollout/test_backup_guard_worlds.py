"""A change of the masters beside a backup that begins at the same time."""

from __future__ import annotations

from typing import Any

from tests.support.backup import backup
from tests.support.builders import UID
from tests.support.three_masters import Three, deleted, outdated, settled

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.engine.conditions import stamp

Json = dict[str, Any]
OTHER: Json = {"properties": {"alluxio.user.metrics.collection.enabled": "true"}}


def put_backup(world: Three, **status: Any) -> None:
    world.kube.put({**backup(), "status": {"clusterUid": UID, "started": stamp(world.now), **status}})


def end_backup(world: Three) -> None:
    world.kube.edit(KIND, world.namespace, "nightly", lambda one: one["status"].update(run={"state": "Completed"}))


def goes_on(world: Three, rounds: int) -> None:
    for _ in range(rounds):
        world.reconcile()
        world.turn()


def test_a_change_waits_until_the_backup_is_written_and_not_for_its_verification():
    world = settled()
    put_backup(world, run={"state": "Running"})
    world.edit_spec(**OTHER)
    goes_on(world, 8)

    assert not deleted(world)
    condition = world.condition("UpToDate")
    assert condition["reason"] == "HeldForBackup"
    assert "AlluxioBackup nightly" in condition["message"]
    assert not world.status.get("operations"), "so the backup doesn't wait for the rollout"

    end_backup(world)
    world.settle(40)
    assert not outdated(world)


def test_a_backup_whose_operator_is_away_holds_a_change_no_longer_than_its_timeout():
    world = settled()
    put_backup(world, run={"state": "Running"})
    world.edit_spec(**OTHER)
    goes_on(world, 3)
    world.pass_time(3600 + 301)
    world.settle(40)

    assert not outdated(world)


def test_whose_turn_it_is_is_on_record_before_the_first_master_is_deleted():
    world = settled()
    world.edit_spec(**OTHER)
    seen: list[Json] = []

    def watch(verb: str, path: str) -> None:
        if verb == "delete" and "/pods/small-master" in path:
            seen.append(world.status)

    world.kube.before_call = watch
    world.settle(40)

    assert len(seen) == 3
    assert all([one["name"] for one in status["operations"]] == ["rollout"] for status in seen)


def test_a_backup_that_begins_after_the_operator_looked_is_left_alone():
    world = settled()
    world.edit_spec(**OTHER)

    def begin(verb: str, path: str) -> None:
        recorded = verb == "replace" and path.endswith("/alluxioclusters/small/status") and "rollout" in world.status
        if recorded and not world.kube.of_kind(KIND):
            put_backup(world, run={"state": "Requested"})

    world.kube.after_write = begin
    goes_on(world, 8)

    assert world.kube.of_kind(KIND)
    assert not deleted(world)
    assert "rollout" not in world.status, "it gives way: it has deleted nothing yet"

    end_backup(world)
    world.settle(40)
    assert not outdated(world)
