"""How a changed spec replaces pods: strategy, backup, rollback and maintenance window."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alluxio_operator.api.alluxiobackup_destination import Destination
from alluxio_operator.api.base import Cron, Model, TimeZone, cel, rules


class MaintenanceWindow(Model):
    """A recurring window in which the operator may replace healthy pods."""

    start: Cron = Field(description="Start of the window as a cron expression, such as 0 2 * * 6.")
    duration_minutes: Annotated[int, Field(ge=1, le=10080)] = Field(
        description="Minutes in which a step may begin. A step that has begun is finished after the window."
    )
    time_zone: TimeZone = Field(
        "UTC", description="Time zone of start by its IANA name, such as Europe/Berlin, including daylight saving."
    )


class Upgrade(Model):
    """How the operator rolls out a changed spec: one role after the other, while the others are healthy."""

    strategy: Literal["RollingUpdate", "OnDelete"] = Field(
        "RollingUpdate",
        description="RollingUpdate: the operator replaces pods, masters before workers before FUSE mounts, the leader "
        "after other masters. OnDelete: the operator replaces no pod; delete a pod to apply the spec to it.",
    )
    max_unavailable: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="Number of workers, and then of FUSE mounts, that a step replaces at the same time."
    )
    step_timeout_seconds: Annotated[int, Field(ge=30, le=86400)] = Field(
        600,
        description="Seconds until a replaced pod must be ready. After them the rollout has failed and stops.",
    )
    canary_seconds: Annotated[int, Field(ge=0, le=86400)] = Field(
        0,
        description="Above 0: the operator replaces the first worker alone, waits this many seconds, and continues if "
        "that worker is healthy.",
    )
    auto_rollback: bool = Field(
        False,
        description="Roll back to the last spec with which the cluster was Ready if a replaced pod isn't ready in "
        "time. The operator leaves the spec unchanged and applies its next edit.",
    )
    backup: Literal["BeforeVersionChange", "Never"] = Field(
        "BeforeVersionChange",
        description="When to back up the journal: before the first master of another version starts, or never. The "
        "backup is an AlluxioBackup, and masters wait until it is Completed.",
    )
    backup_destination: Destination | None = Field(
        None,
        description="Where that backup is kept. Default: the folder .alluxio-backups of the root mount. The operator "
        "never deletes it.",
    )
    backup_verify: Literal["Restore", "Check"] = Field(
        "Restore",
        description="Restore: a master of the running version restores the backup as a test before the first master is "
        "replaced. Check: the whole file is read, and its entries are counted.",
    )
    backup_directory: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~@:+=,-]+)+$", max_length=512)] | None = Field(
        None,
        description="Earlier form of backupDestination.rootMount.folder: an absolute path in the UFS, below the path "
        "of the root mount.",
    )
    wait_for_ufs: bool = Field(
        True,
        description="Replace masters only while the UFS of the root mount answers the operator. Set it to false if "
        "the masters can reach the UFS and the operator's pod can't.",
    )
    maintenance_window: MaintenanceWindow | None = Field(
        None,
        description="When the operator may replace healthy pods. Default: at any time. It replaces a failing pod that "
        "runs an older spec at any time.",
    )


UPGRADE_RULES: Final[dict[str, Any]] = {
    "Upgrade": rules(
        cel(
            "!(has(self.backupDestination) && has(self.backupDirectory))",
            "spec.upgrade.backupDirectory is the earlier form of spec.upgrade.backupDestination: give only one of them",
            field_path=".backupDirectory",
        )
    )
}
"""CEL rules by type."""
