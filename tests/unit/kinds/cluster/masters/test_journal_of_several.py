"""The initialisation of a journal that lies on the volumes of several masters."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import (
    UID,
    container_status,
    initialized,
    initializing,
    journal_claim,
    journal_job,
    observed,
    pod,
    ready_pod,
)

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, MembersChange
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters import journal

Json = dict[str, Any]
MISSING = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: /journal/raft doesn't exist\n"}
BACKOFF = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
ADOPTING = "0a1b2c3da"


def jobs(*complete: bool, operation: str = "0a1b2c3dc") -> list[Json]:
    return [journal_job(complete=done, operation=operation, ordinal=ordinal) for ordinal, done in enumerate(complete)]


def claims(*used: bool, members: int = 3) -> list[Json]:
    return [journal_claim(used=one, ordinal=ordinal, members=members) for ordinal, one in enumerate(used)]


def without(role: str, name: str) -> Json:
    container = "journal" if role == names.JOURNAL else "journal-check"
    status = container_status(container, waiting=BACKOFF, last=MISSING)
    if role == names.JOURNAL:
        return pod(role, name, containers=[status])
    return pod(role, name, phase="Pending", inits=[status], containers=[])


def masters_without(*ordinals: int) -> list[Json]:
    return [without(names.MASTER, f"small-master-{ordinal}") for ordinal in ordinals]


def test_the_number_of_members_is_recorded_before_any_job():
    step = journal.next_journal_step(observed(), UID, 3)

    assert step.status == initializing(members=3)
    assert step.job == "create"
    assert not step.gate.passed


@pytest.mark.parametrize("done", [(), (True, True), (True, True, False), (False, False, False)])
def test_a_new_journal_is_there_when_every_member_has_its_own(done: tuple[bool, ...]):
    look = observed(initializing(members=3), *jobs(*done))

    step = journal.next_journal_step(look, UID, 3)

    assert (step.status, step.job) == (initializing(members=3), "create")
    assert not step.gate.passed


def test_then_it_is_initialized_for_that_number_of_members():
    step = journal.next_journal_step(observed(initializing(members=3), *jobs(True, True, True)), UID, 3)

    assert (step.status, step.job, step.gate.passed) == (initialized(members=3), "create", True)


@pytest.mark.parametrize("used", [(True, True, True), (True, False, False), (False, False, True)])
def test_one_claim_that_was_in_use_is_enough_to_adopt(used: tuple[bool, ...]):
    step = journal.next_journal_step(observed(*claims(*used)), UID, 3)

    assert (step.status, step.job) == (initializing(ADOPTING, members=3), "adopt")


def test_a_majority_of_the_journals_is_taken_over():
    found = jobs(True, False, True, operation=ADOPTING)
    pod = without(names.JOURNAL, "small-journal-1")
    look = observed(pod, initializing(ADOPTING, members=3), *found, *claims(True, True, True))

    step = journal.next_journal_step(look, UID, 3)

    assert (step.status, step.job, step.gate.passed) == (initialized(ADOPTING, members=3), "adopt", True)


def test_less_than_a_majority_is_never_taken_over():
    found = jobs(True, False, False, operation=ADOPTING)
    pods = [without(names.JOURNAL, "small-journal-1"), without(names.JOURNAL, "small-journal-2")]
    look = observed(*pods, initializing(ADOPTING, members=3), *found, *claims(True, True, True))

    step = journal.next_journal_step(look, UID, 3)

    assert (step.gate.passed, step.gate.reason) == (False, "JournalMissing")
    assert step.job == "adopt"
    assert "until 2 volumes have the journal" in step.gate.message
    for ordinal in range(3):
        assert f"journal-small-master-{ordinal}" in step.gate.message


def test_one_that_is_missing_is_not_yet_the_journal_that_is_missing():
    found = jobs(False, False, False, operation=ADOPTING)
    pod = without(names.JOURNAL, "small-journal-1")
    look = observed(pod, initializing(ADOPTING, members=3), *found, *claims(True, True, True))

    gate = journal.next_journal_step(look, UID, 3).gate

    assert (gate.reason, gate.message) == ("Initializing", "the journal's Jobs are running")


# --- for how many masters it was made -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "made", "wished"),
    [
        (claims(True, True, True), 3, 1),
        (claims(True, True, True), 3, 5),
        (claims(True, members=1), 1, 3),
        (claims(False, True, False), 3, 5),
    ],
)
def test_a_journal_that_was_made_for_other_members_is_not_taken_over(found: list[Json], made: int, wished: int):
    step = journal.next_journal_step(observed(*found), UID, wished)  # type: ignore[arg-type]

    assert (step.status, step.job) == (None, None)
    assert (step.gate.passed, step.gate.reason) == (False, "MemberCountMismatch")
    assert f"a journal of {made} masters, and spec.masters.replicas is {wished}" in step.gate.message


def test_a_claim_that_does_not_say_is_one_of_a_lone_master():
    assert observed(journal_claim(used=True)).journal_members == 1
    assert observed(journal_claim()).journal_members is None


def test_while_nothing_is_known_and_no_master_is_wished_nothing_is_made():
    step = journal.next_journal_step(observed(), UID, 0)

    assert (step.status, step.job, step.gate.passed, step.gate.reason) == (None, None, False, "ScaledToZero")


# --- what is lost later -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("members", "lost"), [(3, (2,)), (5, (0,)), (5, (1, 3))])
def test_a_minority_without_its_journal_leaves_the_journal_there(members: Any, lost: tuple[int, ...]):
    look = observed(ready_pod("master", "small-master-4"), *masters_without(*lost), initialized(members=members))

    assert journal.next_journal_step(look, UID, members).gate.passed


@pytest.mark.parametrize(("members", "lost"), [(3, (0, 2)), (3, (0, 1, 2)), (5, (0, 1, 2))])
def test_without_a_majority_the_journal_is_missing_and_not_replaced(members: Any, lost: tuple[int, ...]):
    step = journal.next_journal_step(observed(*masters_without(*lost), initialized(members=members)), UID, members)

    assert (step.gate.passed, step.gate.reason) == (False, "JournalMissing")
    assert (step.job, step.status) == (None, initialized(members=members))
    assert "doesn't create another journal" in step.gate.message
    assert "delete the AlluxioCluster and PVCs journal-small-master-0, journal-small-master-1" in step.gate.message


def test_masters_that_are_scaled_to_zero_have_lost_nothing():
    assert journal.next_journal_step(observed(ClusterStatus(journal=initialized(members=3))), UID, 3).gate.passed


@pytest.mark.parametrize(("lost", "members", "passed"), [((1,), 1, True), ((2,), 2, True), ((1,), 2, False)])
def test_only_members_need_a_journal_and_no_one_is_told_to_delete_the_others(
    lost: tuple[int, ...], members: int, passed: bool
):
    change = {"to": 3, "members": members, "state": "Joining", "operation": "m1", "since": "2030-01-02T03:04:05Z"}
    begun = MembersChange.model_validate(change)
    known = initialized(members=1).model_copy(update={"change": begun})

    gate = journal.next_journal_step(observed(*masters_without(*lost), known), UID, members).gate

    assert gate.passed is passed
    assert passed or ("delete none" in gate.message and "delete the AlluxioCluster" not in gate.message)
