"""Whole reconciles against an API server in memory: order, rest, drift, conflicts, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.engine.work import ChildRef, Outcome
from alluxio_operator.kinds.cluster.members import SPACE_POLL
from alluxio_operator.kube.errors import ApiError, Conflict
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def settled() -> World:
    world = World()
    world.settle()
    return world


def applied(world: World) -> list[str]:
    return [path.rsplit("/", 1)[1] for verb, path in world.kube.writes if verb == "apply"]


def everything(world: World) -> dict[str, str]:
    return {path: obj["metadata"]["resourceVersion"] for path, obj in world.kube.objects.items()}


# --- layers -------------------------------------------------------------------------------------------------------


def test_configuration_comes_first_then_workloads_then_services(world: World):
    world.reconcile()
    first = applied(world)
    world.turn(serves=False)
    world.reconcile()
    second = applied(world)[len(first) :]
    world.turn()
    world.reconcile()
    third = applied(world)[len(first) + len(second) :]

    assert first[0] == "small-masterconf"
    assert first[-2:] == ["small-journal-0a1b2c3dc", "small-access"]
    assert {"small-jvm", "journal-small-master-0", "small-ufs", "small", "small-master"} <= set(first)
    assert second == ["journal-small-master-0", "small-master", "small-worker", "small-jobmaster", "small-logserver"]
    assert third == ["small-client", "small-client"], "the ConfigMap with the addresses, then the Service"


def test_nothing_of_layer_three_is_there_while_no_master_serves(world: World):
    for _ in range(4):
        world.reconcile()
        world.turn(serves=False)

    assert "small-client" not in world.kube.of_kind("Service")
    assert world.condition("ServicesPublished")["status"] == "False"


def test_what_is_published_stays_when_masters_stop_serving(settled: World):
    settled.alluxio.master = NoAnswer("connection refused")
    settled.reconcile()

    assert "small-client" in settled.kube.of_kind("Service")
    assert settled.condition("ServicesPublished")["reason"] == "Kept"
    assert settled.phase == "Degraded"


def test_workloads_stay_when_the_journal_is_missing(settled: World):
    def lose(obj: Json) -> None:
        ended = {"exitCode": 1, "message": "JournalMissing: no journal below /journal/raft"}
        waiting = {"reason": "CrashLoopBackOff"}
        status = {"name": "journal-check", "state": {"waiting": waiting}, "lastState": {"terminated": ended}}
        obj["status"] = {"phase": "Pending", "initContainerStatuses": [status]}

    settled.kube.edit("Pod", "data", "small-master-0", lose)
    settled.alluxio.master = NoAnswer("no route")
    jobs_before = [path for verb, path in settled.kube.writes if "/jobs/" in path]
    for _ in range(3):
        settled.reconcile(everything=True)

    assert settled.condition("Ready")["reason"] == "JournalMissing"
    assert settled.kube.of_kind("StatefulSet") == ["small-jobmaster", "small-master", "small-worker"]
    assert [path for verb, path in settled.kube.writes if "/jobs/" in path] == jobs_before, "no Job is ever made again"
    assert settled.status["journal"]["state"] == "Initialized"


# --- rest ---------------------------------------------------------------------------------------------------------


def test_a_settled_cluster_is_left_alone_and_costs_reads_of_its_workloads_only(settled: World):
    before = everything(settled)
    settled.kube.calls.clear()

    outcome = settled.reconcile()

    assert outcome == Outcome(requeue_after=SPACE_POLL.seconds, changed=False)
    assert everything(settled) == before
    assert {verb for verb, _ in settled.kube.calls} == {"get", "list"}
    assert len(settled.kube.calls) == 3 + 4, "the resource, its pods, its PVCs, and four workloads"


def test_a_resync_writes_nothing_either(settled: World):
    before = everything(settled)

    settled.reconcile(everything=True)

    assert everything(settled) == before


def test_drift_that_no_event_told_of_is_found_and_put_right(settled: World):
    assert list(settled.reconciler.drifted([""])) == []
    settled.kube.edit("ConfigMap", settled.namespace, "small-workerconf", lambda obj: obj["data"].clear())

    [request] = settled.reconciler.drifted([""])

    assert request.children == {ChildRef("ConfigMap", "small-workerconf")}
    settled.reconciler(request, Deadline.after(30))
    assert settled.kube.object("ConfigMap", settled.namespace, "small-workerconf")["data"]
    assert list(settled.reconciler.drifted([""])) == []


def test_an_operator_that_starts_anew_writes_nothing(settled: World):
    before = everything(settled)
    settled.start_operator()

    settled.reconcile()

    assert everything(settled) == before


def test_the_outcome_tells_whether_something_was_written(world: World):
    assert world.reconcile().changed
    world.settle()
    assert not world.reconcile().changed
    world.kube.edit("ConfigMap", "data", "small-jvm", lambda obj: obj.update(data={}))
    assert world.reconcile(("ConfigMap", "small-jvm")).changed


def test_the_journals_job_is_left_to_its_time_to_live_and_never_created_again(world: World):
    world.settle()
    [name] = world.kube.of_kind("Job")
    job = world.kube.object("Job", world.namespace, name)
    assert job["spec"]["ttlSecondsAfterFinished"] == 600

    world.kube.remove(KINDS["Job"].path(world.namespace, name))
    world.kube.writes.clear()
    world.reconcile(("Job", name), everything=True)

    assert world.kube.of_kind("Job") == []
    assert not world.kube.writes


# --- changes ------------------------------------------------------------------------------------------------------


def test_a_role_that_is_switched_off_is_pruned_and_its_claim_stays(settled: World):
    settled.edit_spec(logServer={"enabled": False}, jobService={"enabled": False})
    settled.settle()

    assert settled.kube.of_kind("Deployment") == []
    assert settled.kube.of_kind("StatefulSet") == ["small-master", "small-worker"]
    assert settled.kube.of_kind("PersistentVolumeClaim") == ["journal-small-master-0", "small-logs", "small-ufs"]
    assert "small-jobmaster" not in settled.kube.of_kind("Service")
    assert "Pruned" in settled.events()


def test_what_was_switched_off_is_pruned_though_something_was_refused_meanwhile(settled: World):
    settled.kube.remove(KINDS["ConfigMap"].path("data", "small-jvm"))
    settled.kube.put({"kind": "ConfigMap", "metadata": {"name": "small-jvm", "namespace": "data"}})
    settled.edit_spec(jobService={"enabled": False})
    for _ in range(3):
        settled.reconcile(everything=True)
    assert settled.condition("ConfigurationApplied")["reason"] == "Refused"
    assert "small-jobmaster" in settled.kube.of_kind("StatefulSet")

    settled.kube.remove(KINDS["ConfigMap"].path("data", "small-jvm"))
    settled.settle()

    assert "small-jobmaster" not in settled.kube.of_kind("StatefulSet")


def test_a_claim_that_is_no_longer_to_be_deleted_loses_its_owner(settled: World):
    def owners() -> list[Json]:
        claim = settled.kube.object("PersistentVolumeClaim", "data", "journal-small-master-0")
        found: list[Json] = claim["metadata"].get("ownerReferences", [])
        return found

    assert owners() == []
    settled.edit_spec(deletionPolicy="Delete")
    settled.settle()
    assert [ref["uid"] for ref in owners()] == [settled.made["metadata"]["uid"]]
    settled.edit_spec(deletionPolicy="Retain")
    settled.settle()
    assert owners() == []


def test_a_wrong_image_can_be_corrected_while_the_journals_job_waits_for_it(world: World):
    world.edit_spec(image={"tag": "no-such-tag"})
    world.reconcile()
    world.turn(job=False)
    world.reconcile()

    world.edit_spec(image={"tag": "2.9.4"})
    world.reconcile()

    [job] = world.kube.of_kind("Job")
    template = world.kube.object("Job", "data", job)["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "alluxio/alluxio:2.9.4"
    assert world.condition("ConfigurationApplied")["status"] == "True"
    world.settle()


def test_a_bad_spec_changes_nothing_of_what_runs_and_comes_right_again(settled: World):
    before = everything(settled)
    settled.edit_spec(workers={"resources": {"limits": {"memory": "1Gi"}}})

    outcome = settled.reconcile()

    changed = {path for path, version in everything(settled).items() if before.get(path) != version}
    kinds = {settled.kube.objects[path]["kind"] for path in changed}
    assert kinds == {"AlluxioCluster", "Event"}
    assert outcome.requeue_after is None
    assert settled.phase == "Invalid"
    assert (
        "= 2944Mi" in settled.condition("SpecValid")["message"] or "heap" in settled.condition("SpecValid")["message"]
    )

    settled.edit_spec()
    settled.settle()


def test_drift_that_was_told_while_the_spec_was_bad_is_put_right_afterwards(settled: World):
    settled.edit_spec(properties={"alluxio.master.rpc.port": "1"})
    settled.kube.edit("ConfigMap", "data", "small-jvm", lambda obj: obj["data"].update(master="-Xmx1"))
    settled.reconcile(("ConfigMap", "small-jvm"))

    settled.edit_spec()
    settled.reconcile()

    assert settled.kube.object("ConfigMap", "data", "small-jvm")["data"]["master"] != "-Xmx1"


# --- conflicts and errors -----------------------------------------------------------------------------------------


def edited_meanwhile(world: World, nth: int) -> Callable[[str, str], None]:
    """Edit the resource right before the operator's n-th write of its status."""
    seen = 0

    def before_call(verb: str, path: str) -> None:
        nonlocal seen
        if verb == "replace":
            seen += 1
            if seen == nth:
                world.kube.edit(KIND, "data", "small", lambda obj: obj["metadata"].update(labels={"team": "blue"}))

    return before_call


