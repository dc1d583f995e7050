"""How pods are replaced when the spec asks for others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Cron, Model, TimeZone


class MaintenanceWindow(Model):
    """A time that comes again and again, in which pods that are well may be replaced."""

    start: Cron = Field(description="When it opens, as cron has it, such as 0 2 * * 6.")
    duration_minutes: Annotated[int, Field(ge=1, le=10080)] = Field(
        description="For how long a step may begin in it; one that has begun is finished."
    )
    time_zone: TimeZone = Field(
        "UTC", description="Time zone of start by its name, such as Europe/Berlin; it knows daylight saving."
    )


class Upgrade(Model):
    """How running pods are brought to what the spec says: one role after the other, while the others are well."""

    strategy: Literal["RollingUpdate", "OnDelete"] = Field(
        "RollingUpdate",
        description="RollingUpdate: the operator replaces pods, masters before workers before FUSE mounts, the leader "
        "after other masters. OnDelete: it replaces none; a pod gets what the spec says once somebody deletes it.",
    )
    max_unavailable: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="Workers, and then FUSE mounts, that are replaced at the same time."
    )
    step_timeout_seconds: Annotated[int, Field(ge=30, le=86400)] = Field(
        600,
        description="Seconds after which a replaced pod that isn't well has failed: nothing else is replaced then.",
    )
    canary_seconds: Annotated[int, Field(ge=0, le=86400)] = Field(
        0,
        description="When it isn't 0, the first worker is replaced alone, and the others so many seconds later, if it "
        "is well then.",
    )
    auto_rollback: bool = Field(
        False,
        description="Whether the last spec by which the cluster was Ready is followed again when a replaced pod isn't "
        "well in its time. The spec stays as it is written; its next change is followed.",
    )
    backup: Literal["BeforeVersionChange", "Never"] = Field(
        "BeforeVersionChange",
        description="Whether the journal is backed up before the first master of another version starts.",
    )
    backup_directory: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~@:+=,-]+)+$", max_length=512)] | None = Field(
        None,
        description="Where that backup goes: an absolute path in the storage of the root mount. .alluxio-backups below "
        "the root mount when it isn't given. Nobody but you removes what is there.",
    )
    wait_for_ufs: bool = Field(
        True,
        description="Whether masters are replaced only while the storage of the root mount answers the "
        "operator. Set it to false where its pod can't reach what the masters can.",
    )
    maintenance_window: MaintenanceWindow | None = Field(
        None,
        description="When pods that are well may be replaced; at any time when it isn't given. What fails and runs an "
        "older spec is replaced at any time.",
    )
