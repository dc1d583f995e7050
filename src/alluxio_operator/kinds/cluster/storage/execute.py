"""Expands, labels and annotates PVCs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from alluxio_operator.engine.applied import Applied
from alluxio_operator.kinds.cluster.names import WORKER, Names
from alluxio_operator.kinds.cluster.storage.expansion import ExpandClaims
from alluxio_operator.kinds.cluster.storage.protection import ANNOTATIONS
from alluxio_operator.kinds.cluster.storage.pvc import Claim
from alluxio_operator.kinds.cluster.storage.records import LabelClaims, ProtectClaims
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Ref

log = logging.getLogger(__name__)


def expand(kube: Kube, namespace: str, effect: ExpandClaims, applied: Applied) -> Mapping[str, str]:
    """Patch PVCs to a larger request; return the API server's message for each PVC that it refused.

    Only an attempt shows whether a storage class can expand: reading classes needs a right in the whole Kubernetes
    cluster. After a refusal, the operator skips the other PVCs of the same volume and class.
    """
    refused: dict[str, str] = {}
    skipped: set[tuple[str, str]] = set()
    for one in effect.expansions:
        group, name = (one.volume.name, one.claim.storage_class), one.claim.name
        if group in skipped:
            continue
        try:
            kube.merge(KINDS["PersistentVolumeClaim"].path(namespace, name), one.patch)
        except (Conflict, NotFound):
            log.info("PVC %s changed before the operator could expand it", name)
        except Refused as error:
            refused[name] = error.message
            skipped.add(group)
        else:
            applied.changed.append(Ref("PersistentVolumeClaim", name))
    return refused


def label(kube: Kube, cluster: Names, effect: LabelClaims) -> None:
    """Label the PVCs of workers."""
    _merge_metadata(kube, cluster, effect.claims, "labels", cluster.labels(WORKER))


def protect(kube: Kube, cluster: Names, effect: ProtectClaims) -> None:
    """Annotate PVCs against pruning by GitOps tools."""
    _merge_metadata(kube, cluster, effect.claims, "annotations", ANNOTATIONS)


def _merge_metadata(kube: Kube, cluster: Names, claims: Iterable[Claim], field: str, values: Mapping[str, str]) -> None:
    # A refusal is logged only: the next reconcile repeats the change, and nothing else depends on it.
    for claim in claims:
        try:
            path = KINDS["PersistentVolumeClaim"].path(cluster.namespace, claim.name)
            kube.merge(path, {"metadata": {"uid": claim.uid, field: dict(values)}})
        except (Conflict, NotFound):
            log.info("PVC %s changed before the operator could set its %s", claim.name, field)
        except Refused as error:
            log.warning("the operator can't set the %s of PVC %s: %s", field, claim.name, error.message)
            return
