"""Volumes, mounts and spread constraints that a user adds to the pods of a role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from posixpath import normpath
from typing import Any, Final

from alluxio_operator.api.roles import Placement, Process, Volume

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


def references_of(role: Placement) -> Iterable[tuple[str, str, str]]:
    """Yield the Secrets and ConfigMaps that a role's user volumes need: kind, name, and the volume's name."""
    for volume in role.volumes:
        given = volume.model_dump(by_alias=True, mode="json", exclude_none=True)
        projected = given.get("projected")
        sources = [given, *(_list(projected.get("sources")) if isinstance(projected, Mapping) else ())]
        for source in sources:
            for kind, field, key in _NAMED:
                found = source.get(field) if isinstance(source, Mapping) else None
                if isinstance(found, Mapping) and not found.get("optional"):
                    # A volume names a Secret by another key than a source of a projected volume does.
                    name = found.get(key) or found.get("name")
                    if isinstance(name, str):
                        yield kind, name, volume.name


def claims_of(process: Process) -> Mapping[str, str]:
    """Return the names of a role's user volumes by the names of their PVCs."""
    found: dict[str, str] = {}
    volumes: Sequence[Volume] = process.volumes if isinstance(process, Placement) else ()
    for volume in volumes:
        source = volume.model_dump(by_alias=True, mode="json", exclude_none=True).get("persistentVolumeClaim")
        if isinstance(source, Mapping) and isinstance(source.get("claimName"), str):
            found[source["claimName"]] = volume.name
    return found


_NAMED: Final = (("Secret", "secret", "secretName"), ("ConfigMap", "configMap", "name"))


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def volumes_named(message: str) -> Sequence[str]:
    """Return the volumes that a message of the kubelet or of the attach controller names."""
    if unmounted := _UNMOUNTED.search(message):
        return unmounted["names"].split()
    return [found["name"] for found in _VOLUME.finditer(message)][:1]


_VOLUME: Final = re.compile(r'volume "(?P<name>[^"]+)"')
_UNMOUNTED: Final = re.compile(r"unmounted volumes=\[(?P<names>[^\]]*)\]")
