"""Warns of a root mount whose volume only one node, or one pod, can mount, while pods on several need it; pure.

Some drivers mount such a volume on several nodes all the same, so this is a warning. Others leave the second pod in
ContainerCreating at its next start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.validate import Cluster

_ONE_NODE: Final = "ReadWriteOnce"
_ONE_POD: Final = "ReadWriteOncePod"
_USERS: Final = (names.MASTER, names.JOB_MASTER, names.WORKER)
"""Roles whose pods mount the root mount; a job worker runs in a worker's pod."""


def unshareable_volume(cluster: Cluster, observed: Observed) -> Iterable[Problem]:
    """Yield a warning if pods on several nodes mount a volume for one node."""
    mount = cluster.spec.root_mount.volume
    if mount is None:
        return
    modes = _modes(observed, mount.claim_name or cluster.names.of("ufs")) or tuple(mount.access_modes)
    pods = [pod for pod in observed.pods if pod.role in _USERS and pod.node and not pod.deleted]
    nodes = sorted({pod.node for pod in pods})
    if set(modes) == {_ONE_POD} and len(pods) > 1:
        place = "pod"
    elif set(modes) <= {_ONE_NODE, _ONE_POD} and len(nodes) > 1:
        place = "node"
    else:
        return
    # Without a number, which would change the status whenever a pod moves.
    yield Problem(
        "spec.rootMount.volume.accessModes",
        ", ".join(modes),
        f"is for one {place}, but masters, job master and workers on several {place}s mount the volume",
        "create an AlluxioCluster whose root mount has ReadWriteMany, or bind masters and workers to one node by "
        "nodeSelector",
    )


def _modes(observed: Observed, claim: str) -> Sequence[str]:
    """Return the access modes of the PVC; a user's own may differ from the spec."""
    live = next((one for one in observed.claims or () if one["metadata"]["name"] == claim), None)
    return () if live is None else tuple(live.get("spec", {}).get("accessModes", ()))
