"""Volumes, mounts and spread constraints that a user adds to the pods of a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import normpath
from typing import Any, Final

from alluxio_operator.api.roles import Placement, Process

SPREAD_OVER_NODES: Final = {
    "topologyKey": "kubernetes.io/hostname",
    "maxSkew": 1,
    "whenUnsatisfiable": "ScheduleAnyway",
}
"""ScheduleAnyway, because two workers on one node are better than one worker less."""


def volumes_of(role: Placement) -> list[dict[str, Any]]:
    """Return a role's user volumes as entries of the pod's spec."""
    return [volume.model_dump(by_alias=True, mode="json", exclude_none=True) for volume in role.volumes]


def mounts_of(process: Process) -> list[dict[str, Any]]:
    """Return a process's user mounts as entries of its container."""
    return [mount.model_dump(by_alias=True, mode="json", exclude_none=True) for mount in process.volume_mounts]


def spread_of(role: Placement, selector: Mapping[str, str], *, over_nodes: bool) -> list[dict[str, Any]]:
    """Return the spread constraints of a role: the user's, or by default one over nodes if `over_nodes`."""
    given: Sequence[dict[str, Any]] = [
        constraint.model_dump(by_alias=True, mode="json", exclude_none=True)
        for constraint in role.topology_spread_constraints
    ]
    if not given and over_nodes:
        given = [dict(SPREAD_OVER_NODES)]
    # Kubernetes lets a missing selector match no pod, which a user never intends.
    return [{"labelSelector": {"matchLabels": dict(selector)}, **constraint} for constraint in given]


def meet(one: str, other: str) -> bool:
    """Return True if one of two folders equals or contains the other, however their paths are written."""
    one, other = (f"/{normpath(path).strip('/')}/".replace("//", "/") for path in (one, other))
    return one.startswith(other) or other.startswith(one)
