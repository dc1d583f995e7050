"""A new cluster restores a backup: in which order, by which proof, and what is left of it afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import container_status, resource
from tests.support.restore import ENTRIES, RESTORE, SHA256, RestoreWorld

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.objects.properties import RESTORE_FROM
from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth

Json = dict[str, Any]
KIND = "AlluxioCluster"


def site(world: RestoreWorld) -> str:
    data: Json = world.kube.object("ConfigMap", "data", "small-masterconf")["data"]
    return str(data["alluxio-site.properties"])


def annotation(world: RestoreWorld) -> str:
    claim = world.kube.object("PersistentVolumeClaim", "data", "journal-small-master-0")
    return str(claim["metadata"]["annotations"][JOURNAL_ANNOTATION])


def state(world: RestoreWorld) -> str:
    return str(world.status["restore"]["state"])


def until(world: RestoreWorld, wanted: str, rounds: int = 12) -> None:
    for _ in range(rounds):
        world.reconcile()
        if state(world) == wanted:
            return
        world.turn()
    raise AssertionError(world.status)


@pytest.mark.parametrize("masters", [1, 3, 5])
def test_the_masters_restore_before_anything_else_exists(masters: int):
    world = RestoreWorld(masters=masters)
    world.settle()

    restore = world.status["restore"]
    assert (restore["state"], restore["entries"], restore["attempt"]) == ("Restored", ENTRIES, 1)
    assert world.journal == ENTRIES
    assert world.condition("JournalRestored")["reason"] == "Restored"
    assert len(world.jobs_run) == masters


def test_the_source_is_on_record_before_the_journal_is_created():
    world = RestoreWorld()
    recorded: list[Json] = []

    def watch(verb: str, path: str) -> None:
        if verb == "apply" and "/jobs/" in path:
            recorded.append(world.status["restore"])

    world.kube.before_call = watch
    world.reconcile()

    [restore] = recorded
    assert (restore["location"], restore["claim"]) == ("backups:old-99999999/nightly.gz", "backups")
    assert (restore["expected"], restore["sha256"], restore["journal"]) == (ENTRIES, SHA256, "0a1b2c3dc")


def test_the_restore_is_on_record_before_the_first_master_starts():
    world = RestoreWorld()
    recorded: list[str] = []

    def watch(verb: str, path: str) -> None:
        if verb == "apply" and path.endswith("/statefulsets/small-master"):
            recorded.append(state(world))

    world.kube.before_call = watch
    until(world, "Restoring")

    assert recorded == ["Restoring"]


def test_masters_have_the_property_only_until_the_names_are_whole():
    world = RestoreWorld()
    until(world, "Restoring")
    assert f"{RESTORE_FROM}=/journal/.restore.gz" in site(world)
    hashed = world.kube.object("StatefulSet", "data", "small-master")["spec"]["template"]["metadata"]["annotations"]

    world.settle()

    assert RESTORE_FROM not in site(world)
    after = world.kube.object("StatefulSet", "data", "small-master")["spec"]["template"]["metadata"]["annotations"]
    assert after == hashed
    assert not [path for verb, path in world.kube.writes if verb == "delete" and "/pods/" in path]


def test_a_claim_says_that_its_journal_is_no_whole_one_until_it_is():
    world = RestoreWorld()
    until(world, "Restoring")
    assert annotation(world) == "restoring-0a1b2c3d"

    world.settle()

    assert annotation(world) == "initialized"


@pytest.mark.parametrize("point", ["Requested", "Restoring", "Restored"])
@pytest.mark.parametrize("removed", ["backup", "field"])
def test_removing_the_source_or_the_field_changes_nothing(point: str, removed: str):
    world = RestoreWorld()
    until(world, point)

    if removed == "backup":
        world.kube.remove("/apis/alluxio-operator.io/v1alpha1/namespaces/data/alluxiobackups/nightly")
    else:
        world.edit_spec()
    world.settle()

    assert state(world) == "Restored"
    assert world.journal == ENTRIES


def test_a_restart_after_the_restore_is_no_reason_to_do_it_again():
    world = RestoreWorld()
    world.settle()

    world.kill_leader()
    world.turn()
    world.settle()

    assert (state(world), world.status["restore"]["attempt"]) == ("Restored", 1)


def test_no_master_starts_while_the_ufs_does_not_answer():
    world = RestoreWorld()
    world.ufs = UfsHealth("http://minio:9000: connection refused")
    for _ in range(6):
        world.reconcile()
        world.turn()

    assert state(world) == "Requested"
    assert world.condition("JournalRestored")["reason"] == "UfsUnreachable"
    assert not world.kube.of_kind("StatefulSet")

    world.ufs = UfsHealth()
    world.settle()


@pytest.mark.parametrize(("uri", "location", "copied"), [
    ("/mnt/ufs/backups/a.gz", "small-ufs:backups/a.gz", True),
    ("file:///mnt/ufs/backups/a.gz", "small-ufs:backups/a.gz", True),
])  # fmt: skip
def test_a_file_of_a_root_mount_in_a_volume_is_copied_from_there(uri: str, location: str, copied: bool):
    restore = {"uri": uri, "expectedEntries": ENTRIES}
    world = RestoreWorld(resource(bootstrap={"restore": restore}))
    world.settle()

    assert world.status["restore"]["location"] == location
    assert (world.status["restore"]["claim"] == "small-ufs") is copied


def test_alluxio_reads_a_file_of_another_storage_itself():
    mount = {"uri": "s3://bucket/alluxio", "volume": None, "s3": {"region": "eu-central-1"}}
    uri = "s3://bucket/backups/a.gz"
    world = RestoreWorld(resource(rootMount=mount, bootstrap={"restore": {"uri": uri, "expectedEntries": ENTRIES}}))
    until(world, "Restoring")

    assert f"{RESTORE_FROM}={uri}" in site(world).replace("\\", "")
    pod = world.kube.object("Job", "data", "small-journal-0a1b2c3dc")["spec"]["template"]["spec"]
    assert [one["name"] for one in pod["volumes"]] == ["journal"]


def test_without_a_number_any_restored_entry_is_enough():
    world = RestoreWorld(resource(bootstrap={"restore": {"uri": "/mnt/ufs/a.gz"}}))
    world.settle()

    assert world.status["restore"]["entries"] == ENTRIES


def test_a_slow_restore_is_left_alone():
    world = RestoreWorld()
    until(world, "Restoring")
    world.turn(serves=False)
    started = container_status("master", running={"startedAt": stamp(world.now)})

    def start(pod: Json) -> None:
        pod["status"]["containerStatuses"] = [started]
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    world.kube.edit("Pod", "data", "small-master-0", start)
    world.alluxio.master = NoAnswer("the leader is in safe mode", leads=True)
    for _ in range(8):
        world.pass_time(900)
        world.reconcile()

    assert state(world) == "Restoring"
    assert not [path for verb, path in world.kube.writes if verb == "delete" and "/pods/" in path]


@pytest.mark.parametrize("masters", [1, 3])
def test_a_leader_that_still_restores_is_left_alone_though_it_reports_to_serve(masters: int):
    world = RestoreWorld(masters=masters)
    world.slow = 5
    world.settle(30)

    assert (state(world), world.status["restore"]["attempt"]) == ("Restored", 1)
    assert len(world.jobs_run) == masters


def test_an_edit_restarts_no_master_that_restores():
    world = RestoreWorld()
    until(world, "Restoring")
    world.turn()
    world.edit_spec(**RESTORE, masters={"properties": {"alluxio.master.ttl.checker.interval": "1m"}})
    for _ in range(4):
        # The leader serves, and doesn't say yet how much it has restored.
        world.alluxio.restored = {}
        world.reconcile()
        world.turn()
    assert not [path for verb, path in world.kube.writes if verb == "delete" and "/pods/" in path]

    world.turn()
    world.settle()

    assert (state(world), world.status["restore"]["attempt"]) == ("Restored", 1)


def test_a_file_in_any_volume_is_restored_without_an_alluxiobackup():
    volume = {"claimName": "exported", "path": "old/a.gz"}
    world = RestoreWorld(resource(bootstrap={"restore": {"volume": volume, "expectedEntries": ENTRIES}}))
    world.settle()

    restore = world.status["restore"]
    assert (restore["state"], restore["location"], restore["claim"]) == ("Restored", "exported:old/a.gz", "exported")
    assert (restore["backup"], restore["uri"], restore["expected"]) == ("", "", ENTRIES)


def test_the_field_of_a_volume_is_named_when_its_file_is_missing():
    world = RestoreWorld(resource(bootstrap={"restore": {"volume": {"claimName": "exported", "path": "a.gz"}}}))
    world.reconcile()
    job = next(name for name in world.kube.of_kind("Job"))
    container = world.kube.object("Job", "data", job)["spec"]["template"]["spec"]["containers"][0]
    assert "spec.bootstrap.restore.volume: 'exported:a.gz'" in container["args"]
    assert "/source/a.gz" in container["args"]
