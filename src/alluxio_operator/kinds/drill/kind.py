"""AlluxioDrill, as the operator has to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alluxio_operator.api import alluxiodrill as api
from alluxio_operator.api.base import GROUP
from alluxio_operator.api.description import column
from alluxio_operator.engine.kind import KEPT_VERBS, Child, KindDescriptor, Right

if TYPE_CHECKING:
    from alluxio_operator.engine.parts import Parts
    from alluxio_operator.engine.work import Reconciler

FOLDER: Final = "drill"
"""Folder of the templates."""


def _reconciler(parts: Parts) -> Reconciler:
    from alluxio_operator.kinds.drill.reconcile import drill_reconciler

    return drill_reconciler(parts)


DESCRIPTOR = KindDescriptor(
    kind=api.KIND,
    plural="alluxiodrills",
    short="alxd",
    text="AlluxioDrill is one rehearsal of a recovery: a throw-away cluster restores a backup, and a sample of files "
    "is read through it.",
    spec=api.DrillSpec,
    status=api.DrillStatus,
    rules_by_type=api.RULES_BY_TYPE,
    root_rules=api.ROOT_RULES,
    columns=(
        column("Cluster", ".spec.clusterRef.name"),
        column("Phase", ".status.phase"),
        column("Backup", ".status.backup"),
        column("RPO", ".status.rpoSeconds", "integer"),
        column("RTO", ".status.rtoSeconds", "integer"),
        column("Sampled", ".status.files.sampled", "integer"),
        column("Matched", ".status.files.matched", "integer"),
        column("Age", ".metadata.creationTimestamp", "date"),
        column("Summary", ".status.summary", priority=1),
    ),
    reconciler=_reconciler,
    templates=FOLDER,
    children=(
        Child("Job"),
        Child("NetworkPolicy"),
        Child(
            "PersistentVolumeClaim",
            KEPT_VERBS,
            "No delete: the PVC with the copy of a backup goes with the throw-away cluster, which owns it.",
        ),
    ),
    rights=(
        Right("pods", ("get", "list"), "get, list: the results of the Jobs' containers, and what is still to go."),
        Right("events", ("list",), "list: only events report why a Job has no pod, or why a pod doesn't start."),
        Right("controllerrevisions", ("get",), "get: the spec that a cluster follows during a rollback.", "apps"),
        Right("alluxiobackups", ("list",), "list: the newest verified backup of a cluster.", GROUP),
        Right(
            "alluxioclusters",
            ("get", "create", "patch", "delete"),
            "create, patch, delete: the throw-away cluster of a drill. patch starts it once the copy is there.",
            GROUP,
        ),
        Right("alluxiodrills", ("delete",), "delete: a drill whose time is over.", GROUP),
    ),
    examples=("drill/small.yaml",),
)
