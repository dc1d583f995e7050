"""Descriptor of the kind AlluxioCluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alluxio_operator.api import alluxiocluster as api
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.base import GROUP
from alluxio_operator.api.description import Scale, column
from alluxio_operator.engine.kind import KEPT_VERBS, USAGE_OF_PODS, Child, KindDescriptor, Right

if TYPE_CHECKING:
    from alluxio_operator.engine.parts import Parts
    from alluxio_operator.engine.work import Reconciler

FOLDER: Final = "alluxio"
"""Folder of the templates."""


def _reconciler(parts: Parts) -> Reconciler:
    from alluxio_operator.alluxio.client import AlluxioClient
    from alluxio_operator.kinds.cluster.reconcile import cluster_reconciler
    from alluxio_operator.kinds.cluster.risk.observe import listings

    return cluster_reconciler(
        parts.kube, AlluxioClient(), parts.renderer, parts.metrics, parts.now, parts.note, image=parts.image,
        at_risk=listings(parts.metrics),
    )  # fmt: skip


DESCRIPTOR = KindDescriptor(
    kind=api.KIND,
    plural="alluxioclusters",
    short="alx",
    text="AlluxioCluster is one Alluxio cluster: masters, workers, job service, log server, and the "
    "Services through which clients reach them.",
    spec=api.ClusterSpec,
    status=ClusterStatus,
    rules_by_type=api.RULES_BY_TYPE,
    root_rules=api.ROOT_RULES,
    columns=(
        column("Phase", ".status.phase"),
        column("Version", ".status.masters.version"),
        column("Masters", ".status.masters.quorum"),
        column("Workers", ".status.workers.live", "integer"),
        column("Capacity", ".status.workers.capacity"),
        column("Age", ".metadata.creationTimestamp", "date"),
        column("Leader", ".status.masters.leader", priority=1),
        column("Used", ".status.workers.usedPercent", "integer", priority=1),
        column("Summary", ".status.summary", priority=1),
    ),
    scale=Scale(".spec.workers.replicas"),
    reconciler=_reconciler,
    templates=FOLDER,
    children=(
        Child("PersistentVolumeClaim", KEPT_VERBS, "No delete here: a PVC holds data; see below for the exception."),
        Child("ConfigMap"),
        Child("Service"),
        Child(
            "ServiceAccount",
            KEPT_VERBS,
            "No delete: it lives as long as the resource, and the API server's garbage collection removes it.",
        ),
        Child("StatefulSet"),
        Child("DaemonSet"),
        Child("Deployment"),
        Child("Job"),
        Child("NetworkPolicy"),
        Child("PodDisruptionBudget"),
    ),
    rights=(
        Right(
            "controllerrevisions",
            ("get", "list", "create", "delete"),
            "They keep the specs that made a cluster Ready. No patch: a revision never changes.",
            "apps",
        ),
        Right(
            "persistentvolumeclaims",
            ("delete",),
            "Only one that is bound to a volume that is lost for good, of a master whose journal the others have: "
            "recorded by its uid first. The operator removes no other PVC.",
        ),
        Right(
            "pods",
            ("list", "patch", "delete"),
            "patch: to permit a master that lost its journal to rejoin, by an annotation. delete: to replace pods one "
            "after the other.",
        ),
        Right(
            "alluxiobackups",
            ("get", "list", "create", "patch"),
            "get: the one that a new cluster restores, or an upgrade waits for. create: at the moments of "
            "spec.backup.schedules, and before a change of the version. list: masters aren't replaced while one is "
            "written. patch: to end the time of those that spec.backup.retention doesn't keep.",
            GROUP,
        ),
        Right(
            "alluxiodrills",
            ("list", "create", "delete"),
            "create: at the moments of spec.backup.drill.schedule. delete: those before the newest three.",
            GROUP,
        ),
        USAGE_OF_PODS,
        Right("events", ("list",), "list: only events report why a workload has no pod, or why a pod doesn't start."),
    ),
    examples=("small.yaml", "highly-available.yaml", "two-tiers.yaml"),
    order=10,
    reference="reference.md",
)
