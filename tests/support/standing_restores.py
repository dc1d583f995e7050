"""New clusters whose restore waits for something that doesn't come."""

from __future__ import annotations

from typing import Any

from tests.support.builders import container_status, pod, resource
from tests.support.restore import RESTORE, RestoreWorld, unfinished
from tests.support.standing_clusters import case
from tests.support.world import World

from alluxio_operator.kinds.cluster.ufs.probe import UfsHealth
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]


def until(world: RestoreWorld, state: str, rounds: int = 30) -> RestoreWorld:
    """Let a restore go on until the status has a state."""
    for _ in range(rounds):
        world.reconcile()
        if world.status.get("restore", {}).get("state") == state:
            return world
        world.turn()
    raise AssertionError(f"never {state}: {world.status}")


@case("JournalRestored", "MasterDoesNotStop", later=(1.0,))
def restore_that_is_done_again_with_a_lost_node() -> World:
    world = RestoreWorld()
    world.deaths = 1
    until(world, "Emptying")
    terminates = {"deletionTimestamp": "2030-01-02T03:04:05Z"}
    world.kube.edit("Pod", "data", "small-master-0", lambda pod: pod["metadata"].update(terminates))
    world.pass_time(600)
    return world


# --- its source -----------------------------------------------------------------------------------------------------


@case("JournalRestored", "BackupUnfinished")
def backup_to_restore_that_never_ends() -> World:
    return RestoreWorld(source=unfinished(phase="Verifying", finished=None, file=None))


@case("JournalRestored", "BackupFailed")
def backup_to_restore_that_failed() -> World:
    return RestoreWorld(source=unfinished(phase="Failed", file=None))


@case("JournalRestored", "ScaledToZero", later=(1.0,))
def restore_without_masters() -> World:
    return World(resource(**RESTORE, masters={"replicas": 0}))


# --- what is there already ------------------------------------------------------------------------------------------


def _claims(earlier: World) -> list[Json]:
    found = [one for one in earlier.kube.objects.values() if one["kind"] == "PersistentVolumeClaim"]
    return [one for one in found if "-ufs" not in one["metadata"]["name"]]


@case("JournalRestored", "JournalHasData")
def restore_beside_a_journal_of_before() -> World:
    earlier = World()
    earlier.settle()
    world = RestoreWorld(resource(uid="ffffffff-0000-0000-0000-000000000000", **RESTORE))
    for claim in _claims(earlier):
        world.kube.put(claim)
    return world


@case("JournalRestored", "RestoreUnfinished")
def restore_whose_status_is_lost() -> World:
    world = until(RestoreWorld(), "Restoring")
    world.kube.edit("AlluxioCluster", "data", "small", lambda one: one.pop("status"))
    world.start_operator()
    return world


@case("JournalRestored", "TiersHaveData")
def restore_beside_blocks_of_before() -> World:
    world = RestoreWorld(resource(**RESTORE))
    labels = {"app.kubernetes.io/name": "alluxio", "app.kubernetes.io/instance": "small"}
    meta = {"name": "tier-ssd-small-worker-0", "namespace": "data", "labels": labels}
    world.kube.put({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": {}})
    return world


# --- the restore itself ---------------------------------------------------------------------------------------------


@case("JournalInitialized", "Initializing", later=(1.0,))
def restore_whose_first_job_never_ends() -> World:
    return RestoreWorld()


@case("JournalRestored", "UfsUnreachable", later=(1.0,))
def restore_of_a_ufs_that_does_not_answer() -> World:
    world = until(RestoreWorld(), "Requested")
    world.ufs = UfsHealth("no answer in time")
    for _ in range(3):
        world.turn()
        world.reconcile()
    return world


@case("JournalRestored", "Restoring", later=(1.0,))
def restore_that_never_ends() -> World:
    world = RestoreWorld()
    for _ in range(3):
        world.reconcile()
        world.turn(serves=False)
    return world


@case("JournalRestored", "CrashLoopBackOff", later=(1.0,))
def restore_whose_master_crashes() -> World:
    world = until(RestoreWorld(), "Restoring")
    world.turn(serves=False)
    crashed = container_status("master", waiting={"reason": "CrashLoopBackOff"}, restarts=3)
    world.kube.edit("Pod", "data", "small-master-0", lambda pod: pod["status"].update(containerStatuses=[crashed]))
    return world


def _emptying() -> RestoreWorld:
    world = RestoreWorld()
    world.deaths = 1
    return until(world, "Emptying")


@case("JournalRestored", "RestoringAgain", later=(1.0,))
def restore_whose_masters_never_stop() -> World:
    return _emptying()


@case("JournalRestored", "ImagePullBackOff")
def restore_whose_emptying_has_no_image() -> World:
    world = restore_whose_emptying_never_ends()
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}
    world.kube.put(pod("journal", "small-journal-x", containers=[container_status("journal", waiting=waiting)]))
    return world


@case("JournalRestored", "RestoringAgain", later=(1.0,))
def restore_whose_emptying_never_ends() -> World:
    world = _emptying()
    world.turn(job=False)
    for name in [one for one in world.kube.of_kind("Pod") if "-master-" in one]:
        world.kube.remove(KINDS["Pod"].path("data", name))
    world.reconcile()
    world.turn(job=False)
    return world


@case("JournalRestored", "RestoreFailed", later=(1.0,))
def restore_that_was_given_up() -> World:
    world = RestoreWorld(resource(bootstrap={"restore": {"uri": "/mnt/ufs/a.gz", "expectedEntries": 41}}))
    return until(world, "Failed", 60)
