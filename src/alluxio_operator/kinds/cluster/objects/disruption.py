"""PodDisruptionBudgets: how many pods of a role a node drain may evict at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.kinds.cluster import names


@dataclass(frozen=True, slots=True)
class Budget:
    """One role's PodDisruptionBudget.

    `unhealthy` is its unhealthyPodEvictionPolicy: whether an unready pod may be evicted always, or only while enough
    others are ready.
    """

    role: str
    max_unavailable: int
    unhealthy: Literal["AlwaysAllow", "IfHealthyBudget"]


def budgets(spec: ClusterSpec, members: int, *, needs_all: bool = False) -> Iterable[Budget]:
    """Yield the budgets of a cluster whose quorum has `members` masters, also while they are scaled to zero.

    A role with a single pod gets none: a budget of 1 would have no effect, and a budget of 0 would block every drain
    until a user removes it. A DaemonSet gets none, since a drain skips its pods. `needs_all`: the quorum may need each
    of its masters, for the minutes of a step in which one joins or leaves.
    """
    if members > 1 and needs_all:
        # A quorum of two needs both, and the one that joins may be one of them.
        yield Budget(names.MASTER, 0, "IfHealthyBudget")
    elif members > 1:
        # Protect unready masters, too: during an election all of them may be unready, and the quorum has to survive a
        # drain of several nodes.
        yield Budget(names.MASTER, 1, "IfHealthyBudget")
    if spec.workers.workload == "StatefulSet" and spec.workers.count > 1:
        # A worker isn't ready before a master has registered it: a drain that evicts masters could wait for itself.
        yield Budget(names.WORKER, 1, "AlwaysAllow")
    if spec.proxy.enabled and spec.proxy.replicas > 1:
        yield Budget(names.PROXY, 1, "AlwaysAllow")
