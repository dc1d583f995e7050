"""A port of masters that no client and no worker knows, for names that aren't proven to be whole; pure.

Clients and workers have the addresses of the masters from before. With half of the names, a master would serve them,
and let workers free the blocks of the missing names. The journal has a port of its own, so masters form their quorum.
"""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.alluxiocluster import ClusterSpec

CANDIDATES: Final = (29998, 29997, 29996, 29995)
"""One more than the ports of a master's pod."""


def isolated_port(spec: ClusterSpec) -> int:
    """Return the RPC port of masters whose names aren't proven."""
    used = set(spec.masters.ports.model_dump().values())
    return next(port for port in CANDIDATES if port not in used)


def isolated(spec: ClusterSpec) -> ClusterSpec:
    """Return the spec of masters that listen there."""
    ports = spec.masters.ports.model_copy(update={"rpc": isolated_port(spec)})
    return spec.model_copy(update={"masters": spec.masters.model_copy(update={"ports": ports})})
