"""Jobs of backups run a few at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support import builders
from tests.support.backup import NAME, BackupWorld, backup, checked, proven

from alluxio_operator.api.alluxiobackup import KIND, PURPOSE_LABEL, BackupStatus
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.removing import next_removing
from alluxio_operator.kinds.backup.turns import wait_for_turn
from alluxio_operator.kinds.backup.validate import Backup, validate

Json = dict[str, Any]
VOLUME: Json = {"destination": {"volume": {"claimName": "backups"}}}


def neighbour(name: str, cluster: str = builders.NAME, **status: Any) -> Json:
    return {**backup(name, uid=f"uid-{name}", clusterRef={"name": cluster}), "status": status}


def written(since: str = "2030-01-02T03:00:00Z") -> Json:
    return {"run": {"state": "Completed", "since": since}}


OWN = neighbour(NAME, **written("2030-01-02T03:04:00Z"))


def held(*others: Json, most: int = 4, verifies: bool = True) -> str:
    gate = wait_for_turn("BackupVerified", OWN, others, most, verifies=verifies)
    return gate.message if gate is not None else ""


@pytest.mark.parametrize("job", ["Requested", "Running", "Failed"])
def test_one_backup_of_a_cluster_is_verified_at_a_time(job: str):
    assert "AlluxioBackup other" in held(neighbour("other", **written(), job={"state": job}))
    assert not held(neighbour("other", "another", **written(), job={"state": job}))


def test_the_backup_that_was_written_first_goes_first():
    assert held(neighbour("other", **written("2030-01-02T03:00:00Z")))
    assert not held(neighbour("other", **written("2030-01-02T03:05:00Z")))
    # The name decides between two of one moment: neither waits for the other.
    assert held(neighbour("a", **written("2030-01-02T03:04:00Z")))
    assert not held(neighbour("z", **written("2030-01-02T03:04:00Z")))


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"run": {"state": "Running"}},
        {**written(), "job": {"state": "Completed"}, "finished": "2030-01-02T03:00:00Z"},
        {**written(), "job": {"state": "Failed"}, "finished": "2030-01-02T03:00:00Z"},
        {**written(), "phase": "Invalid"},
    ],
)
def test_one_that_needs_no_job_now_holds_nothing_up(status: Json):
    assert not held(neighbour("other", **status))


def test_only_so_many_jobs_run_in_a_namespace():
    others = [neighbour(f"o{number}", f"c{number}", **written(), job={"state": "Running"}) for number in range(4)]
    assert not held(*others[:3])
    assert "ALLUXIO_OPERATOR_BACKUP_JOBS allows 4" in held(*others)
    waiting = neighbour("w", "c9", **written())
    assert held(*others[:3], waiting)


def test_deletions_are_bounded_and_do_not_wait_for_the_verification_of_their_cluster():
    running = neighbour("other", **written(), job={"state": "Running"})
    assert not held(running, verifies=False)
    assert held(running, most=1, verifies=False)
    # A bucket that is gone for good mustn't hold the others up: its Job is tried for days.
    failed = neighbour("gone", finished="2030-01-01T00:00:00Z", removing=True, job={"state": "Failed"})
    assert not held(failed, most=1, verifies=False)


def test_one_of_four_jobs_may_remove_files_and_it_holds_up_no_verification():
    removed = [neighbour(f"r{one}", finished="2030-01-01T00:00:00Z", job={"state": "Requested"}) for one in range(9)]
    assert not held(*removed)
    assert "one of 4 Jobs may do that" in held(removed[0], verifies=False)
    assert not held(removed[0], most=8, verifies=False)


@pytest.mark.parametrize("purpose", ["upgrade", "restore"])
def test_a_backup_that_an_operation_waits_for_is_verified_first(purpose: str):
    later = neighbour("later", **written("2030-01-02T03:05:00Z"))
    assert not held(later)
    later["metadata"]["labels"] = {PURPOSE_LABEL: purpose}
    assert held(later)


def test_a_verification_that_has_failed_for_good_gives_its_turn_back():
    def failed(**job: Any) -> Json:
        return neighbour("other", **written(), job={"state": "Failed", **job})

    assert held(failed(attempt=1, reason="DeadlineExceeded"))
    assert not held(failed(attempt=2, reason="DeadlineExceeded"))
    assert not held(failed(attempt=0, reason="PodFailurePolicy"))
    assert not held(neighbour("other", **written(), job={"state": "Running"}, phase="Invalid"))


def test_removals_that_never_end_leave_a_turn_to_each_other():
    """Twelve removals from a PVC that is gone: each Job fails by its deadline, and then others have their turn."""
    runs: dict[str, Json | None] = {f"old{number:02}": None for number in range(12)}
    began: dict[str, datetime] = {}
    now = builders.NOW
    most = 0
    for _ in range(12 * 60):
        for name in runs:
            runs[name] = _after_a_look(name, runs, began, now)
        most = max(most, sum(run is not None and run["state"] in ("Requested", "Running") for run in runs.values()))
        now += timedelta(minutes=1)

    assert most == 1
    assert all(run is not None for run in runs.values())


def _removing(name: str, run: Json | None) -> Json:
    done = {**written(), "phase": "Completed", "finished": "2030-01-01T00:00:00Z", "removing": True}
    spec = {**VOLUME, "ttlSecondsAfterFinished": 60}
    return {**backup(name, uid=f"uid-{name}", **spec), "status": {**done, **({"job": run} if run else {})}}


def _after_a_look(name: str, runs: dict[str, Json | None], began: dict[str, datetime], now: datetime) -> Json | None:
    run, one, job = runs[name], _removing(name, runs[name]), None
    if run is not None and run["state"] in ("Requested", "Running"):
        late = now - began[run["name"]] >= timedelta(minutes=30)
        ended = [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}] if late else []
        job = {"metadata": {"name": run["name"]}, "spec": {}, "status": {"active": 1, "conditions": ended}}
    others = tuple(_removing(other, found) for other, found in runs.items() if other != name)
    status = BackupStatus.model_validate(one["status"])
    seen = Observed(one, status, job=job, neighbours=others, most_jobs=4, image="x")
    after = next_removing(parsed(validate(one)), seen, now).run
    if after is None:
        return None
    began.setdefault(after.name, now)
    return after.model_dump(by_alias=True, mode="json", exclude_none=True)


def parsed(found: Backup | tuple[Problem, ...]) -> Backup:
    assert isinstance(found, Backup)
    return found


def test_a_job_waits_for_that_of_another_backup_and_the_condition_names_it():
    world = BackupWorld()
    world.kube.put(neighbour("other", **written(), job={"state": "Running", "name": "other-verify"}))
    world.reconcile()
    world.write()
    world.reconcile()
    world.reconcile()
    assert world.job() is None
    condition = world.condition("BackupVerified")
    assert condition["reason"] == "Queued"
    assert "AlluxioBackup other" in condition["message"]
    assert world.status["phase"] == "Verifying"

    world.kube.edit(
        KIND, builders.NAMESPACE, "other", lambda one: one["status"].update(finished="2030-01-02T03:05:00Z")
    )
    world.reconcile()
    assert world.job() is not None
    world.end_job({"check": checked(), "prove": proven()})
    world.reconcile()
    world.reconcile()
    assert world.status["phase"] == "Completed"


def test_a_pod_requests_the_room_that_the_file_needs_on_the_disk():
    world = BackupWorld()
    world.reconcile()
    world.write(entries=1_000_000)
    world.reconcile()
    job = world.job()
    assert job is not None
    spec = job["spec"]["template"]["spec"]
    fetch = next(one for one in spec["initContainers"] if one["name"] == "fetch")
    assert fetch["resources"]["requests"]["ephemeral-storage"] == str(256 * 2**20 + 1_000_000 * 1024)
    [work] = [one for one in spec["volumes"] if one["name"] == "work"]
    assert work["emptyDir"]["sizeLimit"] == str(4 * (256 * 2**20 + 1_000_000 * 1024))


def test_the_image_that_wrote_a_backup_restores_it():
    world = BackupWorld()
    master = builders.ready_pod("master")
    master["spec"] = {**master.get("spec", {}), "containers": [{"name": "master", "image": "alluxio/alluxio:2.9.3"}]}
    world.kube.put(master)
    world.until_job()
    assert world.status["image"] == "alluxio/alluxio:2.9.3"
    job = world.job()
    assert job is not None
    spec = job["spec"]["template"]["spec"]
    images = {one["name"]: one["image"] for one in (*spec["initContainers"], *spec["containers"])}
    assert images["master"] == images["fetch"] == "alluxio/alluxio:2.9.3"


def test_a_backup_does_not_begin_if_a_rollout_has_begun_since_it_looked():
    world = BackupWorld()

    def begin(verb: str, path: str) -> None:
        if path.endswith("/status") and "alluxiobackups" in path:
            acting = [{"name": "rollout", "since": "2030-01-02T03:04:05Z"}]
            world.kube.edit(
                CLUSTER, builders.NAMESPACE, builders.NAME, lambda one: one["status"].update(operations=acting)
            )

    world.kube.after_write = begin
    world.reconcile()
    assert not world.alluxio.backups
    assert world.status["run"]["state"] == "Requested"
    assert "the cluster's rollout" in world.status["run"]["message"]

    world.kube.after_write = lambda verb, path: None
    world.kube.edit(
        "AlluxioCluster", builders.NAMESPACE, builders.NAME, lambda one: one["status"].update(operations=[])
    )
    world.pass_time(6)
    world.reconcile()
    assert len(world.alluxio.backups) == 1
