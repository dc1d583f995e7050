"""Warns of PVCs of user volumes that are for one node, while pods on several nodes mount them; pure.

Some drivers mount such a volume on several nodes all the same, so this is a warning. Others leave the second pod in
ContainerCreating at its next start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from alluxio_operator.engine.problem import Problem
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

_ONE_NODE: Final = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})


def unshareable_claims(
    claims: Iterable[Object], pods: Iterable[Pod], field_of: Callable[[Pod, str], str]
) -> Iterable[Problem]:
    """Yield a warning for each PVC for one node that pods on several nodes mount; `field_of` names its field."""
    users = users_of_shared(pods)
    for claim in claims:
        name, modes = claim["metadata"]["name"], claim.get("spec", {}).get("accessModes", ())
        if name in users and modes and _ONE_NODE.issuperset(modes):
            # Without a number, which would change the status whenever a pod moves.
            yield Problem(
                field_of(users[name], name),
                f"PVC {name} with {', '.join(modes)}",
                "is for one node, but pods on several nodes mount it",
                "use a PVC with ReadWriteMany, or bind the pods to one node by nodeSelector",
            )


def users_of_shared(pods: Iterable[Pod]) -> Mapping[str, Pod]:
    """Return, by name, a pod of each PVC that pods on several nodes mount."""
    first: dict[str, Pod] = {}
    several: dict[str, Pod] = {}
    for pod in sorted(pods, key=lambda pod: pod.name):
        if pod.node and not pod.deleted and not pod.ended:
            for claim in pod.claims:
                if first.setdefault(claim, pod).node != pod.node:
                    several[claim] = first[claim]
    return several
