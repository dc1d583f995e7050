"""Decides for which operation of its cluster a backup waits; pure.

A rollout for its part waits while Alluxio writes a backup (`kinds/cluster/rollout/backup_guard.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.api.alluxiobackup import CLUSTER_UID_LABEL, PURPOSE_LABEL
from alluxio_operator.backups.request import HELD_FOR_BACKUP
from alluxio_operator.engine.conditions import moment
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.turns import is_waited_for
from alluxio_operator.kube.kinds import Object

MEMBERS: Final = "members"
DISRUPTIVE: Final = frozenset({"heal", "restore", "restore-in-place", "rollback", "rollout", "decommission", MEMBERS})
"""Operations of a cluster during which a master may restart, and with it the backup."""

ROLLOUT_FIRST_FOR: Final = timedelta(hours=2)
"""Age of a backup from which on it doesn't let a rollout go first."""

MEMBERS_WITHIN: Final = timedelta(minutes=10)
"""Time for which a backup waits for one step of a change of the number of masters. A change that can't end must not
hold up all backups; while Alluxio writes one, such a change takes no further step (`kinds/cluster/masters`)."""

WAITS_FOR_PURPOSE: Final[Mapping[str, str]] = {"restore": "restore-in-place"}
"""By purpose of a backup, the operation of its cluster that waits for the backup before it stops a master."""


def disruption_of(cluster: Object, own: str | None, now: datetime) -> str:
    """Return the message of a backup that an operation of its cluster could end; empty if none acts.

    `own` is the operation that waits for the backup.
    """
    status: Mapping[str, Any] = cluster.get("status", {})
    ignored = {own, MEMBERS} if _changes_members_for_long(status, now) else {own}
    for operation in status.get("operations", ()):
        if operation.get("name") in DISRUPTIVE - ignored and not operation.get("waitsFor"):
            name, since = operation["name"], operation.get("since", "")
            return f"the cluster's {name}, which began at {since}, has to finish first: it may restart masters"
    return ""


def held_rollout(resource: Object, cluster: Object, now: datetime) -> str:
    """Return the message of a backup that lets a rollout go first, which waits for another backup; empty if none does.

    Only while the cluster's condition is kept up to date, and for a while: nothing else may hold a backup for ever.
    """
    created = resource["metadata"].get("creationTimestamp")
    if is_waited_for(resource) or not created or now >= moment(created) + ROLLOUT_FIRST_FOR:
        return ""
    conditions = {one.get("type"): one for one in cluster.get("status", {}).get("conditions", ())}
    held, valid = conditions.get("UpToDate", {}), conditions.get("SpecValid", {})
    paused = (cluster.get("spec") or {}).get("paused", False)
    if held.get("reason") != HELD_FOR_BACKUP or valid.get("status") == "False" or paused:
        return ""
    since = held.get("lastTransitionTime", "")
    return f"the cluster's rollout, which waits since {since} until another backup is written, goes first"


def _changes_members_for_long(status: Mapping[str, Any], now: datetime) -> bool:
    change: Mapping[str, Any] = (status.get("journal") or {}).get("change") or {}
    since = change.get("since")
    return bool(since) and now - moment(str(since)) >= MEMBERS_WITHIN


def own_operation(observed: Observed) -> str | None:
    """Return the operation of the cluster that has requested the backup, and waits for it."""
    labels: Mapping[str, str] = observed.resource["metadata"].get("labels") or {}
    cluster = observed.cluster or {"metadata": {}}
    if labels.get(CLUSTER_UID_LABEL) != cluster["metadata"].get("uid"):
        return None
    return WAITS_FOR_PURPOSE.get(labels.get(PURPOSE_LABEL, ""))
