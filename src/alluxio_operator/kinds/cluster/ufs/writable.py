"""Decides when the leader writes to the root mount as a test, and what the result means for the cluster; pure.

Every gate of the installation passes on a UFS that refuses writes, because reads and Alluxio's own metadata don't need
them. So the leader creates a folder in the UFS and deletes it: the same process, identity and credentials as for any
client's folder, without a worker. Workers run as the same user.

A folder on a storage that hangs holds a thread and the state lock of the leader. So there is one test for a leader's
process and then one an hour, none while the UFS seems sick or a backup may run, and fewer the longer none is answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer, WriteResult
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, WriteProof
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.engine.conditions import holds, moment, stamp
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.kinds.cluster.masters.quorum import Quorum
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kube.text import digest
from alluxio_operator.workloads.identity import in_words
from alluxio_operator.workloads.pods import Pod

GATE: Final = "RootMountWritable"
PREFIX: Final = "/.alluxio-operator-write-test-"
"""Folders of test writes. Their names differ, because a folder that exists in the UFS would prove nothing."""

EVERY: Final = timedelta(hours=1)
FIRST_RETRY: Final = timedelta(seconds=15)
"""Pause after a write that failed; it doubles with each failure."""
LAST_RETRY: Final = timedelta(minutes=5)
RETRY_UNANSWERED: Final = timedelta(minutes=1)
"""Pause after a write without an answer, which may still hold a thread of the leader; it doubles up to EVERY."""
TOLERATED: Final = 1
"""Writes without an answer after a success that leave the cluster Ready: the leader may have been busy."""
HELD_SECONDS: Final = 15.0

OWN_PERMISSIONS: Final = "Permission denied: user=alluxio, access="
"""Part of the error of Alluxio's own permission check, before it asks the UFS (run on 2.9.4).

The operator's user is the superuser only if the user of Alluxio's process has this name, as in the public image.
"""

RESULTS: Final = ("Writable", "NotWritable", "NoAnswer", "Forbidden", "LoginRefused")
"""Results that this version understands. After another one, of a newer version, it tests for itself."""

WITH_FOLDERS: Final = ("", "file", "hdfs")
"""Schemes of storage whose root folder exists before the first write. Object stores have prefixes instead."""


@dataclass(frozen=True, slots=True)
class WriteFolder:
    """A folder that the leader creates in the UFS and deletes; first it deletes `leftover`, if not empty."""

    leader: Pod
    folder: str
    leftover: str


@dataclass(frozen=True, slots=True)
class Writability:
    """The record of the last test write, the next one if it is due, and the gate."""

    proof: WriteProof | None
    gate: Gate | None
    blocking: bool = True
    due: WriteFolder | None = None
    needs_ufs_probe: bool = False
    requeue_after: float | None = None


NOT_NEEDED: Final = Writability(None, None)
"""A read-only mount needs no test."""


def next_test(observed: Observed, spec: ClusterSpec, quorum: Quorum, now: datetime, *, busy: str = "") -> Writability:
    """Return the state of the test; `busy` is why masters must not be asked now, such as a rollout, if they mustn't."""
    if spec.root_mount.read_only:
        return NOT_NEEDED
    status, leader = observed.status, observed.master_named(quorum.leader)
    proof = status.write_proof
    if not spec.masters.replicas:
        # A refusal from before would keep the cluster Degraded instead of Stopped.
        message = "spec.masters.replicas is 0: no master can test a write"
        return Writability(proof, waiting(GATE, message, "ScaledToZero"))
    if not isinstance(observed.master, MasterInfo) or leader is None or len(quorum.leaders) != 1:
        # Another gate reports the masters.
        message = "the operator tests a write once a master serves; see condition MastersServing"
        return _known(proof, spec, status, "MastersNotServing", message)
    wait = _wait(proof, leader, now)
    if wait > 0:
        return replace(_known(proof, spec, status), requeue_after=wait)
    if busy:
        held = _known(proof, spec, status, "Held", f"the operator tests a write later: {busy}")
        return replace(held, requeue_after=HELD_SECONDS)
    if spec.upgrade.wait_for_ufs and observed.ufs is None:
        probing = _known(proof, spec, status, "Waiting", "the operator is probing the UFS")
        return replace(probing, needs_ufs_probe=True, requeue_after=HELD_SECONDS)
    if spec.upgrade.wait_for_ufs and observed.ufs is not None and observed.ufs.trouble is not None:
        message = (
            f"the operator tests no write while the UFS of the root mount seems sick: {observed.ufs.trouble}. If only "
            "the operator's pod can't reach it, set spec.upgrade.waitForUfs to false"
        )
        held = _known(proof, spec, status, "UfsUnreachable", message)
        return replace(held, requeue_after=RETRY_UNANSWERED.total_seconds())
    folder = PREFIX + digest([observed.resource["metadata"].get("uid", ""), _process(leader), proof and proof.checked])
    due = WriteFolder(leader, folder, _own_folder(proof.leftover) if proof else "")
    step = _known(proof, spec, status, "Waiting", f"the leader {leader.name} writes a folder as a test")
    return replace(step, due=due, requeue_after=HELD_SECONDS)


