"""Decides what to apply and do now: a pure function of the valid backup, what was observed, and the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiobackup import CLUSTER_LABEL, BackupRun
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.effects import Delete, Patch
from alluxio_operator.engine.gate import BackOff, Gate
from alluxio_operator.engine.operation import Answer, Operation
from alluxio_operator.engine.plan import EVERYTHING
from alluxio_operator.engine.rules import DEFAULT, ApplyRules
from alluxio_operator.kinds.backup.context import context_of
from alluxio_operator.kinds.backup.disruption import own_operation
from alluxio_operator.kinds.backup.effects import DeleteFolder, StartBackup
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.removing import Removing, next_removing
from alluxio_operator.kinds.backup.taking import Taking, after_start, next_taking
from alluxio_operator.kinds.backup.validate import Backup
from alluxio_operator.kinds.backup.verifying import Verifying, next_verifying
from alluxio_operator.kinds.cluster.clients import backup_directory, backup_lock, rpc_port
from alluxio_operator.kube.kinds import Ref

STORED: Final = "BackupStored"
"""Gate of an exported backup: closed while Alluxio's own file, with credentials in clear, is in the root mount."""


NEIGHBOURS: Final = "neighbours"
"""Question: which other backups does the namespace have?"""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of the backup, the manifests and the operations that follow from them."""

    backup: Backup
    taking: Taking
    verifying: Verifying | None
    removing: Removing
    context: Mapping[str, Any]
    operations: tuple[Operation, ...]
    until: int = EVERYTHING
    held_templates: frozenset[int] = frozenset()
    held_pod_templates: frozenset[int] = frozenset()
    recreate: Mapping[Ref, str] = field(default_factory=dict)
    rules: ApplyRules = DEFAULT
    paused: bool = False

    @property
    def questions(self) -> frozenset[str]:
        """Questions to answer before the driver may execute this plan."""
        unread = self.removing.unread or (self.verifying is not None and self.verifying.unread)
        return frozenset({NEIGHBOURS} if unread else ())

    def with_operations(self, operations: Iterable[Operation]) -> Plan:
        """Return the plan after some of its operations were performed."""
        return replace(self, operations=tuple(operations))

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates of all steps that have begun, in their order."""
        own = [operation.gate for operation in self.operations if operation.gate is not None]
        verified = [self.verifying.gate] if self.verifying is not None else []
        removed = [self.removing.gate] if self.removing.gate is not None else []
        return (self.taking.gate, *verified, *own, *removed)


def decide(backup: Backup, observed: Observed, now: datetime) -> Plan:
    """Return the plan: ask the leader for the backup, verify the file by a Job, remove what is not to stay."""
    status = observed.status
    taking = next_taking(backup, observed, now)
    verifying = None
    if taking.run is not None and taking.run.state == "Completed" and status.finished is None:
        verifying = next_verifying(backup, observed, taking.run, now)
    removing = next_removing(backup, observed, now)
    step: Removing | Verifying | None = removing if removing.due else verifying
    job = step.run if step is not None and step.rendered else None
    context = context_of(backup, observed, taking.run, job, removes=removing.due)
    operations = tuple(_operations(backup, observed, now, taking, verifying, removing))
    return Plan(backup, taking, verifying, removing, context, operations)


def _operations(
    backup: Backup,
    observed: Observed,
    now: datetime,
    taking: Taking,
    verifying: Verifying | None,
    removing: Removing,
) -> Iterable[Operation]:
    if removing.due:
        yield _remove(backup, observed, removing)
        return
    labels = observed.resource["metadata"].get("labels") or {}
    if observed.status.finished is not None and labels.get(CLUSTER_LABEL) != backup.cluster:
        # Not before: until then each reconcile writes the status, for which another write would be a conflict.
        yield _label(backup, observed)
    if observed.status.finished is None:
        yield _take(backup, observed, taking, now)
        ended = bool(taking.failure and taking.run is not None)
        if verifying is not None:
            yield _verify(observed, verifying)
            ended = verifying.file is not None or bool(verifying.failure)
        # A request whose answer was lost may have left a file, too.
        if backup.is_exported and ended and observed.status.cluster_uid:
            yield _unstage(backup, observed)


def _label(backup: Backup, observed: Observed) -> Operation:
    """Label the backup with its cluster, so that the cluster can ask for its own backups."""
    patch = {"metadata": {"uid": backup.uid, "labels": {CLUSTER_LABEL: backup.cluster}}}
    ref = Ref(observed.resource["kind"], backup.names.owner)
    return Operation("label", effects=(Patch(ref, patch, "label it with its cluster"),))


