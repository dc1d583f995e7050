"""Backups that drills and restores still need."""

from __future__ import annotations

from typing import Any

import pytest

from alluxio_operator.kinds.cluster.backup.in_use import backups_in_use

Json = dict[str, Any]
NAMED: Json = {"bootstrap": {"restore": {"backupName": "one"}}}
IN_PLACE: Json = {"restoreInPlace": {"backupName": "one"}}


@pytest.mark.parametrize(
    ("spec", "status", "used"),
    [
        ({"backupName": "one"}, {}, True),
        ({}, {"backup": "one"}, True),
        ({"backupName": "one"}, {"backup": "one", "finished": "2030-01-02T03:04:05Z"}, False),
        ({"backupName": "one"}, {"phase": "Invalid"}, False),
    ],
)
def test_a_drill_needs_its_backup_until_it_has_ended(spec: Json, status: Json, used: bool):
    assert backups_in_use([{"spec": spec, "status": status}], []) == (frozenset({"one"}) if used else frozenset())


@pytest.mark.parametrize(
    ("spec", "status", "used"),
    [
        ({}, {}, False),
        (NAMED, {}, True),
        (NAMED, {"restore": {"state": "Restoring"}, "journal": {"state": "Initializing"}}, True),
        (NAMED, {"restore": {"state": "Restored"}}, False),
        (NAMED, {"journal": {"state": "Initialized"}}, False),
        (IN_PLACE, {}, True),
        (IN_PLACE, {"restoreInPlace": {"state": "AwaitingConfirmation", "backup": "one"}}, True),
        ({}, {"restoreInPlace": {"state": "Restoring", "backup": "one"}}, True),
        (IN_PLACE, {"restoreInPlace": {"state": "Failed", "backup": "one"}}, True),
        (IN_PLACE, {"restoreInPlace": {"state": "Restored", "backup": "one"}}, False),
        (IN_PLACE, {"restoreInPlace": {"state": "Restored", "backup": "earlier"}}, True),
    ],
)
def test_a_cluster_needs_its_backup_until_it_is_restored(spec: Json, status: Json, used: bool):
    assert backups_in_use([], [{"spec": spec, "status": status}]) == (frozenset({"one"}) if used else frozenset())
