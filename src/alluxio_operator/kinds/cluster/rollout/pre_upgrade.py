"""Decides what has to be there before the first master of another version starts: a backup of the journal; pure.

Another version may write the journal in a way that the one before it doesn't read. The backup is the way back, and is
read by both. It is asked for, put on record and then begun; a call whose answer was lost is made again, which costs
another file and nothing else.
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
"""Below the root mount, where nobody says otherwise."""

VALID_FOR: Final = timedelta(hours=1)
"""For so long a backup stands for what the journal holds; an upgrade that is held up for longer takes another."""

AGAIN_AFTER: Final = timedelta(seconds=60)
"""After so long a backup that failed is tried again."""

BACKING_UP: Final = "BackingUp"
FAILED: Final = "BackupFailed"


@dataclass(frozen=True, slots=True)
class PreUpgradeBackup:
    """What the status is to say of the backup, and why masters wait; `reason` is None once they needn't.

    With `begin` it is to be begun, once it is on record.
    """

    status: UpgradeBackup | None = None
    reason: str | None = None
    message: str = ""
    begin: bool = False

    def gate(self, kind: str) -> Gate:
        """Return the gate that holds masters up while there is a reason to."""
        if self.reason == FAILED:
            return blocked(kind, FAILED, self.message)
        return waiting(kind, self.message, self.reason or BACKING_UP)


@dataclass(frozen=True, slots=True)
class StartBackup:
    """A backup that the leader is to begin in a directory of the root mount's storage."""

    leader: Pod
    directory: str


NOTHING: Final = PreUpgradeBackup()
"""Nothing to wait for."""


def next_pre_upgrade_backup(observed: Observed, spec: ClusterSpec, now: datetime) -> PreUpgradeBackup:
    """Return how far the backup is before masters change their version; with nothing to wait for when they don't."""
    if spec.upgrade.backup == "Never" or not isinstance(observed.master, MasterInfo):
        return NOTHING
    running = observed.master.version
    if not changes_version(running, spec.version):
        return NOTHING
    known = observed.status.upgrade_backup
    if known is None or (known.from_, known.to) != (running, spec.version) or _is_old(known, now):
        known = UpgradeBackup(from_=running, to=spec.version, state="Requested", since=stamp(now))
    elif known.state == "Running":
        known = _after(known, observed.backup, now)
    elif known.state == "Failed" and now - moment(known.since) >= AGAIN_AFTER:
        known = known.model_copy(update={"state": "Requested", "id": "", "since": stamp(now)})
    return _guard(known)


def changes_version(running: str | None, wanted: str) -> bool:
    """Return True if masters that report a version are to run another one; a private build may report more than it."""
    return bool(running) and not str(running).startswith(wanted)


def begun(known: UpgradeBackup, answer: str | NoAnswer) -> UpgradeBackup:
    """Return what is known of a backup after the leader was asked to begin it."""
    if isinstance(answer, NoAnswer):
        return known.model_copy(update={"message": answer.reason[:512]})
    return known.model_copy(update={"state": "Running", "id": answer, "message": ""})


def directory(spec: ClusterSpec) -> str:
    """Return where the backup goes: an absolute path in the storage of the root mount."""
    if spec.upgrade.backup_directory:
        return spec.upgrade.backup_directory
    return f"{urlsplit(spec.root_mount.uri).path.rstrip('/')}/{FOLDER}"


def _after(known: UpgradeBackup, answer: BackupStatus | NoAnswer | None, now: datetime) -> UpgradeBackup:
    if answer is None or isinstance(answer, NoAnswer):
        return known
    if answer.state == "Completed":
        update = {"state": "Completed", "uri": answer.uri[:1024], "entries": answer.entries, "since": stamp(now)}
        return known.model_copy(update=update)
    if answer.state == "Failed":
        return known.model_copy(update={"state": "Failed", "message": answer.error[:512], "since": stamp(now)})
    if answer.state == "Unknown":
        # Another one leads by now, and knows nothing of it.
        return known.model_copy(update={"state": "Requested", "id": "", "since": stamp(now)})
    return known


def _guard(known: UpgradeBackup) -> PreUpgradeBackup:
    change = f"from {known.from_} to {known.to}"
    if known.state == "Completed":
        return PreUpgradeBackup(known)
    if known.state == "Failed":
        said = (
            f"no master is changed {change} before its journal is backed up, and that failed: {known.message}. It is "
            "tried again every minute. Make the storage of the root mount writable for the masters, name another "
            "place in spec.upgrade.backupDirectory, or do without by spec.upgrade.backup: Never"
        )
        return PreUpgradeBackup(known, FAILED, said)
    said = f"the journal is backed up before masters change {change}"
    if known.message:
        said += f"; the leader doesn't begin yet: {known.message}"
    return PreUpgradeBackup(known, BACKING_UP, said, begin=known.state == "Requested")


def _is_old(known: UpgradeBackup, now: datetime) -> bool:
    return known.state == "Completed" and now - moment(known.since) > VALID_FOR