def _take(backup: Backup, observed: Observed, taking: Taking, now: datetime) -> Operation:
    run = taking.run
    fields: dict[str, Any] = {"run": run}
    if run is not None and observed.cluster is not None and not observed.status.cluster_uid:
        fields |= {
            "cluster_uid": observed.cluster["metadata"]["uid"],
            "started": stamp(now),
        }
    if taking.start and observed.cluster is not None:
        # Another version may have come between two tries.
        fields["version"] = str(observed.cluster.get("status", {}).get("masters", {}).get("version") or "")
        fields["image"] = observed.leader_image

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [answer] = answers
        assert run is not None  # noqa: S101 (for the type: an effect has a run on record)
        return replace(operation, status={**fields, "run": after_start(run, answer, now)})

    if not taking.start or observed.leader is None or observed.cluster is None:
        return Operation("backup", status=fields, intent=_changed(observed, run))
    uid = observed.status.cluster_uid or observed.cluster["metadata"]["uid"]
    start = StartBackup(
        observed.leader,
        rpc_port(observed.leader, observed.cluster),
        backup_directory(observed.cluster, backup.folder(uid)),
        backup_lock(observed.cluster),
        backup.cluster,
        own_operation(observed),
        now,
    )
    return Operation("backup", status=fields, intent=fields, effects=(start,), conclude=conclude)


def _changed(observed: Observed, run: BackupRun | None) -> dict[str, Any]:
    # A backup that is written is recorded before its Job exists: the Job's containers get their arguments from it.
    return {"run": run} if run is not None and run != observed.status.run and run.state == "Completed" else {}


def _verify(observed: Observed, verifying: Verifying) -> Operation:
    fields: dict[str, Any] = {"job": verifying.run}
    if verifying.file is not None:
        fields |= {
            "file": verifying.file,
            "restored": verifying.restored,
            "verified": verifying.restored is not None,
        }
    intent = {"job": verifying.run} if verifying.run != observed.status.job else {}
    return Operation("verification", status=fields, intent=intent)


def _unstage(backup: Backup, observed: Observed) -> Operation:
    """Delete Alluxio's own file from the root mount: the destination has the backup, without credentials."""
    waiting = Gate(STORED, False, "StagedFilesRemain", "Alluxio's own file in the root mount is about to be deleted")
    leader, cluster = observed.leader, observed.cluster
    if cluster is None or cluster["metadata"]["uid"] != observed.status.cluster_uid:
        # Without its cluster, the operator has no access to the storage.
        message = f"its cluster is gone, so Alluxio's own files stay in {backup.folder(observed.status.cluster_uid)}"
        return Operation("staged files", gate=Gate(STORED, True, "ClusterGone", message))
    if leader is None:
        return Operation("staged files", gate=replace(waiting, message=_cannot_delete("no master leads")))

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [error] = answers
        if error:
            return replace(operation, gate=replace(waiting, message=_cannot_delete(str(error)), requeue=BackOff()))
        return replace(
            operation, gate=Gate(STORED, True, "Stored", "the destination has the backup, and the root mount has none")
        )

    folder = DeleteFolder(leader, rpc_port(leader, cluster), f"/{backup.folder(observed.status.cluster_uid)}")
    return Operation("staged files", effects=(folder,), gate=waiting, conclude=conclude)


def _cannot_delete(error: str) -> str:
    return f"Alluxio's own file in the root mount can't be deleted yet: {error}"


def _remove(backup: Backup, observed: Observed, removing: Removing) -> Operation:
    resource = Delete(Ref(observed.resource["kind"], backup.names.owner), backup.uid)
    fields: dict[str, Any] = {"removing": True, "job": removing.run or observed.status.job}
    if not removing.through_alluxio:
        return Operation("removal", status=fields, intent=fields, effects=(resource,) if removing.resource else ())
    cluster, leader = observed.cluster, observed.leader
    known = observed.status.cluster_uid
    if not known or cluster is None or cluster["metadata"]["uid"] != known:
        # Without its cluster, the operator has no access to the storage: the files stay.
        return Operation("removal", status=fields, intent=fields, effects=(resource,))
    gate = Gate("FilesRemoved", False, "Removing", "Alluxio is about to delete the files", requeue=BackOff())
    if leader is None:
        return Operation("removal", status=fields, intent=fields, gate=replace(gate, message="no master leads"))

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        [error] = answers
        said = error.reason if isinstance(error, NoAnswer) else str(error or "")
        return (
            replace(operation, gate=replace(gate, message=f"Alluxio can't delete the files: {said}"))
            if said
            else operation
        )

    folder = DeleteFolder(leader, rpc_port(leader, cluster), f"/{backup.folder(known)}", resource)
    return Operation("removal", status=fields, intent=fields, effects=(folder,), gate=gate, conclude=conclude)
