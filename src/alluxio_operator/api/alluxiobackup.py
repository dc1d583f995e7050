"""The AlluxioBackup resource: one backup of the journal of an AlluxioCluster, checked and restored as a test."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alluxio_operator.api.alluxiobackup_destination import DESTINATION_RULES, Destination
from alluxio_operator.api.base import GROUP, LocalReference, Model, cel, rules
from alluxio_operator.api.lenient import KEPT, StatusModel
from alluxio_operator.api.status import Inventory, JobRun, OwnerStatus, Short, Time

KIND: Final = "AlluxioBackup"

LONGEST_NAME: Final = 63
"""Longest name: labels and the names of Jobs contain it."""

CLUSTER_LABEL: Final = f"{GROUP}/cluster"
CLUSTER_UID_LABEL: Final = f"{GROUP}/cluster-uid"
SCHEDULE_LABEL: Final = f"{GROUP}/backup-schedule"
PURPOSE_LABEL: Final = f"{GROUP}/backup-purpose"
"""Labels of a backup that the operator created: name and uid of the cluster, and the schedule or the purpose."""


class BackupSpec(Model):
    """What to back up, and where to keep it."""

    cluster_ref: LocalReference = Field(description="The AlluxioCluster, in the same namespace.")
    destination: Destination = Field(
        Destination(), description="Where the backup is kept. Default: the folder .alluxio-backups of the root mount."
    )
    verify: Literal["Restore", "Check"] = Field(
        "Restore",
        description="Check: the whole file is read, and its entries are counted. Restore: a master of its own, without "
        "workers and without the storage below, also restores the file.",
    )
    timeout_seconds: Annotated[int, Field(ge=60, le=86400)] = Field(
        3600,
        description="Time in seconds from the first attempt until Alluxio has to have written the backup. After that "
        "the backup has failed.",
    )
    ttl_seconds_after_finished: Annotated[int, Field(ge=60, le=315360000)] | None = Field(
        None,
        description="Time in seconds after which the operator deletes the files of the backup and this resource. "
        "Default: it never does.",
    )


class BackupRun(StatusModel):
    """The backup as the leading master makes it."""

    state: Annotated[Literal["Requested", "Running", "Completed", "Failed"], KEPT] = Field(
        description="State of the backup."
    )
    since: Time = Field(description="Time since which the backup is in this state (RFC 3339).")
    id: Annotated[str, Field(max_length=64)] = Field("", description="Alluxio's identifier of the backup.")
    leader: Short = Field("", description="Pod of the master that was asked.")
    uri: Annotated[str, Field(max_length=1024)] = Field("", description="Location that Alluxio wrote the backup to.")
    entries: int = Field(0, description="Number of journal entries that Alluxio counts.")
    message: Annotated[str, Field(max_length=512)] = Field("", description="Why the backup failed or can't start.")
    attempts: int = Field(0, description="Number of times that the operator asked a leading master.")
    retry_at: Time | None = Field(None, description="Time of the next attempt (RFC 3339).")


class BackupFile(StatusModel):
    """The file, as the operator has read it from beginning to end."""

    location: Annotated[str, Field(max_length=1024)] = Field(
        description="Path of the file: a URI of the root mount's storage, or PVC:PATH."
    )
    sha256: Annotated[str, Field(max_length=64)] = Field(description="Checksum of the file.")
    bytes: int = Field(description="Size of the file in bytes.")
    entries: int = Field(description="Number of journal entries in the file.")
    files: int = Field(0, description="Number of files in Alluxio's namespace.")
    directories: int = Field(0, description="Number of directories in Alluxio's namespace.")
    mounts: int = Field(0, description="Number of mounts other than the root.")
    clean: bool = Field(False, description="True if the file has no options of mounts.")
    next_container: int = Field(
        0,
        description="The next number of a new file's blocks when the backup was taken; 0 if unknown.",
    )


class RestoreProof(StatusModel):
    """The restore that proved the file."""

    entries: int = Field(description="Number of journal entries that the master restored.")
    inodes: int = Field(description="Number of files and directories that the master then served.")
    seconds: int = Field(description="Seconds from the start of the master until it served.")
    at: Time = Field(description="End of the restore (RFC 3339).")


BackupPhase = Annotated[Literal["Pending", "Running", "Verifying", "Completed", "Failed", "Invalid", "Paused"], KEPT]


class BackupStatus(OwnerStatus):
    """Observed state of the backup."""

    phase: BackupPhase = Field("Pending", description="State in one word.")  # type: ignore[assignment]
    cluster_uid: Annotated[str, Field(max_length=64)] = Field(
        "", description="Uid of the AlluxioCluster: another cluster of the same name isn't backed up."
    )
    version: Short = Field("", description="Version of Alluxio that wrote the backup.")
    image: Annotated[str, Field(max_length=512)] = Field(
        "", description="Image of the leading master that wrote the backup; the Job restores the file with it."
    )
    run: BackupRun | None = Field(None, description="The backup as the leading master makes it.")
    job: JobRun | None = Field(None, description="The Job that reads the file and restores it.")
    file: BackupFile | None = Field(None, description="The file, once it was read.")
    restored: RestoreProof | None = Field(None, description="The restore that proved the file, with verify: Restore.")
    verified: bool = Field(False, description="True once the file was restored.")
    removing: bool = Field(False, description="True once the operator deletes the files, at the end of the time.")
    started: Time | None = Field(None, description="Time of the first attempt (RFC 3339).")
    finished: Time | None = Field(None, description="Time at which the backup completed or failed (RFC 3339).")
    inventory: Inventory = ()


SPEC_KEPT: Final = cel(
    "self.clusterRef == oldSelf.clusterRef && self.destination == oldSelf.destination && self.verify == oldSelf.verify",
    "a backup is made once: clusterRef, destination and verify can't be changed. Create another AlluxioBackup",
)

RULES_BY_TYPE: Final[dict[str, Any]] = {**DESTINATION_RULES, "BackupSpec": rules(SPEC_KEPT)}
"""CEL rules by type."""

ROOT_RULES: Final = rules(
    cel(
        f"size(self.metadata.name) <= {LONGEST_NAME}",
        f"metadata.name is longer than {LONGEST_NAME} characters: labels of pods contain it",
    )
)
