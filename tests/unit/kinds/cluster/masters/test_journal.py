"""The journal's only initialisation: each state and what follows from it."""

from __future__ import annotations

import pytest
from tests.support.builders import (
    UID,
    container_status,
    info,
    initialized,
    initializing,
    journal_claim,
    journal_job,
    observed,
    pod,
    ready_pod,
)

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters import journal

MISSING = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
BACKOFF = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}


def master_without_journal():
    return pod(
        names.MASTER,
        phase="Pending",
        inits=[container_status("journal-check", waiting=BACKOFF, last=MISSING)],
        containers=[container_status("master", waiting={"reason": "PodInitializing"})],
    )


def job_pod(**state):
    return pod(names.JOURNAL, containers=[container_status("journal", **state)])


def test_nothing_known_and_no_volume_used_before_leads_to_one_operation_that_creates():
    step = journal.next_journal_step(observed(), UID, 1)

    assert step.status == initializing("0a1b2c3dc")
    assert step.job == "create"
    assert (step.gate.passed, step.gate.reason) == (False, "Initializing")


def test_a_volume_that_was_in_use_is_adopted_and_never_created_anew():
    step = journal.next_journal_step(observed(journal_claim(used=True)), UID, 1)

    assert step.status == initializing("0a1b2c3da")
    assert step.job == "adopt"
    assert not step.gate.passed


def test_an_adoption_stays_one_when_its_volume_is_lost():
    step = journal.next_journal_step(observed(initializing("0a1b2c3da")), UID, 1)

    assert (step.status, step.job) == (initializing("0a1b2c3da"), "adopt")


def test_a_claim_that_the_operator_never_marked_may_be_initialised():
    assert journal.next_journal_step(observed(journal_claim()), UID, 1).job == "create"


def test_the_operation_follows_from_the_resource_so_a_lost_write_leads_to_one_job():
    first = journal.next_journal_step(observed(), UID, 1)
    again = journal.next_journal_step(observed(first.status), UID, 1)
    other = journal.next_journal_step(observed(), "99999999-1111-2222-3333-444455556666", 1)

    assert again.status == first.status
    assert again.job == first.job
    assert other.status.operation != first.status.operation


def test_a_job_that_vanished_too_early_is_recreated_under_the_same_operation():
    step = journal.next_journal_step(observed(initializing()), UID, 1)

    assert (step.status, step.job) == (initializing(), "create")
    assert not step.gate.passed


def test_a_running_job_is_waited_for():
    step = journal.next_journal_step(observed(initializing(), journal_job()), UID, 1)

    assert (step.status, step.job) == (initializing(), "create")
    assert step.gate.message == "the journal's Job is running"
    assert not step.gate.passed


@pytest.mark.parametrize(
    "conditions", [[], [{"type": "Complete", "status": "False"}], [{"type": "Failed", "status": "True"}]]
)
def test_only_a_job_that_is_complete_opens_the_gate(conditions):
    job = {**journal_job(), "status": {"conditions": conditions}}

    step = journal.next_journal_step(observed(initializing(), job), UID, 1)

    assert not step.gate.passed
    assert step.status == initializing()


def test_what_keeps_the_jobs_pod_from_running_is_said():
    waiting = {"reason": "ErrImagePull", "message": "no such image"}
    step = journal.next_journal_step(observed(job_pod(waiting=waiting), initializing(), journal_job()), UID, 1)

    assert step.gate.reason == "ImagePullBackOff"
    assert "no such image" in step.gate.message


def test_an_adopting_job_without_a_journal_reports_journal_missing_and_both_remedies():
    lost = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
    step = journal.next_journal_step(
        observed(
            job_pod(waiting=BACKOFF, last=lost),
            initializing("0a1b2c3da"),
            journal_job(operation="0a1b2c3da"),
            journal_claim(used=True),
        ),
        UID,
        1,
    )

    assert (step.gate.passed, step.gate.reason) == (False, "JournalMissing")
    assert step.job == "adopt"
    assert "Restore the data of the volume" in step.gate.message
    assert "delete the AlluxioCluster and PVC journal-small-master-0" in step.gate.message


def test_a_complete_job_opens_the_gate_and_stays_until_the_status_says_so():
    step = journal.next_journal_step(observed(initializing(), journal_job(complete=True)), UID, 1)

    assert step.gate.passed
    assert step.status == initialized()
    assert step.job == "create", "without its Job, a lost status write would lose the result"


def test_a_complete_job_is_left_as_it_was_rendered_when_the_claim_is_marked_already():
    # The claim was marked, then the write of the status was lost. A Job's template can't be changed.
    look = observed(initializing(), journal_job(complete=True), journal_claim(used=True))

    step = journal.next_journal_step(look, UID, 1)

    assert (step.status, step.job) == (initialized(), "create")


def test_a_complete_adoption_keeps_its_mode():
    look = observed(
        initializing("0a1b2c3da"), journal_job(complete=True, operation="0a1b2c3da"), journal_claim(used=True)
    )

    step = journal.next_journal_step(look, UID, 1)

    assert (step.status, step.job) == (initialized("0a1b2c3da"), "adopt")


@pytest.mark.parametrize("claim", [None, journal_claim(), journal_claim(used=True)], ids=["gone", "fresh", "marked"])
@pytest.mark.parametrize("job", [None, journal_job(), journal_job(complete=True)], ids=["no-job", "job", "complete"])
def test_once_initialized_no_job_ever_runs_again(claim, job):
    step = journal.next_journal_step(observed(initialized(), claim, job), UID, 1)

    assert step.job is None
    assert step.status == initialized()
    assert step.gate.passed


def test_a_missing_initialized_journal_closes_the_gate_and_is_not_replaced():
    step = journal.next_journal_step(observed(master_without_journal(), initialized()), UID, 1)

    assert (step.gate.passed, step.gate.reason) == (False, "JournalMissing")
    assert step.job is None
    assert step.status == initialized()
    assert "doesn't create another journal" in step.gate.message
    assert step.gate.message.startswith("pod small-master-0: no journal below /journal/raft.")


def test_other_trouble_of_a_master_does_not_speak_against_its_journal():
    crashed = pod(names.MASTER, containers=[container_status("master", waiting=BACKOFF, last={"exitCode": 137})])

    assert journal.next_journal_step(observed(crashed, initialized()), UID, 1).gate.passed


def test_a_serving_cluster_passes():
    look = observed(ready_pod(names.MASTER), initialized(), info())

    assert journal.next_journal_step(look, UID, 1).gate.passed


@pytest.mark.parametrize("used", [False, True])
def test_the_volume_counts_as_initialized_by_status_or_by_its_mark(used):
    by_claim = observed(journal_claim(used=used))

    assert by_claim.journal_was_initialized is used
    assert observed(ClusterStatus(journal=initialized())).journal_was_initialized
    assert not observed(initializing()).journal_was_initialized


def test_a_job_that_failed_is_named_with_its_reason_and_deleted():
    said = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many failed pods"}
    job = {**journal_job(), "status": {"conditions": [said]}}

    step = journal.next_journal_step(observed(initializing(), job), UID, 1)

    assert step.failed == (job,)
    assert step.gate.reason == "BackoffLimitExceeded"
    assert "too many failed pods" in step.gate.message
    assert step.gate.requeue == journal.RETRY_FAILED_JOB
