"""Warns of PVCs for which spec.deletionPolicy isn't in effect, since the operator may not change their owner; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.api.base import GROUP
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object, Ref

_CLAIM: Final = "PersistentVolumeClaim"


def policy_not_in_effect(cluster: Cluster, observed: Observed, applied: Applied) -> Iterable[Problem]:
    """Yield a warning if journals have an owner with policy Retain, or none with policy Delete."""
    if cluster.spec.paused or observed.claims is None:
        return
    found = {claim["metadata"]["name"]: claim for claim in observed.claims}
    names = [cluster.names.journal_claim(ordinal) for ordinal in range(cluster.members)]
    present = [(name, applied.live.get(Ref(_CLAIM, name), found.get(name))) for name in names]
    deleted = cluster.spec.deletion_policy == "Delete"
    wrong = [name for name, claim in present if claim is not None and _is_owned(claim, cluster.uid) != deleted]
    if wrong:
        yield Problem(
            "spec.deletionPolicy",
            cluster.spec.deletion_policy,
            f"isn't in effect for PVC {', '.join(wrong)}: Kubernetes "
            + ("keeps them" if deleted else "deletes them with the AlluxioCluster")
            + ". The API server lets only a client that may delete a PVC change its owner",
            _remedy(cluster, wrong, deleted=deleted),
        )


def _remedy(cluster: Cluster, claims: list[str], *, deleted: bool) -> str:
    if deleted:
        return "delete them yourself after the AlluxioCluster, or set spec.deletionPolicy to Retain"
    patch = '[{"op":"remove","path":"/metadata/ownerReferences"}]'
    return (
        f"as an administrator, run kubectl -n {cluster.names.namespace} patch pvc {' '.join(claims)} --type json "
        f"-p '{patch}'"
    )


def _is_owned(claim: Object, uid: str) -> bool:
    references = claim["metadata"].get("ownerReferences", ())
    return any(one["uid"] == uid and one["apiVersion"].startswith(f"{GROUP}/") for one in references)
