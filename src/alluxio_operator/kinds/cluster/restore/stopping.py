"""Finds masters whose pods don't end although they should: a restore waits for them; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pod_trouble import Trouble

NODE_LOST_AFTER: Final = timedelta(minutes=2)
"""Time after which a pod whose termination should have ended is on a lost node."""

REASON: Final = "MasterDoesNotStop"


def stuck_masters(observed: Observed, now: datetime) -> Trouble | None:
    """Return the trouble of masters that should have ended, with the remedy; None if each may still end.

    The operator never deletes such a pod by force: its process may run on, and write the journal that a Job renames.
    Kubernetes removes it once it knows that the node is gone.
    """
    pods = [
        pod for pod in observed.role(names.MASTER) if pod.deletion is not None and now >= pod.deletion + NODE_LOST_AFTER
    ]
    if not pods:
        return None
    first, others = pods[0], len(pods) - 1
    node = first.node or "NODE"
    also = f" (and {others} others)" if others else ""
    message = (
        f"Pod {first.name}{also} on Node {node} should have stopped at {stamp(first.deletion or now)}, and hasn't: its "
        "node may be lost, and its master may still run there. Remedy: bring the Node back. Or make sure that its "
        f"machine is off, and tell Kubernetes: kubectl delete node {node}, or kubectl taint node {node} "
        "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute. Then Kubernetes removes the pod, and the operator "
        "goes on. The operator never removes it by force"
    )
    return Trouble(REASON, message)
