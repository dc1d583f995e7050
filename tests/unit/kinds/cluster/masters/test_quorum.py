"""Who leads, who follows and who is down, from what each master says of itself."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import container_status, info, observed, pod, ready_pod

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.engine.gate import Severity
from alluxio_operator.kinds.cluster.masters.quorum import leader_answer, majority, quorum_healthy, quorum_of
from alluxio_operator.workloads.pod_trouble import Trouble

NAMES = [f"small-master-{ordinal}" for ordinal in range(5)]
FOLLOWS_0 = Standby("small-master-0.small-master.data.svc")
FOLLOWS_1 = Standby("small-master-1.small-master.data.svc")
SAFE_MODE = NoAnswer("in safe mode", leads=True)


def look(*answers: Answer | None) -> Any:
    """Return a look at masters that run and answer so; None for one that isn't there."""
    said = {name: answer for name, answer in zip(NAMES, answers, strict=False) if answer is not None}
    return observed(*(ready_pod("master", name) for name in said), answers=said)


def gate(*answers: Answer | None, installed: bool = True, lost: Trouble | None = None) -> Any:
    return quorum_healthy(quorum_of(look(*answers), len(answers)), lost, installed=installed)


@pytest.mark.parametrize(("members", "needed"), [(1, 1), (3, 2), (5, 3)])
def test_a_majority(members: int, needed: int):
    assert majority(members) == needed


def test_each_master_is_told_apart():
    quorum = quorum_of(look(info(), FOLLOWS_0, NoAnswer("connection refused"), None, Standby()), 5)

    assert [(one.role, one.problem) for one in quorum.members] == [
        ("Leader", ""),
        ("Standby", ""),
        ("Down", "connection refused"),
        ("Down", "its pod doesn't exist"),
        ("Standby", "it knows of no leader"),
    ]
    assert (quorum.leader, quorum.leaders, quorum.available) == ("small-master-0", ("small-master-0",), 2)


def test_a_pod_that_does_not_run_says_why():
    waiting = [container_status("master", waiting={"reason": "ImagePullBackOff", "message": "no such image"})]
    made = pod("master", phase="Pending", ip="", containers=waiting)

    [member] = quorum_of(observed(made), 1).members

    assert (member.role, member.problem) == ("Down", "container master: no such image")
    starting = [container_status("master", waiting={"reason": "ContainerCreating"})]
    pending = observed(pod("master", phase="Pending", ip="", containers=starting))
    assert quorum_of(pending, 1).members[0].problem == "its pod doesn't run yet"


def test_a_leader_in_safe_mode_leads_already():
    quorum = quorum_of(look(SAFE_MODE, FOLLOWS_0, FOLLOWS_0), 3)

    assert quorum.leader == "small-master-0"
    assert (quorum.members[0].role, quorum.members[0].problem) == ("Leader", "in safe mode")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"a": NoAnswer("no route"), "b": info(live=7)}, info(live=7)),
        ({"a": SAFE_MODE, "b": Standby("a")}, SAFE_MODE),
        ({"a": NoAnswer("no route"), "b": Standby()}, NoAnswer("no master leads")),
        ({"a": NoAnswer("no route"), "b": NoAnswer("refused")}, NoAnswer("refused")),
        ({}, NoAnswer("no master has an address yet")),
    ],
)
def test_the_word_of_the_leader_counts(answers: dict[str, Answer], said: Answer):
    assert leader_answer(answers) == said


def test_of_two_that_say_that_they_lead_the_followed_one_is_believed():
    cut_off = look(info(live=1), info(live=2), FOLLOWS_1)

    assert cut_off.master == info(live=2)
    assert quorum_of(cut_off, 3).leaders == ("small-master-1", "small-master-0")


def test_the_one_that_was_elected_is_believed_before_it_serves():
    assert look(info(), SAFE_MODE, FOLLOWS_1).master == SAFE_MODE