@pytest.mark.parametrize("nth", [1, 2], ids=["before the intent", "before the report"])
def test_a_resource_that_changes_meanwhile_is_requeued_at_once_and_nothing_is_lost(nth: int, world: World):
    world.kube.before_call = edited_meanwhile(world, nth)

    assert world.reconcile() == Outcome(requeue_after=0.0, changed=nth == 2)

    world.kube.before_call = lambda verb, path: None
    world.settle()
    assert world.kube.object(KIND, "data", "small")["metadata"]["labels"] == {"team": "blue"}
    assert world.events().count("Created") == 3, "one for each layer, be its status written or not"


@pytest.mark.parametrize("nth", [1, 2], ids=["before the intent", "before the report"])
def test_a_resource_that_is_deleted_meanwhile_is_no_trouble(nth: int, world: World):
    seen = 0

    def delete(verb: str, path: str) -> None:
        nonlocal seen
        if verb == "replace":
            seen += 1
            if seen == nth:
                world.kube.remove(KINDS[KIND].path("data", "small"))

    world.kube.before_call = delete

    assert world.reconcile() == Outcome(requeue_after=0.0)
    assert world.reconcile() == Outcome()


def test_drift_that_was_told_is_not_forgotten_over_a_conflict(settled: World):
    settled.kube.edit("ConfigMap", "data", "small-jvm", lambda obj: obj["data"].update(master="-Xmx1"))
    settled.kube.remove(KINDS["Service"].path("data", "small-client"))
    settled.edit_spec(jobService={"enabled": False})
    settled.settle()
    settled.edit_spec()
    settled.kube.before_call = edited_meanwhile(settled, 1)

    assert settled.reconcile(("ConfigMap", "small-jvm"), ("Service", "small-client")).requeue_after == 0.0
    settled.kube.before_call = lambda verb, path: None
    settled.reconcile()

    assert settled.kube.object("ConfigMap", "data", "small-jvm")["data"]["master"] != "-Xmx1"
    assert "small-client" in settled.kube.of_kind("Service")


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        (verb, status)
        for verb in ("get", "list", "apply")
        for status in (0, 409, 429, 500, 503)
        # To a creation it says that there is something, which is looked at.
        if (verb, status) != ("apply", 409)
    ],
)
def test_an_error_of_the_api_is_raised_and_the_next_reconcile_completes(verb: str, status: int, world: World):
    failing = True

    def fail(called: str, path: str) -> None:
        nonlocal failing
        if called == verb and failing:
            failing = False
            raise (Conflict if status == 409 else ApiError)(f"{called} {path}", status, "not now")

    world.kube.before_call = fail
    with pytest.raises(ApiError, match="not now"):
        world.settle()
    assert not failing

    world.settle()
    assert world.condition("Ready")["status"] == "True"


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_an_error_at_a_deletion_is_raised_and_the_next_reconcile_completes(status: int, settled: World):
    failing = True

    def fail(called: str, path: str) -> None:
        nonlocal failing
        if called == "delete" and failing:
            failing = False
            raise ApiError(f"{called} {path}", status, "not now")

    settled.kube.before_call = fail
    settled.edit_spec(jobService={"enabled": False})
    with pytest.raises(ApiError, match="not now"):
        settled.settle()

    settled.settle()
    assert "small-jobmaster" not in settled.kube.of_kind("StatefulSet")


