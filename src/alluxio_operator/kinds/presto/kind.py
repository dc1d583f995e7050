"""Describes the kind Presto to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alluxio_operator.api import presto as api
from alluxio_operator.api.alluxiocluster import name_rules
from alluxio_operator.api.description import Scale, column
from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.kind import KEPT_VERBS, USAGE_OF_PODS, Child, KindDescriptor, Right
from alluxio_operator.kinds.presto.versions import DIALECTS

if TYPE_CHECKING:
    from alluxio_operator.engine.parts import Parts
    from alluxio_operator.engine.work import Reconciler

FOLDER: Final = "presto"
"""Folder of the templates."""


def _reconciler(parts: Parts) -> Reconciler:
    from alluxio_operator.kinds.presto.reconcile import presto_reconciler
    from alluxio_operator.kinds.presto.servers.rest import PrestoRest

    return presto_reconciler(parts.kube, PrestoRest(), parts.renderer, parts.metrics, parts.now, parts.note)


DESCRIPTOR = KindDescriptor(
    kind=api.KIND,
    plural="prestos",
    short="prs",
    text="Presto is one Presto cluster: coordinator, workers, their catalogs, and the Service through which clients "
    "reach them. With an AlluxioCluster it reads and writes through the cache.",
    spec=api.PrestoSpec,
    status=PrestoStatus,
    rules_by_type=api.RULES_BY_TYPE,
    root_rules=name_rules(api.LONGEST_NAME),
    columns=(
        column("Phase", ".status.phase"),
        column("Version", ".status.coordinator.version"),
        column("Workers", ".status.workers.active", "integer"),
        column("Wanted", ".status.workers.wanted", "integer"),
        column("Running", ".status.queries.running", "integer"),
        column("Queued", ".status.queries.queued", "integer"),
        column("Age", ".metadata.creationTimestamp", "date"),
        column("Engine", ".spec.engine", priority=1),
        column("Alluxio", ".spec.alluxio.clusterRef.name", priority=1),
        column("Summary", ".status.summary", priority=1),
    ),
    scale=Scale(".spec.workers.replicas"),
    reconciler=_reconciler,
    templates=FOLDER,
    children=(
        Child("ConfigMap"),
        Child("Service"),
        Child("ServiceAccount", KEPT_VERBS),
        Child("Deployment"),
        Child("NetworkPolicy"),
        Child("PodDisruptionBudget"),
    ),
    rights=(
        Right("pods", ("list",), "list: readiness and addresses of the servers."),
        USAGE_OF_PODS,
        Right("events", ("list",), "list: only events report why a workload has no pod, or why a pod doesn't start."),
    ),
    images=tuple(
        f"{dialect.repository}:{version}" for known in DIALECTS.values() for version, dialect in sorted(known.items())
    ),
    examples=("presto/small.yaml",),
)
