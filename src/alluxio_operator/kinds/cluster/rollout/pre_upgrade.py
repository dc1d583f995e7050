"""Decides whether masters may change their version: only after a backup of the journal; pure.

Another version may write journal entries that the previous one can't read. Both versions read the backup, so it allows
a downgrade. The operator records the backup before it starts it. If the answer to the start call is lost, the operator
calls again, which at worst leaves one more backup file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from alluxio_operator.alluxio.answers import BackupStatus, MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiocluster_status import UpgradeBackup
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import At, Gate, blocked, waiting
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pods import Pod

FOLDER: Final = ".alluxio-backups"
"""Folder below the root mount, unless spec.upgrade.backupDirectory names another."""

VALID_FOR: Final = timedelta(hours=1)
"""Age at which a backup is outdated: an upgrade that is held for longer takes another one."""

RETRY_AFTER: Final = timedelta(seconds=200)
"""Pause before the operator retries a backup whose request reached the leader.

The standby that makes the backup suspends its journal before the leader waits for its lock, and resumes it after
alluxio.master.backup.suspend.timeout (3 minutes). Until then each further backup fails ("Already suspended").
"""

RETRY_UNREACHED: Final = (timedelta(seconds=5), timedelta(seconds=60))
"""Shortest and longest pause after a request that reached no leader, or when the leader has changed; it doubles."""

POLL_SECONDS: Final = (1.0, 15.0)
"""Shortest and longest requeue delay while a backup runs: longer, the longer it runs. Its end causes no event."""
POLL_SHARE: Final = 1 / 30
"""Requeue delay as a share of the time that the backup has been running."""

RETRY_TIME: Final = " automatically; status.upgradeBackup.retryAt is the time"
"""Part of messages. With the time itself, each attempt would be another message, and post another Event."""

BACKING_UP: Final = "BackingUp"
FAILED: Final = "BackupFailed"


@dataclass(frozen=True, slots=True)
class PreUpgradeBackup:
    """The backup to record in the status, and why masters wait for it; `reason` is None if they don't.

    With `start`, the operator starts the backup after recording it. `requeue_at` is when it looks at the backup again.
    """

    status: UpgradeBackup | None = None
    reason: str | None = None
    message: str = ""
    start: bool = False
    requeue_at: datetime | None = None

    def gate(self, kind: str) -> Gate:
        """Return the closed gate that holds masters."""
        requeue = At(self.requeue_at) if self.requeue_at else None
        if self.reason == FAILED:
            return blocked(kind, FAILED, self.message, requeue)
        return waiting(kind, self.message, self.reason or BACKING_UP, requeue)


@dataclass(frozen=True, slots=True)
class StartBackup:
    """Start of a backup by the leader, into a directory of the root mount's UFS.

    The operator sets the `properties` on the leader first: it may run an older spec, without them.
    """

    leader: Pod
    directory: str
    properties: Mapping[str, str]


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
    elif known.state == "Failed" and _is_due(known, now):
        known = known.model_copy(update={"state": "Requested", "id": "", "since": stamp(now)})
    if known.state == "Requested" and _is_due(known, now):
        # Recorded before the request: a lost answer, or a crash, mustn't cause another request at once.
        known = known.model_copy(update={"attempts": known.attempts + 1, "retry_at": stamp(now + RETRY_AFTER)})
        return _step_of(known, now, start=True)
    return _step_of(known, now)


def record_apart_from_steps(observed: Observed, spec: ClusterSpec, now: datetime) -> UpgradeBackup | None:
    """Return the record of a backup while no step of the rollout waits for it.

    The record of one that isn't complete goes once the masters need none: the version is reverted, or
    spec.upgrade.backup is Never. Otherwise the operator would take the masters for busy, and ask for it, for ever.
    """
    known = observed.status.upgrade_backup
    if known is None or known.state == "Completed" or not _may_be_needed(observed, spec):
        return known if known is not None and known.state == "Completed" else None
    return _with_progress(known, observed.backup, now) if known.state == "Running" else known


def may_hold_the_lock(step: PreUpgradeBackup | None, observed: Observed) -> bool:
    """Return True while the leader may be backing up: the step waits for that, or the leader says so."""
    waits = step is not None and step.status is not None and step.status.state in ("Requested", "Running")
    return waits or (isinstance(observed.backup, BackupStatus) and observed.backup.state == "Running")


def _may_be_needed(observed: Observed, spec: ClusterSpec) -> bool:
    if spec.upgrade.backup == "Never":
        return False
    running = observed.master.version if isinstance(observed.master, MasterInfo) else None
    # Without an answer, the masters may run another version.
    return not running or changes_version(running, spec.version)


def changes_version(running: str | None, wanted: str) -> bool:
    """Return True if the masters report another version than the wanted one.

    A private build may report the version with a suffix.
    """
    return bool(running) and not str(running).startswith(wanted)


def after_start(known: UpgradeBackup, answer: str | NoAnswer, now: datetime) -> UpgradeBackup:
    """Return the backup's status after the leader answered the start call, with the backup's id or an error."""
    if not isinstance(answer, NoAnswer):
        return known.model_copy(update={"state": "Running", "id": answer, "message": "", "retry_at": None})
    pause = RETRY_AFTER if answer.reached else _pause_unreached(known)
    return known.model_copy(update={"message": answer.reason[:512], "retry_at": stamp(now + pause)})


def seconds_until_retry(known: UpgradeBackup, now: datetime) -> float | None:
    """Return the requeue delay of a backup that waits for its next attempt; None if it doesn't."""
    if known.state not in ("Requested", "Failed") or known.retry_at is None:
        return None
    return max(1.0, (moment(known.retry_at) - now).total_seconds())


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
        retry = stamp(now + RETRY_AFTER)
        update = {"state": "Failed", "message": answer.error[:512], "since": stamp(now), "retry_at": retry}
        return known.model_copy(update=update)
    if answer.state == "Unknown":
        # The leader has changed. The new one doesn't know the backup.
        retry = stamp(now + _pause_unreached(known))
        return known.model_copy(update={"state": "Requested", "id": "", "since": stamp(now), "retry_at": retry})
    return known


