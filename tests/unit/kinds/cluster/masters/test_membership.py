"""The number of masters changes by steps: what each state waits for, and what it asks of the leader."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import NOW, container_status, info, initialized, observed, pod, ready_pod, resource

from alluxio_operator.alluxio.answers import Answer, NoAnswer, QuorumInfo, QuorumMember, Standby
from alluxio_operator.api.alluxiocluster_status import MembersChange
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.counts import counts_of
from alluxio_operator.kinds.cluster.masters.member_step import RETRY, MembershipStep, Situation
from alluxio_operator.kinds.cluster.masters.membership import next_membership_step
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout.backup_guard import Writing
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kinds.cluster.validate import MEMBER_CHANGES, Cluster, validate
from alluxio_operator.workloads.pods import parse_pod
from alluxio_operator.workloads.termination_message import JOURNAL_MISSING, NOT_A_MEMBER

Json = dict[str, Any]


def host(ordinal: int) -> str:
    return f"small-master-{ordinal}.data.svc"


def follows(ordinal: int) -> Standby:
    return Standby(host(ordinal))


def members(*ordinals: int, leader: int = 0, away: tuple[int, ...] = ()) -> QuorumInfo:
    return tuple(QuorumMember(host(one), one not in away, one == leader) for one in ordinals)


def change(state: Any, to: Any, count: int, **over: Any) -> MembersChange:
    return MembersChange(to=to, members=count, state=state, operation="m1", since=stamp(NOW), **over)


class Look:
    """A look at a cluster that may change its number of masters."""

    def __init__(
        self,
        wanted: int,
        known: int,
        begun: MembersChange | None = None,
        *,
        quorum: QuorumInfo | NoAnswer | None,
        pods: int,
        leader: int = 0,
        answers: dict[int, Answer] | None = None,
        indexes: dict[int, int] | None = None,
    ) -> None:
        journal = initialized(members=known).model_copy(update={"change": begun, "hosts": "Service"})  # type: ignore[arg-type]
        status = {"journal": journal.model_dump(by_alias=True, mode="json", exclude_none=True)}
        made = resource(status=status, masters={"replicas": wanted})
        made["metadata"]["annotations"] = {MEMBER_CHANGES: "true"}
        valid = validate(made)
        assert isinstance(valid, Cluster), valid
        said = (
            {one: info() if one == leader else follows(leader) for one in range(pods)} if answers is None else answers
        )
        found = observed(
            *(ready_pod("master", f"small-master-{one}") for one in range(pods)),
            made,
            journal,
            answers={f"small-master-{one}": answer for one, answer in said.items()},
            indexes={f"small-master-{one}": index for one, index in (indexes or {}).items()},
        )
        self.cluster = valid
        self.observed: Observed = replace(found, quorum_info=quorum, ufs=UfsHealth(), claims=())

    def step(
        self,
        now: Any = NOW,
        busy: str = "",
        *,
        outdated: tuple[int, ...] = (),
        expendable: tuple[int, ...] = (),
        writing: tuple[Writing, ...] | None = (),
    ) -> MembershipStep:
        quorum = quorum_of(self.observed, self.cluster.members)
        old, failing = (
            tuple(pod for one in some if (pod := self.observed.master_named(f"small-master-{one}")))
            for some in (outdated, expendable)
        )
        situation = Situation(self.observed, self.cluster, quorum, now, old, failing, writing)
        return next_membership_step(situation, busy=busy)


def gate(step: MembershipStep) -> tuple[str, str]:
    assert step.gate is not None
    assert not step.gate.passed
    return step.gate.reason, step.gate.message


# --- the beginning -------------------------------------------------------------------------------------------------


def test_without_another_number_nothing_happens():
    assert Look(3, 3, quorum=None, pods=3).step() == MembershipStep(None)
    assert Look(0, 3, quorum=None, pods=0).step() == MembershipStep(None)


@pytest.mark.parametrize(("wanted", "known", "state"), [(3, 1, "Preparing"), (1, 3, "Leaving"), (5, 3, "Preparing")])
def test_a_change_is_on_record_before_anything_else(wanted: int, known: int, state: str):
    step = Look(wanted, known, quorum=members(*range(known)), pods=known).step()

    assert step.change is not None
    assert (step.change.state, step.change.to, step.change.members) == (state, wanted, known)
    assert step.in_progress
    assert (step.remove, step.transfer, step.restart) == (None, None, None)


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"quorum": members(0, 1)}, "it has small-master-0, small-master-1"),
        ({"quorum": members(0, 1, 2, away=(2,))}, "small-master-2 (away)"),
        ({"quorum": members(0, 1, 2, 3)}, "small-master-3"),
        ({"quorum": NoAnswer("UNAUTHENTICATED")}, "the leader tells who its members are: UNAUTHENTICATED"),
        ({"quorum": None}, "no master leads"),
        ({"answers": {0: info(), 1: follows(0)}}, "all masters are healthy: small-master-2"),
        ({"answers": {0: info(), 1: info(), 2: follows(0)}}, "one master leads"),
    ],
)
def test_it_begins_only_with_a_quorum_that_is_whole_by_both_words(over: Json, reason: str):
    step = Look(5, 3, **{"quorum": members(0, 1, 2), "pods": 3, **over}).step()

    assert step.change is None
    assert not step.in_progress
    assert gate(step)[0] == "Waiting"
    assert reason in gate(step)[1]


def test_it_waits_for_what_else_changes_masters():
    step = Look(3, 1, quorum=members(0), pods=1).step(busy="small-master-0 runs the current spec")

    assert gate(step) == (
        "Waiting",
        "spec.masters.replicas is 3 and the quorum has 1 masters: the operator changes them once small-master-0 runs "
        "the current spec",
    )


def test_a_new_master_needs_a_ufs_that_answers_and_a_leaving_one_does_not():
    more, fewer = Look(3, 1, quorum=members(0), pods=1), Look(1, 3, quorum=members(0, 1, 2), pods=3)
    for look in (more, fewer):
        look.observed = replace(look.observed, ufs=UfsHealth("no route"))

    assert gate(more.step())[0] == "UfsUnreachable"
    assert fewer.step().in_progress
    more.observed = replace(more.observed, ufs=None)
    assert more.step().needs_ufs_probe


# --- one more ------------------------------------------------------------------------------------------------------


def test_the_next_master_starts_after_its_job_only():
    begun = change("Preparing", 3, 1)
    look = Look(3, 1, begun, quorum=members(0), pods=1)
    assert look.step().change == begun

    done = {"metadata": {"name": "j", "uid": "u"}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    look.observed = replace(look.observed, joining_job=done)

    assert look.step().change == change("Joining", 3, 1)


@pytest.mark.parametrize(
    ("quorum", "indexes"),
    [
        (members(0), {0: 40, 1: 40}),
        (members(0, 1, away=(1,)), {0: 40, 1: 40}),
        (members(0, 1), {0: 40, 1: 39}),
        (members(0, 1), {0: 40}),
        (members(0, 1, 2), {0: 40, 1: 40}),
        (NoAnswer("no answer in time"), {0: 40, 1: 40}),
    ],
)
def test_a_master_counts_once_the_leader_lists_it_and_it_has_the_journal(quorum: Any, indexes: dict[int, int]):
    step = Look(3, 1, change("Joining", 3, 1, index=40), quorum=quorum, pods=2, indexes=indexes).step()

    assert step.change is not None
    assert (step.change.state, step.change.members) == ("Joining", 1)


def test_the_index_to_reach_is_on_record_before_it_is_compared():
    step = Look(3, 1, change("Joining", 3, 1), quorum=members(0, 1), pods=2, indexes={0: 40}).step()

    assert step.change is not None
    assert (step.change.index, step.change.members) == (40, 1)


@pytest.mark.parametrize(("to", "state"), [(3, "Preparing"), (5, "Preparing")])
def test_the_master_after_it_is_prepared_under_another_name(to: int, state: str):
    begun = change("Joining", to, 1, index=40)
    step = Look(to, 1, begun, quorum=members(0, 1), pods=2, indexes={0: 44, 1: 40}).step(NOW + timedelta(seconds=9))

    assert step.change is not None
    assert (step.change.state, step.change.members) == (state, 2)
    assert step.change.operation != begun.operation
    assert (step.change.index, step.members) == (None, None)


def test_the_last_one_completes_the_change():
    begun = change("Joining", 3, 2, index=40)
    step = Look(3, 1, begun, quorum=members(0, 1, 2), pods=3, indexes={0: 40, 2: 40}).step()

    assert step.change is not None
    assert (step.change.state, step.members) == ("Leading", 3)
    assert step.in_progress, "until the rollout has its turn"


def test_a_master_that_the_leader_never_heard_is_restarted_now_and_then():
    begun = change("Joining", 3, 1)
    look = Look(3, 1, begun, quorum=members(0), pods=2, answers={0: info(), 1: Standby()})

    assert look.step(NOW + RETRY / 2).restart is None
    step = look.step(NOW + RETRY)
    assert step.restart is not None
    assert step.restart.name == "small-master-1"
    assert step.change is not None
    assert step.change.retried == stamp(NOW + RETRY)


def led_by(ordinal: int, listed: int = 3) -> dict[int, Answer]:
    answers: dict[int, Answer] = {one: follows(ordinal) for one in range(3)}
    return {**answers, ordinal: info(members=tuple(host(one) for one in range(listed)))}


def test_the_lead_goes_back_to_the_master_that_all_clients_know():
    begun = change("Leading", 3, 3)
    look = Look(3, 3, begun, quorum=members(0, 1, 2, leader=1), pods=3, leader=1, answers=led_by(1))

    step = look.step()
    assert (step.transfer, step.in_progress) == (0, False)
    assert step.change is not None
    assert step.change.retried == stamp(NOW)

    look = Look(3, 3, step.change, quorum=members(0, 1, 2, leader=1), pods=3, leader=1, answers=led_by(1))
    assert look.step(NOW + RETRY / 2).transfer is None
    assert look.step(NOW + RETRY).transfer == 0


@pytest.mark.parametrize("listed", [0, 1, 5])
def test_a_leader_whose_own_properties_list_other_masters_is_not_asked_for_it(listed: int):
    # It would set the members to those in its own properties.
    begun, answers = change("Leading", 3, 3), led_by(1, listed)
    step = Look(3, 3, begun, quorum=members(0, 1, 2, leader=1), pods=3, leader=1, answers=answers).step()

    assert (step.transfer, step.in_progress, step.change) == (None, False, begun)


def test_a_leader_whose_list_is_of_before_is_not_asked_for_it():
    look = Look(3, 3, change("Leading", 3, 3), quorum=members(0, 1, 2, leader=1), pods=3, leader=1)

    step = look.step(outdated=(0,))

    assert (step.transfer, step.in_progress) == (None, False)
    assert step.change == change("Leading", 3, 3)


@pytest.mark.parametrize(("leader", "hours"), [(0, 0), (1, 2)])
def test_the_change_is_over_once_the_first_one_leads_or_an_hour_later(leader: int, hours: int):
    look = Look(3, 3, change("Leading", 3, 3), quorum=members(0, 1, 2, leader=leader), pods=3, leader=leader)

    step = look.step(NOW + timedelta(hours=hours))

    assert (step.change, step.members, step.transfer) == (None, 3, None)


def test_another_number_does_not_wait_for_the_lead():
    look = Look(5, 3, change("Leading", 3, 3), quorum=members(0, 1, 2, leader=1), pods=3, leader=1)

    step = look.step()

    assert step.change is not None
    assert (step.change.state, step.change.to, step.change.members) == ("Preparing", 5, 3)


def test_masters_may_stop_while_the_lead_is_elsewhere():
    step = Look(0, 3, change("Leading", 3, 3), quorum=None, pods=0).step()

    assert (step.change, step.members, step.gate) == (None, 3, None)


# --- one fewer -----------------------------------------------------------------------------------------------------


def test_the_leader_removes_the_last_one_while_it_runs():
    step = Look(1, 3, change("Leaving", 1, 3), quorum=members(0, 1, 2), pods=3).step()

    assert (step.remove, step.transfer) == (2, None)
    assert step.change == change("Leaving", 1, 3), "on record already"


@pytest.mark.parametrize(("to", "count", "leader"), [(1, 2, 1), (1, 3, 2), (3, 5, 4), (3, 5, 1)])
def test_any_leader_removes_the_last_one_also_itself(to: int, count: int, leader: int):
    quorum = members(*range(count), leader=leader)
    step = Look(to, 1, change("Leaving", to, count), quorum=quorum, pods=count, leader=leader).step()

    assert (step.transfer, step.restart, step.remove) == (None, None, count - 1)


def test_no_master_is_removed_while_two_report_that_they_lead():
    answers: dict[int, Answer] = {0: info(), 1: info(), 2: follows(0)}
    step = Look(1, 3, change("Leaving", 1, 3), quorum=members(0, 1, 2), pods=3, answers=answers).step()

    assert step.remove is None


def test_masters_that_no_step_has_added_are_removed_first():
    step = Look(1, 3, change("Leaving", 1, 2), quorum=members(0, 1, 2), pods=2).step()

    assert step.remove == 2


def test_one_of_two_is_removed_only_while_both_are_there():
    begun = change("Leaving", 1, 2)

    assert Look(1, 3, begun, quorum=members(0, 1), pods=2).step().remove == 1
    assert Look(1, 3, begun, quorum=members(0, 1, away=(1,)), pods=2).step().remove is None


def test_its_pod_stops_once_the_leader_lists_it_no_more():
    step = Look(1, 3, change("Leaving", 1, 3), quorum=members(0, 1), pods=3).step()

    assert step.change is not None
    assert (step.change.state, step.change.members) == ("Stopping", 2)


def test_one_that_came_back_is_removed_again_before_the_next_leaves():
    step = Look(1, 3, change("Stopping", 1, 2), quorum=members(0, 1, 2, away=(2,)), pods=2).step()

    assert step.remove == 2
    assert step.change == change("Stopping", 1, 2)


def test_the_last_of_two_starts_again_if_its_absence_leaves_no_leader():
    begun = change("Stopping", 1, 1)
    look = Look(1, 3, begun, quorum=None, pods=1, answers={0: Standby()})

    assert look.step(NOW + RETRY / 2).change == begun
    again = look.step(NOW + RETRY).change
    assert again is not None
    assert (again.state, again.members) == ("Leaving", 2)


def test_a_stopped_master_whose_pod_is_gone_completes_the_change():
    step = Look(1, 3, change("Stopping", 1, 1), quorum=members(0), pods=1).step()

    assert (step.change, step.members) == (None, 1)


# --- whatever else happens -----------------------------------------------------------------------------------------


def test_a_new_master_that_leads_has_joined():
    begun = change("Joining", 3, 1, index=40)
    step = Look(3, 1, begun, quorum=members(0, 1, leader=1), pods=2, leader=1, indexes={0: 40}).step()

    assert step.change is not None
    assert (step.change.state, step.change.members) == ("Preparing", 2)


@pytest.mark.parametrize(("wanted", "count", "after"), [(1, 1, None), (1, 2, "Leaving"), (3, 3, None)])
def test_a_growth_that_is_taken_back_while_a_job_prepares_starts_no_master(wanted: int, count: int, after: str | None):
    known = 3 if count == 3 else 1
    begun = change("Preparing", 5 if count == 3 else 3, count)
    step = Look(wanted, known, begun, quorum=members(*range(count)), pods=count).step()

    assert (step.change and step.change.state) == after
    assert step.members == (None if after else wanted)
    counts = counts_of({"members": known, **({"change": step.change.model_dump()} if step.change else {})}, wanted)
    assert counts.replicas == count


def test_a_master_that_leaves_and_is_wanted_again_joins_anew_before_the_next():
    step = Look(3, 1, change("Leaving", 1, 2), quorum=members(0, 1), pods=2).step()

    assert step.change is not None
    assert (step.change.state, step.change.members, step.change.to) == ("Joining", 1, 3)


@pytest.mark.parametrize("count", [1, 2])
def test_the_next_master_does_not_start_while_another_is_away(count: int):
    done = {"metadata": {"name": "j", "uid": "u"}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    away = (count - 1,)
    look = Look(3, 1, change("Preparing", 3, count), quorum=members(*range(count), away=away), pods=count)
    look.observed = replace(look.observed, joining_job=done)

    step = look.step()

    assert step.change is not None
    assert step.change.state == "Preparing"


@pytest.mark.parametrize("state", ["Preparing", "Joining", "Leaving", "Stopping"])
def test_a_failing_master_of_an_older_spec_is_replaced_in_each_state(state: str):
    look = Look(3, 1, change(state, 3, 2), quorum=NoAnswer("no master leads"), pods=3)

    step = look.step(expendable=(1,))

    assert step.restart is not None
    assert (step.restart.name, step.remove) == ("small-master-1", None)


@pytest.mark.parametrize(("quorum", "replaced"), [(members(0), True), (members(0, 1), False), (None, False)])
def test_a_master_that_joins_gets_a_corrected_spec_before_it_is_a_member(quorum: Any, replaced: bool):
    step = Look(3, 1, change("Joining", 3, 1), quorum=quorum, pods=2, indexes={0: 40}).step(outdated=(0, 1))

    assert (step.restart is not None) is replaced
    assert step.restart is None or step.restart.name == "small-master-1"


@pytest.mark.parametrize(("quorum", "after"), [(members(0), ("Preparing", 1)), (members(0, 1), ("Leaving", 2))])
@pytest.mark.parametrize("reason", [JOURNAL_MISSING, NOT_A_MEMBER])
def test_a_master_that_joins_with_another_volume_begins_anew(reason: str, quorum: Any, after: tuple[str, int]):
    begun = change("Joining", 3, 1)
    look = Look(3, 1, begun, quorum=quorum, pods=2)
    said = {"exitCode": 1, "reason": "Error", "message": f"{reason}: no\n"}
    inits = [container_status("journal-check", running={}, last=said)]
    failing = parse_pod(pod("master", "small-master-1", phase="Pending", inits=inits))
    look.observed = replace(look.observed, pods=(look.observed.pods[0], failing))

    step = look.step(NOW + timedelta(seconds=9))

    assert step.change is not None
    assert (step.change.state, step.change.members) == after
    assert (step.change.operation != begun.operation) is (after[0] == "Preparing")


@pytest.mark.parametrize(
    ("wanted", "begun", "count"),
    [(3, None, 1), (1, None, 3), (3, change("Preparing", 3, 1), 1), (1, change("Leaving", 1, 3), 3)],
)
def test_nothing_is_done_while_alluxio_writes_a_backup(wanted: int, begun: MembersChange | None, count: int):
    done = {"metadata": {"name": "j", "uid": "u"}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    look = Look(wanted, count, begun, quorum=members(*range(count)), pods=count)
    look.observed = replace(look.observed, joining_job=done)

    unread, held = look.step(writing=None), look.step(writing=(Writing("nightly", NOW),))

    assert unread.needs_backups
    for step in (unread, held):
        assert (step.change, step.remove) == (begun, None)
    assert "AlluxioBackup nightly" in gate(held)[1]
    assert look.step().change != begun or look.step().remove is not None


def test_a_change_has_the_version_with_which_it_began():
    step = Look(3, 1, quorum=members(0), pods=1).step()

    assert step.change is not None
    assert (step.change.version, step.change.image) == ("2.9.4", "alluxio/alluxio:2.9.4")


def test_a_pair_without_a_leader_is_told_its_ways_out():
    look = Look(3, 1, change("Joining", 3, 1), quorum=None, pods=2, answers={0: Standby()})

    reason, message = gate(look.step(NOW + timedelta(minutes=11)))

    assert reason == "StepTimedOut"
    assert "needs both" in message
    assert "spec.bootstrap.restore" in message


# --- counts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "to", "count", "expected"),
    [
        ("Preparing", 3, 1, (1, 1, 3, 2, 1)),
        ("Joining", 3, 1, (1, 1, 3, 2, 2)),
        ("Joining", 3, 2, (2, 1, 3, 3, 3)),
        ("Leaving", 1, 2, (2, 1, 2, 2, 2)),
        ("Stopping", 1, 1, (1, 1, 1, 1, 1)),
    ],
)
def test_pods_follow_the_record(state: Any, to: Any, count: int, expected: tuple[int, ...]):
    journal = {"members": 1, "change": change(state, to, count).model_dump(by_alias=True, mode="json")}
    found = counts_of(journal, to)

    assert (found.members, found.settled, found.addressed, found.claims, found.replicas) == expected
    assert found.needs_all is (state != "Preparing")
    assert found.joins == ("m1" if state == "Joining" else "")


@pytest.mark.parametrize("replicas", [0, 1, 3, 5])
def test_without_a_change_pods_are_those_of_the_journal_or_none(replicas: int):
    found = counts_of({"members": 3}, replicas)

    assert (found.members, found.addressed, found.replicas) == (3, 3, 3 if replicas else 0)
