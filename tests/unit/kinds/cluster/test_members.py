"""Several masters in the status: each of them, the quorum, and none at all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import (
    NOW,
    PROVEN,
    cluster,
    info,
    initialized,
    observed,
    ready_pod,
    resource,
    workload,
)

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, MemberStatus
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import ConditionState, find, merge
from alluxio_operator.kinds.cluster.decide import decide
from alluxio_operator.kinds.cluster.members import LEADER_POLL
from alluxio_operator.kinds.cluster.report import Report, report
from alluxio_operator.kinds.cluster.validate import MEMBER_CHANGES, validate
from alluxio_operator.kube.kinds import Ref

Json = dict[str, Any]
QUIET: Json = {"jobService": {"enabled": False}, "logServer": {"enabled": False}}
FOLLOWS_0 = Standby("small-master-0.small-master.data.svc")
INSTALLED = ClusterStatus(
    conditions=merge((), [ConditionState("Installed", True, "Installed")], 1, NOW),
    observed_generation=1,
    journal=initialized(members=3),
    layer=3,
    write_proof=PROVEN,
)


def reported(*answers: Answer | None, replicas: int = 3, masters: Json | None = None) -> Report:
    made = resource(status={"journal": {"members": 3}}, masters={"replicas": replicas}, **QUIET)
    wished = validate(made)
    assert not isinstance(wished, tuple)
    said = {f"small-master-{n}": answer for n, answer in enumerate(answers) if answer is not None}
    pods = [ready_pod("master", name) for name in said]
    look = observed(*pods, ready_pod("worker"), made, INSTALLED, answers=said)
    objects = [
        masters or workload("StatefulSet", "small-master", wanted=replicas, ready=len(said)),
        workload("StatefulSet", "small-worker"),
        {"kind": "Service", "metadata": {"name": "small-client"}},
    ]
    live = {Ref.of(obj): obj for obj in objects}
    return report(decide(wished, look, NOW), look, Applied(present=list(live), live=live), list(live), NOW)


def condition(result: Report, kind: str) -> tuple[str, str]:
    found = find(result.status.conditions, kind)
    return (found.status, found.reason) if found else ("", "")


def test_all_members_are_shown_with_the_leader_and_the_quorum():
    follows = Standby("small-master-1.small-master.data.svc")
    result = reported(follows, info(), follows)
    masters = result.status.masters

    assert (masters.ready, masters.wanted, masters.leader, masters.quorum) == (3, 3, "small-master-1", "3/3")
    assert masters.members == (
        MemberStatus(name="small-master-0", role="Standby"),
        MemberStatus(name="small-master-1", role="Leader"),
        MemberStatus(name="small-master-2", role="Standby"),
    )
    assert result.status.phase == "Ready"
    assert condition(result, "QuorumHealthy") == ("True", "Healthy")


def test_several_masters_are_looked_at_now_and_then_as_no_event_tells_who_leads():
    assert reported(info(), FOLLOWS_0, FOLLOWS_0).requeue_after == LEADER_POLL.seconds


def test_with_a_member_down_it_serves_on_and_is_degraded():
    result = reported(info(), FOLLOWS_0, NoAnswer("no route"))

    assert result.status.phase == "Degraded"
    assert condition(result, "MastersServing") == ("True", "Serving")
    assert condition(result, "QuorumHealthy") == ("False", "MemberDown")
    assert condition(result, "Ready") == ("False", "MemberDown")
    assert result.status.masters.quorum == "2/3"
    assert result.status.masters.members[2] == MemberStatus(name="small-master-2", role="Down", message="no route")


def test_without_a_leader_no_master_serves():
    result = reported(Standby(), Standby(), None)

    assert condition(result, "MastersServing") == ("False", "Waiting")
    assert condition(result, "QuorumHealthy") == ("False", "MemberDown")
    assert (result.status.masters.leader, result.status.masters.quorum) == (None, "2/3")


def test_scaled_to_zero_it_is_stopped_and_not_degraded_and_rests():
    result = reported(replicas=0)

    assert result.status.phase == "Stopped"
    assert condition(result, "Ready") == ("False", "ScaledToZero")
    assert condition(result, "Degraded")[0] == "False"
    assert condition(result, "Progressing")[0] == "False"
    assert condition(result, "JournalInitialized") == ("True", "Initialized")
    assert condition(result, "QuorumHealthy") == ("", "")
    assert (result.status.masters.wanted, result.status.masters.quorum, result.status.masters.members) == (0, None, ())
    assert result.status.journal is not None
    assert result.status.journal.members == 3
    assert result.requeue_after is None


def test_while_pods_still_go_it_is_not_stopped_yet():
    going = workload("StatefulSet", "small-master", wanted=0, ready=2, replicas=2)

    result = reported(info(), FOLLOWS_0, replicas=0, masters=going)

    assert result.status.phase != "Stopped"
    assert result.requeue_after is not None


def test_a_lone_master_is_shown_as_one_and_needs_no_quorum():
    look = observed(ready_pod("master"), info(), initialized())
    done = Applied()

    result = report(decide(cluster(), look, NOW), look, done, [], NOW)

    assert result.status.masters.members == (MemberStatus(name="small-master-0", role="Leader"),)
    assert result.status.masters.quorum == "1/1"
    assert condition(result, "QuorumHealthy") == ("", "")


@pytest.mark.parametrize("replicas", [0, 1, 3, 5])
def test_the_members_are_those_on_record_whatever_the_spec_wants(replicas: int):
    made = resource(status={"journal": {"members": 3}}, masters={"replicas": replicas})
    made["metadata"]["annotations"] = {MEMBER_CHANGES: "true"}

    found = validate(made)

    assert not isinstance(found, tuple)
    assert found.members == 3
    assert found.counts.replicas == (3 if replicas else 0)


@pytest.mark.parametrize("journal", [{"members": 1}, {}, {"members": 1, "hosts": "Pod"}])
def test_a_master_that_is_known_by_its_pod_stays_alone(journal: Json):
    made = resource(status={"journal": {"state": "Initialized", **journal}}, masters={"replicas": 3})

    found = validate(made)

    assert isinstance(found, tuple)
    assert str(found[0]) == (
        'spec.masters.replicas "3" differs from 1, the number of masters of this journal. An earlier version of the '
        "operator created it, and it knows its master by the name of its pod, with which a quorum can't grow; set it "
        "to 1. For 3 masters, take an AlluxioBackup and restore it into a new AlluxioCluster "
        "(spec.bootstrap.restore), see docs/high-availability.md"
    )


def test_the_number_of_masters_changes_only_where_the_preview_is_allowed():
    made = resource(status={"journal": {"state": "Initialized", "members": 3}}, masters={"replicas": 5})

    found = validate(made)

    assert isinstance(found, tuple)
    assert 'spec.masters.replicas "5" differs from 3' in str(found[0])
    assert MEMBER_CHANGES in str(found[0])
    made["metadata"]["annotations"] = {MEMBER_CHANGES: "true"}
    assert not isinstance(validate(made), tuple)


def test_masters_cannot_stop_in_the_middle_of_a_change():
    change = {"to": 3, "members": 2, "state": "Joining", "operation": "m1", "since": "2026-01-01T00:00:00Z"}
    journal = {"members": 1, "hosts": "Service", "change": change}

    found = validate(resource(status={"journal": journal}, masters={"replicas": 0}))

    assert isinstance(found, tuple)
    assert str(found[0]) == (
        'spec.masters.replicas "0" can\'t stop the masters while their number changes to 3; set it to 1, and to 0 '
        "once the change is complete"
    )


@pytest.mark.parametrize("status", [{}, {"journal": None}, {"phase": "Pending"}])
def test_before_there_is_a_journal_the_spec_says_how_many(status: Json):
    found = validate(resource(status=status, masters={"replicas": 5}))

    assert not isinstance(found, tuple)
    assert found.members == 5


def test_a_journal_of_an_earlier_version_is_that_of_one_master():
    made = resource(status={"journal": {"state": "Initialized", "operation": "x"}}, masters={"replicas": 3})

    assert isinstance(validate(made), tuple)