def _step_of(known: UpgradeBackup, now: datetime, *, start: bool = False) -> PreUpgradeBackup:
    change = f"from {known.from_} to {known.to}"
    if known.state == "Completed":
        return PreUpgradeBackup(known)
    if known.state == "Failed":
        message = (
            f"the backup of the journal failed: {known.message}. The masters change {change} only after a backup, "
            f"which the operator retries{RETRY_TIME}. Make the UFS of the root mount writable for the masters, set "
            "spec.upgrade.backupDirectory to another directory, or skip the backup with spec.upgrade.backup: Never"
        )
        return PreUpgradeBackup(known, FAILED, message, requeue_at=_retry_at(known))
    message = f"the leader backs up the journal before the masters change {change}"
    if known.state == "Running":
        elapsed = (now - moment(known.since)).total_seconds()
        seconds = min(max(POLL_SECONDS[0], elapsed * POLL_SHARE), POLL_SECONDS[1])
        return PreUpgradeBackup(known, BACKING_UP, message, requeue_at=now + timedelta(seconds=seconds))
    if known.message:
        message += f"; the backup hasn't started yet: {known.message}. The operator retries{RETRY_TIME}"
    return PreUpgradeBackup(known, BACKING_UP, message, start=start, requeue_at=_retry_at(known))


def _retry_at(known: UpgradeBackup) -> datetime | None:
    return moment(known.retry_at) if known.retry_at else None


def _is_due(known: UpgradeBackup, now: datetime) -> bool:
    # Another operator version recorded no time.
    return known.retry_at is None or now >= moment(known.retry_at)


def _pause_unreached(known: UpgradeBackup) -> timedelta:
    shortest, longest = RETRY_UNREACHED
    doubled: timedelta = shortest * 2 ** min(max(known.attempts - 1, 0), 10)
    return min(doubled, longest)


def _is_old(known: UpgradeBackup, now: datetime) -> bool:
    return known.state == "Completed" and now - moment(known.since) > VALID_FOR
