"""What a new AlluxioCluster begins with: a backup that its masters restore."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, ObjectName, cel, rules
from alluxio_operator.api.lenient import KEPT, StatusModel
from alluxio_operator.api.status import Short, Time

FileUri = Annotated[str, Field(pattern=r"^(/|[a-z0-9]+://)[A-Za-z0-9._~@:/+=,-]+$", min_length=2, max_length=1024)]
"""The URI of a file, with the characters of a root mount's."""


class Restore(Model):
    """The backup that the masters of a new cluster restore; exactly one of backupName and uri."""

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
    expected_entries: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Number of journal entries in the file at uri, which Alluxio reports when it writes a backup. "
        "Without it, the operator can't tell whether the file is whole.",
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
    backup: Short = Field("", description="Name of the AlluxioBackup; empty for a uri.")
    uri: Annotated[str, Field(max_length=1024)] = Field("", description="The uri in the spec; empty for a backupName.")
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


BOOTSTRAP_RULES: Final[dict[str, Any]] = {
    "Restore": rules(
        cel(
            "has(self.backupName) != has(self.uri)",
            "give either spec.bootstrap.restore.backupName or spec.bootstrap.restore.uri: exactly one of them",
        ),
        cel(
            "!has(self.expectedEntries) || has(self.uri)",
            "spec.bootstrap.restore.expectedEntries belongs to uri: an AlluxioBackup knows its number of entries",
            field_path=".expectedEntries",
        ),
        cel(
            "!has(self.uri) || !self.uri.matches('(^|/)[.][.]?(/|$)')",
            "spec.bootstrap.restore.uri must not contain . or .. as a part",
            field_path=".uri",
        ),
    )
}
"""CEL rules by type."""

RESTORE_KEPT: Final = cel(
    "!has(self.bootstrap) || !has(self.bootstrap.restore) || (has(oldSelf.bootstrap) && "
    "has(oldSelf.bootstrap.restore) && self.bootstrap.restore == oldSelf.bootstrap.restore)",
    "spec.bootstrap.restore can be removed, but neither added nor changed: only a new cluster restores a backup. "
    "Create another AlluxioCluster instead",
    field_path=".bootstrap",
)
"""Rule of the whole spec: an optional field that was absent before has no rule of its own."""
