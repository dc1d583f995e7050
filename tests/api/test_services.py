"""The Services for clients: every type, and the way between any two."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from tests.api.stage import NO_NODE, Stage

Json = dict[str, Any]

CLUSTER_IP: Json = {"type": "ClusterIP", "annotations": None, "loadBalancerClass": None, "nodePorts": None}
NODE_PORT: Json = {**CLUSTER_IP, "type": "NodePort"}
NUMBERED: Json = {**NODE_PORT, "nodePorts": {"rpc": 32598, "web": None}}
BALANCER: Json = {
    "type": "LoadBalancer",
    "annotations": {"example.com/internal": "yes"},
    "loadBalancerClass": "example.com/a",
    "nodePorts": None,
}
TYPES = {"ClusterIP": CLUSTER_IP, "NodePort": NODE_PORT, "numbered": NUMBERED, "LoadBalancer": BALANCER}


@pytest.fixture(scope="module")
def served(shared: Stage) -> Stage:
    """A stage with a cluster whose Services are published."""
    shared.create(proxy={"enabled": True, **NO_NODE})
    shared.install()
    return shared


@pytest.mark.parametrize(("before", "after"), [*permutations(TYPES, 2)])
def test_a_service_goes_from_every_type_to_every_other(before: str, after: str, served: Stage):
    for kind in (before, after):
        served.edit(service=TYPES[kind])
        served.reconcile(everything=True)
        assert served.condition("ConfigurationApplied")["status"] == "True", served.condition("ConfigurationApplied")

    service = served.get("Service", "client")
    wish, found = TYPES[after], service["spec"]
    assert found["type"] == wish["type"]
    assert found.get("loadBalancerClass") == wish["loadBalancerClass"]
    assert service["metadata"].get("annotations") == wish["annotations"]
    numbers = {port["name"]: port.get("nodePort") for port in found["ports"]}
    if after == "ClusterIP":
        assert set(numbers.values()) == {None}
    else:
        assert all(numbers.values())
    if after == "numbered":
        assert numbers["rpc"] == 32598


def test_the_proxys_service_is_reached_from_outside_too(served: Stage):
    served.edit(proxy={"service": {"type": "NodePort", "nodePorts": {"web": 32599}}})
    served.reconcile(everything=True)

    [port] = served.get("Service", "proxy")["spec"]["ports"]
    assert (port["name"], port["port"], port["nodePort"]) == ("web", 39999, 32599)


def test_a_port_that_is_out_of_the_range_of_nodes_is_refused_in_the_servers_words(served: Stage):
    served.edit(service={**NODE_PORT, "nodePorts": {"rpc": 80, "web": None}})
    served.reconcile(everything=True)

    condition = served.condition("ConfigurationApplied")
    served.edit(service=CLUSTER_IP)
    served.reconcile(everything=True)
    assert (condition["status"], condition["reason"]) == ("False", "Refused")
    assert "not in the valid range" in condition["message"]
    assert served.condition("ConfigurationApplied")["status"] == "True"
