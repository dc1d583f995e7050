"""What kube-router is started with, and when its rules count as complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dev.cluster import kubeadm, network, node, plan, policies
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.tools import CLUSTER_TOOLS, SIMULATION_TOOLS, Toolbox

PATHS = Paths(cache=Path("/srv/cache"), run=Path("/srv/run"), prefix="alx-1a")
TOOLBOX = Toolbox({binary.name: Path("/tools") for tool in CLUSTER_TOOLS for binary in tool.binaries})
FIRST, SECOND = plan.nodes(2, "alx-1a")
JUMP = '-A KUBE-ROUTER-FORWARD -s 10.244.1.7/32 -m comment --comment "rule to jump traffic" -j KUBE-POD-FW-A'
ACCEPT = '-A KUBE-ROUTER-FORWARD -m comment --comment "rule to ACCEPT" -m mark --mark 0x20000/0x20000 -j ACCEPT'


def by_kind() -> dict[str, dict[str, Any]]:
    return {manifest["kind"]: manifest for _, manifest in policies.manifests()}


def test_every_node_has_an_agent_of_its_own_that_goes_with_the_node():
    agents = [policies.agent((), PATHS, TOOLBOX, each) for each in (FIRST, SECOND)]

    assert [agent.name for agent in agents] == ["node1-kube-router", "node2-kube-router"]
    assert "--hostname-override=node2" in agents[1].arguments


def test_the_agent_only_filters():
    flags = policies.agent((), PATHS, TOOLBOX, FIRST).arguments

    assert {"--run-firewall=true", "--run-router=false", "--run-service-proxy=false"} <= set(flags)
    assert f"--service-cluster-ip-range={plan.SERVICE_NETWORK}" in flags


def test_no_other_program_writes_to_the_table_that_the_agent_replaces():
    assert "--proxy-mode=nftables" in node.kube_proxy((), PATHS, TOOLBOX, FIRST).arguments


def test_the_agent_has_a_user_that_reads_and_writes_nothing():
    objects = by_kind()

    assert objects["ClusterRoleBinding"]["subjects"][0]["name"] == kubeadm.USERS[policies.NAME]
    assert objects["ClusterRoleBinding"]["roleRef"]["name"] == objects["ClusterRole"]["metadata"]["name"]
    assert {verb for rule in objects["ClusterRole"]["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}


@pytest.mark.parametrize(
    ("rules", "complete"),
    [
        ("", False),
        ("-N KUBE-ROUTER-FORWARD", False),
        (f"-N KUBE-ROUTER-FORWARD\n{JUMP}", False),
        (f"-N KUBE-ROUTER-FORWARD\n{JUMP}\n{ACCEPT}", True),
        (f"-N KUBE-ROUTER-FORWARD\n{ACCEPT}", True),
    ],
)
def test_rules_count_once_a_synchronization_is_complete(rules: str, complete: bool):
    assert policies.is_complete(rules) is complete


def test_bridged_traffic_is_filtered_in_the_namespace_of_the_node(monkeypatch: pytest.MonkeyPatch):
    commands: list[list[str]] = []
    monkeypatch.setattr(network, "run", commands.append)

    policies.filter_bridged_traffic(SECOND)

    assert commands == [
        [*network.enter(SECOND), "sysctl", "--quiet", "--write", "net.bridge.bridge-nf-call-iptables=1"]
    ]


def test_a_kernel_that_lets_bridged_traffic_pass_ends_the_start_with_the_remedy(monkeypatch: pytest.MonkeyPatch):
    def absent(_: list[str]) -> None:
        raise ClusterError("cannot stat /proc/sys/net/bridge/bridge-nf-call-iptables")

    monkeypatch.setattr(network, "run", absent)

    with pytest.raises(ClusterError, match=r"modprobe br_netfilter .*cannot stat"):
        policies.filter_bridged_traffic(FIRST)


def test_the_simulation_has_no_agent():
    assert {tool.name for tool in CLUSTER_TOOLS} - {tool.name for tool in SIMULATION_TOOLS} >= {policies.NAME}
