"""A master that lost its journal: when it may join again, and when not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import container_status, info, initialized, initializing, observed, pod, ready_pod

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.api.alluxiocluster_status import RejoinStatus
from alluxio_operator.kinds.cluster.masters import rejoin
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.masters.rejoin import JOINED_ONCE, PERMISSION, RejoinStep
from alluxio_operator.kinds.cluster.observed import Observed

Json = dict[str, Any]
MISSING = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
FOLLOWS_0 = Standby("small-master-0.small-master.data.svc")


def name(ordinal: int) -> str:
    return f"small-master-{ordinal}"


def lost(ordinal: int, uid: str = "", **options: Any) -> Json:
    """Return a master that waits in its init container and has said that its journal is gone."""
    waits = container_status("journal-check", running={"startedAt": "now"}, last=MISSING)
    main = container_status("master", waiting={"reason": "PodInitializing"})
    options = {"phase": "Pending", "inits": [waits], "containers": [main], **options}
    return pod("master", name(ordinal), uid=uid or f"uid-{ordinal}", **options)


def look(
    pods: list[Json],
    answers: dict[int, Answer],
    indexes: dict[int, int],
    begun: RejoinStatus | None = None,
    members: Any = 3,
    state: Any = initialized,
) -> Observed:
    journal = state(members=members).model_copy(update={"rejoin": begun})
    return observed(
        *pods,
        journal,
        answers={name(ordinal): answer for ordinal, answer in answers.items()},
        indexes={name(ordinal): index for ordinal, index in indexes.items()},
    )


def step(found: Observed, members: int = 3) -> RejoinStep:
    return rejoin.next_rejoin_step(found, quorum_of(found, members))


def two_of_three(**over: Any) -> Observed:
    """Return two masters that are well and a third that lost its journal."""
    usual: Json = {
        "pods": [ready_pod("master", name(0)), ready_pod("master", name(1)), lost(2)],
        "answers": {0: info(), 1: FOLLOWS_0},
        "indexes": {0: 40, 1: 40},
    }
    return look(**{**usual, **over})


def test_it_is_permitted_while_the_others_have_a_leader_and_hold_the_whole_journal():
    found = step(two_of_three())

    assert found.status == RejoinStatus(pod=name(2), uid="uid-2", index=40)
    assert found.permit is not None
    assert (found.permit.name, found.permit.uid, found.permit.version) == (name(2), "uid-2", "7")
    assert found.trouble is not None
    assert found.trouble.reason == "Rejoining"


def test_the_permission_is_for_this_pod_in_this_state_only():
    found = step(two_of_three())

    assert found.permit is not None
    assert rejoin.permission(found.permit) == {
        "metadata": {"uid": "uid-2", "resourceVersion": "7", "annotations": {PERMISSION: "uid-2"}}
    }


def test_who_was_told_is_not_told_again():
    told = lost(2, annotations={PERMISSION: "uid-2"})
    found = step(two_of_three(pods=[ready_pod("master", name(0)), ready_pod("master", name(1)), told]))

    assert found.permit is None
    assert found.status is not None


def test_the_permission_of_an_earlier_pod_does_not_count_for_its_successor():
    heir = lost(2, uid="uid-new", annotations={PERMISSION: "uid-2"})
    begun = RejoinStatus(pod=name(2), uid="uid-2", index=12)
    pods = [ready_pod("master", name(0)), ready_pod("master", name(1)), heir]

    found = step(two_of_three(pods=pods, begun=begun))

    assert found.status == RejoinStatus(pod=name(2), uid="uid-new", index=40), "it is decided anew, at today's index"
    assert found.permit is not None
    assert found.permit.uid == "uid-new"


REFUSED: list[tuple[str, Json, str]] = [
    (
        "two of three lost",
        {"pods": [ready_pod("master", name(0)), lost(1), lost(2)], "answers": {0: Standby()}, "indexes": {0: 40}},
        "until one of the others leads and serves",
    ),
    (
        "two of three lost, and the last one says that it leads",
        {"pods": [ready_pod("master", name(0)), lost(1), lost(2)], "answers": {0: info()}, "indexes": {0: 40}},
        "until 2 of the 2 others run; 1 do",
    ),
    ("all lost", {"pods": [lost(0), lost(1), lost(2)], "answers": {}, "indexes": {}}, "until one of the others leads"),
    ("no leader", {"answers": {0: Standby(), 1: Standby()}}, "until one of the others leads and serves"),
    ("two leaders", {"answers": {0: info(), 1: info()}}, "until one of the others leads and serves"),
    (
        "a leader in safe mode",
        {"answers": {0: NoAnswer("in safe mode", leads=True), 1: FOLLOWS_0}},
        "until one of the others leads and serves",
    ),
    ("the other one is down", {"answers": {0: info(), 1: NoAnswer("no route")}}, "until 2 of the 2 others run; 1 do"),
    ("the leader doesn't say how far it is", {"indexes": {1: 40}}, "until the leader reports its journal index"),
    ("the other one lags", {"indexes": {0: 40, 1: 39}}, "until 2 of the others have reached journal index 40; 1 have"),
    ("the other one doesn't say", {"indexes": {0: 40}}, "index 40; 1 have"),
]


@pytest.mark.parametrize(("over", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_nobody_is_permitted_when(over: Json, said: str):
    found = step(two_of_three(**over))

    assert found.permit is None
    assert found.trouble is not None
    assert found.trouble.reason == "JournalMissing"
    assert said in found.trouble.message


def test_the_index_that_was_recorded_counts_however_far_the_leader_is_by_now():
    begun = RejoinStatus(pod=name(2), uid="uid-2", index=40)

    assert step(two_of_three(begun=begun, indexes={0: 900, 1: 40})).permit is not None
    assert step(two_of_three(begun=begun, indexes={0: 900, 1: 39})).permit is None
    assert step(two_of_three(begun=begun, indexes={0: 900, 1: 39})).status == begun


def test_a_second_one_waits_until_the_first_has_caught_up():
    # 2 joined a moment ago and has next to nothing: were 1 permitted, 0 alone would hold the journal.
    pods = [ready_pod("master", name(0)), lost(1), ready_pod("master", name(2))]
    answers: dict[int, Answer] = {0: info(), 2: FOLLOWS_0}

    assert step(look(pods, answers, {0: 40, 2: 3})).permit is None
    assert step(look(pods, answers, {0: 40, 2: 40})).permit is not None


def test_of_five_two_may_join_again_one_after_the_other():
    pods = [*(ready_pod("master", name(n)) for n in range(3)), lost(3), lost(4)]
    answers: dict[int, Answer] = {0: info(), 1: FOLLOWS_0, 2: FOLLOWS_0}
    indexes = {0: 9, 1: 9, 2: 9}

    first = step(look(pods, answers, indexes, members=5), 5)

    assert first.permit is not None
    assert first.permit.name == name(3)

    # Who has begun goes on, though another one waits that comes first by name.
    begun = RejoinStatus(pod=name(4), uid="uid-4", index=9)
    again = step(look(pods, answers, indexes, begun, members=5), 5)
    assert again.permit is not None
    assert again.permit.name == name(4)


def test_of_five_three_lost_journals_are_too_many():
    pods = [ready_pod("master", name(0)), ready_pod("master", name(1)), lost(2), lost(3), lost(4)]

    assert step(look(pods, {0: info(), 1: FOLLOWS_0}, {0: 9, 1: 9}, members=5), 5).permit is None


def test_who_has_joined_is_no_longer_on_record():
    begun = RejoinStatus(pod=name(2), uid="uid-2", index=40)
    joined = [ready_pod("master", name(n)) for n in range(3)]

    assert step(two_of_three(pods=joined, begun=begun)) == RejoinStep()


def test_a_lone_master_has_nobody_to_join():
    assert step(look([lost(0)], {}, {}, members=1), 1) == RejoinStep()


def test_nobody_joins_before_the_journal_is_initialized():
    assert step(two_of_three(state=initializing)) == RejoinStep()


def test_a_pod_that_is_being_deleted_is_not_permitted():
    pods = [ready_pod("master", name(0)), ready_pod("master", name(1)), lost(2, deleted=True)]

    assert step(two_of_three(pods=pods)) == RejoinStep()


def test_a_pod_that_has_used_its_permission_waits_to_be_deleted():
    said = {**MISSING, "message": f"JournalMissing: no journal below /journal/raft, without which {JOINED_ONCE}\n"}
    waits = container_status("journal-check", running={"startedAt": "now"}, last=said)
    again = lost(2, inits=[waits], annotations={PERMISSION: "uid-2"})
    found = step(two_of_three(pods=[ready_pod("master", name(0)), ready_pod("master", name(1)), again]))

    assert found.permit is None
    assert found.trouble is not None
    assert "until you delete the pod" in found.trouble.message