# --- the condition ------------------------------------------------------------------------------------------------


def test_a_quorum_is_healthy_with_one_leader_whom_all_others_follow():
    found = gate(info(), FOLLOWS_0, FOLLOWS_0)

    assert (found.type, found.passed, found.reason) == ("QuorumHealthy", True, "Healthy")
    assert found.message == "3 of 3 masters, led by small-master-0"


@pytest.mark.parametrize(
    ("answers", "reason", "said"),
    [
        (
            (info(), FOLLOWS_0, NoAnswer("no route")),
            "MemberDown",
            "2 of 3 masters, led by small-master-0; small-master-2 is down: no route",
        ),
        (
            (info(), FOLLOWS_0, Standby()),
            "MemberDown",
            "2 of 3 masters, led by small-master-0; small-master-2: it knows of no leader",
        ),
        (
            (info(), FOLLOWS_0, FOLLOWS_1),
            "MemberDown",
            "2 of 3 masters, led by small-master-0; small-master-2: it follows small-master-1, which doesn't lead",
        ),
        ((Standby(), Standby(), Standby()), "NoLeader", "3 of 3 masters, no leader"),
        (
            (None, Standby(), None),
            "MemberDown",
            "1 of 3 masters, no leader; small-master-0 is down: its pod doesn't exist; "
            "small-master-2 is down: its pod doesn't exist",
        ),
        (
            (info(), info(), FOLLOWS_1),
            "SeveralLeaders",
            "small-master-1 and small-master-0 both report that they lead: one of them is cut off from the others",
        ),
    ],
    ids=["one down", "one without a leader", "one behind", "none leads", "two gone", "two lead"],
)
def test_what_is_wrong_with_a_quorum_is_said(answers: tuple[Answer | None, ...], reason: str, said: str):
    found = gate(*answers)

    assert (found.passed, found.reason, found.message) == (False, reason, said)


def test_masters_that_start_are_no_cause_for_a_warning():
    assert gate(info(), FOLLOWS_0, None, installed=False).reason == "Waiting"


def test_a_member_without_its_journal_gives_the_reason():
    found = gate(info(), FOLLOWS_0, None, lost=Trouble("Rejoining", "small-master-2 joins again"))

    assert found.reason == "Rejoining"
    assert found.message.endswith("small-master-2 is down: its pod doesn't exist; small-master-2 joins again")


DOWN = NoAnswer("connection refused")


@pytest.mark.parametrize(
    ("answers", "replaced", "severity"),
    [
        ((info(), FOLLOWS_0, None), {"small-master-2"}, Severity.PROGRESS),
        ((DOWN, Standby(), Standby()), {"small-master-0"}, Severity.PROGRESS),
        ((Standby(), Standby(), Standby()), {"small-master-0"}, Severity.PROGRESS),
        ((info(), FOLLOWS_0, None), set(), Severity.WARNING),
        ((info(), DOWN, None), {"small-master-2"}, Severity.WARNING),
        ((info(), info(), None), {"small-master-2"}, Severity.WARNING),
    ],
    ids=["replaced", "leader replaced", "election after it", "unplanned", "another one too", "two leaders"],
)
def test_a_planned_absence_is_progress_and_any_other_a_warning(
    answers: tuple[Answer | None, ...], replaced: set[str], severity: Severity
):
    found = quorum_healthy(quorum_of(look(*answers), 3), None, installed=True, replaced=frozenset(replaced))

    assert (found.passed, found.severity) == (False, severity)


def test_a_lost_journal_is_a_warning_though_its_master_is_being_replaced():
    lost = Trouble("JournalMissing", "pod small-master-2: gone")
    quorum = quorum_of(look(info(), FOLLOWS_0, None), 3)

    found = quorum_healthy(quorum, lost, installed=True, replaced=frozenset({"small-master-2"}))

    assert found.severity is Severity.WARNING
