"""Decides where the backup before a change of the version is kept; pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from alluxio_operator.api.alluxiobackup_destination import Destination, RootMountFolder
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.engine.problem import Problem

FIELD: Final = "spec.upgrade.backupDirectory"


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why no backup can be taken, or kept in the directory of the spec, with the remedy."""

    problem: Problem

    @property
    def message(self) -> str:
        """The problem in one line."""
        return str(self.problem)


def destination_of(spec: ClusterSpec) -> Destination | Unusable:
    """Return the destination of the spec, also in its earlier form."""
    upgrade = spec.upgrade
    if spec.root_mount.read_only:
        problem = Problem(
            "spec.rootMount.readOnly",
            "true",
            "lets no backup be taken: Alluxio writes each one into the root mount first, whatever its destination is",
            "set it to false, or set spec.upgrade.backup to Never",
        )
        return Unusable(problem)
    if upgrade.backup_destination is not None:
        return upgrade.backup_destination
    if upgrade.backup_directory is None:
        return Destination()
    top = urlsplit(spec.root_mount.uri).path.rstrip("/") or "/"
    try:
        below = PurePosixPath(upgrade.backup_directory).relative_to(top)
        if not below.parts:
            return Destination()
        return Destination(root_mount=RootMountFolder(folder=str(below)))
    except (ValueError, ValidationError):
        problem = Problem(
            FIELD,
            upgrade.backup_directory,
            f"isn't a folder below {top}, the path of spec.rootMount.uri: the operator couldn't read the backup back",
            "remove it, and set spec.upgrade.backupDestination to a folder of the root mount, a volume or a bucket",
        )
        return Unusable(problem)
