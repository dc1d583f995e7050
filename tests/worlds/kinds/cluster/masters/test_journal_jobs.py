"""A journal's Job that Kubernetes gave up is created again under its recorded name, and the installation goes on."""

from __future__ import annotations

from typing import Any

from tests.support.world import World

FAILED = {
    "conditions": [
        {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "Job was active too long"}
    ]
}


def with_failed_job() -> tuple[World, dict[str, Any]]:
    world = World()
    world.reconcile()
    [name] = world.kube.of_kind("Job")
    world.kube.edit("Job", world.namespace, name, lambda job: job.update(status=FAILED))
    return world, world.kube.object("Job", world.namespace, name)


def test_the_condition_gives_the_reason_and_the_message_of_the_failure():
    world, job = with_failed_job()

    outcome = world.reconcile()

    condition = world.condition("JournalInitialized")
    assert (condition["status"], condition["reason"]) == ("False", "DeadlineExceeded")
    assert f"Job {job['metadata']['name']} failed" in condition["message"]
    assert "Job was active too long" in condition["message"]
    assert outcome.requeue_after is not None


def test_the_job_is_created_again_and_the_cluster_gets_ready():
    world, job = with_failed_job()
    operation = world.status["journal"]["operation"]

    world.reconcile()
    world.settle()

    assert world.phase == "Ready"
    made = {"state": "Initialized", "operation": operation, "members": 1, "hosts": "Service"}
    assert world.status["journal"] == made
    name = job["metadata"]["name"]
    deleted = [path for verb, path in world.kube.writes if verb == "delete" and f"/jobs/{name}" in path]
    assert len(deleted) == 1, "the failed one; Kubernetes removes the one that completed"
