"""The AlluxioDrill resource: one rehearsal of a recovery, from a backup to files that are read."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from alluxio_operator.api.base import LocalReference, Model, ObjectName, Quantity, cel, quantity, rules
from alluxio_operator.api.lenient import KEPT, StatusModel
from alluxio_operator.api.status import Inventory, JobRun, OwnerStatus, Short, Time

KIND: Final = "AlluxioDrill"

LONGEST_NAME: Final = 63
"""Longest name: labels and the names of Jobs contain it."""

Timeout = Annotated[int, Field(ge=60, le=86400)]


LEAST_BYTES, MOST_BYTES = "1Mi", "1Ti"
"""Bounds of a sample: with less, files would be in it of which nothing is read; more takes longer than a drill may."""


def _sample_bytes(text: str) -> str:
    if not quantity(LEAST_BYTES) <= quantity(text) <= quantity(MOST_BYTES):
        raise ValueError(f"it has to be {LEAST_BYTES} to {MOST_BYTES}")
    return text


class Sample(Model):
    """How much is read."""

    files: Annotated[int, Field(ge=1, le=100000)] = Field(
        100, description="Most files. They are chosen by their names, spread over the whole namespace."
    )
    bytes: Annotated[Quantity, AfterValidator(_sample_bytes)] = Field(
        "1Gi",
        description=f"Most bytes of all files together, from {LEAST_BYTES} to {MOST_BYTES}. Small files are read "
        "whole, of large ones the beginning.",
    )


class DrillSpec(Model):
    """What to rehearse."""

    cluster_ref: LocalReference = Field(description="The AlluxioCluster, in the same namespace.")
    backup_name: ObjectName | None = Field(
        None, description="A verified AlluxioBackup of the cluster. Default: the newest one."
    )
    sample: Sample = Field(Sample(), description="How much is read through the restored cluster.")
    timeout_seconds: Timeout = Field(
        3600, description="Time in seconds from the start until all is read. After that the drill has failed."
    )
    ttl_seconds_after_finished: Annotated[int, Field(ge=60, le=315360000)] | None = Field(
        None, description="Time in seconds after which the operator deletes this resource. Default: it never does."
    )


class DrillFiles(StatusModel):
    """What was listed and read."""

    listed: int = Field(description="Number of files that the restored cluster lists.")
    sampled: int = Field(description="Number of files that were read.")
    matched: int = Field(
        description="Number of files with the same bytes through the restored cluster and in the UFS, where the UFS "
        "has the version that is in the backup."
    )
    changed: int = Field(0, description="Number of files that the cluster has deleted or replaced since the backup.")
    missing: int = Field(0, description="Number of files that the UFS lacks, while the cluster still lists them.")
    different: int = Field(
        0, description="Number of files of which the UFS has another version, while the cluster lists the one in the "
        "backup.",
    )  # fmt: skip
    unreadable: int = Field(0, description="Number of files that the UFS has and the restored cluster can't read.")
    unsure: int = Field(
        0, description="Number of files that don't match, and of which the cluster didn't answer whether it has "
        "changed them.",
    )  # fmt: skip
    only_in_alluxio: int = Field(
        0, description="Number of listed files that Alluxio had not persisted at the backup: no recovery brings them "
        "back.",
    )  # fmt: skip
    other_mounts: int = Field(
        0, description="Number of listed files in mounts other than the root. They are not read: a drill has no "
        "credentials for them.",
    )  # fmt: skip
    non_empty: int = Field(
        0, description="Number of listed files with at least one byte that can be in the sample: of the root mount, "
        "and persisted at the backup.",
    )  # fmt: skip
    partly: int = Field(0, description="Number of files of which only the beginning was read.")
    bytes: int = Field(0, description="Number of bytes that were read of the files that matched.")
    compared_with: Annotated[Literal["Volume", "S3", "Length", ""], KEPT] = Field(
        "", description="What the bytes were compared with: the volume, or the bucket. Length: only the length counts."
    )
    live: bool = Field(False, description="True if the cluster answered for all files that don't match.")


DrillPhase = Annotated[
    Literal["Pending", "Restoring", "Reading", "Cleaning", "Completed", "Failed", "Invalid", "Paused"], KEPT
]


class DrillStatus(OwnerStatus):
    """Observed state of the drill."""

    phase: DrillPhase = Field("Pending", description="State in one word.")  # type: ignore[assignment]
    passed: bool = Field(False, description="True once the drill has passed.")
    cluster_uid: Annotated[str, Field(max_length=64)] = Field("", description="Uid of the AlluxioCluster.")
    backup: Short = Field("", description="Name of the AlluxioBackup.")
    recovery_point: Time | None = Field(None, description="Time at which the backup began (RFC 3339).")
    throw_away: Short = Field("", description="Name of the AlluxioCluster that the drill creates and deletes.")
    claimed: Time | None = Field(None, description="Time since which the operator creates it (RFC 3339).")
    throw_away_uid: Annotated[str, Field(max_length=64)] = Field("", description="Its uid, once it exists.")
    cluster_gone: Time | None = Field(
        None, description="Time since which it is gone (RFC 3339). From then on, the next drill may begin."
    )
    prepare: JobRun | None = Field(None, description="The Job that writes a copy of the backup with read-only mounts.")
    entries: int | None = Field(None, description="Number of journal entries in that copy.")
    read: JobRun | None = Field(None, description="The Job that reads files.")
    rpo_seconds: int | None = Field(
        None, description="Seconds from the recovery point to the start of the drill: what a disaster would have cost."
    )
    restore_seconds: int | None = Field(None, description="Seconds from the start until the backup was restored.")
    rto_seconds: int | None = Field(
        None, description="Seconds from the start until the restored cluster had served a file."
    )
    files: DrillFiles | None = Field(None, description="What was listed and read.")
    examples: Annotated[tuple[Annotated[str, Field(max_length=256)], ...], Field(max_length=4)] = Field(
        (), description="Some of the files that are missing, different, unreadable or unsure."
    )
    failure: Annotated[str, Field(max_length=512)] = Field("", description="Why the drill has failed.")
    reason: Annotated[str, Field(max_length=64)] = Field("", description="The same as one word, for programs.")
    started: Time | None = Field(None, description="Time at which the drill began (RFC 3339).")
    finished: Time | None = Field(None, description="Time at which everything was cleaned up (RFC 3339).")
    inventory: Inventory = ()


SPEC_KEPT: Final = cel(
    "self.clusterRef == oldSelf.clusterRef && has(self.backupName) == has(oldSelf.backupName) && "
    "(!has(self.backupName) || self.backupName == oldSelf.backupName) && self.sample == oldSelf.sample",
    "a drill runs once: clusterRef, backupName and sample can't be changed. Create another AlluxioDrill",
)

SAMPLE_RULES: Final[dict[str, Any]] = {
    "Sample": rules(
        cel(
            # The API server checks the default of the sample, an empty one, before it fills in the default of bytes.
            f"!has(self.bytes) || (!quantity(string(self.bytes)).isLessThan(quantity('{LEAST_BYTES}')) && "
            f"!quantity(string(self.bytes)).isGreaterThan(quantity('{MOST_BYTES}')))",
            f"sample.bytes has to be {LEAST_BYTES} to {MOST_BYTES}",
            field_path=".bytes",
        )
    )
}
"""CEL rules of a sample, also in the schedule of a cluster."""

RULES_BY_TYPE: Final[dict[str, Any]] = {"DrillSpec": rules(SPEC_KEPT), **SAMPLE_RULES}
"""CEL rules by type."""

ROOT_RULES: Final = rules(
    cel(
        f"size(self.metadata.name) <= {LONGEST_NAME}",
        f"metadata.name is longer than {LONGEST_NAME} characters: labels of pods contain it",
    )
)
