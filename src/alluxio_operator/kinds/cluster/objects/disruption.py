"""How many pods of a role may be away at once while nodes are drained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.kinds.cluster import names


@dataclass(frozen=True, slots=True)
class Budget:
    """One role's PodDisruptionBudget.

    `unhealthy` says whether a pod that isn't ready may be evicted always, or only while the others are well.
    """

    role: str
    max_unavailable: int
    unhealthy: Literal["AlwaysAllow", "IfHealthyBudget"]


def budgets(spec: ClusterSpec, members: int) -> Iterable[Budget]:
    """Yield the budgets of a cluster whose quorum has so many members, whether they run or are stopped.

    A single pod gets none: one that lets it go would say nothing, and one that doesn't would hold up every drain until
    somebody removes it. A DaemonSet gets none, since a drain leaves its pods alone.
    """
    if members > 1:
        # Masters that aren't ready count, too: in the midst of an election all of them may be, and the quorum has to
        # outlive a drain of several nodes.
        yield Budget(names.MASTER, 1, "IfHealthyBudget")
    if spec.workers.workload == "StatefulSet" and spec.workers.count > 1:
        # A worker isn't ready until a master has taken it, so that a drain might wait for masters that it moves itself.
        yield Budget(names.WORKER, 1, "AlwaysAllow")
    if spec.proxy.enabled and spec.proxy.replicas > 1:
        yield Budget(names.PROXY, 1, "AlwaysAllow")
