"""Decides whether masters may change their version: only after a backup of the journal; pure.

Another version may write journal entries that the previous one can't read. So masters wait for an AlluxioBackup, which
a master of the running version has restored: it allows a downgrade.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import UpgradeBackup
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.effects import Create
from alluxio_operator.engine.gate import After, Gate, Requeue, blocked, waiting
from alluxio_operator.kinds.cluster.backup.requested import BackupRequest, Phase, judge, manifest_of, next_poll
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout.backup_place import Unusable, destination_of
from alluxio_operator.kinds.cluster.validate import Cluster

VALID_FOR: Final = timedelta(hours=1)
"""Age at which a backup is outdated: an upgrade that hasn't begun by then takes another one."""

ATTEMPTS: Final = 3
"""AlluxioBackups that fail, one after another, before the operator leaves it to the user."""

RETRY_AFTER: Final = (timedelta(minutes=5), timedelta(minutes=20))
"""Pause after the first and the second failure: an AlluxioBackup itself retries for an hour what may pass."""

RETRY_REFUSED: Final = After(30.0)
"""Requeue after the API server has refused the AlluxioBackup."""

REPLACE_AFTER: Final = timedelta(minutes=1)
"""Age at which an AlluxioBackup that was deleted is replaced: a client that deletes each one mustn't cause a loop."""

OVERDUE_AFTER: Final = timedelta(hours=1)
"""Time after which an AlluxioBackup that isn't complete is reported as a trouble."""

RETRY_TIME: Final = "The operator takes another one automatically; status.upgradeBackup.retryAt is the time. "
"""Part of messages. With the time itself, each attempt would be another message, and post another Event."""

BACKING_UP: Final = "BackingUp"
OVERDUE: Final = "BackupOverdue"
FAILED: Final = "BackupFailed"