def after_test(
    step: Writability, answer: WriteResult | NoAnswer, spec: ClusterSpec, status: ClusterStatus, now: datetime
) -> Writability:
    """Return the state after the leader answered the test write, or didn't."""
    if step.due is None:
        return step
    before, due, said = step.proof, step.due, answer.reason if isinstance(answer, NoAnswer) else answer.error
    proof = WriteProof(
        result="NotWritable",
        leader=_process(due.leader),
        checked=stamp(now),
        failures=(before.failures if before else 0) + 1,
        proven=before is not None and before.proven,
        leftover=due.leftover,
        message=said[:512].rstrip("."),
    )
    if isinstance(answer, NoAnswer):
        # A leader that was reached may still create the folder.
        left = due.leftover or (due.folder if answer.reached else "")
        result = "LoginRefused" if answer.refused else "NoAnswer"
        proof = proof.model_copy(update={"result": result, "leftover": left})
    elif OWN_PERMISSIONS in answer.error:
        proof = proof.model_copy(update={"result": "Forbidden"})
    elif answer.left and due.leftover and before is not None and before.result == "Writable":
        # Only the deletion is refused, as before. A new folder would be left, too.
        proof = proof.model_copy(update={"result": "Writable", "failures": 0})
    elif not answer.error or (answer.left and not due.leftover):
        left = due.folder if answer.left else ""
        proof = proof.model_copy(update={"result": "Writable", "failures": 0, "proven": True, "leftover": left})
    return replace(_known(proof, spec, status), requeue_after=_wait(proof, due.leader, now))


def _wait(proof: WriteProof | None, leader: Pod, now: datetime) -> float:
    """Return the seconds until the next test; 0 if it is due."""
    if proof is None or proof.leader != _process(leader) or proof.result not in RESULTS:
        return 0.0
    doubled: int = 2 ** min(max(proof.failures - 1, 0), 10)
    if proof.result == "NotWritable":
        pause = min(FIRST_RETRY * doubled, LAST_RETRY)
    elif proof.result in ("NoAnswer", "LoginRefused"):
        pause = min(RETRY_UNANSWERED * doubled, EVERY)
    else:
        pause = EVERY
    return max(0.0, (moment(proof.checked) + pause - now).total_seconds())


def _known(
    proof: WriteProof | None, spec: ClusterSpec, status: ClusterStatus, reason: str = "", message: str = ""
) -> Writability:
    """Return the state by the last result, whose gate stays until the next; `reason` and `message` without a result."""
    mount = spec.root_mount
    # A cluster that served before this operator tested writes isn't known to be broken.
    unproven = holds(status.conditions, "Installed") and (proof is None or not proof.proven)
    if proof is None or proof.result not in RESULTS:
        return Writability(proof, waiting(GATE, message, reason), blocking=not unproven)
    if proof.result == "Writable":
        return Writability(proof, Gate(GATE, True, "Writable", _writable(proof)))
    if proof.result == "LoginRefused":
        return _login_refused(proof, mount)
    if proof.result == "NoAnswer":
        if proof.proven and proof.failures <= TOLERATED:
            message = f"the leader could write to the UFS, but the last test got no answer: {proof.message}"
            return Writability(proof, Gate(GATE, True, "Writable", message))
        message = (
            f"the leader didn't answer a test write to {mount.uri}: {proof.message}. See the log of the leading master "
            "and the health of the storage, and let the operator's pod reach the masters' port spec.masters.ports.rpc"
        )
        return Writability(proof, Gate(GATE, False, "NoAnswer", message), blocking=not unproven)
    if proof.result == "Forbidden":
        message = (
            f"the operator can't test writes to {mount.uri}, since Alluxio's own permissions refuse its user: "
            f"{proof.message}. Name Alluxio's user in the image alluxio, or set property "
            "alluxio.security.login.username to alluxio"
        )
        return Writability(proof, Gate(GATE, False, "Forbidden", message), blocking=False)
    if not proof.proven and urlsplit(mount.uri).scheme not in WITH_FOLDERS and _prefix(mount):
        # Alluxio gives one error for refused keys and for an empty prefix, below which it writes files, not folders.
        message = (
            f"Alluxio can't create a folder in {mount.uri}: {proof.message}. If the prefix is empty, create an object "
            "named like it with a slash at its end; otherwise let the credentials of spec.rootMount write, or set "
            "spec.rootMount.readOnly to true"
        )
        return Writability(proof, Gate(GATE, False, "NoFolder", message), blocking=False)
    message = (
        f"Alluxio can't write to {mount.uri}: {proof.message}. {_remedy(spec)}, or set spec.rootMount.readOnly to true"
    )
    if unproven:
        # It may only ever have read. Its user hears of it, and an upgrade of the operator doesn't end its service.
        return Writability(proof, Gate(GATE, False, "NotWritable", message), blocking=False)
    return Writability(proof, blocked(GATE, "NotWritable", message))


def _login_refused(proof: WriteProof, mount: RootMount) -> Writability:
    message = (
        f"the operator can't test writes to {mount.uri}, since the leading master refuses its gRPC connection: "
        f"{proof.message}. The operator logs in by alluxio.security.authentication.type SIMPLE or NOSASL, without TLS. "
        "With another setting in spec.properties, check by a client that writes succeed"
    )
    return Writability(proof, Gate(GATE, False, "LoginRefused", message), blocking=False)


def _own_folder(leftover: str) -> str:
    # A user may have edited the status.
    return leftover if re.fullmatch(re.escape(PREFIX) + r"[0-9a-f]+", leftover) else ""


def _writable(proof: WriteProof) -> str:
    if not proof.leftover:
        return "the leading master can write to the UFS"
    return (
        f"the leading master can write to the UFS, but it can't delete {proof.leftover}: {proof.message}. Allow it to "
        "delete files there"
    )


def _remedy(spec: ClusterSpec) -> str:
    mount = spec.root_mount
    if mount.path is not None:
        return f"Give the volume's folder to {in_words(spec.security)}, as which Alluxio runs"
    if mount.hdfs is not None:
        return "Let spec.rootMount.hdfs.user (alluxio by default) write there"
    return "Let the credentials of spec.rootMount write there"


def _prefix(mount: RootMount) -> str:
    return urlsplit(mount.uri).path.strip("/")


def _process(leader: Pod) -> str:
    return f"{leader.uid}:{leader.restarts}"
