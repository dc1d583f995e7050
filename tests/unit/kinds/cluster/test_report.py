"""The report: one status from plan, observation and what the server returned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from tests.support.builders import (
    NOW,
    cluster,
    container_status,
    info,
    initialized,
    initializing,
    journal_job,
    later,
    observed,
    pod,
    ready_pod,
    registration,
    resource,
    workload,
)

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, FuseStatus, WorkersStatus
from alluxio_operator.api.status import InventoryItem
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import find
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.readiness import inventory_after
from alluxio_operator.kinds.cluster.decide import decide
from alluxio_operator.kinds.cluster.members import SPACE_POLL
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.report import Report, report, report_problems
from alluxio_operator.kube.kinds import Ref

Json = dict[str, Any]

ROLES = ("master", "worker", "jobmaster", "logserver")
WORKLOADS = (
    ("StatefulSet", "small-master"),
    ("StatefulSet", "small-worker"),
    ("StatefulSet", "small-jobmaster"),
    ("Deployment", "small-logserver"),
)
SERVICE = {"kind": "Service", "metadata": {"name": "small-client"}}


def applied(
    objects: Iterable[Json] | None = None, *, refused: dict[Ref, str] | None = None, changed: Iterable[Ref] = ()
) -> Applied:
    if objects is None:
        objects = [*(workload(kind, name) for kind, name in WORKLOADS), SERVICE]
    live = {Ref.of(obj): obj for obj in objects}
    return Applied(present=list(live), live=live, refused=refused or {}, changed=list(changed))


def lately(*left_out: str, **changed: Json) -> list[Json]:
    """Return the live objects without some, and with others changed, both by their last word."""
    found = []
    for obj in applied().live.values():
        last = str(obj["metadata"]["name"]).rsplit("-", 1)[1]
        if last not in left_out:
            found.append(changed.get(last, dict(obj)))
    return found


def running(
    status: ClusterStatus | None = None,
    *,
    generation: int = 1,
    pods: Iterable[Json] | None = None,
    master: MasterInfo | NoAnswer | None = None,
    job_master: bool = True,
) -> Observed:
    """Return a look at a cluster that runs as wished."""
    made = resource(generation=generation)
    pods = [ready_pod(role) for role in ROLES] if pods is None else pods
    return observed(made, status, initialized(), *pods, master or info(), job_master=job_master)


def reported(look: Observed, done: Applied | None = None, *, now=NOW, **over: Any) -> Report:
    made = cluster(generation=look.generation, **over)
    done = done or applied()
    return report(decide(made, look, now), look, done, list(done.live), now)


def said(result: Report, kind: str) -> tuple[str, str]:
    condition = find(result.status.conditions, kind)
    assert condition is not None, kind
    return condition.status, condition.reason


def message(result: Report, kind: str) -> str:
    condition = find(result.status.conditions, kind)
    assert condition is not None, kind
    return condition.message


READY = reported(running()).status


# --- the phases ---------------------------------------------------------------------------------------------------


def test_a_cluster_as_wished_is_ready_and_only_its_space_is_looked_at():
    result = reported(running())

    assert result.requeue_after == SPACE_POLL.seconds
    status = result.status
    assert (status.phase, status.observed_generation, status.summary) == ("Ready", 1, "1 workers, 1Gi of cache")
    assert {c.type: c.status for c in status.conditions} == {
        "Ready": "True",
        "Progressing": "False",
        "Degraded": "False",
        "SpecValid": "True",
        "Installed": "True",
        "ConfigurationApplied": "True",
        "JournalInitialized": "True",
        "MastersServing": "True",
        "WorkersRegistered": "True",
        "RootMountWritable": "True",
        "JobServiceServing": "True",
        "LogServerReady": "True",
        "ServicesPublished": "True",
        "JournalSpace": "True",
        "UpToDate": "True",
        "VolumesAvailable": "True",
        "VolumesExpanded": "True",
    }


def test_roles_that_do_not_run_are_not_waited_for():
    look = running(job_master=False, pods=[ready_pod("master"), ready_pod("worker")])
    result = reported(
        look,
        applied(lately("jobmaster", "logserver")),
        jobService={"enabled": False},
        logServer={"enabled": False},
    )

    assert result.status.phase == "Ready"
    assert find(result.status.conditions, "JobServiceServing") is None
    assert find(result.status.conditions, "LogServerReady") is None


def test_a_new_cluster_is_installing_and_says_what_it_waits_for():
    result = reported(observed(initializing(), journal_job()), applied([]))

    assert result.status.phase == "Installing"
    assert said(result, "Ready") == ("False", "Initializing")
    assert said(result, "Progressing") == ("True", "Installing")
    assert said(result, "Degraded") == ("False", "Installing")
    assert said(result, "Installed") == ("False", "Installing")
    assert result.status.summary == "waiting for JournalInitialized: the journal's Job is running"
    assert result.requeue_after == 1.0


def test_it_stays_installing_until_it_was_ready_once():
    result = reported(running(ClusterStatus(phase="Installing", observed_generation=1), master=NoAnswer("starting")))

    assert result.status.phase == "Installing"


def test_a_cluster_that_was_ready_and_is_not_is_degraded():
    result = reported(running(READY, master=NoAnswer("connection refused")))

    assert result.status.phase == "Degraded"
    assert said(result, "Degraded") == ("True", "Waiting")
    assert message(result, "Degraded") == "MastersServing: no master serves yet: connection refused"
    assert said(result, "Progressing") == ("False", "Degraded")
    assert said(result, "Installed") == ("True", "Installed")


def test_a_changed_spec_is_an_update_until_it_is_ready_again():
    half = applied(lately(worker=workload("StatefulSet", "small-worker", wanted=2, ready=1)))
    begun = reported(running(READY, generation=2), half)
    goes_on = reported(running(begun.status, generation=2), half)
    done = reported(running(goes_on.status, generation=2, master=info(live=1)))

    assert (begun.status.phase, goes_on.status.phase, done.status.phase) == ("Updating", "Updating", "Ready")
    assert said(begun, "Progressing") == ("True", "Updating")


def test_what_the_operator_itself_changed_is_an_update_too():
    half = [workload("StatefulSet", "small-master", ready=0)]

    result = reported(running(READY), applied(lately(master=half[0]), changed=[Ref("StatefulSet", "small-master")]))

    assert result.status.phase == "Updating"


@pytest.mark.parametrize("generation", [1, 2], ids=["same spec", "changed spec"])
def test_a_missing_journal_is_never_called_an_update(generation: int):
    ended = {"exitCode": 1, "message": "JournalMissing: no journal below /journal/raft"}
    check = container_status("journal-check", waiting={"reason": "CrashLoopBackOff"}, last=ended)
    lost = pod("master", phase="Pending", inits=[check], containers=[])

    result = reported(running(READY, generation=generation, pods=[lost], master=NoAnswer("no route")))

    assert result.status.phase == "Degraded"
    assert said(result, "Ready") == ("False", "JournalMissing")
    assert said(result, "Degraded") == ("True", "JournalMissing")
    assert result.status.journal == initialized()


def test_a_workload_without_its_pods_is_named_when_every_gate_is_open():
    crashed = workload("Deployment", "small-logserver", unavailableReplicas=1, updatedReplicas=0)

    result = reported(running(READY), applied(lately(logserver=crashed)))

    assert said(result, "Ready") == ("False", "RollingOut")
    assert message(result, "Ready") == "these workloads lack ready pods: small-logserver"
    assert said(result, "Degraded") == ("True", "NotSettled")
    assert result.status.summary == "waiting for small-logserver"
    assert result.requeue_after == 1.0


# --- gates --------------------------------------------------------------------------------------------------------


def test_a_missing_secret_is_what_an_installation_waits_for_and_says():
    mount = {"uri": "s3://lake", "volume": None, "s3": {"credentials": {"secretName": "keys"}}}
    lacking = [
        container_status("x", waiting={"reason": "CreateContainerConfigError", "message": 'secret "keys" not found'})
    ]
    pods = [pod("master", phase="Pending", ip="", containers=lacking)]
    result = reported(running(pods=pods, master=NoAnswer("no master has an address yet")), rootMount=mount)

    assert said(result, "ReferencesResolved") == ("False", "SecretMissing")
    assert result.status.phase == "Installing"
    assert "ReferencesResolved: Secret keys doesn't exist" in message(result, "Ready")
    assert "ReferencesResolved" in result.status.summary
    assert result.requeue_after is not None, "no event tells that a Secret has come"


def test_a_cluster_that_refers_to_nothing_has_no_condition_for_it():
    assert find(reported(running()).status.conditions, "ReferencesResolved") is None


def test_what_the_server_refused_is_said_in_its_own_words():
    refused = {Ref("Service", "small-client"): "Service small-client was refused: spec.type: not supported"}

    result = reported(running(READY), applied(refused=refused))

    assert said(result, "ConfigurationApplied") == ("False", "Refused")
    assert "spec.type: not supported" in message(result, "ConfigurationApplied")
    assert result.status.phase == "Degraded"


def test_services_are_published_kept_or_withheld():
    serves_not = NoAnswer("connection refused")
    published = reported(running())
    kept = reported(running(READY, master=serves_not))
    withheld = reported(running(master=serves_not), applied(lately("client")))

    assert said(published, "ServicesPublished") == ("True", "Published")
    assert said(kept, "ServicesPublished") == ("True", "Kept")
    assert said(withheld, "ServicesPublished") == ("False", "Waiting")


def test_a_daemonset_that_no_node_takes_says_where_to_look():
    daemons = workload("DaemonSet", "small-worker", wanted=0)
    result = reported(
        running(pods=[ready_pod("master")], master=info(live=0)),
        applied(lately(worker=daemons)),
        workers={"workload": "DaemonSet", "replicas": None},
    )

    assert said(result, "WorkersRegistered") == ("False", "NoNode")
    assert "nodeSelector" in message(result, "WorkersRegistered")


def test_a_statefulset_without_replicas_needs_no_workers():
    none = workload("StatefulSet", "small-worker", wanted=0)
    result = reported(running(master=info(live=0)), applied(lately(worker=none)), workers={"replicas": 0})

    assert result.status.phase == "Ready"
    assert result.status.replicas == 0


def test_workers_that_are_not_applied_yet_are_waited_for():
    assert said(reported(running(), applied([])), "WorkersRegistered") == ("False", "Waiting")


# --- what else the status holds -----------------------------------------------------------------------------------


def test_the_scale_subresource_finds_replicas_and_selector():
    status = reported(running(), applied(lately(worker=workload("StatefulSet", "small-worker", wanted=3)))).status

    assert status.replicas == 3
    assert status.selector == (
        "app.kubernetes.io/component=worker,app.kubernetes.io/instance=small,app.kubernetes.io/name=alluxio"
    )


def test_the_leader_is_shown_while_one_serves_and_its_version_stays():
    serving = reported(running()).status.masters
    silent = reported(running(READY, master=NoAnswer("x"))).status.masters

    assert (serving.ready, serving.wanted, serving.leader, serving.version) == (1, 1, "small-master-0", "2.9.4")
    assert (silent.ready, silent.leader, silent.version) == (1, None, "2.9.4")


@pytest.mark.parametrize(
    ("used", "percent"), [(0, 0), (2, 0), (3, 5), (52, 50), (53, 55), (97, 95), (98, 100), (100, 100), (130, 100)]
)
def test_the_use_of_the_cache_moves_by_steps(used: int, percent: int):
    status = reported(running(master=info(capacity=100, used=used))).status

    assert status.workers.used_percent == percent


def test_no_capacity_has_no_use():
    assert reported(running(master=info(live=0, capacity=0))).status.workers.used_percent is None


def test_workers_that_are_lost_or_leave_are_shown_and_looked_at_again():
    pods = [ready_pod(role) for role in ROLES] + [ready_pod("worker", "small-worker-1")]
    known = (registration(0), registration(1, lost=True), registration(0, started_ms=0), registration(2))

    result = reported(running(pods=pods, master=MasterInfo("2.9.4", known)))

    workers = result.status.workers
    assert (workers.live, workers.lost, workers.leaving, workers.capacity) == (1, 1, 2, "1Gi")
    assert result.status.summary == "1 workers, 1 lost, 2 leaving, 1Gi of cache"
    assert result.requeue_after == 30


def test_an_invalid_spec_is_not_ready_by_workers_without_a_pod():
    status = reported(running(READY)).status.model_copy(update={"workers": WorkersStatus(wanted=1)})
    look = running(status, pods=[ready_pod("master")], generation=2)

    result = report_problems([Problem("spec.x", "1", "is wrong", "remove it")], look, NOW)

    assert said(result, "Ready")[0] == "False"


def test_without_a_serving_master_no_worker_counts_as_live_and_the_rest_stays():
    workers = reported(running(READY, master=NoAnswer("x"))).status.workers

    assert (workers.live, workers.capacity, workers.ready) == (0, "1Gi", 1)


def test_the_division_of_memory_is_shown_and_adds_up():
    [worker] = [part for part in READY.memory if part.role == "worker"]

    assert (worker.heap, worker.direct, worker.overhead, worker.tiers) == ("1Gi", "512Mi", "384Mi", "1Gi")
    assert worker.limit == "2944Mi"


# --- nothing changed, nothing to write ----------------------------------------------------------------------------


def test_the_same_look_later_gives_an_equal_status():
    again = reported(running(READY), now=later(3600))

    assert again.status == READY


def test_an_equal_status_survives_the_way_over_the_api():
    stored = READY.model_dump(by_alias=True, mode="json", exclude_none=True)

    assert ClusterStatus.model_validate(stored) == READY
    assert reported(running(ClusterStatus.model_validate(stored)), now=later(60)).status == READY


def test_bytes_that_move_a_little_change_no_status():
    before = reported(running(master=info(used=500 * 1024**2))).status

    assert reported(running(before, master=info(used=501 * 1024**2))).status == before


def test_a_condition_keeps_its_time_until_its_status_changes():
    first = reported(running(READY, master=NoAnswer("one")), now=later(10))
    second = reported(running(first.status, master=NoAnswer("two")), now=later(20))
    third = reported(running(second.status), now=later(30))

    times = [find(r.status.conditions, "MastersServing").last_transition_time for r in (first, second, third)]
    assert times == ["2030-01-02T03:04:15Z", "2030-01-02T03:04:15Z", "2030-01-02T03:04:35Z"]


def test_a_summary_that_is_too_long_is_cut_to_what_the_api_takes():
    result = reported(running(READY, master=NoAnswer("x" * 5000)))

    assert len(result.status.summary) == 512
    assert result.status.summary.endswith("...")


# --- when to look again -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lasted", "wait"), [(0, 1.0), (59, 1.0), (60, 1.0), (120, 2.0), (600, 10.0), (900, 15.0), (86400, 15.0)]
)
def test_a_gate_is_asked_again_sooner_when_it_has_just_closed(lasted: int, wait: float):
    closed = reported(running(READY, master=NoAnswer("x")))

    again = reported(running(closed.status, master=NoAnswer("x")), now=later(lasted))

    assert again.requeue_after == wait


# --- a spec that can't be followed --------------------------------------------------------------------------------

PROBLEMS = (Problem("spec.a", "1", "is bad", "fix it"), Problem("spec.b", "", "is missing", "add it"))


def test_all_problems_are_in_the_conditions_and_the_summary():
    result = report_problems(PROBLEMS, observed(resource(generation=4)), NOW)

    text = 'spec.a "1" is bad; fix it; spec.b is missing; add it'
    assert result.requeue_after is None
    assert (result.status.phase, result.status.observed_generation) == ("Invalid", 4)
    assert result.status.summary == f"2 problem(s) in the spec: {text}"
    assert said(result, "SpecValid") == ("False", "Invalid")
    assert said(result, "Degraded") == ("True", "SpecInvalid")
    assert said(result, "Progressing") == ("False", "SpecInvalid")
    assert said(result, "Ready") == ("False", "SpecInvalid")
    assert message(result, "SpecValid") == text


def test_what_runs_already_is_still_ready_under_a_bad_spec():
    result = report_problems(PROBLEMS, running(READY, generation=2), NOW)

    assert said(result, "Ready") == ("True", "Serving")
    assert said(result, "Installed") == ("True", "Installed")


def test_under_an_invalid_spec_a_cluster_without_a_living_worker_is_not_ready():
    ready = running(READY)
    wanted = ready.status.model_copy(update={"workers": WorkersStatus(wanted=2)})
    none_alive = replace(ready.with_status(ready.resource, wanted), master=info(live=0))
    one = replace(none_alive, master=info(live=1))

    assert said(report_problems(PROBLEMS, none_alive, NOW), "Ready") == ("False", "SpecInvalid")
    assert said(report_problems(PROBLEMS, one, NOW), "Ready") == ("True", "Serving")


def test_under_an_invalid_spec_a_worker_that_only_the_master_counts_serves_nothing():
    look = running(READY, pods=[ready_pod("master"), pod("worker")], master=info(live=1))
    look = look.with_status(look.resource, look.status.model_copy(update={"workers": WorkersStatus(wanted=1)}))

    assert said(report_problems(PROBLEMS, look, NOW), "Ready") == ("False", "SpecInvalid")


def test_a_refused_object_leaves_the_wanted_workers_as_they_were():
    look = running(READY)
    look = look.with_status(look.resource, look.status.model_copy(update={"workers": WorkersStatus(wanted=5)}))

    found = report(decide(cluster(), look, NOW), look, Applied(refused={Ref("Service", "small-master"): "no"}), [], NOW)

    assert found.status.workers.wanted == 5
    assert found.status.workers.ready == 1
    assert found.status.replicas == READY.replicas == 1
    assert "1 of 5 workers are registered" in message(found, "WorkersRegistered")


def test_a_daemonset_that_is_not_counted_yet_leaves_its_numbers_as_they_were():
    fresh = [workload("DaemonSet", name) for name in ("small-worker", "small-fuse")]
    for one in fresh:
        del one["status"]
    over: Json = {"workers": {"workload": "DaemonSet", "replicas": None}, "fuse": {"enabled": True}}
    look = running(READY)
    known = {"workers": WorkersStatus(wanted=5), "fuse": FuseStatus(ready=5, wanted=5)}
    again = look.with_status(look.resource, look.status.model_copy(update=known))

    found = reported(again, applied([*lately("worker"), *fresh]), **over)
    first = reported(look, applied([*lately("worker"), *fresh]), **over)

    assert (found.status.workers.wanted, found.status.fuse) == (5, known["fuse"])
    assert said(found, "WorkersRegistered") == ("False", "Waiting")
    assert said(first, "WorkersRegistered") == ("True", "Registered"), "the one worker of before"
    assert said(first, "FuseMounted") == ("False", "Waiting")
    assert first.status.phase != "Ready"


def test_it_is_not_ready_when_its_masters_are_gone_or_it_never_was():
    gone = report_problems(PROBLEMS, running(READY, master=NoAnswer("x")), NOW)
    never = report_problems(PROBLEMS, running(), NOW)

    assert said(gone, "Ready") == ("False", "SpecInvalid")
    assert said(never, "Ready") == ("False", "SpecInvalid")


def test_a_bad_spec_keeps_inventory_journal_and_gates():
    status = report_problems(PROBLEMS, running(READY, generation=2), later(60)).status

    assert status.inventory == READY.inventory
    assert status.journal == READY.journal
    assert find(status.conditions, "ServicesPublished") is not None


def test_the_same_problems_again_give_an_equal_status():
    first = report_problems(PROBLEMS, running(READY, generation=2), later(60)).status

    assert report_problems(PROBLEMS, running(first, generation=2), later(120)).status == first


def test_the_way_back_from_a_bad_spec_is_an_update():
    bad = report_problems(PROBLEMS, running(READY, generation=2), NOW).status

    assert reported(running(bad, generation=3, master=NoAnswer("x"))).status.phase == "Updating"
    assert reported(running(bad, generation=3)).status.phase == "Ready"


# --- the inventory ------------------------------------------------------------------------------------------------


def items(*names: str) -> tuple[InventoryItem, ...]:
    return tuple(Ref("ConfigMap", name).item for name in names)


def refs(*names: str) -> list[Ref]:
    return [Ref("ConfigMap", name) for name in names]


def live(*names: str, refused: dict[Ref, str] | None = None) -> Applied:
    return Applied(present=list(refs(*names)), refused=refused or {})


def test_the_inventory_holds_what_is_rendered_in_rendered_order_due_or_not():
    assert inventory_after(items("b"), live("c", "a"), refs("a", "b", "c", "later")) == items("a", "b", "c", "later")


def test_what_was_pruned_leaves_the_inventory():
    assert inventory_after(items("a", "gone"), live("a"), refs("a")) == items("a")


def test_what_could_not_be_pruned_since_something_was_refused_stays_on_record():
    refused = {Ref("ConfigMap", "b"): "somebody else's"}

    assert inventory_after(items("a", "old"), live("a", refused=refused), refs("a", "b")) == items("a", "b", "old")


def test_an_answer_is_an_answer():
    assert isinstance(running().master, MasterInfo)
