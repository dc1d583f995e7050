"""Jobs: what their conditions mean, and how work gets from a recorded name to a recorded result."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.applier import NS, Applier, Json, scope, wanted
from tests.support.builders import NOW, later
from tests.support.fake_kube import FakeKube

from alluxio_operator.api.status import JobRun
from alluxio_operator.engine.gate import At, Severity
from alluxio_operator.engine.jobs import (
    BACKOFF_LIMIT,
    DEADLINE,
    FAILURE_POLICY,
    LONGEST_NAME,
    NOT_CREATED,
    NOT_STARTED,
    JobPhase,
    JobPolicy,
    JobState,
    JobStep,
    is_left_to_ttl,
    job_name,
    job_spec,
    next_job_step,
    stand_in_metadata,
    state_of,
)
from alluxio_operator.engine.prune import prune
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.workloads.pod_trouble import Trouble

DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

GATE = "BackupTaken"
POLICY = JobPolicy(deadline=timedelta(hours=2))


def job(*conditions: tuple[str, str], **status: Any) -> Json:
    """Return a Job with these conditions, as type and reason."""
    held = [{"type": kind, "status": "True", "reason": reason, "message": f"{reason}!"} for kind, reason in conditions]
    return {"kind": "Job", "metadata": {"name": "one-backup"}, "spec": {}, "status": {"conditions": held, **status}}


RUNNING = job(active=1)
COMPLETE = job(("SuccessCriteriaMet", "CompletionsReached"), ("Complete", ""), succeeded=1)
FAILED = job(("FailureTarget", BACKOFF_LIMIT), ("Failed", BACKOFF_LIMIT), failed=1)


# --- what a Job says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "phase"),
    [
        ({"spec": {}}, JobPhase.PENDING),
        (job(), JobPhase.PENDING),
        (job(("Suspended", "JobSuspended")), JobPhase.PENDING),
        (job(ready=0, active=1), JobPhase.RUNNING),
        (job(failed=2), JobPhase.RUNNING),
        (job(("SuccessCriteriaMet", "CompletionsReached"), succeeded=1), JobPhase.RUNNING),
        (job(("FailureTarget", BACKOFF_LIMIT), terminating=1), JobPhase.RUNNING),
        (COMPLETE, JobPhase.COMPLETE),
        (FAILED, JobPhase.FAILED),
    ],
)
def test_a_job_has_finished_only_once_none_of_its_pods_runs(seen: Json, phase: JobPhase):
    assert state_of(seen).phase is phase
    assert state_of(seen).finished is (phase in (JobPhase.COMPLETE, JobPhase.FAILED))


@pytest.mark.parametrize("reason", [BACKOFF_LIMIT, DEADLINE, FAILURE_POLICY])
def test_a_failure_has_the_reason_of_kubernetes(reason: str):
    assert state_of(job(("Failed", reason))) == JobState(JobPhase.FAILED, reason, f"{reason}!")


def test_a_condition_that_is_false_says_nothing():
    seen = job(("Failed", BACKOFF_LIMIT))
    seen["status"]["conditions"][0]["status"] = "False"

    assert state_of(seen).phase is JobPhase.PENDING


# --- from a name to a result --------------------------------------------------------------------------------------


def step(
    before: JobRun | None,
    seen: Json | None = None,
    now: datetime = NOW,
    trouble: Trouble | None = None,
    policy: JobPolicy = POLICY,
    base: str = "one-backup",
) -> JobStep:
    return next_job_step(GATE, base, before, seen, policy, now, trouble)


BEGUN = step(None).run
FAILED_ONCE = step(BEGUN, FAILED).run


def test_work_is_named_on_record_before_its_job_exists():
    begun = step(None)

    assert (begun.run.name, begun.run.attempt, begun.run.state) == ("one-backup", 0, "Requested")
    assert begun.rendered
    assert (begun.gate.passed, begun.gate.severity) == (False, Severity.PROGRESS)


def test_a_restarted_operator_creates_no_second_job():
    again = step(BEGUN, None, now=later(60))

    assert again.run == BEGUN
    assert again.rendered


def test_a_job_that_runs_is_waited_for():
    running = step(BEGUN, RUNNING, now=later(5))

    assert (running.run.state, running.run.since) == ("Running", "2030-01-02T03:04:10Z")
    assert running.rendered
    assert (running.gate.reason, running.gate.severity) == ("JobRunning", Severity.PROGRESS)
    assert step(running.run, RUNNING, now=later(600)).run == running.run, "nothing to write while it runs"


def test_what_its_pod_lacks_is_a_warning_with_the_pods_own_reason():
    stuck = step(BEGUN, RUNNING, trouble=Trouble("ErrImagePull", "pod one-backup-x: no such image"))

    assert (stuck.gate.reason, stuck.gate.severity) == ("ErrImagePull", Severity.WARNING)
    assert stuck.gate.message == "Job one-backup: pod one-backup-x: no such image"
    assert stuck.run.message == "pod one-backup-x: no such image"


def test_a_result_is_recorded_and_its_job_no_longer_rendered():
    done = step(BEGUN, COMPLETE, now=later(9))

    assert (done.run.state, done.run.message) == ("Completed", "")
    assert not done.rendered
    assert done.gate.passed
    assert step(done.run, None, now=later(7200)).run == done.run, "also once Kubernetes has removed it"


def test_a_job_that_is_gone_before_its_result_is_on_record_runs_again_under_its_name():
    running = step(BEGUN, RUNNING).run

    again = step(running, None, now=later(60))

    assert (again.run.name, again.run.state) == ("one-backup", "Requested")
    assert again.rendered


def test_other_work_starts_from_its_first_attempt():
    other = step(FAILED_ONCE, None, base="one-restore")

    assert (other.run.name, other.run.attempt, other.run.state, other.run.message) == (
        "one-restore",
        0,
        "Requested",
        "",
    )


# --- failures -----------------------------------------------------------------------------------------------------


def test_a_failure_has_the_last_words_of_the_pod_and_the_time_of_the_next_attempt():
    failed = step(BEGUN, FAILED, trouble=Trouble("Error", "pod one-backup-x: no space left"))

    assert (failed.run.state, failed.run.reason) == ("Failed", BACKOFF_LIMIT)
    assert failed.run.message == f"pod one-backup-x: no space left; {BACKOFF_LIMIT}!"
    assert not failed.rendered
    assert (failed.gate.severity, failed.gate.requeue) == (Severity.WARNING, At(later(30)))
    assert failed.gate.message == (
        f"Job one-backup failed (attempt 1 of 3): pod one-backup-x: no space left; {BACKOFF_LIMIT}!; the next attempt "
        "starts at 2030-01-02T03:04:35Z"
    )


def test_what_a_pod_said_before_kubernetes_deleted_it_is_kept():
    running = step(BEGUN, RUNNING, trouble=Trouble("Error", "no space left")).run

    failed = step(running, job(("Failed", DEADLINE)))

    assert failed.run.message == f"no space left; {DEADLINE}!"


def test_the_next_attempt_has_the_next_name():
    assert step(FAILED_ONCE, FAILED, now=later(29)).run == FAILED_ONCE

    second = step(FAILED_ONCE, FAILED, now=later(30))

    assert (second.run.name, second.run.attempt, second.run.state) == ("one-backup-1", 1, "Requested")
    assert second.rendered
    assert step(second.run, RUNNING, now=later(31)).run.name == "one-backup-1"


def test_the_last_attempt_needs_a_user():
    run = FAILED_ONCE
    for attempt in (1, 2):
        run = step(run, None, now=later(attempt * 1000)).run
        run = step(run, FAILED, now=later(attempt * 1000 + 1)).run

    given_up = step(run, None, now=later(1e6))

    assert given_up.run.name == "one-backup-2"
    assert (given_up.gate.severity, given_up.gate.reason) == (Severity.BLOCKED, BACKOFF_LIMIT)
    assert not given_up.rendered
    assert "attempt 3 of 3" in given_up.gate.message


def test_an_exit_code_that_no_retry_mends_ends_it_at_once():
    failed = step(BEGUN, job(("Failed", FAILURE_POLICY)))

    assert failed.gate.severity is Severity.BLOCKED


def test_a_job_that_the_api_server_refuses_fails_after_a_while_and_is_tried_again():
    assert step(BEGUN, None, now=later(1199)).run == BEGUN

    refused = step(BEGUN, None, now=later(1200))

    assert (refused.run.state, refused.run.reason) == ("Failed", NOT_CREATED)
    assert "condition ConfigurationApplied reports why" in refused.gate.message
    assert not refused.rendered
    assert step(refused.run, None, now=later(1230)).run.name == "one-backup-1"


@pytest.mark.parametrize("seen", [RUNNING, job()], ids=["a pod that waits", "no pod"])
def test_a_job_none_of_whose_containers_starts_fails_before_its_deadline(seen: Json):
    policy = replace(POLICY, start=timedelta(minutes=30))
    running = step(BEGUN, seen, policy=policy).run
    trouble = Trouble("Unschedulable", 'persistentvolumeclaim "typo" not found')

    def after(seconds: float, *, started: bool, policy: JobPolicy = policy) -> JobStep:
        return next_job_step(GATE, "one-backup", running, seen, policy, later(seconds), trouble, started=started)

    assert after(1799, started=False).run.state == "Running"
    assert after(1800, started=False, policy=POLICY).run.state == "Running"
    failed = after(1800, started=False)
    assert (failed.run.state, failed.run.reason, failed.rendered) == ("Failed", NOT_STARTED, False)
    assert "typo" in failed.gate.message
    if seen is RUNNING:
        assert after(1800, started=True).run.state == "Running"


def test_pauses_double_up_to_the_longest():
    assert [POLICY.pause_after(attempt).total_seconds() for attempt in (0, 1, 2, 5, 99)] == [30, 60, 120, 600, 600]
    assert replace(POLICY, pause=timedelta()).pause_after(99) == timedelta()


def test_long_last_words_fit_into_the_status():
    failed = step(BEGUN, FAILED, trouble=Trouble("Error", "x" * 5000))

    assert len(failed.run.message) == 512
    JobRun.model_validate(failed.run.model_dump())


# --- names and templates ------------------------------------------------------------------------------------------


def test_a_long_name_is_cut_and_stays_one_of_its_own():
    one, two = "a" * 70 + "-x", "a" * 70 + "-y"
    names = [job_name(base, attempt) for base in (one, two) for attempt in (0, 1, 2)]

    assert len(set(names)) == len(names)
    assert max(map(len, names)) == LONGEST_NAME
    assert step(step(None, base=one).run, COMPLETE, base=one).gate.passed


@pytest.mark.parametrize("attempt", [0, 1, 12])
def test_a_name_that_is_cut_behind_a_dot_stays_a_dns_name(attempt: int):
    for length in range(40, LONGEST_NAME):
        name = job_name("a" * length + "." + "b" * 40, attempt)

        assert DNS_NAME.fullmatch(name), name
        assert len(name) <= LONGEST_NAME


def test_a_policy_is_carried_out_by_kubernetes():
    policy = JobPolicy(deadline=timedelta(minutes=5), pods=3, stays=timedelta(minutes=10))

    assert job_spec(policy) == {"activeDeadlineSeconds": 300, "backoffLimit": 2, "ttlSecondsAfterFinished": 600}


def test_a_stand_in_carries_what_policies_select_by_and_is_selected_by_no_workload():
    own = {"app.kubernetes.io/component": "backup"}

    made = stand_in_metadata(own, {"team": "blue", "app.kubernetes.io/component": "master"}, {"proxy": "off"})

    assert made == {
        "labels": {"team": "blue", "app.kubernetes.io/component": "backup"},
        "annotations": {"proxy": "off"},
    }


# --- removal ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "seen", "stays"),
    [
        ({"ttlSecondsAfterFinished": 60}, FAILED, True),
        ({"ttlSecondsAfterFinished": 60}, COMPLETE, True),
        ({"ttlSecondsAfterFinished": 60}, RUNNING, False),
        ({}, COMPLETE, False),
    ],
)
def test_a_finished_job_with_a_time_to_live_is_left_to_kubernetes(spec: Json, seen: Json, stays: bool):
    kube = FakeKube()
    manifest = wanted("Job", "one-backup", spec=spec)
    Applier(kube)(manifest)
    kube.edit("Job", NS, "one-backup", lambda obj: obj.update(status=seen["status"]))

    pruned = prune(scope(kube), [manifest.ref.item], set(), {})

    assert is_left_to_ttl({**seen, "spec": spec}) is stays
    assert pruned == ([] if stays else [manifest.ref])
    assert (KINDS["Job"].path(NS, "one-backup") in kube.objects) is stays
