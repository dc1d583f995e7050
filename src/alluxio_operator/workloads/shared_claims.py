"""Reads the PVCs of user volumes that pods on several nodes mount; `sharing` warns of those that are for one node.

Cost: one call for each such PVC.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable

from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.sharing import users_of_shared


def read_shared_claims(
    kube: Kube, namespace: str, pods: Iterable[Pod], own: Collection[str] = ()
) -> tuple[Object, ...]:
    """Return the PVCs that pods on several nodes mount, except the operator's `own`."""
    found: list[Object] = []
    for claim in sorted(users_of_shared(pods)):
        if claim not in own:
            with contextlib.suppress(NotFound):
                found.append(kube.get(KINDS["PersistentVolumeClaim"].path(namespace, claim)))
    return tuple(found)
