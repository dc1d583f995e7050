"""Volumes, mounts and spread constraints that a user adds to the pods of a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alluxio_operator.api.roles import Placement, Process

SPREAD_OVER_NODES: Final = {
    "topologyKey": "kubernetes.io/hostname",
    "maxSkew": 1,
    "whenUnsatisfiable": "ScheduleAnyway",
}
"""Softly, since a worker on a node that has one already is better than none."""


def volumes_of(role: Placement) -> list[dict[str, Any]]:
    """Return a role's own volumes as the pod has them."""
    return [volume.model_dump(by_alias=True, mode="json", exclude_none=True) for volume in role.volumes]


def mounts_of(process: Process) -> list[dict[str, Any]]:
    """Return a process's own mounts as its container has them."""
    return [mount.model_dump(by_alias=True, mode="json", exclude_none=True) for mount in process.volume_mounts]


def spread_of(role: Placement, selector: Mapping[str, str], *, over_nodes: bool) -> list[dict[str, Any]]:
    """Return how the pods of a role are spread: as the user says, else `over_nodes` where that is possible."""
    given: Sequence[dict[str, Any]] = [
        constraint.model_dump(by_alias=True, mode="json", exclude_none=True)
        for constraint in role.topology_spread_constraints
    ]
    if not given and over_nodes:
        given = [dict(SPREAD_OVER_NODES)]
    # Kubernetes takes a missing selector for one that matches no pod, which is never meant.
    return [{"labelSelector": {"matchLabels": dict(selector)}, **constraint} for constraint in given]


def meet(one: str, other: str) -> bool:
    """Tell whether one of two folders is the other, or lies in it."""
    one, other = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return one.startswith(other) or other.startswith(one)
