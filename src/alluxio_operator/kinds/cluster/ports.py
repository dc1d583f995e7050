"""Ports of masters: those of the pods that run, since the spec may have changed after they started; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import JobMasterPorts, MasterPorts
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

MASTER_PORTS: Final = MasterPorts()
JOB_MASTER_PORTS: Final = JobMasterPorts()
ISOLATED: Final = "isolated-rpc"
"""Name of the RPC port of a master whose names aren't proven, instead of `rpc`."""
"""Default ports, needed since the spec may not be valid."""


def rpc_port(master: Pod, resource: Object) -> int:
    """Return a master's RPC port."""
    return (
        master.ports.get("rpc")
        or master.ports.get(ISOLATED)
        or in_spec(resource, ("masters",), "rpc", MASTER_PORTS.rpc)
    )


def web_port(master: Pod, resource: Object) -> int:
    """Return a master's web port."""
    return master.ports.get("web") or in_spec(resource, ("masters",), "web", MASTER_PORTS.web)


def in_spec(resource: Object, path: tuple[str, ...], name: str, default: int) -> int:
    """Return a port in a spec that isn't validated yet."""
    node: Any = resource.get("spec", {})
    for part in (*path, "ports", name):
        node = node.get(part, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, int) else default
