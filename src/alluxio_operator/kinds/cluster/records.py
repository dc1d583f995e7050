"""Records of a status that the operator must understand before it touches a cluster; pure.

An older operator may meet a record of a newer one, for example a journal in a state that it doesn't know. To ignore it
could create a second journal, or replace a pod beside one that is being replaced. So the operator changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.inplace import InPlaceState
from alluxio_operator.engine.arbiter import ORDER
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed

RECORDS: Final = {
    "journal": "journal",
    "restore": "restore",
    "restoreInPlace": "restore_in_place",
    "rollout": "rollout",
    "rollback": "rollback",
    "upgradeBackup": "upgrade_backup",
    "recreating": "recreating",
    "claims": "claims",
    "hungMaster": "hung_master",
    "removal": "removal",
}
"""Fields of the status on which the safety of data depends, with their Python names."""

_KNOWN_STATES: Final = ("Initializing", "Initialized")
_KNOWN_BACKUPS: Final = ("Requested", "Running", "Completed", "Failed")
_KNOWN_RESTORES: Final = ("Requested", "Restoring", "Emptying", "Restored", "Failed")
_KNOWN_IN_PLACE: Final = get_args(InPlaceState)
_KNOWN_MEMBERS: Final = (1, 3, 5)
_KNOWN_CHANGES: Final = ("Preparing", "Joining", "Leading", "Leaving", "Stopping")
_KNOWN_REMOVALS: Final = ("Copying", "Leaving", "Proven", "Removing", "Returning")


def unknown_records(observed: Observed) -> tuple[Problem, ...]:
    """Return a problem for each record that this version of the operator doesn't understand."""
    unread = (_problem(path, "", "can't be read") for path in observed.unread)
    return (*unread, *(_problem(path, str(word), "isn't known") for path, word in _unknown_words(observed.status)))


def unread_records(observed: Observed) -> dict[str, Any]:
    """Return the records that can't be read, as they are, so that the next write of the status keeps them."""
    raw = observed.resource.get("status")
    fields = {path.partition(".")[0] for path in observed.unread}
    return {RECORDS[one]: raw[one] for one in sorted(fields) if isinstance(raw, Mapping) and one in raw}


def _unknown_words(status: ClusterStatus) -> Iterable[tuple[str, object]]:
    journal, backup, rollout = status.journal, status.upgrade_backup, status.rollout
    if journal is not None and journal.state not in _KNOWN_STATES:
        yield "journal.state", journal.state
    if journal is not None and journal.members not in _KNOWN_MEMBERS:
        yield "journal.members", journal.members
    if journal is not None and journal.hosts not in (None, "Pod", "Service"):
        yield "journal.hosts", journal.hosts
    if journal is not None and journal.change is not None and journal.change.state not in _KNOWN_CHANGES:
        yield "journal.change.state", journal.change.state
    if journal is not None and journal.change is not None and journal.change.to not in _KNOWN_MEMBERS:
        yield "journal.change.to", journal.change.to
    if status.restore is not None and status.restore.state not in _KNOWN_RESTORES:
        yield "restore.state", status.restore.state
    if status.restore_in_place is not None and status.restore_in_place.state not in _KNOWN_IN_PLACE:
        yield "restoreInPlace.state", status.restore_in_place.state
    if backup is not None and backup.state not in _KNOWN_BACKUPS:
        yield "upgradeBackup.state", backup.state
    if status.removal is not None and status.removal.state not in _KNOWN_REMOVALS:
        yield "removal.state", status.removal.state
    if status.removal is not None and status.removal.barrier not in ("Decommission", "None"):
        yield "removal.barrier", status.removal.barrier
    if rollout is not None and rollout.role not in names.ROLES:
        yield "rollout.role", rollout.role
    for operation in status.operations:
        # A newer operator has begun it, and what it disturbs is unknown.
        if operation.waits_for is None and operation.name not in ORDER:
            yield "operations", operation.name


def _problem(path: str, value: str, what: str) -> Problem:
    return Problem(
        f"status.{path}",
        value,
        f"{what} to this version of the operator, so it changes nothing"
        if value
        else f"{what} by this version of the operator, so it changes nothing",
        "run the operator version that wrote it, or a newer one",
    )
