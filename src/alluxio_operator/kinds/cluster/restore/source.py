"""Resolves which file a cluster restores, or why it can't; pure.

A file in a volume is copied into each journal's volume by the Job that creates the journal: every master can read its
copy, each attempt reads the same bytes, and the source may go. Alluxio itself reads a file of another storage, by the
client of the root mount. It ignores the host or bucket of the URI, so the operator refuses another one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.bootstrap import Restore
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.engine.gate import After, Gate, blocked, waiting
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.backup.requested import FoundBackup
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.kinds import Object

GATE: Final = "JournalRestored"

FIELD: Final = "spec.bootstrap.restore"

RETRY: Final = After(15.0)
"""Requeue while the source isn't usable: an AlluxioBackup wakes no cluster."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the spec names the backup: the field, the condition about it, and what to do if it is of no use."""

    field: str
    gate: str
    remedy: str
    elsewhere: str
    """What to do with a file that this cluster's storage doesn't have."""


BOOTSTRAP: Final = Place(
    FIELD,
    GATE,
    "delete the AlluxioCluster and create it with another backup; kubectl get alxb lists them",
    "create the AlluxioCluster with the same root mount",
)
IN_PLACE: Final = Place(
    "spec.restoreInPlace",
    "RestoredInPlace",
    "name another backup; kubectl get alxb lists them",
    "copy it into the storage of spec.rootMount, and give spec.restoreInPlace.uri and expectedEntries",
)

_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_LOCAL: Final = ("", "file")


@dataclass(frozen=True, slots=True)
class Source:
    """The file to restore: in a PVC, or at a URI of the root mount's storage. `expected` is its number of entries."""

    location: str
    claim: str = ""
    sha256: str = ""
    backup: str = ""
    uri: str = ""
    expected: int | None = None
    clean: bool = False
    """Whether Alluxio gives no number of a block again after the restore of the file."""


def named(backup: str, uri: str, location: str, place: Place = BOOTSTRAP) -> tuple[str, str]:
    """Return the field of the spec that a restore is about, and its value."""
    if backup or uri:
        return f"{place.field}.{'backupName' if backup else 'uri'}", backup or uri
    return f"{place.field}.volume", location


def source_of(
    restore: Restore, found: FoundBackup | None, spec: ClusterSpec, names: Names, place: Place = BOOTSTRAP
) -> Source | Gate:
    """Return the source, or the closed gate that names the field, its value and the remedy."""
    if restore.uri is not None:
        value = _Value(place, f"{place.field}.uri", restore.uri)
        located = _in_root_mount(value, restore.uri, spec, names)
        if isinstance(located, Gate):
            return located
        return Source(*located, uri=restore.uri, expected=restore.expected_entries)
    if restore.volume is not None:
        claim = restore.volume.claim_name
        return Source(f"{claim}:{restore.volume.path}", claim, expected=restore.expected_entries)
    value = _Value(place, f"{place.field}.backupName", str(restore.backup_name))
    resource = found.resource if found is not None else None
    if resource is None:
        remedy = f"create it, or {place.remedy}"
        return value.refused("BackupMissing", f"namespace {names.namespace} has no such AlluxioBackup", remedy)
    problem = _unusable(value, resource, spec)
    if problem is not None:
        return problem
    status: Mapping[str, Any] = resource["status"]
    file: Mapping[str, Any] = status["file"]
    location, destination = str(file["location"]), resource["spec"].get("destination") or {}
    if destination.get("volume"):
        located = location, str(destination["volume"]["claimName"])
    elif destination.get("s3") and not _is_in(location, spec.root_mount):
        what = f"the file {location} is in a bucket that isn't the storage of spec.rootMount"
        remedy = (
            f"copy it there, and give {place.field}.uri and {place.field}.expectedEntries: {file['entries']}"
            f"{' to another cluster' if place is BOOTSTRAP else ''}"
        )
        return value.refused("OtherStorage", what, remedy)
    else:
        located = _in_root_mount(value, location, spec, names)
        if isinstance(located, Gate):
            return located
    return Source(
        *located,
        sha256=str(file["sha256"]),
        backup=value.value,
        expected=int(file["entries"]),
        clean=bool(file.get("clean")),
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """The value of a field that names the backup."""

    place: Place
    field: str
    value: str

    def refused(self, reason: str, what: str, remedy: str) -> Gate:
        message = f"{self.field}: {self.value!r}: {what}. Remedy: {remedy}"
        return blocked(self.place.gate, reason, message, RETRY)


def checked_only(restore: Restore, found: FoundBackup | None, field: str = FIELD) -> Problem | None:
    """Return a warning if the backup was never restored as a test."""
    resource = found.resource if found is not None else None
    if restore.backup_name is None or resource is None or resource.get("status", {}).get("verified"):
        return None
    return Problem(
        f"{field}.backupName",
        restore.backup_name,
        "was read to its end, but never restored as a test",
        "take backups with verify: Restore",
    )


def _unusable(value: _Value, resource: Object, spec: ClusterSpec) -> Gate | None:
    status: Mapping[str, Any] = resource.get("status") or {}
    # Then only Alluxio's own file in the root mount is still to be deleted, which needs a leader.
    proven = bool(status.get("verified") and status.get("file"))
    if not status.get("finished") and not proven:
        message = f"{value.field}: {value.value!r} isn't complete yet: {status.get('summary') or 'it has not begun'}"
        return waiting(value.place.gate, message, "BackupUnfinished", RETRY)
    if not proven and (status.get("phase") != "Completed" or not status.get("file")):
        said = status.get("summary") or "its status has no file"
        return value.refused("BackupFailed", f"this AlluxioBackup has failed: {said}", value.place.remedy)
    if status.get("removing"):
        what = "the operator deletes the files of this AlluxioBackup"
        return value.refused("BackupRemoved", what, value.place.remedy)
    if not status.get("verified") and resource["spec"].get("verify", "Restore") != "Check":
        return value.refused("BackupUnverified", "this AlluxioBackup isn't verified", value.place.remedy)
    written = str(status.get("version") or "")
    if _number(written) > _number(spec.version):
        what = f"Alluxio {written} wrote this backup, and spec.version is {spec.version}"
        return value.refused("BackupOfNewerVersion", what, f"set spec.version to {written} or newer")
    return None


def _in_root_mount(value: _Value, location: str, spec: ClusterSpec, names: Names) -> tuple[str, str] | Gate:
    """Return location and PVC of a file in the root mount's storage; the PVC is empty for one on the network."""
    mount, file = spec.root_mount, urlsplit(location)
    if mount.path is not None and mount.volume is not None:
        path = PurePosixPath(file.path)
        if file.scheme not in _LOCAL or file.netloc or not path.is_relative_to(mount.path):
            what = f"the file {location} isn't below spec.rootMount.uri ({mount.uri})"
            return value.refused("OtherStorage", what, value.place.elsewhere)
        claim = mount.volume.claim_name or names.of("ufs")
        return f"{claim}:{path.relative_to(mount.path)}", claim
    if not _is_in(location, mount):
        what = f"the file {location} isn't in the storage of spec.rootMount.uri ({mount.uri})"
        return value.refused("OtherStorage", what, value.place.elsewhere)
    return location, ""


def _is_in(location: str, mount: RootMount) -> bool:
    """Return True if a file is in the same bucket or file system as a root mount on the network."""
    file, root = urlsplit(location), urlsplit(mount.uri)
    return bool(root.netloc) and (file.scheme, file.netloc) == (root.scheme, root.netloc)


def _number(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(part) for part in found.groups()) if found else ()
