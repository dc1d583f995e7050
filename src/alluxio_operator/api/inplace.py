"""Restore in place: a backup replaces the names of a cluster that exists, after a typed confirmation."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alluxio_operator.api.base import rules
from alluxio_operator.api.bootstrap import Restore, RestoreStatus, source_rules
from alluxio_operator.api.lenient import KEPT, StatusModel
from alluxio_operator.api.status import JobRun, Message, Short, Time

Confirmation = Annotated[str, Field(max_length=400)]

MOST_WORKERS: Final = 10
MOST_PATHS: Final = 20
MOST_BACKUPS: Final = 5
MOST_EARLIER: Final = 10


class RestoreInPlace(Restore):
    """The backup that replaces all names of this cluster. Nothing changes before it is confirmed."""

    confirmation: Confirmation | None = Field(
        None,
        description="The text in status.restoreInPlace.confirmation. It names the cluster and the backup, and holds "
        "for one restore only: after that, or on another cluster, it has no effect.",
    )


class WorkerLoss(StatusModel):
    """What one worker holds of the data that would be lost."""

    worker: Short = Field(description="Host of the worker.")
    files: int = Field(description="Number of files with blocks on it.")
    bytes: int = Field(description="Bytes of these blocks.")


class RestoreLoss(StatusModel):
    """Data that would be lost: files that no under storage has, and that are newer than the backup."""

    unknown: Message = Field(
        "",
        description="Why this isn't known, or isn't known any more; empty if it is. With counted, the figures are "
        "those of that time, and the least that would be lost.",
    )
    files: int = Field(0, description="Number of files.")
    bytes: int = Field(0, description="Their size in bytes.")
    workers: Annotated[tuple[WorkerLoss, ...], Field(max_length=MOST_WORKERS)] = Field(
        (), description="The workers with most of these bytes."
    )
    paths: Annotated[tuple[Annotated[str, Field(max_length=512)], ...], Field(max_length=MOST_PATHS)] = Field(
        (), description="Some of these files."
    )
    checked: Time = Field(description="Time since which this holds (RFC 3339).")
    counted: Time | None = Field(
        None, description="Time at which the files were counted (RFC 3339); unset if they never were."
    )


class EarlierRestore(StatusModel):
    """What an earlier restore in place has left behind: journals that were set aside, and backups."""

    operation: Annotated[str, Field(max_length=32)] = Field(description="Identifier of that restore.")
    state: Annotated[str, Field(max_length=32)] = Field(description="How it ended.")
    ended: Time = Field(description="Time at which it ended (RFC 3339).")
    source: Annotated[str, Field(max_length=1280)] = Field(
        "", description="What it restored: an AlluxioBackup, a uri, or a volume as PVC:PATH."
    )
    aside: Annotated[str, Field(max_length=128)] = Field(
        "",
        description="Folder in the masters' volumes that keeps the journal of before it. After WentBack, only a "
        "volume that was away has it. Empty if no journal was set aside.",
    )
    backups: Annotated[tuple[Short, ...], Field(max_length=MOST_BACKUPS)] = Field(
        (), description="AlluxioBackups that were made before it."
    )


InPlaceState = Literal[
    "AwaitingConfirmation",
    "BackingUp",
    "Checking",
    "Stopping",
    "SettingAside",
    "Restoring",
    "Opening",
    "Syncing",
    "Restored",
    "GoingBack",
    "Returning",
    "WentBack",
    "Failed",
    "Cancelled",
]


class RestoreInPlaceStatus(StatusModel):
    """The last restore in place. The operator records each step before it takes it."""

    operation: Annotated[str, Field(max_length=32)] = Field(description="Identifier of this restore.")
    state: Annotated[InPlaceState, KEPT] = Field(
        description="AwaitingConfirmation: nothing happens. BackingUp: an AlluxioBackup is made first. Checking: the "
        "file is read, and the UFS has to answer; until here, removing the field cancels. Stopping: the masters stop. "
        "SettingAside: the journals are renamed in their volumes. Restoring: the masters restore the backup, without "
        "clients and workers. Opening: the names are proven to be whole, and the masters stop. Syncing: they "
        "start for clients and workers, and compare each name with the UFS at its next use. Restored: done. "
        "GoingBack: the journals of before get their names back. Returning: the masters start with them. WentBack: "
        "the cluster serves what it served before. Failed: nothing was restored, and there was no journal to go back "
        "to. Cancelled: the field was removed in time."
    )
    since: Time = Field(description="Time since which the restore is in this state (RFC 3339).")
    backup: Short = Field("", description="Name of the AlluxioBackup; empty for a uri or a volume.")
    uri: Annotated[str, Field(max_length=1024)] = Field("", description="The uri in the spec; empty for a backupName.")
    volume: Annotated[str, Field(max_length=1280)] = Field(
        "", description="The volume in the spec, as PVC:PATH; empty for a backupName or a uri."
    )
    confirmation: Confirmation = Field(description="The text to set in spec.restoreInPlace.confirmation.")
    recovery_point: Time | None = Field(None, description="Time at which the backup was taken (RFC 3339), if known.")
    backup_uid: Short = Field("", description="The uid of the AlluxioBackup that the text confirms, if it names one.")
    sha256: Annotated[str, Field(max_length=64)] = Field(
        "", description="Checksum of the file that the text confirms, or that the check found; empty if unknown."
    )
    entries: int | None = Field(None, description="Number of entries in the backup that the text confirms.")
    loss: RestoreLoss | None = Field(
        None, description="What would be lost, as it was known when the text confirmed it. It stays afterwards."
    )
    loss_asked: Time | None = Field(
        None, description="Time at which the operator began to count the files (RFC 3339), as long as it counts."
    )
    confirmed: Time | None = Field(None, description="Time at which the text was found in the spec (RFC 3339).")
    confirmed_by: Short | None = Field(None, description="Field manager that last wrote the spec by then.")
    safety_backup: Short = Field("", description="Name of the AlluxioBackup that is made first.")
    safety_created: bool = Field(False, description="True once the operator has created it.")
    safety_attempt: int = Field(1, description="Number of that backup: one that has become too old is made again.")
    older_backups: Annotated[tuple[Short, ...], Field(max_length=MOST_BACKUPS)] = Field(
        (), description="AlluxioBackups that were made first, and had become too old."
    )
    leaderless_since: Time | None = Field(
        None, description="Time since which no master leads (RFC 3339), as long as the backup is made."
    )
    without_safety_backup: Annotated[str, Field(max_length=512)] = Field("", description="Why no such backup was made.")
    check: JobRun | None = Field(None, description="The Job that reads the file while the cluster still serves.")
    next_container: int = Field(
        0,
        description="The first number that the restored masters give to a new file's blocks: higher than all numbers "
        "that any worker may know.",
    )
    expanded_bytes: int = Field(0, description="Bytes of the unpacked file.")
    workers_start_empty: bool = Field(
        False,
        description="True if Alluxio reads the file itself, so that the numbers of blocks can't be raised: the workers "
        "restart with empty tiers.",
    )
    index: int | None = Field(None, description="Journal index of the leader before the masters stopped, if one led.")
    had_journal: bool = Field(True, description="False if the journals had been lost before.")
    aside: Annotated[str, Field(max_length=128)] = Field(
        "", description="Folder in each journal's volume that keeps the journal of before. It is never deleted."
    )
    done: Annotated[tuple[int, ...], Field(max_length=5)] = Field(
        (), description="Ordinals of the masters whose Job of this step is complete: a finished Job is removed later."
    )
    restore: RestoreStatus | None = Field(None, description="The restore by the masters.")
    marked: Annotated[str, Field(max_length=128)] = Field(
        "",
        description="The process of the leader that compares all names with the UFS at their next use: the uid of its "
        "pod, and the number of its restarts. Empty if none is to.",
    )
    marks_until: Time | None = Field(
        None, description="Time until which another leader is asked to do so, too (RFC 3339); unset if none is to."
    )
    message: Annotated[str, Field(max_length=1024)] = Field("", description="Why it went back, or failed.")
    earlier: Annotated[tuple[EarlierRestore, ...], Field(max_length=MOST_EARLIER)] = Field(
        (),
        description="What earlier restores in place have left behind, the newest last. The operator deletes nothing.",
    )


IN_PLACE_RULES: Final[dict[str, Any]] = {
    "RestoreInPlace": rules(*source_rules("spec.restoreInPlace", needs_entries=True)),
}
"""CEL rules by type."""
