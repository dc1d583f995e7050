"""A master whose volume is lost for good: when its PVC goes, and when nothing does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import NOW, container_status, info, initialized, journal_claim, observed, pod, ready_pod

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.api.alluxiocluster_status import LostVolume, MembersChange
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.masters.replacement import NOTHING, ReplacementStep, next_replacement_step
from alluxio_operator.kinds.cluster.observed import Observed

Json = dict[str, Any]
FOLLOWS_0 = Standby("small-master-0.data.svc")
SINCE = LostVolume(pod="small-master-2", claim_uid="claim-2", since=stamp(NOW), index=40)
LATER = NOW + timedelta(seconds=601)
CONFLICT = "had volume node affinity conflict"
NEWER = "didn't match PersistentVolume's node affinity"


def name(ordinal: int) -> str:
    return f"small-master-{ordinal}"


def claim(ordinal: int, phase: str = "Bound", *, terminating: bool = False) -> Json:
    made = journal_claim(used=True, ordinal=ordinal, members=3)
    made["metadata"] |= {"uid": f"claim-{ordinal}"}
    if terminating:
        made["metadata"]["deletionTimestamp"] = stamp(NOW)
    return {**made, "spec": {"volumeName": f"pv-{ordinal}"}, "status": {"phase": phase}}


def waiting(ordinal: int, message: str = "", **options: Any) -> Json:
    """Return a master that no node can take."""
    return pod(
        "master", name(ordinal), uid=f"uid-{ordinal}", phase="Pending", ip="", containers=[],
        unschedulable=message or "persistentvolumeclaim bound to non-existent persistentvolume", **options,
    )  # fmt: skip


def look(
    *pods: Json,
    claims: tuple[Json, ...] = (claim(0), claim(1), claim(2, "Lost")),
    answers: dict[int, Answer] | None = None,
    indexes: dict[int, int] | None = None,
    lost: LostVolume | None = SINCE,
    change: MembersChange | None = None,
    members: Any = 3,
) -> Observed:
    journal = initialized(members=members).model_copy(update={"lost": lost, "change": change})
    said = {0: info(), 1: FOLLOWS_0} if answers is None else answers
    found = observed(
        *(pods or (ready_pod("master", name(0)), ready_pod("master", name(1)), waiting(2))),
        journal,
        answers={name(ordinal): answer for ordinal, answer in said.items()},
        indexes={name(ordinal): index for ordinal, index in ({0: 41, 1: 40} if indexes is None else indexes).items()},
    )
    return replace(found, claims=claims)


def step(found: Observed, now: Any = LATER, members: int = 3) -> ReplacementStep:
    return next_replacement_step(found, quorum_of(found, members), 600, now)


def test_a_loss_is_on_record_before_anything_goes():
    found = step(look(lost=None), NOW)

    assert found.status == SINCE.model_copy(update={"index": 41})
    assert (found.claim, found.pod) == (None, None)
    assert found.trouble is not None
    assert found.trouble.reason == "VolumeLost"
    assert "pv-2 of small-master-2 is lost for good" in found.trouble.message


def test_it_is_replaced_once_its_time_is_over_and_the_others_have_the_journal():
    found = step(look())

    assert found.status == SINCE.model_copy(update={"deleting": True})
    assert found.claim is not None
    assert (found.claim.name, found.claim.uid) == ("journal-small-master-2", "claim-2")
    assert found.pod is not None
    assert found.pod.uid == "uid-2"


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"answers": {1: FOLLOWS_0}}, "one of the others leads and serves"),
        ({"answers": {0: NoAnswer("safe mode", leads=True), 1: FOLLOWS_0}}, "one of the others leads and serves"),
        ({"answers": {0: info()}}, "2 of the others have reached journal index 40; 1 have"),
        ({"indexes": {0: 41, 1: 39}}, "2 of the others have reached journal index 40; 1 have"),
        ({"indexes": {}, "lost": SINCE.model_copy(update={"index": None})}, "the leader reports its journal index"),
        (
            {
                "change": MembersChange(to=5, members=3, state="Preparing", operation="m1", since=stamp(NOW)),
            },
            "the number of masters has changed",
        ),
    ],
)
def test_nothing_goes_unless_the_others_are_proven_to_have_everything(over: Json, reason: str):
    found = step(look(**over))

    assert (found.claim, found.pod) == (None, None)
    assert found.trouble is not None
    assert found.trouble.message.endswith(f"once {reason}")


def test_only_one_volume_is_replaced_at_a_time():
    pods = (ready_pod("master", name(0)), waiting(1), waiting(2))
    found = step(look(*pods, claims=(claim(0), claim(1, "Lost"), claim(2, "Lost")), answers={0: info()}))

    assert found.status is not None
    assert found.status.pod == "small-master-2"
    assert found.claim is None, "and not even one without a majority of the others"


def test_it_waits_while_another_master_lacks_its_journal():
    missing = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
    inits = [container_status("journal-check", running={}, last=missing)]
    found = step(look(ready_pod("master", name(0)), pod("master", name(1), phase="Pending", inits=inits), waiting(2)))

    assert found.claim is None


def test_a_master_that_runs_keeps_its_volume():
    pods = [ready_pod("master", name(ordinal)) for ordinal in range(3)]

    assert step(look(*pods, answers={0: info(), 1: FOLLOWS_0, 2: FOLLOWS_0})) == NOTHING


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        (f"0/3 nodes are available: 3 node(s) {CONFLICT}. preemption: 0/3 nodes are available", True),
        (f"0/3 nodes are available: 3 node(s) {NEWER}. preemption: 0/3 nodes are available", True),
        (
            "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 "
            f"node(s) {CONFLICT}.",
            False,
        ),
        (f"0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) {CONFLICT}.", False),
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 node(s) "
            f"{CONFLICT}.",
            False,
        ),
        (f"0/3 nodes are available: 1 node(s) had untolerated taint {{own: }}, 2 node(s) {CONFLICT}.", False),
        (f"0/3 nodes are available: 1 Insufficient memory, 2 node(s) {CONFLICT}.", False),
        ("0/3 nodes are available: 3 Insufficient memory.", False),
        ("no node fits", False),
        (
            f"0/3 nodes are available: 3 node(s) {CONFLICT}, 3 node(s) had taint {{own: }}, that it didn't tolerate.",
            False,
        ),
        (f"0/3 nodes are available: 3 Insufficient cpu, 3 node(s) {CONFLICT}.", False),
        ("0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.", False),
        ("0/3 nodes are available: 3 node(s) had no available volume zone.", False),
        (f"0/13 nodes are available: 3 node(s) {CONFLICT}.", False),
        (f"0/3 nodes are available: 3 node(s) {NEWER}. no new claims to deallocate, preemption: 0/3 nodes", True),
        (f"0/3 nodes are available: 3 node(s) {CONFLICT}", True),
    ],
)
def test_a_node_that_is_only_away_is_not_lost(message: str, lost: bool):
    pods = (ready_pod("master", name(0)), ready_pod("master", name(1)), waiting(2, message))
    found = step(look(*pods, claims=(claim(0), claim(1), claim(2))))

    assert (found.claim is not None) is lost
    assert (found == NOTHING) is not lost


def test_a_volume_that_is_back_is_forgotten():
    assert step(look(claims=(claim(0), claim(1), claim(2)))) == NOTHING


def test_another_pvc_of_the_name_is_another_loss():
    found = step(look(lost=SINCE.model_copy(update={"claim_uid": "claim-of-before", "deleting": True})))

    assert found.status is not None
    assert (found.status.claim_uid, found.status.deleting) == ("claim-2", False)
    assert found.claim is None


@pytest.mark.parametrize("members", [1, 2])
def test_a_volume_that_may_have_the_only_copy_is_never_replaced(members: int):
    pods = [ready_pod("master", name(0)), waiting(1)][:members]
    lost = SINCE.model_copy(update={"pod": name(members - 1), "claim_uid": f"claim-{members - 1}"})
    claims = tuple(claim(ordinal, "Lost") for ordinal in range(members))

    assert step(look(*pods, claims=claims, lost=lost), members=members) == NOTHING


def test_a_pvc_that_is_going_already_is_not_deleted_again():
    found = step(look(claims=(claim(0), claim(1), claim(2, "Lost", terminating=True))))

    assert found.claim is None
    assert found.pod is not None


def test_ended_pods_of_jobs_that_mount_the_pvc_go_too():
    # Kubernetes keeps a PVC as long as a pod names it, also one that ended (seen on 1.34 with a join's Job).
    def of_job(title: str, pvc: str, phase: str) -> Json:
        made = pod("journal", title, uid=f"uid-of-{title}", phase=phase, containers=[])
        made["spec"] = {"nodeName": "n1", "volumes": [{"name": "j", "persistentVolumeClaim": {"claimName": pvc}}]}
        return made

    others = (
        of_job("join-2", "journal-small-master-2", "Succeeded"),
        of_job("join-1", "journal-small-master-1", "Succeeded"),
        of_job("running-2", "journal-small-master-2", "Running"),
    )
    pods = (ready_pod("master", name(0)), ready_pod("master", name(1)), waiting(2), *others)

    assert [one.name for one in step(look(*pods)).ended] == ["join-2"]
    assert step(look(*pods), NOW).ended == ()
