"""Decides for which operation of its cluster a backup waits; pure.

A rollout for its part waits while Alluxio writes a backup (`kinds/cluster/rollout/backup_guard.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.alluxiobackup import CLUSTER_UID_LABEL, PURPOSE_LABEL
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kube.kinds import Object

DISRUPTIVE: Final = frozenset({"heal", "restore", "restore-in-place", "rollback", "rollout", "decommission"})
"""Operations of a cluster during which a master may restart, and with it the backup."""

WAITS_FOR_PURPOSE: Final[Mapping[str, str]] = {"restore": "restore-in-place"}
"""By purpose of a backup, the operation of its cluster that waits for the backup before it stops a master."""


def disruption_of(cluster: Object, own: str | None) -> str:
    """Return the message of a backup that an operation of its cluster could end; empty if none acts.

    `own` is the operation that waits for the backup.
    """
    status: Mapping[str, Any] = cluster.get("status", {})
    for operation in status.get("operations", ()):
        if operation.get("name") in DISRUPTIVE - {own} and not operation.get("waitsFor"):
            name, since = operation["name"], operation.get("since", "")
            return f"the cluster's {name}, which began at {since}, has to finish first: it may restart masters"
    return ""


def own_operation(observed: Observed) -> str | None:
    """Return the operation of the cluster that has requested the backup, and waits for it."""
    labels: Mapping[str, str] = observed.resource["metadata"].get("labels") or {}
    cluster = observed.cluster or {"metadata": {}}
    if labels.get(CLUSTER_UID_LABEL) != cluster["metadata"].get("uid"):
        return None
    return WAITS_FOR_PURPOSE.get(labels.get(PURPOSE_LABEL, ""))
