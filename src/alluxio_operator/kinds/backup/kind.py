"""AlluxioBackup, as the operator has to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alluxio_operator.api import alluxiobackup as api
from alluxio_operator.api.base import GROUP
from alluxio_operator.api.description import column
from alluxio_operator.engine.kind import Child, KindDescriptor, Right

if TYPE_CHECKING:
    from alluxio_operator.engine.parts import Parts
    from alluxio_operator.engine.work import Reconciler

FOLDER: Final = "backup"
"""Folder of the templates."""


def _reconciler(parts: Parts) -> Reconciler:
    from alluxio_operator.alluxio.client import AlluxioClient
    from alluxio_operator.kinds.backup.reconcile import backup_reconciler

    return backup_reconciler(AlluxioClient(), parts)


DESCRIPTOR = KindDescriptor(
    kind=api.KIND,
    plural="alluxiobackups",
    short="alxb",
    text="AlluxioBackup is one backup of an AlluxioCluster's journal: Alluxio writes it, and a Job reads it from "
    "beginning to end and restores it as a test.",
    spec=api.BackupSpec,
    status=api.BackupStatus,
    rules_by_type=api.RULES_BY_TYPE,
    root_rules=api.ROOT_RULES,
    columns=(
        column("Cluster", ".spec.clusterRef.name"),
        column("Phase", ".status.phase"),
        column("Verified", ".status.verified", "boolean"),
        column("Entries", ".status.file.entries", "integer"),
        column("Bytes", ".status.file.bytes", "integer"),
        column("Restore", ".status.restored.seconds", "integer"),
        column("Age", ".metadata.creationTimestamp", "date"),
        column("Location", ".status.file.location", priority=1),
        column("Summary", ".status.summary", priority=1),
    ),
    reconciler=_reconciler,
    templates=FOLDER,
    children=(Child("ConfigMap"), Child("Job"), Child("NetworkPolicy")),
    rights=(
        Right("pods", ("get", "list"), "get, list: the leading master, and the results of the Job's containers."),
        Right("events", ("list",), "list: only events report why a Job has no pod, or why a pod doesn't start."),
        Right(
            "alluxiobackups",
            ("patch", "delete"),
            "patch: the label with the name of its cluster. delete: a backup whose time is over.",
            GROUP,
        ),
    ),
    examples=("backup/small.yaml",),
)
