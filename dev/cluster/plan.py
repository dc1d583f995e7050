"""The address plan: name, address and pod range of each node."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_NODES = 3
API_PORT = 6443
ETCD_URL = "http://127.0.0.1:2379"
NODE_NETWORK = "10.88.0.0/24"
POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Node:
    """One node of the cluster; node 1 also runs the control plane and has the bridge that connects the others."""

    number: int
    prefix: str

    @property
    def name(self) -> str:
        """Name of the Kubernetes node, and its host name."""
        return f"node{self.number}"

    @property
    def handle(self) -> str:
        """Name of the network namespace and of the cgroups."""
        return f"{self.prefix}-{self.name}"

    @property
    def address(self) -> str:
        """Address of the node."""
        return "10.88.0.1" if self.number == 1 else f"10.88.0.1{self.number}"

    @property
    def pod_range(self) -> str:
        """Address range of the pods on this node."""
        return f"10.244.{self.number}.0/24"

    @property
    def is_first(self) -> bool:
        """True for the node with the control plane."""
        return self.number == 1


def nodes(count: int, prefix: str) -> tuple[Node, ...]:
    """Return the first `count` nodes."""
    if not 1 <= count <= MAX_NODES:
        raise ValueError(f"NODES must be 1 to {MAX_NODES}, not {count}")
    return tuple(Node(number, prefix) for number in range(1, count + 1))


def node_number(handle: str, prefix: str) -> int | None:
    """Return the number of the node that a namespace or cgroup belongs to; None if it isn't the cluster's."""
    match = re.fullmatch(rf"{re.escape(prefix)}-node([1-9])", handle)
    return int(match.group(1)) if match else None


def hosts_file(members: tuple[Node, ...]) -> str:
    """Return an /etc/hosts with all nodes."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"{node.address} {node.name}" for node in members]
    return "\n".join(lines) + "\n"