@dataclass(frozen=True, slots=True)
class PreUpgradeBackup:
    """The backup to record in the status, and why masters wait for it; `reason` is None if they don't.

    With `create`, the operator creates the AlluxioBackup after recording it. While it is `unread`, the operator has to
    read the recorded one before it decides. `holds_lock`: the leader may be writing it.
    """

    status: UpgradeBackup | None = None
    reason: str | None = None
    message: str = ""
    create: Create | None = None
    unread: bool = False
    requeue: Requeue | None = None
    holds_lock: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether masters change their version."""
        return self.status is not None or self.reason is not None

    def gate(self, kind: str) -> Gate:
        """Return the closed gate that holds masters."""
        if self.reason == FAILED:
            return blocked(kind, FAILED, self.message, self.requeue)
        if self.reason == OVERDUE:
            return Gate(kind, False, OVERDUE, self.message, requeue=self.requeue)
        return waiting(kind, self.message, self.reason or BACKING_UP, self.requeue)


NO_BACKUP: Final = PreUpgradeBackup()
"""Masters need no backup."""


def next_pre_upgrade_backup(
    observed: Observed, cluster: Cluster, now: datetime, *, begun: bool = False
) -> PreUpgradeBackup:
    """Return the state of the backup; NO_BACKUP if the masters don't change their version.

    `begun`: a master has changed already, so that a backup which was complete before stays the one of this change.
    """
    spec = cluster.spec
    running = _running_version(observed, cluster)
    if spec.upgrade.backup == "Never" or running is None or not changes_version(running, spec.version):
        return NO_BACKUP
    place = destination_of(spec)
    if isinstance(place, Unusable):
        message = f"{place.message}. The masters change from {running} to {spec.version} only after a backup"
        return PreUpgradeBackup(observed.status.upgrade_backup, FAILED, message)
    return _Requests(cluster, running, now, begun).next_step(observed)


def _running_version(observed: Observed, cluster: Cluster) -> str | None:
    """Return the version that a backup has to precede the change of; None if no backup can or has to.

    A leader that doesn't answer may still run the version that it reported last. It has to write the backup before a
    failing standby returns with another version, which could then lead. The other way round, a return to the version
    that wrote the backup of this very change needs no other one. A lone master that doesn't answer writes no backup.
    """
    if isinstance(observed.master, MasterInfo):
        return observed.master.version
    known = observed.status.upgrade_backup
    returns = known is not None and known.state == "Completed" and known.from_ == cluster.spec.version
    if cluster.members == 1 or returns:
        return None
    if observed.status.masters.version:
        return observed.status.masters.version
    return known.from_ if known is not None and known.to == cluster.spec.version else None


def record_apart_from_steps(observed: Observed, cluster: Cluster) -> UpgradeBackup | None:
    """Return the record of a backup while no step of the rollout waits for it.

    The record of one that isn't complete goes once the masters need none: the version is reverted, or
    spec.upgrade.backup is Never. The AlluxioBackup itself stays.
    """
    known = observed.status.upgrade_backup
    if known is None or known.state == "Completed" or _may_be_needed(observed, cluster):
        return known
    return None


def _may_be_needed(observed: Observed, cluster: Cluster) -> bool:
    if cluster.spec.upgrade.backup == "Never":
        return False
    running = observed.master.version if isinstance(observed.master, MasterInfo) else None
    # Without an answer, the masters may run another version.
    return not running or changes_version(running, cluster.spec.version)


def changes_version(running: str | None, wanted: str) -> bool:
    """Return True if the masters report another version than the wanted one.

    A private build may report the version with a suffix.
    """
    return bool(running) and not str(running).startswith(wanted)


def after_creation(known: UpgradeBackup, refusal: str, now: datetime) -> UpgradeBackup:
    """Return the record after the API server created the AlluxioBackup, or refused it."""
    if not refusal:
        return known.model_copy(update={"state": "Running", "since": stamp(now), "message": "", "retry_at": None})
    return known.model_copy(update={"message": refusal[:512]})


@dataclass(frozen=True, slots=True)
class _Requests:
    """The requests for backups before one change of the version."""

    cluster: Cluster
    running: str
    now: datetime
    begun: bool

    def next_step(self, observed: Observed) -> PreUpgradeBackup:
        known = observed.status.upgrade_backup
        if self.begun and known is not None and known.state == "Completed" and self._is_of_this_change(known):
            # Another backup would be one of two versions: masters of the new one may write what the old one leads.
            return PreUpgradeBackup(known)
        if known is None or not self._is_current(known):
            # Also a record of an earlier version of the operator: it names no AlluxioBackup, so one is taken.
            return self._create(self._new())
        names, created = self.cluster.names, known.state != "Requested"
        state = judge(self._request(known), names, self.cluster.uid, observed.requested_backup, created=created)
        match state.phase:
            case Phase.UNREAD:
                return self._waits(known, state.message, unread=True)
            case Phase.ABSENT:
                return self._create(known)
            case Phase.MISSING:
                return self._replace(known, state.message)
            case Phase.FAILED:
                return self._fail(known, state.message)
            case Phase.COMPLETED:
                return self._complete(known, state.finished or moment(known.since))
        return self._wait(self._in_state(known, "Running"), state.message, is_written=state.is_written)

    def _is_of_this_change(self, known: UpgradeBackup) -> bool:
        return bool(known.name) and (known.from_, known.to) == (self.running, self._to)

    def _is_current(self, known: UpgradeBackup) -> bool:
        """Return True if a record is of this change, with the destination and verification of the spec."""
        return self._is_of_this_change(known) and known.name == self._request(known).name(self.cluster.names.cluster)

    def _new(self, attempts: int = 1) -> UpgradeBackup:
        time = stamp(self.now)
        record = UpgradeBackup(
            from_=self.running,
            to=self._to,
            state="Requested",
            since=time,
            requested=time,
            attempts=attempts,
        )
        return record.model_copy(update={"name": self._request(record).name(self.cluster.names.cluster)})

    def _request(self, known: UpgradeBackup) -> BackupRequest:
        place = destination_of(self.cluster.spec)
        assert not isinstance(place, Unusable)  # noqa: S101 (for the type: checked before)
        operation = f"{self.cluster.uid} {known.from_} {known.to} {known.requested} {known.attempts}"
        return BackupRequest("upgrade", operation, place, self.cluster.spec.upgrade.backup_verify)

    def _create(self, known: UpgradeBackup) -> PreUpgradeBackup:
        effect = Create(manifest_of(self._request(known), self.cluster.names, self.cluster.uid))
        if known.message:
            message = f"{known.message}. The operator retries automatically. {self._remedy}"
            return PreUpgradeBackup(known, FAILED, message, create=effect, requeue=RETRY_REFUSED)
        message = f"{self._change}: the operator creates AlluxioBackup {known.name}"
        return PreUpgradeBackup(known, BACKING_UP, message, create=effect, holds_lock=True)

    def _wait(self, known: UpgradeBackup, message: str, *, is_written: bool) -> PreUpgradeBackup:
        requested = moment(known.requested or known.since)
        poll = next_poll(requested, self.now)
        if self.now - requested < OVERDUE_AFTER:
            return self._waits(known, message, requeue=poll, holds_lock=not is_written)
        message = (
            f"{self._change} since {known.requested}: {message}. Mend that, or delete AlluxioBackup {known.name} to "
            f"have another one taken. {self._remedy}"
        )
        return PreUpgradeBackup(known, OVERDUE, message, requeue=poll, holds_lock=not is_written)

    def _waits(
        self,
        known: UpgradeBackup,
        message: str,
        *,
        unread: bool = False,
        requeue: Requeue | None = None,
        holds_lock: bool = False,
    ) -> PreUpgradeBackup:
        message = f"{self._change}: {message}"
        return PreUpgradeBackup(known, BACKING_UP, message, unread=unread, requeue=requeue, holds_lock=holds_lock)

    def _replace(self, known: UpgradeBackup, message: str) -> PreUpgradeBackup:
        if self.now < moment(known.requested or known.since) + REPLACE_AFTER:
            return self._waits(known, f"{message}; the operator is about to take another one")
        return self._create(self._new())

    def _fail(self, known: UpgradeBackup, message: str) -> PreUpgradeBackup:
        if known.state != "Failed":
            pause = RETRY_AFTER[known.attempts - 1] if 0 < known.attempts < ATTEMPTS else None
            retry = stamp(self.now + pause) if pause else None
            known = self._in_state(known, "Failed").model_copy(update={"retry_at": retry})
        elif known.retry_at is not None and self._is_due(known):
            return self._create(self._new(known.attempts + 1))
        again = RETRY_TIME if known.retry_at else f"The operator has given up after {known.attempts} attempts. "
        message = (
            f"{message}. The masters change from {known.from_} to {known.to} only after a backup. {again}Mend the "
            f"cause, and delete AlluxioBackup {known.name} to have another one taken at once. {self._remedy}"
        )
        return PreUpgradeBackup(known, FAILED, message)

    def _complete(self, known: UpgradeBackup, finished: datetime) -> PreUpgradeBackup:
        if self.now - finished > VALID_FOR:
            return self._create(self._new())
        return PreUpgradeBackup(self._in_state(known, "Completed"))

    def _in_state(self, known: UpgradeBackup, state: str) -> UpgradeBackup:
        if known.state == state:
            return known
        return known.model_copy(update={"state": state, "since": stamp(self.now), "message": "", "retry_at": None})

    def _is_due(self, known: UpgradeBackup) -> bool:
        return known.retry_at is None or self.now >= moment(known.retry_at)

    @property
    def _to(self) -> str:
        return self.cluster.spec.version

    @property
    def _change(self) -> str:
        return f"the masters wait for a backup before they change from {self.running} to {self.cluster.spec.version}"

    @property
    def _remedy(self) -> str:
        return (
            "To keep the backup elsewhere, set spec.upgrade.backupDestination; to do without its restore, set "
            "spec.upgrade.backupVerify to Check; to do without a backup, set spec.upgrade.backup to Never"
        )
