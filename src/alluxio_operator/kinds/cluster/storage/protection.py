"""Protects PVCs without an owner reference from GitOps tools that prune what isn't in git; pure.

Argo CD's tracking by label takes every object with the label app.kubernetes.io/instance of an application, and without
an owner, for its own. The label can't be left off: Kubernetes copies it from a StatefulSet's selector, and the operator
finds the PVCs of a cluster by it. Other objects have an owner reference, and Argo CD leaves those alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.storage.pvc import Claim

ANNOTATIONS: Final = MappingProxyType(
    {
        "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
    }
)
"""Annotations of a PVC that Argo CD and Flux then neither delete nor report as different from git."""


def unprotected_claims(cluster: Names, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the PVCs of the operator and of its StatefulSets that lack the annotations.

    The templates of a StatefulSet are immutable, so the operator annotates the PVCs themselves.
    """
    return tuple(
        claim
        for claim in claims
        if not claim.terminating
        and not ANNOTATIONS.items() <= claim.annotations.items()
        and _is_made_for(cluster, claim)
    )


def _is_made_for(cluster: Names, claim: Claim) -> bool:
    if claim.name == cluster.of("ufs"):
        return cluster.selector("ufs").items() <= claim.labels.items()
    workload, _, ordinal = claim.name.rpartition("-")
    return ordinal.isdecimal() and any(
        workload.endswith(f"-{cluster.of(role)}") and cluster.selector(role).items() <= claim.labels.items()
        for role in (names.MASTER, names.WORKER)
    )
