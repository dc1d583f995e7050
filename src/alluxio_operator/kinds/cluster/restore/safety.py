"""Decides about the backup that is made before a restore in place; pure.

It is read from beginning to end, and not restored as a test: the way back is the journal that is set aside, and the
backup is for the loss of its volume in between. Without a leader there is no backup, and the status says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.backup.requested import (
    BackupRequest,
    FoundBackup,
    Phase,
    judge,
    manifest_of,
    next_poll,
)
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore.earlier import all_backups
from alluxio_operator.kinds.cluster.restore.in_place_step import in_state
from alluxio_operator.kinds.cluster.restore.offer import has_journal
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE
from alluxio_operator.kinds.cluster.rollout.backup_place import Unusable, destination_of
from alluxio_operator.kinds.cluster.validate import Cluster

WITHOUT_LEADER: Final = timedelta(minutes=2)
"""Time after which a cluster without a leader is restored without a backup before."""

HOLDS_FOR: Final = timedelta(hours=1)
"""Time after which a backup isn't of now any more."""

Safety = tuple[RestoreInPlaceStatus, Gate | None, Mapping[str, Any] | None]
"""The record, the closed gate or None once the restore may go on, and the AlluxioBackup to create."""


def next_backup(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> Safety:
    """Return the next step of the backup that is made first."""
    known = _with_leader(known, observed, now)
    if cluster.spec.root_mount.read_only:
        said = "spec.rootMount.readOnly is true, and Alluxio writes each backup into the root mount first"
        return known.model_copy(update={"without_safety_backup": said}), None, None
    place = destination_of(cluster.spec)
    if isinstance(place, Unusable):
        if _may_be_left_out(known, observed, cluster, now):
            return _without(known, observed), None, None
        return known, blocked(IN_PLACE.gate, "SafetyBackupFailed", f"{place.message}. It is for a backup of now"), None
    number = f".{known.safety_attempt}" if known.safety_attempt > 1 else ""
    request = BackupRequest("restore", f"{known.operation}{number}", place, verify="Check")
    if known.safety_backup not in ("", request.name(cluster.names.cluster)):
        # The spec names another place since.
        known = known.model_copy(update={"safety_created": False, "older_backups": all_backups(known)})
        observed = replace(observed, found_safety_backup=None)
    found = judge(request, cluster.names, cluster.uid, observed.found_safety_backup, created=known.safety_created)
    if found.phase is Phase.COMPLETED:
        if found.finished is not None and now >= found.finished + HOLDS_FOR and known.leaderless_since is None:
            known = once_more(known, now)
            message = "the backup of now is too old: another one comes first"
            return known, waiting(IN_PLACE.gate, message, "BackingUp"), None
        return _with_numbers(known, observed.found_safety_backup), None, None
    runs = found.phase is Phase.WAITING and any(pod.ready for pod in observed.role(names.MASTER))
    if not found.is_written and not runs and _may_be_left_out(known, observed, cluster, now):
        return _without(known, observed), None, None
    named = known.model_copy(update={"safety_backup": request.name(cluster.names.cluster)})
    if found.phase in (Phase.FAILED, Phase.MISSING):
        message = (
            f"nothing is restored without a backup of now: {found.message}. Remedy: mend that; then remove "
            f"{IN_PLACE.field}, and set it again"
        )
        return named, blocked(IN_PLACE.gate, "SafetyBackupFailed", message), None
    message = f"a backup of now comes first: {found.message}"
    gate = waiting(IN_PLACE.gate, message, "BackingUp", next_poll(moment(known.since), now))
    return named, gate, manifest_of(request, cluster.names, cluster.uid) if found.phase is Phase.ABSENT else None


def _with_numbers(known: RestoreInPlaceStatus, found: FoundBackup | None) -> RestoreInPlaceStatus:
    """Return the record above the numbers of blocks that this cluster has given: the backup of now has the next one."""
    resource = found.resource if found is not None else None
    number = (resource or {}).get("status", {}).get("file", {}).get("nextContainer")
    return known.model_copy(update={"next_container": max(known.next_container, number if type(number) is int else 0)})


def once_more(known: RestoreInPlaceStatus, now: datetime) -> RestoreInPlaceStatus:
    """Return the record of a restore that needs another backup of now."""
    update = {
        "safety_backup": "",
        "safety_created": False,
        "safety_attempt": known.safety_attempt + 1,
        "older_backups": all_backups(known),
        "without_safety_backup": "",
    }
    return in_state(known, "BackingUp", now).model_copy(update=update)


def _with_leader(known: RestoreInPlaceStatus, observed: Observed, now: datetime) -> RestoreInPlaceStatus:
    """Return the record with the time since which no master leads: one late answer isn't a loss."""
    if not isinstance(observed.master, NoAnswer):
        return known.model_copy(update={"leaderless_since": None})
    return known if known.leaderless_since else known.model_copy(update={"leaderless_since": stamp(now)})


def _may_be_left_out(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> bool:
    if known.leaderless_since is None:
        return False
    return not has_journal(observed, cluster) or now >= moment(known.leaderless_since) + WITHOUT_LEADER


def _without(known: RestoreInPlaceStatus, observed: Observed) -> RestoreInPlaceStatus:
    reason = observed.master.reason if isinstance(observed.master, NoAnswer) else ""
    said = f"no master leads ({reason}): the journals that are set aside are the way back"
    return known.model_copy(update={"without_safety_backup": said[:512]})
