"""What can happen to a volume that holds data, with the remedy; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from alluxio_operator.api.alluxiocluster_status import ClaimStatus
from alluxio_operator.api.volumes import JOURNAL, LOGS, ROOT_MOUNT
from alluxio_operator.engine.gate import Gate, Requeue, Severity
from alluxio_operator.kinds.cluster.storage.pvc import Claim

GATE: Final = "VolumesAvailable"
AVAILABLE: Final = Gate(GATE, True, "Available", "every volume on record exists")
GUIDE: Final = "see docs/storage.md#lost-volumes"

_CONTENTS: Final = {
    ROOT_MOUNT: "the files of the root mount",
    JOURNAL: "a master's journal",
    LOGS: "the log server's logs",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One volume that is lost or about to be lost."""

    volume: str
    reason: str
    message: str
    severity: Severity = Severity.WARNING
    blocking: bool = False
    holds_pods: bool = False
    """Whether the end of a pod would lose data that can still be saved."""

    def as_warning(self) -> Finding:
        """Return the finding for a volume without which the cluster keeps its data."""
        return replace(self, severity=min(self.severity, Severity.WARNING), blocking=False)


def terminating(record: ClaimStatus) -> Finding:
    """Return the finding for a PVC that is being deleted, and that a pod still uses."""
    keep = (
        f'To keep it: kubectl patch pv {record.persistent_volume} -p \'{{"spec":{{"persistentVolumeReclaimPolicy":'
        f'"Retain"}}}}\', and bind a PVC of the same name to this PersistentVolume later; or copy the data; {GUIDE}'
    )
    message = (
        f"PVC {record.name} is being deleted. Its volume still has {_contents(record)}, until the last pod that uses "
        f"it ends: don't restart, delete or scale down its pods. The operator replaces none. {keep}"
    )
    if record.volume == LOGS:
        message = (
            f"PVC {record.name} is being deleted. Its volume still has {_contents(record)}, until the pod of the log "
            f"server ends; then the operator creates an empty one. {keep}"
        )
    return _finding(record, "VolumeTerminating", message, holds_pods=record.volume != LOGS)


def replacing(record: ClaimStatus) -> Finding:
    """Return the finding for the PVC of a lost volume that the operator deletes: it holds no data any more."""
    message = (
        f"PVC {record.name} is being deleted, because PersistentVolume {record.persistent_volume} with "
        f"{_contents(record)} is lost for good. The operator replaces it by an empty one"
    )
    return _finding(record, "Replacing", message)


def missing(record: ClaimStatus, accept: str) -> Finding:
    """Return the finding for a PVC that no longer exists."""
    if record.volume == ROOT_MOUNT:
        message = (
            f"PVC {record.name} with {_contents(record)}{_place(record)} no longer exists. The operator creates no "
            f"empty one in its place, since Alluxio would report files whose data is gone. Restore it: create PVC "
            f"{record.name} on its PersistentVolume or from a backup; {GUIDE}. Or accept the loss of these files: "
            f"{accept}"
        )
    elif record.volume == JOURNAL:
        message = (
            f"PVC {record.name} with {_contents(record)}{_place(record)} no longer exists. Restore it: create PVC "
            f"{record.name} on its PersistentVolume or from a backup; {GUIDE}"
        )
    else:
        message = (
            f"PVC {record.name} no longer exists. {_lost(record)} Kubernetes creates an empty volume for its next pod"
        )
    return _finding(record, "VolumeMissing", message)


def lost(record: ClaimStatus, accept: str) -> Finding:
    """Return the finding for a PVC whose PersistentVolume was deleted."""
    message = (
        f"PVC {record.name} is in phase Lost: PersistentVolume {record.persistent_volume} with {_contents(record)} was "
        f"deleted. Create this PersistentVolume again for the same storage, if that still exists; {GUIDE}"
    )
    if record.volume == ROOT_MOUNT:
        message += f". Or accept the loss of these files: delete the PVC, and {accept}"
    elif record.volume != JOURNAL:
        message += f". Or delete the PVC and its pod for an empty one. {_lost(record)}"
    return _finding(record, "VolumeLost", message)


def replaced(record: ClaimStatus, live: Claim, accept: str = "") -> Finding:
    """Return the finding for a PVC of the same name that is another volume, or isn't bound yet."""
    now = f"is another volume now ({live.persistent_volume})" if live.bound else "was recreated and isn't bound yet"
    message = f"PVC {record.name}, which had {_contents(record)}{_place(record)}, {now}"
    if record.volume == ROOT_MOUNT:
        message += (
            f". Without the data of the first one, Alluxio reports files whose data is gone. If you restored the data "
            f"there, or accept its loss: {accept}. Otherwise bind the PVC to its first PersistentVolume; {GUIDE}"
        )
    elif record.volume == JOURNAL:
        message += f". Restore the journal there, or bind the PVC to its first PersistentVolume; {GUIDE}"
    else:
        message += f". {_lost(record)}"
    return _finding(record, "VolumeReplaced", message)


def recreated(record: ClaimStatus) -> Finding:
    """Return the finding for an empty volume in place of one whose loss blocks nothing."""
    message = f"PVC {record.name} was lost and replaced by an empty one at {record.replaced}. {_lost(record)}"
    return _finding(record, "VolumeReplaced", message)


def creating(record: ClaimStatus) -> Finding:
    """Return the finding for a volume whose loss was accepted, until its empty replacement is bound."""
    message = f"PVC {record.name} is replaced by an empty volume, as the annotation of the resource permits"
    return Finding(record.volume, "Replacing", message, Severity.PROGRESS, blocking=True)


def worst(findings: Sequence[Finding], requeue: Requeue | None = None) -> Gate:
    """Return the gate to report, with the worst finding first."""
    if not findings:
        return replace(AVAILABLE, requeue=requeue)
    first, *others = sorted(findings, key=lambda one: -one.severity)
    more = f"; and {len(others)} more: {', '.join(_brief(one) for one in others[:8])}" if others else ""
    return Gate(GATE, False, first.reason, f"{first.message}{more}", first.severity, requeue)


def _finding(record: ClaimStatus, reason: str, message: str, *, holds_pods: bool = False) -> Finding:
    blocking = record.volume in (ROOT_MOUNT, JOURNAL)
    severity = Severity.BLOCKED if blocking else Severity.WARNING
    return Finding(record.volume, reason, message, severity, blocking, holds_pods)


def _contents(record: ClaimStatus) -> str:
    return _CONTENTS.get(record.volume, f"the blocks of {record.volume} of one worker")


def _lost(record: ClaimStatus) -> str:
    if record.volume == LOGS:
        return "Its logs are lost."
    return "Blocks that only this worker held are lost; files with such blocks that were not persisted can't be read."


def _place(record: ClaimStatus) -> str:
    return f" on PersistentVolume {record.persistent_volume}" if record.persistent_volume else ""


def _brief(finding: Finding) -> str:
    return f"{finding.message.split(' ')[1].rstrip(',')} ({finding.reason})"
