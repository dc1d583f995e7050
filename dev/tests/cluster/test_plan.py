import ipaddress

import pytest

from dev.cluster import network, plan


def test_addresses_do_not_overlap() -> None:
    members = plan.nodes(plan.MAX_NODES, "alx")
    ranges = [ipaddress.IPv4Network(node.pod_range) for node in members]
    assert all(pods.subnet_of(ipaddress.IPv4Network(plan.POD_NETWORK)) for pods in ranges)
    assert len({node.address for node in members}) == len(set(ranges)) == plan.MAX_NODES
    inside = ipaddress.IPv4Network(plan.NODE_NETWORK)
    assert all(ipaddress.ip_address(node.address) in inside for node in members)


@pytest.mark.parametrize("count", [0, 4, -1])
def test_only_one_to_three_nodes(count: int) -> None:
    with pytest.raises(ValueError, match="NODES"):
        plan.nodes(count, "alx")


@pytest.mark.parametrize(
    ("handle", "number"),
    [("alx-1a-node2", 2), ("alx-1a-node", None), ("alx-1b-node2", None), ("my-alx-1a-node2", None), ("eth0", None)],
)
def test_only_names_of_this_cluster_are_ours(handle: str, number: int | None) -> None:
    assert plan.node_number(handle, "alx-1a") == number


def test_every_network_command_stays_inside_the_namespaces_of_the_cluster() -> None:
    members = plan.nodes(3, "alx-1a")
    handles = {node.handle for node in members}
    for node in members:
        for command in network.creation_commands(node, members):
            if command[:3] == ["ip", "netns", "add"]:
                assert command[3] in handles
            elif command[0] == "ip":
                assert command[1] == "-n"
                assert command[2] in handles
            else:
                assert command[:2] == network.enter(node)


def test_nodes_know_the_way_to_each_others_pods() -> None:
    first, second, _ = members = plan.nodes(3, "alx")
    commands = network.creation_commands(second, members[:2])
    routes = [command for command in commands if "replace" in command]
    assert routes == [
        ["ip", "-n", second.handle, "route", "replace", first.pod_range, "via", first.address],
        ["ip", "-n", first.handle, "route", "replace", second.pod_range, "via", second.address],
    ]


def test_hosts_file_names_every_node() -> None:
    text = plan.hosts_file(plan.nodes(2, "alx"))
    assert "10.88.0.1 node1\n" in text
    assert "10.88.0.12 node2\n" in text
