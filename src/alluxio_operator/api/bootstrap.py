"""What a new AlluxioCluster begins with: a backup that its masters restore."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, ObjectName, cel, rules
from alluxio_operator.api.lenient import KEPT, StatusModel
from alluxio_operator.api.status import Short, Time

FileUri = Annotated[str, Field(pattern=r"^(/|[a-z0-9]+://)[A-Za-z0-9._~@:/+=,-]+$", min_length=2, max_length=1024)]
"""The URI of a file, with the characters of a root mount's."""


class RestoreVolume(Model):
    """A backup file in a volume."""

    claim_name: ObjectName = Field(description="PVC in the same namespace. The operator never creates or deletes it.")
    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~@:+=,-]+(/[A-Za-z0-9._~@:+=,-]+)*$", max_length=1024)] = Field(
        description="Path of the file in the volume, such as backups/alluxio-backup-2030-01-02-1893553445000.gz."
    )


class Restore(Model):
    """The backup that the masters of a new cluster restore; exactly one of backupName, uri and volume."""

    backup_name: ObjectName | None = Field(
        None,
        description="An AlluxioBackup of the same namespace that is Completed. Its cluster may be gone. A backup in a "
        "root mount needs a cluster with the same root mount.",
    )
    uri: FileUri | None = Field(
        None,
        description="A backup file that any Alluxio 2.9 wrote, in the storage of spec.rootMount: a URI with the "
        "scheme and host or bucket of spec.rootMount.uri, or a path below it for a volume.",
    )
    volume: RestoreVolume | None = Field(None, description="A backup file that any Alluxio 2.9 wrote, in any volume.")
    expected_entries: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Number of journal entries in the file at uri or in volume, which Alluxio reports when it writes "
        "a backup. Without it, the operator can't tell whether the file is whole.",
    )


class Bootstrap(Model):
    """How a new cluster begins. It has no effect on a cluster that exists."""

    restore: Restore | None = Field(
        None,
        description="The backup that the masters restore before clients and workers find them. It can be removed from "
        "the spec, and neither added nor changed: the restore is an event, which the status records.",
    )


class RestoreStatus(StatusModel):
    """The restore with which the cluster began. The operator records each step before it takes it."""

    state: Annotated[Literal["Requested", "Restoring", "Emptying", "Restored", "Failed"], KEPT] = Field(
        description="Requested: the source is known. Restoring: the masters may restore. Emptying: a restore failed, "
        "and the journals are emptied for the next attempt. Restored: done, for good. Failed: the masters are stopped."
    )
    backup: Short = Field("", description="Name of the AlluxioBackup; empty for a uri or a volume.")
    uri: Annotated[str, Field(max_length=1024)] = Field(
        "", description="The uri in the spec; empty for a backupName or a volume."
    )
    location: Annotated[str, Field(max_length=1280)] = Field(
        description="The file: a URI of the root mount's storage, or PVC:PATH."
    )
    claim: Short = Field("", description="PVC that has the file; empty if Alluxio reads it by its URI.")
    sha256: Annotated[str, Field(max_length=64)] = Field("", description="Checksum of the file; empty if unknown.")
    expected: int | None = Field(None, description="Number of journal entries in the file; unset if unknown.")
    entries: int | None = Field(None, description="Number of entries that the leading master restored last.")
    attempt: int = Field(1, description="Number of this attempt.")
    journal: Annotated[str, Field(max_length=32)] = Field(
        description="Operation that creates the journals for this restore: only these may be emptied."
    )
    since: Time = Field(description="Time since which the restore is in this state (RFC 3339).")
    marked: Annotated[str, Field(max_length=128)] = Field(
        "",
        description="The process of the leader that compares all names with the UFS at their next use: the uid of its "
        "pod, and the number of its restarts. Empty if unknown.",
    )


def source_rules(path: str, *, needs_entries: bool = False) -> tuple[dict[str, str], ...]:
    """Return the CEL rules of a backup to restore; `path` is its field in the spec."""
    counted = cel(
        "has(self.backupName) || has(self.expectedEntries)",
        f"{path}.expectedEntries is missing: without the number of entries of the file, the operator can't "
        "prove that the restore is whole. Alluxio reports it when it writes a backup",
        field_path=".expectedEntries",
    )
    return (
        cel(
            "(has(self.backupName) ? 1 : 0) + (has(self.uri) ? 1 : 0) + (has(self.volume) ? 1 : 0) == 1",
            f"give either {path}.backupName, {path}.uri or {path}.volume: exactly one of them",
        ),
        cel(
            "!has(self.expectedEntries) || !has(self.backupName)",
            f"{path}.expectedEntries belongs to uri or volume: an AlluxioBackup knows its number of entries",
            field_path=".expectedEntries",
        ),
        cel(
            "!has(self.uri) || !self.uri.matches('(^|/)[.][.]?(/|$)')",
            f"{path}.uri must not contain . or .. as a part",
            field_path=".uri",
        ),
        *((counted,) if needs_entries else ()),
    )


BOOTSTRAP_RULES: Final[dict[str, Any]] = {
    "Restore": rules(*source_rules("spec.bootstrap.restore")),
    "RestoreVolume": rules(
        cel(
            "!self.path.matches('(^|/)[.][.]?(/|$)')",
            "path must not contain . or .. as a part",
            field_path=".path",
        )
    ),
}
"""CEL rules by type."""

_NEW, _OLD = "self.bootstrap.restore", "oldSelf.bootstrap.restore"
_COUNTED: Final = (
    f"(oldSelf.paused && has({_NEW}.volume) && has({_OLD}.volume) && {_NEW}.volume == {_OLD}.volume && "
    f"!has({_OLD}.expectedEntries))"
)
"""A drill creates its cluster paused, for the PVC of the copy to have an owner, and counts the copy's entries later."""

RESTORE_KEPT: Final = cel(
    "!has(self.bootstrap) || !has(self.bootstrap.restore) || (has(oldSelf.bootstrap) && "
    f"has(oldSelf.bootstrap.restore) && (self.bootstrap.restore == oldSelf.bootstrap.restore || {_COUNTED}))",
    "spec.bootstrap.restore can be removed, but neither added nor changed: only a new cluster restores a backup. "
    "Create another AlluxioCluster instead. (A paused cluster can get the expectedEntries of a volume)",
    field_path=".bootstrap",
)
"""Rule of the whole spec: an optional field that was absent before has no rule of its own."""