def test_a_conflict_at_a_creation_is_looked_into_at_once(world: World):
    refused: list[str] = []

    def conflict(verb: str, path: str) -> None:
        if verb == "apply" and path not in refused:
            refused.append(path)
            raise Conflict(f"PATCH {path}", 409, "not now")

    world.kube.before_call = conflict
    world.settle()

    assert len(refused) > 15, "each object's creation"
    assert world.condition("Ready")["status"] == "True"


@pytest.mark.parametrize("status", [429, 500])
def test_a_status_that_cannot_be_written_raises_and_no_object_lacks_its_record(status: int, world: World):
    def fail(verb: str, path: str) -> None:
        if verb == "replace":
            raise ApiError(f"PUT {path}", status, "not now")

    world.kube.before_call = fail
    with pytest.raises(ApiError, match="not now"):
        world.reconcile()

    assert [verb for verb, _ in world.kube.writes] == []


def test_everything_that_was_made_is_on_record_before_it_is_made(world: World):
    def watch(verb: str, path: str) -> None:
        if verb == "apply":
            recorded = {item["name"] for item in world.status["inventory"]}
            assert path.rsplit("/", 1)[1] in recorded

    world.kube.before_call = watch
    world.settle()


# --- the end ------------------------------------------------------------------------------------------------------


