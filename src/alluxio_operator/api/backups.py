"""Scheduled backups of a cluster: when, where, and which of them are kept."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alluxio_operator.api.alluxiobackup_destination import Destination
from alluxio_operator.api.alluxiodrill import Sample, Timeout
from alluxio_operator.api.base import Cron, Model, Name, TimeZone, cel, rules
from alluxio_operator.api.lenient import StatusModel
from alluxio_operator.api.roles import list_map
from alluxio_operator.api.status import Short, Time

Kept = Annotated[int, Field(ge=0, le=1000)]


class BackupSchedule(Model):
    """One schedule: each of its moments creates an AlluxioBackup."""

    name: Annotated[Name, Field(max_length=20)] = Field(description="Name, which the names of the backups contain.")
    schedule: Cron = Field(description="Moments as a cron expression, such as 0 3 * * *.")
    destination: Destination = Field(
        Destination(), description="Where the backups are kept. Default: the folder .alluxio-backups of the root mount."
    )
    verify: Literal["Restore", "Check"] = Field(
        "Restore", description="As in an AlluxioBackup. Retention counts only backups that were restored as a test."
    )


class Retention(Model):
    """Which scheduled backups are kept: those that any rule keeps. Without a rule, all are.

    Only verified backups count. The newest verified one always stays, and nothing is removed while the newest try has
    failed.
    """

    last: Kept = Field(0, description="Keep the newest N.")
    within_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        0, description="Keep those that are at most N days older than the newest."
    )
    hourly: Kept = Field(0, description="Keep the newest of each hour, for the last N hours that have a backup.")
    daily: Kept = Field(0, description="Keep the newest of each day, for the last N days that have a backup.")
    weekly: Kept = Field(0, description="Keep the newest of each week, for the last N weeks that have a backup.")
    monthly: Kept = Field(0, description="Keep the newest of each month, for the last N months that have a backup.")


class DrillSchedule(Model):
    """Rehearsals of a recovery by the clock: each moment creates an AlluxioDrill of the newest verified backup."""

    schedule: Cron = Field(description="Moments as a cron expression, such as 0 5 * * 0.")
    sample: Sample = Field(Sample(), description="How much each drill reads.")
    timeout_seconds: Timeout = Field(3600, description="As in an AlluxioDrill.")


class ScheduledBackups(Model):
    """Backups of the journal by the clock."""

    schedules: Annotated[tuple[BackupSchedule, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = Field(
        (), description="The schedules."
    )
    time_zone: TimeZone = Field(
        "UTC", description="Time zone of schedules and retention by its IANA name, such as Europe/Berlin."
    )
    suspend: bool = Field(False, description="While true, no schedule creates a backup, and none is removed.")
    retention: Retention = Field(Retention(), description="Which scheduled backups are kept.")
    recovery_point_objective_minutes: Annotated[int, Field(ge=1, le=525600)] | None = Field(
        None,
        description="Minutes of changes that may be lost. The condition BackupHealthy turns False when the newest "
        "verified backup is older.",
    )
    drill: DrillSchedule | None = Field(
        None,
        description="Rehearsals of a recovery by the clock. The condition DrillPassed turns False when the last one "
        "has failed. The newest three stay.",
    )


class ScheduleStatus(StatusModel):
    """State of one schedule."""

    name: Short = Field(description="Name of the schedule.")
    last: Time = Field(
        description="The last moment that counted (RFC 3339): of the last backup, or of the schedule's creation."
    )


class VerifiedBackup(StatusModel):
    """The newest verified backup."""

    name: Short = Field(description="Name of the AlluxioBackup.")
    taken: Time = Field(description="Time at which it began (RFC 3339): the recovery point.")
    entries: int = Field(0, description="Number of its journal entries.")
    bytes: int = Field(0, description="Size of the file in bytes.")
    restore_seconds: int = Field(0, description="Seconds that a master took to restore it.")


class PassedDrill(StatusModel):
    """The newest drill that passed."""

    name: Short = Field(description="Name of the AlluxioDrill.")
    finished: Time = Field(description="Time at which it ended (RFC 3339).")
    rpo_seconds: int = Field(0, description="Seconds from the recovery point to the start of the drill.")
    rto_seconds: int = Field(0, description="Seconds from the start until the restored cluster had served a file.")


class DrillsStatus(StatusModel):
    """State of the cluster's drills."""

    last: Time = Field(
        description="The schedule's last moment that counted (RFC 3339): of the last drill, or of its creation."
    )
    passed: PassedDrill | None = Field(None, description="The newest drill that passed, of the schedule or not.")


class BackupsStatus(StatusModel):
    """State of the cluster's backups."""

    schedules: Annotated[tuple[ScheduleStatus, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = Field(
        (), description="The schedules."
    )
    verified: VerifiedBackup | None = Field(None, description="The newest verified backup, of a schedule or not.")
    kept: int = Field(0, description="Number of finished scheduled backups.")


BACKUPS_RULES: Final[dict[str, Any]] = {
    "ScheduledBackups": rules(
        cel(
            "!has(self.recoveryPointObjectiveMinutes) || size(self.schedules) > 0",
            "spec.backup.recoveryPointObjectiveMinutes needs a schedule: add one to spec.backup.schedules",
            field_path=".recoveryPointObjectiveMinutes",
        )
    )
}
"""CEL rules by type."""
