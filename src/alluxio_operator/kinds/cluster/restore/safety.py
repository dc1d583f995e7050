"""Decides about the backup that is made before a restore in place; pure.

It is read from beginning to end, and not restored as a test: the way back is the journal that is set aside, and the
backup is for the loss of its volume in between. Without a leader there is no backup, and the status says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.kinds.cluster.backup.requested import BackupRequest, Phase, judge, manifest_of, next_poll
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore.offer import lost_journals
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE
from alluxio_operator.kinds.cluster.validate import Cluster

WITHOUT_LEADER: Final = timedelta(minutes=2)
"""Time after which a cluster without a leader is restored without a backup before."""

Safety = tuple[RestoreInPlaceStatus, Gate | None, Mapping[str, Any] | None]
"""The record, the closed gate or None once the restore may go on, and the AlluxioBackup to create."""


def next_backup(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> Safety:
    """Return the next step of the backup that is made first."""
    request = BackupRequest("restore", known.operation, verify="Check")
    found = judge(request, cluster.names, cluster.uid, observed.found_safety_backup, created=known.safety_created)
    if found.phase is Phase.COMPLETED:
        return known, None, None
    if isinstance(observed.master, NoAnswer) and not found.is_written and _leads_no_more(known, observed, now):
        said = f"no master leads ({observed.master.reason}): the journals that are set aside are the way back"
        return known.model_copy(update={"without_safety_backup": said[:512]}), None, None
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


def _leads_no_more(known: RestoreInPlaceStatus, observed: Observed, now: datetime) -> bool:
    return lost_journals(observed) or now >= moment(known.since) + WITHOUT_LEADER