def test_a_resource_that_is_gone_or_going_is_left_to_kubernetes(settled: World):
    settled.kube.edit(
        KIND, "data", "small", lambda obj: obj["metadata"].update(deletionTimestamp="2030-01-01T00:00:00Z")
    )
    settled.kube.writes.clear()
    assert settled.reconcile() == Outcome()

    settled.kube.remove(KINDS[KIND].path("data", "small"))
    assert settled.reconcile() == Outcome()
    assert settled.kube.writes == []


def test_a_resource_that_comes_back_under_its_name_adopts_the_journal(settled: World):
    settled.kube.remove(KINDS[KIND].path("data", "small"))
    for path, obj in list(settled.kube.objects.items()):
        if obj["metadata"].get("ownerReferences") or obj["kind"] == "Pod":
            settled.kube.remove(path)
    settled.reconcile()
    settled.kube.put(resource(uid="ffffffff-0000-0000-0000-000000000000"))

    settled.reconcile()

    assert settled.kube.of_kind("PersistentVolumeClaim") == ["journal-small-master-0", "small-logs", "small-ufs"]
    [job] = settled.kube.of_kind("Job")
    assert job == "small-journal-ffffffffa"
    assert settled.kube.object("Job", "data", job)["spec"]["template"]["spec"]["containers"][0]["args"][-1] == "adopt"
    settled.settle()


# --- a new version of the operator ---------------------------------------------------------------------------------


def test_an_installation_holds_up_no_new_version(world: World):
    world.reconcile()

    assert world.phase == "Installing"
    assert world.changes.verdict().upgradeable


def test_a_change_of_what_runs_holds_up_a_new_version_until_it_has_ended(settled: World):
    settled.edit_spec(properties={"alluxio.user.block.size.bytes.default": "32MB"})
    settled.reconcile()

    assert settled.phase == "Updating"
    assert settled.changes.verdict().message == f"being changed: AlluxioCluster {settled.namespace}/{settled.name}"

    settled.settle()
    assert settled.changes.verdict().upgradeable


def test_a_cluster_that_is_deleted_in_the_midst_of_a_change_holds_up_nothing(settled: World):
    settled.edit_spec(properties={"alluxio.user.block.size.bytes.default": "32MB"})
    settled.reconcile()
    settled.kube.remove(KINDS[KIND].path(settled.namespace, settled.name))
    settled.reconcile()

    assert settled.changes.verdict().upgradeable
