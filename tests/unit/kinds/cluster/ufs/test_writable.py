"""The test write: when a leader is asked for one, and what its answer means for the cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import NOW, PROVEN, cluster, info, observed, ready_pod, resource

from alluxio_operator.alluxio.answers import NoAnswer, WriteResult
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, WriteProof
from alluxio_operator.engine.conditions import ConditionState, merge, stamp
from alluxio_operator.engine.gate import Severity
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kinds.cluster.ufs.writable import GATE, PREFIX, Writability, after_test, next_test

REFUSED = WriteResult(
    "UNKNOWN: Cannot create or load UFS directory /mnt/ufs/x: java.io.FileNotFoundException: /mnt/ufs/x."
)
HUNG = NoAnswer("no answer in time")
S3 = {"uri": "s3://lake/warehouse", "volume": None}
INSTALLED = merge((), [ConditionState("Installed", True, "Installed")], 1, NOW)


def spec(**root: Any) -> ClusterSpec:
    mount = {key: value for key, value in ({"uri": "/mnt/ufs", "volume": {"size": "1Gi"}} | root).items() if value}
    return cluster(rootMount=mount).spec


def look(proof: WriteProof | None = None, *, installed: bool = False, ufs: UfsHealth | None = None) -> Observed:
    status = ClusterStatus(write_proof=proof, conditions=INSTALLED if installed else ())
    found = observed(resource(), ready_pod("master", uid="m-1"), info(), status)
    return replace(found, ufs=UfsHealth() if ufs is None else ufs)


def step(look: Observed, after: float = 0, *, busy: str = "", **root: Any) -> Writability:
    return next_test(look, spec(**root), quorum_of(look, 1), NOW + timedelta(seconds=after), busy=busy)


def answered(
    answer: WriteResult | NoAnswer, proof: WriteProof | None = None, after: float = 0, **root: Any
) -> Writability:
    found = look(proof)
    return after_test(step(found, after, **root), answer, spec(**root), found.status, NOW + timedelta(seconds=after))


def proof_of(result: Writability) -> WriteProof:
    assert result.proof is not None
    return result.proof


def said(result: Writability) -> tuple[str, bool, str, bool]:
    assert result.gate is not None
    return result.gate.type, result.gate.passed, result.gate.reason, result.blocking


WRITABLE = proof_of(answered(WriteResult()))


def test_a_new_leader_is_asked_at_once_and_the_cluster_waits_for_it():
    found = step(look())

    assert found.due is not None
    assert found.due.folder.startswith(PREFIX)
    assert said(found) == (GATE, False, "Waiting", True)


def test_a_write_that_succeeds_is_repeated_after_an_hour():
    found = answered(WriteResult())

    assert said(found) == (GATE, True, "Writable", True)
    assert proof_of(found).proven
    assert found.requeue_after == 3600
    assert step(look(WRITABLE), 3599).due is None
    assert step(look(WRITABLE), 3600).due is not None


def test_a_volume_of_another_user_keeps_the_cluster_from_ready_and_says_the_remedy():
    found = answered(REFUSED)

    assert said(found) == (GATE, False, "NotWritable", True)
    assert found.gate is not None
    assert found.gate.severity is Severity.BLOCKED
    for part in (REFUSED.error + " Give", "uid 1000", "gid 1000", "spec.rootMount.readOnly"):
        assert part in found.gate.message


def test_a_failure_keeps_its_gate_until_the_next_test_succeeds():
    failed = proof_of(answered(REFUSED))

    assert said(step(look(failed), 1)) == (GATE, False, "NotWritable", True)
    assert said(step(look(failed), 15)) == (GATE, False, "NotWritable", True)
    assert said(answered(WriteResult(), failed, 15)) == (GATE, True, "Writable", True)


def test_refused_writes_are_repeated_ever_later_up_to_five_minutes():
    waits, proof = list[float](), None
    for _ in range(7):
        found = answered(REFUSED, proof, sum(waits))
        assert found.requeue_after is not None
        waits.append(found.requeue_after)
        proof = found.proof

    assert waits == [15, 30, 60, 120, 240, 300, 300]


def test_unanswered_writes_are_repeated_ever_later_up_to_an_hour():
    waits, proof = list[float](), None
    for _ in range(9):
        found = answered(HUNG, proof, sum(waits))
        assert found.requeue_after is not None
        waits.append(found.requeue_after)
        proof = found.proof

    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_leader_that_restarts_is_asked_at_once():
    assert step(look(PROVEN)).due is not None
    assert said(step(look(PROVEN))) == (GATE, True, "Writable", True)


def test_one_write_without_an_answer_after_a_success_leaves_the_cluster_ready():
    once = answered(HUNG, WRITABLE, 3600)
    assert said(once) == (GATE, True, "Writable", True)

    assert said(answered(HUNG, once.proof, 3660)) == (GATE, False, "NoAnswer", True)
    assert said(answered(HUNG)) == (GATE, False, "NoAnswer", True)


def test_a_leader_that_never_answered_breaks_no_cluster_that_serves():
    found = look(installed=True)

    assert said(after_test(step(found), HUNG, spec(), found.status, NOW)) == (GATE, False, "NoAnswer", False)


def test_a_refusal_breaks_only_a_cluster_that_could_write_or_is_new():
    def refused(before: Observed) -> Writability:
        return after_test(step(before, 3600), REFUSED, spec(), before.status, NOW + timedelta(hours=1))

    tolerated = refused(look(installed=True))

    assert said(tolerated) == (GATE, False, "NotWritable", False)
    assert tolerated.gate is not None
    assert tolerated.gate.severity is Severity.WARNING
    for part in (REFUSED.error, "spec.rootMount.readOnly"):
        assert part in tolerated.gate.message
    assert said(step(look(tolerated.proof, installed=True), 3601)) == said(tolerated), "until the next test"
    assert said(refused(look())) == (GATE, False, "NotWritable", True)
    assert said(refused(look(WRITABLE, installed=True))) == (GATE, False, "NotWritable", True)


def test_a_folder_that_a_hanging_leader_may_still_create_is_deleted_by_the_next_test():
    first = step(look())
    assert first.due is not None

    later = step(look(answered(HUNG).proof), 60)

    assert later.due is not None
    assert later.due.leftover == first.due.folder
    assert later.due.folder != first.due.folder


def test_a_leader_that_was_not_reached_leaves_no_folder():
    assert proof_of(answered(NoAnswer("connection refused", reached=False))).leftover == ""


def test_an_operator_that_stopped_before_the_record_repeats_the_same_folder():
    assert step(look()).due == step(look()).due


def test_a_leader_that_refuses_the_login_holds_no_cluster_up_and_is_asked_again():
    refused = NoAnswer("UNAUTHENTICATED: no", reached=False, refused=True)
    found = answered(refused)

    assert said(found) == (GATE, False, "LoginRefused", False)
    assert found.gate is not None
    for part in ("UNAUTHENTICATED: no", "alluxio.security.authentication.type", "TLS", "/mnt/ufs"):
        assert part in found.gate.message
    assert (found.requeue_after, proof_of(found).leftover) == (60, "")
    assert said(step(look(found.proof), 1)) == (GATE, False, "LoginRefused", False)
    assert answered(refused, found.proof, 60).requeue_after == 120
    assert said(answered(WriteResult(), found.proof, 60)) == (GATE, True, "Writable", True)
    assert said(answered(refused, WRITABLE, 3600)) == (GATE, False, "LoginRefused", False)


@pytest.mark.parametrize(
    "edited", ["/tables", f"{PREFIX}a1/../../tables", f"{PREFIX}", f"/tables{PREFIX}a1", "relative"]
)
def test_only_a_folder_of_a_test_is_deleted_whatever_the_status_says(edited: str):
    proof = WRITABLE.model_copy(update={"leftover": edited})

    found = step(look(proof), 3600)

    assert found.due is not None
    assert found.due.leftover == ""
    assert proof_of(answered(WriteResult(), proof, 3600)).leftover == ""


def test_alluxios_own_permissions_say_nothing_about_the_ufs():
    error = (
        "PERMISSION_DENIED: Permission denied: user=alluxio, access=-w-, path=/.alluxio-operator-write-test-a1: failed "
        "at /, inode owner=someone, inode group=someone, inode mode=rwxr-xr-x"
    )

    found = answered(WriteResult(error))

    assert said(found) == (GATE, False, "Forbidden", False)
    assert found.requeue_after == 3600
    assert said(answered(WriteResult(error, left=True), answered(HUNG).proof, 60)) == (GATE, False, "Forbidden", False)
    ufs = WriteResult("INTERNAL: Permission denied: user=hdfs, access=WRITE")
    assert said(answered(ufs)) == (GATE, False, "NotWritable", True)


def test_a_refused_deletion_is_named_and_leaves_at_most_one_folder():
    found = answered(WriteResult("PERMISSION_DENIED: no", left=True))
    assert said(found) == (GATE, True, "Writable", True)
    left = proof_of(found).leftover
    assert left.startswith(PREFIX)
    assert found.gate is not None
    assert left in found.gate.message

    later = step(look(found.proof), 3600)
    assert later.due is not None
    assert later.due.leftover == left
    again = answered(WriteResult("PERMISSION_DENIED: no", left=True), found.proof, 3600)
    assert said(again) == (GATE, True, "Writable", True)
    assert proof_of(again).leftover == left


def test_a_leftover_that_can_not_be_deleted_after_a_failure_proves_no_write():
    hung = answered(HUNG).proof

    found = answered(WriteResult("INTERNAL: no", left=True), hung, 60)

    assert said(found) == (GATE, False, "NotWritable", True)


def test_a_read_only_mount_is_never_written_to():
    found = step(look(WRITABLE), 9999, readOnly=True)

    assert (found.due, found.gate, found.proof) == (None, None, None)


@pytest.mark.parametrize(("installed", "blocking"), [(False, True), (True, False)])
@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"busy": "the masters back up the journal"}, "Held"),
        ({"look": {"ufs": UfsHealth("http://minio: connection refused")}}, "UfsUnreachable"),
    ],
)
def test_no_write_while_the_ufs_is_sick_or_masters_are_busy(held: Any, reason: str, installed: bool, blocking: bool):
    given = dict(held)
    found = step(look(installed=installed, **given.pop("look", {})), **given)

    assert found.due is None
    assert said(found) == (GATE, False, reason, blocking), "an upgraded operator breaks no cluster that serves"
    assert found.requeue_after is not None


def test_the_ufs_is_probed_before_each_write_and_only_then():
    assert step(replace(look(), ufs=None)).needs_ufs_probe
    assert not step(replace(look(WRITABLE), ufs=None), 3599).needs_ufs_probe
    assert step(replace(look(WRITABLE), ufs=None), 3600).needs_ufs_probe


def test_without_wait_for_ufs_the_operator_does_not_probe():
    made = cluster(upgrade={"waitForUfs": False}).spec
    found = replace(look(), ufs=None)

    assert next_test(found, made, quorum_of(found, 1), NOW).due is not None


def test_without_a_leader_there_is_no_write_and_the_last_result_stays():
    silent = replace(look(WRITABLE), master=NoAnswer("in safe mode"))
    assert said(step(silent, 9999)) == (GATE, True, "Writable", True)
    assert step(silent, 9999).due is None

    assert said(step(replace(look(), master=NoAnswer("in safe mode")))) == (GATE, False, "MastersNotServing", True)


def test_a_refusal_keeps_no_cluster_from_being_stopped():
    made = cluster(masters={"replicas": 0}, status={"journal": {"members": 1}}).spec
    failed = look(answered(REFUSED).proof)

    found = next_test(failed, made, quorum_of(failed, 1), NOW)

    assert said(found) == (GATE, False, "ScaledToZero", True)
    assert found.gate is not None
    assert found.gate.severity is Severity.PROGRESS
    assert found.proof == failed.status.write_proof


def test_an_empty_prefix_of_a_bucket_is_named_and_does_not_hold_up_the_cluster():
    found = answered(REFUSED, **S3)

    assert said(found) == (GATE, False, "NoFolder", False)
    assert found.gate is not None
    assert "prefix is empty" in found.gate.message


def test_a_bucket_that_was_writable_and_is_not_holds_up_the_cluster():
    assert said(answered(REFUSED, WRITABLE, 3600, **S3)) == (GATE, False, "NotWritable", True)


def test_a_whole_bucket_has_no_empty_prefix():
    assert said(answered(REFUSED, **(S3 | {"uri": "s3://lake"}))) == (GATE, False, "NotWritable", True)


def test_the_record_survives_the_api():
    assert WriteProof.model_validate(WRITABLE.model_dump(by_alias=True, mode="json")) == WRITABLE
    assert WRITABLE.checked == stamp(NOW)
