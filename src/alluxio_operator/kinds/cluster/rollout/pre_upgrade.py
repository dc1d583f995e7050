"""Decides whether masters may change their version: only after a backup of the journal; pure.

Another version may write journal entries that the previous one can't read. Both versions read the backup, so it allows
a downgrade. The operator records the backup before it starts it. If the answer to the start call is lost, the operator
calls again, which at worst leaves one more backup file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from alluxio_operator.alluxio.answers import BackupStatus, MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiocluster_status import UpgradeBackup
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pods import Pod

FOLDER: Final = ".alluxio-backups"
"""Folder below the root mount, unless spec.upgrade.backupDirectory names another."""

VALID_FOR: Final = timedelta(hours=1)
"""Age at which a backup is outdated: an upgrade that is held for longer takes another one."""

RETRY_AFTER: Final = timedelta(seconds=60)
"""Pause before the operator retries a failed backup."""

BACKING_UP: Final = "BackingUp"
FAILED: Final = "BackupFailed"


@dataclass(frozen=True, slots=True)
class PreUpgradeBackup:
    """The backup to record in the status, and why masters wait for it; `reason` is None if they don't.

    With `start`, the operator starts the backup after recording it.
    """

    status: UpgradeBackup | None = None
    reason: str | None = None
    message: str = ""
    start: bool = False

    def gate(self, kind: str) -> Gate:
        """Return the closed gate that holds masters."""
        if self.reason == FAILED:
            return blocked(kind, FAILED, self.message)
        return waiting(kind, self.message, self.reason or BACKING_UP)


@dataclass(frozen=True, slots=True)
class StartBackup:
    """Start of a backup by the leader, into a directory of the root mount's UFS."""

    leader: Pod
    directory: str


NO_BACKUP: Final = PreUpgradeBackup()
"""Masters need no backup."""


def next_pre_upgrade_backup(observed: Observed, spec: ClusterSpec, now: datetime) -> PreUpgradeBackup:
    """Return the state of the backup; NO_BACKUP if the masters don't change their version."""
    if spec.upgrade.backup == "Never" or not isinstance(observed.master, MasterInfo):
        return NO_BACKUP
    running = observed.master.version
    if not changes_version(running, spec.version):
        return NO_BACKUP
    known = observed.status.upgrade_backup
    if known is None or (known.from_, known.to) != (running, spec.version) or _is_old(known, now):
        known = UpgradeBackup(from_=running, to=spec.version, state="Requested", since=stamp(now))
    elif known.state == "Running":
        known = _with_progress(known, observed.backup, now)
    elif known.state == "Failed" and now - moment(known.since) >= RETRY_AFTER:
        known = known.model_copy(update={"state": "Requested", "id": "", "since": stamp(now)})
    return _step_of(known)


def changes_version(running: str | None, wanted: str) -> bool:
    """Return True if the masters report another version than the wanted one.

    A private build may report the version with a suffix.
    """
    return bool(running) and not str(running).startswith(wanted)


def after_start(known: UpgradeBackup, answer: str | NoAnswer) -> UpgradeBackup:
    """Return the backup's status after the leader answered the start call, with the backup's id or an error."""
    if isinstance(answer, NoAnswer):
        return known.model_copy(update={"message": answer.reason[:512]})
    return known.model_copy(update={"state": "Running", "id": answer, "message": ""})


def directory(spec: ClusterSpec) -> str:
    """Return the backup's directory: an absolute path in the UFS of the root mount."""
    if spec.upgrade.backup_directory:
        return spec.upgrade.backup_directory
    return f"{urlsplit(spec.root_mount.uri).path.rstrip('/')}/{FOLDER}"


def _with_progress(known: UpgradeBackup, answer: BackupStatus | NoAnswer | None, now: datetime) -> UpgradeBackup:
    if answer is None or isinstance(answer, NoAnswer):
        return known
    if answer.state == "Completed":
        update = {"state": "Completed", "uri": answer.uri[:1024], "entries": answer.entries, "since": stamp(now)}
        return known.model_copy(update=update)
    if answer.state == "Failed":
        return known.model_copy(update={"state": "Failed", "message": answer.error[:512], "since": stamp(now)})
    if answer.state == "Unknown":
        # The leader has changed. The new one doesn't know the backup.
        return known.model_copy(update={"state": "Requested", "id": "", "since": stamp(now)})
    return known


def _step_of(known: UpgradeBackup) -> PreUpgradeBackup:
    change = f"from {known.from_} to {known.to}"
    if known.state == "Completed":
        return PreUpgradeBackup(known)
    if known.state == "Failed":
        message = (
            f"the backup of the journal failed: {known.message}. The masters change {change} only after a backup, "
            "which the operator retries every minute. Make the UFS of the root mount writable for the masters, set "
            "spec.upgrade.backupDirectory to another directory, or skip the backup with spec.upgrade.backup: Never"
        )
        return PreUpgradeBackup(known, FAILED, message)
    message = f"the leader backs up the journal before the masters change {change}"
    if known.message:
        message += f"; the backup hasn't started yet: {known.message}"
    return PreUpgradeBackup(known, BACKING_UP, message, start=known.state == "Requested")


def _is_old(known: UpgradeBackup, now: datetime) -> bool:
    return known.state == "Completed" and now - moment(known.since) > VALID_FOR
