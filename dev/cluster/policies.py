"""kube-router, which enforces NetworkPolicies on every node with iptables rules and ipsets.

It runs without its router and service proxy: the CNI plugins connect the pods, and kube-proxy routes Services. Rules
and ipsets belong to the node's network namespace and disappear with it.
"""

from __future__ import annotations

import subprocess
from typing import Any

from dev.cluster import control_plane, network, plan
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command
from dev.cluster.tools import Toolbox

NAME = "kube-router"
BRIDGE_SETTING = "net.bridge.bridge-nf-call-iptables"
CHAIN = "KUBE-ROUTER-FORWARD"
ALLOWED = "0x20000/0x20000"
"""Mark of packets that the policies allow. The first complete synchronization adds the rule that accepts it."""
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def process_name(node: Node) -> str:
    """Return the name of the record of a node's agent."""
    return f"{node.name}-{NAME}"


def agent(enter: tuple[str, ...], paths: Paths, tools: Toolbox, node: Node) -> Command:
    """Return the command of a node's agent. It needs the Node object."""
    arguments = {
        "kubeconfig": paths.pki / f"{NAME}.conf",
        "hostname-override": node.name,
        "run-firewall": "true",
        "run-router": "false",
        "run-service-proxy": "false",
        "service-cluster-ip-range": plan.SERVICE_NETWORK,
        # Its health server would also serve pprof, on all addresses.
        "health-port": 0,
    }
    return control_plane.command(process_name(node), tools.path(NAME), arguments, enter)


def filter_bridged_traffic(node: Node) -> None:
    """Have iptables see the traffic between two pods of one node. Raise ClusterError if the kernel can't."""
    try:
        network.run([*network.enter(node), "sysctl", "--quiet", "--write", f"{BRIDGE_SETTING}=1"])
    except ClusterError as failure:
        raise ClusterError(
            f"{BRIDGE_SETTING} can't be set, so NetworkPolicies would not apply within a node: modprobe br_netfilter "
            f"({failure})"
        ) from failure


def enforced(node: Node) -> bool:
    """Return True if the node's rules are in place."""
    command = [*network.enter(node), "iptables", "--wait", "--list-rules", CHAIN]
    return is_complete(subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def is_complete(rules: str) -> bool:
    """Return True if these rules of the chain come from a complete synchronization."""
    return any(ALLOWED in rule and rule.endswith("-j ACCEPT") for rule in rules.splitlines())


def manifests() -> list[tuple[str, dict[str, Any]]]:
    """Return the objects that permit its reads, each as (collection, object)."""
    reads = ["get", "list", "watch"]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": NAME},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["endpoints", "namespaces", "nodes", "pods", "services"],
                "verbs": reads,
            },
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": reads},
            {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": reads},
        ],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": NAME}],
    }
    return [(f"{RBAC}/clusterroles", role), (f"{RBAC}/clusterrolebindings", binding)]
